//! Everything that is read from the environment.

use std::ffi::OsString;
use std::path::PathBuf;

/// The variables that `millrace` knows; `docs/cli.md` lists them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    /// `MILLRACE_STACK`: name of the stack.
    pub(crate) stack: Option<String>,
    /// `MILLRACE_URL`: origin of the stack.
    pub(crate) url: Option<String>,
    /// `MILLRACE_TOKEN`: an access token, instead of signing in.
    pub(crate) token: Option<String>,
    /// `MILLRACE_FFPROBE`: the prober.
    pub(crate) ffprobe: Option<PathBuf>,
    /// `XDG_STATE_HOME`: where tokens and begun uploads are remembered.
    state_home: Option<PathBuf>,
    /// `HOME`: where that is by default.
    home: Option<PathBuf>,
    /// `PATH`: where programs are.
    path: Option<OsString>,
}

impl Environment {
    /// The environment of this process. An empty variable is none.
    pub(crate) fn read() -> Self {
        let value = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let text = |name: &str| value(name).and_then(|value| value.into_string().ok());
        let path = |name: &str| value(name).map(PathBuf::from);
        Self {
            stack: text("MILLRACE_STACK"),
            url: text("MILLRACE_URL"),
            token: text("MILLRACE_TOKEN"),
            ffprobe: path("MILLRACE_FFPROBE"),
            // Relative paths are invalid (XDG Base Directory Specification 0.8).
            state_home: path("XDG_STATE_HOME").filter(|path| path.is_absolute()),
            home: path("HOME"),
            path: value("PATH"),
        }
    }

    /// The folder for what is remembered.
    pub(crate) fn state_folder(&self) -> Option<PathBuf> {
        let default = || Some(self.home.as_ref()?.join(".local/state"));
        let base = self.state_home.clone().or_else(default)?;
        Some(base.join("millrace"))
    }

    /// A program on the search path.
    pub(crate) fn program(&self, name: &str) -> Option<PathBuf> {
        let folders = std::env::split_paths(self.path.as_ref()?);
        let mut files = folders.map(|folder| folder.join(name));
        files.find(|file| file.is_file())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_is_kept_where_the_system_wants_it() {
        let mut environment = Environment {
            home: Some("/home/ann".into()),
            ..Environment::default()
        };
        let folder = environment.state_folder().unwrap();
        assert_eq!(folder, PathBuf::from("/home/ann/.local/state/millrace"));
        environment.state_home = Some("/state".into());
        let folder = environment.state_folder().unwrap();
        assert_eq!(folder, PathBuf::from("/state/millrace"));
        assert_eq!(Environment::default().state_folder(), None);
    }
}

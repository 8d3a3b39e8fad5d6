//! What is remembered between two calls: tokens and uploads that have begun.
//!
//! Small files of JSON in a folder that only its owner may read. A file is whole or not there.

use std::fs::{self, DirBuilder};
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use crate::environment::Environment;
use crate::error::CliError;
use crate::words::hex;

/// The folder.
#[derive(Clone, Debug)]
pub(crate) struct State {
    /// None where the environment names no home: nothing is remembered then.
    folder: Option<PathBuf>,
}

impl State {
    pub(crate) fn of(environment: &Environment) -> Self {
        Self {
            folder: environment.state_folder(),
        }
    }

    /// What was remembered as this kind of thing under this name. What does not read is forgotten.
    pub(crate) fn read<T: DeserializeOwned>(&self, kind: &str, name: &str) -> Option<T> {
        let text = fs::read(self.path(kind, name)?).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Remembers something.
    ///
    /// # Errors
    /// [`CliError::File`] when the folder can't be written.
    pub(crate) fn write(
        &self,
        kind: &str,
        name: &str,
        value: &impl Serialize,
    ) -> Result<(), CliError> {
        let Some(path) = self.path(kind, name) else {
            return Ok(());
        };
        let folder = path.parent().unwrap_or(&path);
        let text = serde_json::to_vec(value).unwrap_or_default();
        let write = || {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)?;
            // Of mode 0600 from the beginning.
            let mut file = NamedTempFile::new_in(folder)?;
            file.write_all(&text)?;
            file.persist(&path)?;
            Ok(())
        };
        write().map_err(CliError::file(&path))
    }

    /// Forgets it.
    pub(crate) fn forget(&self, kind: &str, name: &str) {
        if let Some(path) = self.path(kind, name) {
            // What is not there is forgotten.
            let _ = fs::remove_file(path);
        }
    }

    fn path(&self, kind: &str, name: &str) -> Option<PathBuf> {
        let file = format!("{}.json", hex(&Sha256::digest(name)));
        Some(self.folder.as_ref()?.join(kind).join(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn what_is_remembered_is_its_owner_s_alone() {
        let folder = tempfile::tempdir().unwrap();
        let state = State {
            folder: Some(folder.path().join("a/millrace")),
        };
        assert_eq!(state.read::<u8>("tokens", "x"), None);
        state.write("tokens", "x", &7).unwrap();
        assert_eq!(state.read("tokens", "x"), Some(7));
        assert_eq!(state.read::<u8>("tokens", "y"), None);
        let path = state.path("tokens", "x").unwrap();
        let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path) & 0o777, 0o600);
        assert_eq!(mode(path.parent().unwrap()) & 0o777, 0o700);
        state.forget("tokens", "x");
        assert_eq!(state.read::<u8>("tokens", "x"), None);
    }

    #[test]
    fn without_a_home_nothing_is_remembered() {
        let state = State { folder: None };
        state.write("tokens", "x", &7).unwrap();
        assert_eq!(state.read::<u8>("tokens", "x"), None);
    }
}

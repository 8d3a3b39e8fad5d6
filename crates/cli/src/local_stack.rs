//! Local stacks: what `cargo xtask local up` wrote about them.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// A stack on this machine.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct LocalStack {
    /// Its name.
    pub(crate) name: String,
    /// Origin of the page, the API and the streams.
    pub(crate) page: String,
    /// Base URL of every AWS service.
    pub(crate) endpoint: String,
    /// Who may sign in.
    pub(crate) user: String,
    /// With what.
    pub(crate) password: String,
    /// The pinned ffprobe.
    pub(crate) ffprobe: PathBuf,
    /// Number of the process that owns it.
    pid: i32,
}

impl LocalStack {
    /// The stacks that are up in the checkout around a folder, by name. Those of an older version
    /// have no API and do not count.
    pub(crate) fn around(folder: &Path) -> Vec<Self> {
        let stacks = folder.ancestors().map(|parent| parent.join("target/local"));
        let Some(stacks) = stacks.into_iter().find(|stacks| stacks.is_dir()) else {
            return Vec::new();
        };
        let entries = fs::read_dir(stacks).into_iter().flatten().flatten();
        let descriptions =
            entries.filter_map(|entry| fs::read(entry.path().join("stack.json")).ok());
        let mut found: Vec<Self> = descriptions
            .filter_map(|text| serde_json::from_slice(&text).ok())
            .filter(Self::is_up)
            .collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }

    /// Whether its owner lives. A number that another process has by now is found out when nobody
    /// answers.
    fn is_up(&self) -> bool {
        Path::new("/proc").join(self.pid.to_string()).exists()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_is_found_from_any_folder_of_the_checkout() {
        let checkout = tempfile::tempdir().unwrap();
        let deep = checkout.path().join("crates/cli");
        fs::create_dir_all(&deep).unwrap();
        let describe = |name: &str, pid: u32| {
            let folder = checkout.path().join("target/local").join(name);
            fs::create_dir_all(&folder).unwrap();
            let description = serde_json::json!({
                "name": name, "page": "http://127.0.0.1:1", "endpoint": "http://127.0.0.1:2",
                "user": "u", "password": "p", "ffprobe": "/ffprobe", "pid": pid, "start_time": 1,
            });
            fs::write(folder.join("stack.json"), description.to_string()).unwrap();
        };
        describe("up", std::process::id());
        describe("down", 0);
        let names: Vec<String> = LocalStack::around(&deep)
            .into_iter()
            .map(|stack| stack.name)
            .collect();
        assert_eq!(names, ["up"]);
    }
}

//! A folder for one invocation.
//!
//! Invocations may share `/tmp`: one after the other in Lambda, at the same time on the local
//! stack. A process that was killed leaves its folders behind, so the first scratch folder of a
//! process removes those whose process is gone.

use std::path::{Path, PathBuf};
use std::sync::Once;

use domain::{ErrorCode, Fault};

const PREFIX: &str = "millrace-";

/// A folder that is removed, with all that is in it, when this is dropped.
#[derive(Debug)]
pub struct Scratch {
    folder: tempfile::TempDir,
}

/// The folder could not be made.
#[derive(Debug, thiserror::Error)]
#[error("no scratch folder can be made in {}", .parent.display())]
pub struct ScratchError {
    parent: PathBuf,
    source: std::io::Error,
}

impl Fault for ScratchError {
    fn code(&self) -> ErrorCode {
        ErrorCode::Internal
    }
}

impl Scratch {
    /// A new folder under `TMPDIR`, or `/tmp`.
    ///
    /// # Errors
    /// [`ScratchError`] when it cannot be made.
    pub fn new() -> Result<Self, ScratchError> {
        static LEFTOVERS: Once = Once::new();
        let parent = std::env::temp_dir();
        LEFTOVERS.call_once(|| remove_leftovers(&parent));
        let prefix = format!("{PREFIX}{}-", std::process::id());
        match tempfile::Builder::new().prefix(&prefix).tempdir_in(&parent) {
            Ok(folder) => Ok(Self { folder }),
            Err(source) => Err(ScratchError { parent, source }),
        }
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes the folders of processes that are gone. Whatever cannot be removed stays.
fn remove_leftovers(parent: &Path) {
    let Ok(entries) = std::fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        if entry.file_name().to_str().is_some_and(is_leftover) {
            drop(std::fs::remove_dir_all(entry.path()));
        }
    }
}

/// Whether a name is that of a scratch folder whose process is gone. One with this process's own
/// id is: ids are used again, and this process has made none yet.
fn is_leftover(name: &str) -> bool {
    let process = name
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.split_once('-')?.0.parse::<u32>().ok());
    process.is_some_and(|process| {
        process == std::process::id() || !Path::new(&format!("/proc/{process}")).exists()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scratch_folder_goes_with_its_owner() {
        let scratch = Scratch::new().unwrap();
        let other = Scratch::new().unwrap();
        assert_ne!(scratch.path(), other.path());
        let path = scratch.path().to_owned();
        std::fs::write(path.join("file"), "x").unwrap();
        drop(scratch);
        assert!(!path.exists() && other.path().exists());
    }

    #[test]
    fn only_folders_of_dead_processes_are_leftovers() {
        assert!(is_leftover("millrace-4294967295-abc"));
        assert!(!is_leftover("millrace-1-abc"));
        assert!(!is_leftover("millrace-store-abc"));
        assert!(!is_leftover("somebody-4294967295-abc"));
    }

    #[test]
    fn leftovers_are_removed() {
        let parent = tempfile::tempdir().unwrap();
        let left = parent.path().join("millrace-4294967295-abc");
        let alive = parent.path().join("millrace-1-abc");
        std::fs::create_dir_all(left.join("deep")).unwrap();
        std::fs::create_dir(&alive).unwrap();
        remove_leftovers(parent.path());
        assert!(!left.exists() && alive.exists());
    }
}

//! Containers of AWS Batch, which on the local stack are processes of this machine.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use domain::ids::JobId;

/// A running heavy-encode.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Container {
    pid: u32,
    /// Whose work it does, `MILLRACE_STAGE`.
    pub stage: String,
    /// What it works on, `MILLRACE_INPUT`.
    pub input: String,
}

/// The containers that work for a job now.
///
/// # Errors
/// When this machine has no `/proc`.
pub fn working_for(job: &JobId) -> Result<Vec<Container>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let pid = entry.file_name().to_string_lossy().parse();
        let Ok(pid) = pid else { continue };
        if let Some(container) = Container::of(pid)
            && container.input.contains(job.as_str())
        {
            found.push(container);
        }
    }
    Ok(found)
}

impl Container {
    /// None for every other process, and for one that has ended.
    fn of(pid: u32) -> Option<Self> {
        let program = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
        if program.file_name()? != "heavy-encode" {
            return None;
        }
        let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
        let environment = String::from_utf8_lossy(&environment).into_owned();
        let variable = |name: &str| {
            let mut pairs = environment
                .split('\0')
                .filter_map(|pair| pair.split_once('='));
            pairs.find_map(|(key, value)| (key == name).then(|| value.to_owned()))
        };
        Some(Self {
            pid,
            stage: variable("MILLRACE_STAGE")?,
            input: variable("MILLRACE_INPUT")?,
        })
    }

    /// Whether it is still there.
    #[must_use]
    pub fn is_running(&self) -> bool {
        Self::of(self.pid).as_ref() == Some(self)
    }

    /// Sends a signal by its name, `KILL` say.
    ///
    /// # Errors
    /// When it has gone.
    pub fn signal(&self, name: &str) -> Result<()> {
        let pid = self.pid.to_string();
        let status = Command::new("kill").args(["-s", name, &pid]).status();
        ensure!(status.context("cannot start kill")?.success(), "{name}");
        Ok(())
    }
}

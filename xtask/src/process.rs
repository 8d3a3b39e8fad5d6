//! Other processes, identified in a way that a reused process number can't fool.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::Deserialize;

/// One process: its number, and when it started. A number alone may belong to another one by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct ProcessId {
    pid: i32,
    /// In clock ticks after boot, as in `/proc/PID/stat`.
    start_time: u64,
}

impl ProcessId {
    /// Whether this very process is there, and more than a zombie.
    pub(crate) fn is_running(self) -> bool {
        let Ok(text) = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)) else {
            return false;
        };
        // The second field is the program's name and may contain anything, parentheses too.
        let Some((_, rest)) = text.rsplit_once(')') else {
            return false;
        };
        let mut fields = rest.split_ascii_whitespace();
        let state = fields.next();
        // proc(5) counts from 1 and the state is the third field; the start time is the 22nd.
        let start_time = fields.nth(18).and_then(|field| field.parse().ok());
        start_time == Some(self.start_time) && !matches!(state, Some("Z" | "X"))
    }

    /// Asks it to stop and waits; kills it when it does not stop within `patience`.
    ///
    /// # Errors
    /// When it belongs to another user.
    pub(crate) fn stop(self, patience: Duration) -> Result<()> {
        self.signal(Signal::SIGTERM)?;
        if !self.wait(patience) {
            self.signal(Signal::SIGKILL)?;
            self.wait(patience);
        }
        Ok(())
    }

    /// Waits for its end; says whether it has come within `patience`.
    fn wait(self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        while self.is_running() {
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        true
    }

    fn signal(self, signal: Signal) -> Result<()> {
        if !self.is_running() {
            return Ok(());
        }
        match kill(Pid::from_raw(self.pid), signal) {
            Ok(()) | Err(Errno::ESRCH) => Ok(()),
            Err(error) => Err(error).with_context(|| format!("cannot stop process {}", self.pid)),
        }
    }
}

impl std::fmt::Display for ProcessId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "process {}", self.pid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_child(child: &std::process::Child) -> ProcessId {
        let pid = i32::try_from(child.id()).unwrap();
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let rest = text.rsplit_once(')').unwrap().1;
        let start_time = rest.split_ascii_whitespace().nth(19).unwrap();
        ProcessId {
            pid,
            start_time: start_time.parse().unwrap(),
        }
    }

    #[test]
    fn a_stopped_child_is_not_running_even_before_it_is_waited_for() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let id = of_child(&child);
        assert!(id.is_running());
        id.stop(Duration::from_secs(5)).unwrap();
        assert!(!id.is_running());
        child.wait().unwrap();
    }

    #[test]
    fn another_process_with_the_same_number_is_left_alone() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let id = of_child(&child);
        let former = ProcessId {
            start_time: id.start_time - 1,
            ..id
        };
        assert!(!former.is_running());
        former.stop(Duration::from_secs(5)).unwrap();
        assert!(id.is_running());
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

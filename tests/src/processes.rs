//! The function processes of the local stack, killed as a machine that dies kills them.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::stack::Stack;

/// The processes of a function, and the encoders that they run.
#[derive(Debug, Default)]
pub struct Processes {
    functions: BTreeSet<u32>,
    encoders: BTreeSet<u32>,
}

impl Processes {
    /// Those of the function that an output of the stack names, at this moment.
    ///
    /// # Errors
    /// When the stack has no such output.
    pub fn of(stack: &Stack, output: &str) -> Result<Self> {
        let settings = [
            format!("AWS_LAMBDA_FUNCTION_NAME={}", stack.output(output)?),
            format!("AWS_ENDPOINT_URL={}", stack.description.endpoint()),
        ];
        let all: Vec<u32> = fs::read_dir("/proc")?
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .collect();
        let is_function = |pid: &u32| {
            runs(*pid, "bootstrap") && settings.iter().all(|setting| has(*pid, setting))
        };
        let functions: BTreeSet<u32> = all.iter().copied().filter(is_function).collect();
        let below = |pid: &u32| parent(*pid).is_some_and(|parent| functions.contains(&parent));
        Ok(Self {
            encoders: all.iter().copied().filter(below).collect(),
            functions,
        })
    }

    /// Whether there is one.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        !self.functions.is_empty()
    }

    /// Whether ffmpeg or ffprobe runs for one of them.
    #[must_use]
    pub fn encodes(&self) -> bool {
        !self.encoders.is_empty()
    }

    /// Kills all of them at once; none hears of it.
    ///
    /// # Errors
    /// When `kill` does not start.
    pub fn kill(&self) -> Result<()> {
        let pids = self.functions.iter().chain(&self.encoders);
        let pids: Vec<String> = pids.map(ToString::to_string).collect();
        ensure!(!pids.is_empty(), "there is nothing to kill");
        // One may have ended by itself meanwhile.
        Command::new("kill").arg("-KILL").args(pids).output()?;
        Ok(())
    }
}

/// Parts of a file of the process that ends each of them with a zero.
fn parts(pid: u32, file: &str) -> Vec<String> {
    let bytes = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    text.split('\0').map(str::to_owned).collect()
}

fn runs(pid: u32, program: &str) -> bool {
    let arguments = parts(pid, "cmdline");
    let first = arguments.first().map(String::as_str).unwrap_or_default();
    first.rsplit('/').next() == Some(program)
}

fn has(pid: u32, setting: &str) -> bool {
    parts(pid, "environ").iter().any(|each| each == setting)
}

fn parent(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    line.trim().parse().ok()
}

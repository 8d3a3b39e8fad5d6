//! Runs steps and keeps account: what passed, how long it took, how much CPU it used.

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{Signal, killpg};
use nix::sys::time::TimeValLike as _;
use nix::unistd::Pid;

use super::interrupt::Interrupt;
use crate::ui::{self, Step};

/// A step that takes longer hangs.
const STEP_LIMIT: Duration = Duration::from_mins(45);
/// A child that was asked to end may take so long before it is killed.
const END_PATIENCE: Duration = Duration::from_secs(15);

/// Where the output of a step goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Output {
    /// Into a log; shown in full when the step fails.
    OnFailure,
    /// To the terminal, as it comes.
    Live,
}

#[derive(Debug)]
enum Outcome {
    Passed { wall: Duration, cpu: Duration },
    Failed { wall: Duration, cpu: Duration },
    Skipped { reason: String },
}

/// The steps so far.
#[derive(Debug)]
pub(super) struct Report {
    logs: PathBuf,
    began: Instant,
    interrupt: Interrupt,
    steps: Vec<(String, Outcome)>,
}

impl Report {
    pub(super) fn new(logs: PathBuf) -> Result<Self> {
        Ok(Self {
            logs,
            began: Instant::now(),
            interrupt: Interrupt::watch()?,
            steps: Vec::new(),
        })
    }

    /// Whether the steps that are left should not begin.
    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupt.came()
    }

    /// Runs a command as a step; says whether it passed.
    pub(super) fn command(&mut self, name: &str, output: Output, command: &mut Command) -> bool {
        let log = self
            .logs
            .join(format!("{}.log", name.replace([' ', '/'], "-")));
        let interrupt = self.interrupt.clone();
        self.step(name, output, |_| {
            let status = run(command, output, &log, &interrupt)?;
            if !status.success() {
                show(output, &log);
                bail!("{} ended with {status}", command.get_program().display());
            }
            Ok(())
        })
        .is_some()
    }

    /// Runs `work` as a step; returns what it made, or nothing when it failed.
    pub(super) fn step<T>(
        &mut self,
        name: &str,
        output: Output,
        work: impl FnOnce(&Interrupt) -> Result<T>,
    ) -> Option<T> {
        if self.is_interrupted() {
            self.skip(name, "interrupted");
            return None;
        }
        let shown = if output == Output::Live {
            ui::note(format!("{name} …"));
            None
        } else {
            Some(Step::start(name))
        };
        let began = Instant::now();
        let cpu_before = children_cpu();
        let result = work(&self.interrupt);
        let wall = began.elapsed();
        let cpu = children_cpu().saturating_sub(cpu_before);
        match result {
            Ok(made) => {
                match shown {
                    Some(step) => step.done(format!("{name} passed")),
                    None => ui::note(format!("{name} passed")),
                }
                self.steps
                    .push((name.to_owned(), Outcome::Passed { wall, cpu }));
                Some(made)
            }
            Err(error) => {
                drop(shown);
                ui::note(format!("{name} FAILED: {error:#}"));
                self.steps
                    .push((name.to_owned(), Outcome::Failed { wall, cpu }));
                None
            }
        }
    }

    /// A step that is left out, with the reason.
    pub(super) fn skip(&mut self, name: &str, reason: impl Into<String>) {
        let reason = reason.into();
        ui::note(format!("{name} skipped: {reason}"));
        self.steps
            .push((name.to_owned(), Outcome::Skipped { reason }));
    }

    /// Prints a line for each step; fails when one of them did, or was interrupted.
    pub(super) fn conclude(self) -> ExitCode {
        let width = self
            .steps
            .iter()
            .map(|(name, _)| name.len())
            .max()
            .unwrap_or(0);
        ui::line("");
        for (name, outcome) in &self.steps {
            let text = match outcome {
                Outcome::Passed { wall, cpu } => format!("passed   {}", cost(*wall, *cpu)),
                Outcome::Failed { wall, cpu } => format!("FAILED   {}", cost(*wall, *cpu)),
                Outcome::Skipped { reason } => format!("skipped  {reason}"),
            };
            ui::line(format!("{name:width$}  {text}"));
        }
        let all = cost(self.began.elapsed(), children_cpu());
        ui::line(format!("{:width$}           {all}", "all"));
        let failed = |outcome: &Outcome| matches!(outcome, Outcome::Failed { .. });
        if self.is_interrupted() || self.steps.iter().any(|(_, outcome)| failed(outcome)) {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }
}

fn cost(wall: Duration, cpu: Duration) -> String {
    format!(
        "{:7.1} s  {:7.1} s CPU",
        wall.as_secs_f64(),
        cpu.as_secs_f64()
    )
}

/// CPU time of all children that have ended, and of theirs. What outlives this process (the
/// local stack with its functions and ffmpeg) is not in it.
fn children_cpu() -> Duration {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_CHILDREN) else {
        return Duration::ZERO;
    };
    let microseconds =
        usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(microseconds.try_into().unwrap_or(0))
}

/// Runs a command to its end: in a process group of its own, so that all of it can be ended when
/// somebody presses Ctrl-C or the time is up.
pub(super) fn run(
    command: &mut Command,
    output: Output,
    log: &Path,
    interrupt: &Interrupt,
) -> Result<ExitStatus> {
    command.stdin(Stdio::null()).process_group(0);
    if output == Output::OnFailure {
        let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        command.stdout(file.try_clone()?).stderr(file);
    }
    let program = command.get_program().display().to_string();
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start {program}"))?;
    let deadline = Instant::now() + STEP_LIMIT;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        let reason = if interrupt.came() {
            "interrupted"
        } else if Instant::now() >= deadline {
            "it hangs"
        } else {
            std::thread::sleep(Duration::from_millis(20));
            continue;
        };
        end(&mut child)?;
        show(output, log);
        bail!("{reason}");
    }
}

/// Asks a child and its group to end, and kills what does not.
fn end(child: &mut Child) -> Result<()> {
    let group = Pid::from_raw(child.id().try_into()?);
    // The group may have ended by itself in between.
    let _ = killpg(group, Signal::SIGTERM);
    let deadline = Instant::now() + END_PATIENCE;
    while child.try_wait()?.is_none() {
        if Instant::now() >= deadline {
            let _ = killpg(group, Signal::SIGKILL);
            child.wait()?;
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn show(output: Output, log: &Path) {
    if output == Output::OnFailure
        && let Ok(bytes) = fs::read(log)
    {
        ui::note(String::from_utf8_lossy(&bytes).trim_end());
    }
}

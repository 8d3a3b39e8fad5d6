//! The one place that starts a process: supervised, bounded, leaving nothing behind.
//!
//! - The exit status is the truth. Noise on stderr is normal at the seams of a stream
//!   ("mmco: unref short failure"), so it is kept for the failure report and never judged. One
//!   thing only is read from it, because the status hides it: a connection that broke for good,
//!   which ffmpeg and ffprobe take for the end of the file ([`RunError::InputLost`]).
//! - Memory is bounded: of stderr the last lines stay, of stdout what the caller allowed.
//! - CPU time is that of this very process, see [`cpu`].
//! - At the deadline, when stdout outgrows its limit, and when the future is dropped, the process
//!   is killed and reaped.
//! - The child stays in the process group of its parent, so that a platform that kills the group
//!   takes the child along.
//!
//! A parent that dies hard (`SIGKILL`) cannot kill anything. `PR_SET_PDEATHSIG` would have to be
//! set between fork and exec, which needs `unsafe` code. What holds instead: Lambda ends the whole
//! sandbox and the local platform kills the group; an ffmpeg that outlives both ends by itself,
//! because it gets no more CPU time than its deadline allows (`-timelimit`), gives up a silent
//! connection after 20 s (`-rw_timeout`, see [`crate::input`]), and reads end of file where it
//! was fed through stdin.

pub mod cpu;
mod error;
mod pipes;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant as Clock};

use ffmpeg_sidecar::command::FfmpegCommand;
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout_at};

pub use error::{Evidence, RunError};
use pipes::{Output, Tail};

use crate::quote;
use crate::tools::Tools;

/// What a process that ended well left.
#[derive(Clone, Default, Debug)]
pub struct Finished {
    /// What it wrote to stdout, where [`Process::capture`] asked for it.
    pub stdout: Vec<u8>,
    /// The last lines of stderr, at most 50, URLs without query.
    pub stderr: Vec<String>,
    /// Its CPU time, user and system, in steps of 10 ms.
    pub cpu: Duration,
    /// From start to end.
    pub wall: Duration,
}

/// A process about to be started.
#[derive(Debug)]
pub struct Process<'a> {
    program: PathBuf,
    kind: Kind,
    args: Vec<OsString>,
    stdin: Option<Vec<u8>>,
    output: Output<'a>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Ffmpeg,
    Ffprobe,
}

impl<'a> Process<'a> {
    /// ffmpeg with these arguments. `-nostdin` and `-timelimit` are the runner's own and must not
    /// be among them.
    #[must_use]
    pub fn ffmpeg(tools: &Tools, args: Vec<OsString>) -> Self {
        Self::new(tools.ffmpeg.clone(), Kind::Ffmpeg, args)
    }

    /// ffprobe with these arguments.
    #[must_use]
    pub fn ffprobe(tools: &Tools, args: Vec<OsString>) -> Self {
        Self::new(tools.ffprobe.clone(), Kind::Ffprobe, args)
    }

    fn new(program: PathBuf, kind: Kind, args: Vec<OsString>) -> Self {
        Self {
            program,
            kind,
            args,
            stdin: None,
            output: Output::Discard,
        }
    }

    /// Feeds `bytes` through stdin; without it, stdin is empty.
    #[must_use]
    pub fn stdin(mut self, bytes: Vec<u8>) -> Self {
        self.stdin = Some(bytes);
        self
    }

    /// Keeps stdout, at most `limit` bytes; without it, stdout is thrown away.
    #[must_use]
    pub fn capture(mut self, limit: usize) -> Self {
        self.output = Output::Capture(limit);
        self
    }

    /// Hands every line of stdout to `each` as it comes, without its end. A line is cut after
    /// 16 KiB.
    #[must_use]
    pub fn lines(mut self, each: impl FnMut(&str) + Send + 'a) -> Self {
        self.output = Output::Lines(Box::new(each));
        self
    }

    /// Runs the process to its end.
    ///
    /// Dropping the future kills the process; tokio reaps it.
    ///
    /// # Errors
    /// [`RunError::Start`] when it cannot be started, [`RunError::Killed`] by a signal from
    /// outside, [`RunError::Failed`] with a status, [`RunError::InputLost`] when a remote input
    /// broke off, [`RunError::Deadline`], [`RunError::TooMuchOutput`], [`RunError::Supervise`] when the system refused to tell how it
    /// ended.
    pub async fn run(mut self, deadline: Instant) -> Result<Finished, RunError> {
        let started = Clock::now();
        let line = self.line();
        tracing::debug!(argv = line, "run");
        let mut evidence = Evidence::new(&self.program, line);
        let mut child = self.spawn(deadline, &evidence)?;
        let pid = cpu::pid_of(&child).map_err(|source| evidence.clone().supervise(source))?;

        let mut tail = Tail::default();
        let mut stdout = Vec::new();
        let work = async {
            let ended = cpu::ended(pid);
            let fed = pipes::feed(child.stdin.take(), self.stdin.take());
            let read = self.output.read(child.stdout.take(), &mut stdout);
            let noted = tail.drain(child.stderr.take());
            // stdout first: when it outgrows its limit, the rest need not be awaited.
            tokio::try_join!(read, async { Ok(tokio::join!(ended, fed, noted)) })
        };
        let outcome = timeout_at(deadline, work).await;
        if !matches!(outcome, Ok(Ok(_))) {
            // The only failure of a kill is that there is nobody left to be killed.
            let _ = child.start_kill();
        }
        let times = cpu::ended(pid).await;
        let status = child.wait().await;
        (evidence.stderr, evidence.lost) = tail.into_parts();
        let status = status.map_err(|source| evidence.clone().supervise(source))?;
        let cpu = times.map_err(|source| evidence.clone().supervise(source))?;
        match outcome {
            Err(_) => {
                return Err(RunError::Deadline {
                    evidence: Box::new(evidence),
                });
            }
            Ok(Err(limit)) => {
                return Err(RunError::TooMuchOutput {
                    limit,
                    evidence: Box::new(evidence),
                });
            }
            Ok(Ok(_)) => {}
        }
        let (evidence, stdout) = evidence.judge(status, stdout)?;
        Ok(Finished {
            stdout,
            stderr: evidence.stderr,
            cpu,
            wall: started.elapsed(),
        })
    }

    fn line(&self) -> String {
        let program = std::iter::once(self.program.as_os_str());
        quote::shell(program.chain(self.args.iter().map(OsString::as_os_str)))
    }

    fn spawn(&self, deadline: Instant, evidence: &Evidence) -> Result<Child, RunError> {
        // Prefixes each line of stderr with its level, which the log parser of the same crate
        // reads back.
        let mut command = FfmpegCommand::new_with_path(&self.program);
        // The build's configuration is no news.
        command.hide_banner();
        if self.kind == Kind::Ffmpeg {
            // A key press on somebody's terminal must not steer the encoder.
            command.arg("-nostdin");
            // Ends an orphan by itself, see the module's documentation; seconds of CPU time.
            command.args(["-timelimit", &cpu::time_limit(deadline).to_string()]);
        }
        command.args(&self.args);
        let placeholder = std::process::Command::new(&self.program);
        let mut command = Command::from(std::mem::replace(command.as_inner_mut(), placeholder));
        command
            .stdin(if self.stdin.is_some() {
                Stdio::piped()
            } else {
                Stdio::null()
            })
            .stdout(self.output.stdio())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command.spawn().map_err(|source| RunError::Start {
            program: self.program.clone(),
            argv: evidence.argv.clone(),
            source,
        })
    }
}

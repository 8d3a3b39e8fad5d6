//! How a process can end badly, as facts.

use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use domain::{ErrorCode, Fault};

/// `SIGXCPU`: the process reached its own limit of CPU time, which follows from the deadline.
const SIGXCPU: i32 = nix::sys::signal::Signal::SIGXCPU as i32;

/// What is known of a process that ended badly; never a signed URL.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The program's file name.
    pub program: String,
    /// The command line, quoted for a shell, URLs without query.
    pub argv: String,
    /// The last lines of stderr, at most 50.
    pub stderr: Vec<String>,
    /// What broke the connection to a remote input, where it stayed broken.
    pub lost: Option<String>,
}

impl Evidence {
    pub(super) fn new(program: &Path, argv: String) -> Self {
        let name = program.file_name().unwrap_or(program.as_os_str());
        Self {
            program: name.to_string_lossy().into_owned(),
            argv,
            stderr: Vec::new(),
            lost: None,
        }
    }

    pub(super) fn supervise(self, source: io::Error) -> RunError {
        RunError::Supervise {
            evidence: Box::new(self),
            source,
        }
    }

    /// Whether the status means success.
    pub(super) fn judge(
        self,
        status: ExitStatus,
        stdout: Vec<u8>,
    ) -> Result<(Self, Vec<u8>), RunError> {
        match (status.code(), status.signal()) {
            (Some(0), _) => match self.lost.clone() {
                None => Ok((self, stdout)),
                Some(reason) => Err(RunError::InputLost {
                    reason,
                    evidence: Box::new(self),
                }),
            },
            (Some(status), _) => Err(RunError::Failed {
                status,
                stdout,
                evidence: Box::new(self),
            }),
            (None, Some(SIGXCPU)) => Err(RunError::Deadline {
                evidence: Box::new(self),
            }),
            (None, signal) => Err(RunError::Killed {
                signal: signal.unwrap_or_default(),
                evidence: Box::new(self),
            }),
        }
    }

    /// The last line of stderr that tells an error, or nothing.
    pub(crate) fn last_error(&self) -> Option<&str> {
        let mut lines = self.stderr.iter().rev().map(String::as_str);
        let error = lines.find(|line| line.contains("[error]") || line.contains("[fatal]"));
        error.or(self.stderr.last().map(String::as_str))
    }

    fn last_words(&self) -> LastWords<'_> {
        LastWords(self.last_error())
    }
}

struct LastWords<'a>(Option<&'a str>);

impl fmt::Display for LastWords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(line) => write!(f, ": {line}"),
            None => Ok(()),
        }
    }
}

/// A process did not end well.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It could not be started.
    #[error("{} cannot be started", program.display())]
    Start {
        /// The path that was tried.
        program: PathBuf,
        /// The command line, quoted for a shell, URLs without query.
        argv: String,
        /// What the system said.
        source: io::Error,
    },
    /// A signal from outside ended it, as the kernel does when memory runs out.
    #[error("{} was killed by signal {signal}{}", evidence.program, evidence.last_words())]
    Killed {
        /// The signal's number.
        signal: i32,
        /// What it left.
        evidence: Box<Evidence>,
    },
    /// It ended with a failure.
    #[error("{} ended with status {status}{}", evidence.program, evidence.last_words())]
    Failed {
        /// Its exit status, not zero.
        status: i32,
        /// What it wrote to stdout, where that was captured.
        stdout: Vec<u8>,
        /// What it left.
        evidence: Box<Evidence>,
    },
    /// It ended as if all were well, but the connection to its input broke and was not made good:
    /// what it read is incomplete. ffmpeg takes that for the end of the file.
    #[error("{} lost its input: {reason}", evidence.program)]
    InputLost {
        /// What broke.
        reason: String,
        /// What it left.
        evidence: Box<Evidence>,
    },
    /// It was stopped because the deadline came.
    #[error("{} was stopped at the deadline{}", evidence.program, evidence.last_words())]
    Deadline {
        /// What it left.
        evidence: Box<Evidence>,
    },
    /// It was stopped because it wrote more to stdout than the caller allowed.
    #[error("{} wrote more than {limit} bytes", evidence.program)]
    TooMuchOutput {
        /// The limit in bytes.
        limit: usize,
        /// What it left.
        evidence: Box<Evidence>,
    },
    /// The system did not tell how it ended, or what it cost.
    #[error("the system does not tell how {} ended", evidence.program)]
    Supervise {
        /// What it left.
        evidence: Box<Evidence>,
        /// What the system said.
        source: io::Error,
    },
    /// The program does not answer as ffmpeg does.
    #[error("{} is not ffmpeg, it does not tell its version", program.display())]
    NotFfmpeg {
        /// The path that was tried.
        program: PathBuf,
    },
}

impl RunError {
    /// What the process left; none when it never ran.
    #[must_use]
    pub fn evidence(&self) -> Option<&Evidence> {
        match self {
            Self::Start { .. } | Self::NotFfmpeg { .. } => None,
            Self::Killed { evidence, .. }
            | Self::Failed { evidence, .. }
            | Self::InputLost { evidence, .. }
            | Self::Deadline { evidence }
            | Self::TooMuchOutput { evidence, .. }
            | Self::Supervise { evidence, .. } => Some(evidence),
        }
    }
}

impl Fault for RunError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Start { .. } | Self::NotFfmpeg { .. } => ErrorCode::ConfigInvalid,
            Self::Killed { .. } => ErrorCode::EncoderKilled,
            Self::InputLost { .. } => ErrorCode::StorageUnavailable,
            Self::Failed { evidence, .. } if evidence.lost.is_some() => {
                ErrorCode::StorageUnavailable
            }
            Self::Failed { .. } | Self::TooMuchOutput { .. } => ErrorCode::EncoderFailed,
            Self::Deadline { .. } => ErrorCode::DeadlineNear,
            Self::Supervise { .. } => ErrorCode::Internal,
        }
    }
}

//! Why a command did not do what it should: what happened, to what, what to do, and the exit code.

use std::path::PathBuf;

use api::asset::Failure;
use api::{Problem, ProblemCode};
use domain::plan::PlanError;
use domain::{ErrorCode, Fault as _};
use ffmpeg::{ProbeError, RunError};
use serde::Serialize;

use crate::http::{HttpError, causes};

/// The exit codes, as `millrace --help` and `docs/cli.md` have them.
pub(crate) mod exit {
    /// It is done.
    pub(crate) const DONE: u8 = 0;
    /// Wrong usage, or trouble with network, files or stack.
    pub(crate) const TROUBLE: u8 = 1;
    /// The asset failed, or the file can't be made into one.
    pub(crate) const FAILED: u8 = 2;
    /// Nobody is signed in.
    pub(crate) const SIGNED_OUT: u8 = 3;
    /// There is nothing of that name.
    pub(crate) const NOT_FOUND: u8 = 4;
}

/// A command that was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// The API refused, with a problem of its list.
    #[error("{}", .0.detail)]
    Problem(Box<Problem>),
    /// The API, or what stands before it, answered otherwise.
    #[error("{what}: answered with {status}")]
    Answer {
        /// What was asked for.
        what: String,
        /// The HTTP status.
        status: u16,
    },
    /// The API answered with other JSON than it should.
    #[error("{what}: the answer is not understood: {source}")]
    Unclear {
        /// What was asked for.
        what: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// No answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// Nobody is signed in, or not any more.
    #[error("nobody is signed in at {origin}")]
    SignedOut {
        /// The stack's origin.
        origin: String,
    },
    /// Signing in did not work.
    #[error("signing in failed: {reason}")]
    SignIn {
        /// What happened.
        reason: String,
    },
    /// No stack was named, and none is up here.
    #[error("{reason}")]
    NoStack {
        /// What was looked for.
        reason: String,
    },
    /// The stack that was named is not in this account.
    #[error("{}", causes(.0))]
    Cloud(#[from] cloud::StoreError),
    /// What was typed does not fit together.
    #[error("{what}")]
    Usage {
        /// What does not fit.
        what: String,
        /// What would.
        advice: &'static str,
    },
    /// A file or folder on this machine.
    #[error("{}: {source}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Somebody wrote the file while it was sent.
    #[error("{}: the file changed while it was sent", .path.display())]
    FileChanged {
        /// Which.
        path: PathBuf,
    },
    /// Storage did not take a part of a file.
    #[error("{name}: part {number} was not taken ({reason})")]
    Part {
        /// The file.
        name: String,
        /// The part's number.
        number: u32,
        /// What the last attempt met.
        reason: String,
    },
    /// The asset's job failed.
    #[error("{title}: {}", .failure.message)]
    AssetFailed {
        /// The asset's title.
        title: String,
        /// Why.
        failure: Box<Failure>,
    },
    /// The asset is on its way out.
    #[error("{id} is being removed")]
    Removed {
        /// The asset.
        id: String,
    },
    /// A file of a stream has not the length that was announced.
    #[error("{path}: {received} of {announced} bytes arrived")]
    Short {
        /// The file's place in the stream.
        path: String,
        /// Bytes that came.
        received: u64,
        /// Bytes that should have come.
        announced: u64,
    },
    /// A playlist names what is not in its folder.
    #[error("the stream names {uri}, which is not of it")]
    Stray {
        /// What it names.
        uri: String,
    },
    /// The file is no source.
    #[error("{file}: {reason}")]
    Probe {
        /// The file.
        file: String,
        /// What the probe found.
        reason: ProbeError,
    },
    /// The file can't be planned for.
    #[error("{file}: {reason}")]
    Plan {
        /// The file.
        file: String,
        /// Why.
        reason: PlanError,
    },
    /// ffmpeg or ffprobe did not run.
    #[error(transparent)]
    Tool(#[from] RunError),
    /// A program is not there.
    #[error("{program} is not there")]
    NoProgram {
        /// Which.
        program: &'static str,
        /// How to name it, or where to get it.
        advice: &'static str,
    },
    /// A profile does not read.
    #[error("{file}:{line}:{column}: {reason}")]
    Profile {
        /// The file.
        file: String,
        /// Counts from 1.
        line: usize,
        /// Counts from 1.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
    /// Some of many did not work; each was told of.
    #[error("{failed} of {all} did not work")]
    Some {
        /// How many failed.
        failed: usize,
        /// How many there were.
        all: usize,
        /// The gravest exit code of them.
        code: u8,
    },
}

/// An error as JSON has it.
#[derive(Serialize)]
pub(crate) struct ErrorDocument {
    code: String,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

impl CliError {
    /// The process's exit code.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Problem(problem) => exit_code_of(problem.code),
            Self::Answer { status: 404, .. }
            | Self::Removed { .. }
            | Self::Cloud(cloud::StoreError::NotFound { .. }) => exit::NOT_FOUND,
            Self::SignedOut { .. } | Self::SignIn { .. } => exit::SIGNED_OUT,
            Self::AssetFailed { .. } | Self::Plan { .. } | Self::Profile { .. } => exit::FAILED,
            Self::Probe { reason, .. } if is_of_the_file(reason) => exit::FAILED,
            Self::Some { code, .. } => *code,
            _ => exit::TROUBLE,
        }
    }

    /// Its name in JSON.
    fn code(&self) -> String {
        let code = match self {
            Self::Problem(problem) => problem.code.name(),
            Self::AssetFailed { failure, .. } => failure.code.name(),
            Self::Probe { reason, .. } => reason.code().name(),
            Self::Plan { reason, .. } => reason.code().name(),
            Self::Answer { .. } | Self::Unclear { .. } => "AnswerUnexpected",
            Self::Http(_) => "NetworkFailed",
            Self::SignedOut { .. } => "SignedOut",
            Self::SignIn { .. } => "SignInFailed",
            Self::NoStack { .. } | Self::Cloud(_) => "StackNotFound",
            Self::Usage { .. } => "UsageInvalid",
            Self::File { .. } => "FileUnusable",
            Self::FileChanged { .. } => "FileChanged",
            Self::Part { .. } => "PartRefused",
            Self::Removed { .. } => "AssetRemoved",
            Self::Short { .. } | Self::Stray { .. } => "StreamDamaged",
            Self::Tool(_) | Self::NoProgram { .. } => "ProgramUnusable",
            Self::Profile { .. } => "ProfileInvalid",
            Self::Some { .. } => "SomeFailed",
        };
        code.to_owned()
    }

    /// What to do about it.
    pub(crate) fn advice(&self) -> Option<String> {
        let advice = match self {
            Self::Problem(problem) => return Some(problem.advice.clone()),
            Self::AssetFailed { failure, .. } => return Some(failure.advice.clone()),
            Self::Probe { reason, .. } => reason.code().advice(),
            Self::Plan { reason, .. } => reason.code().advice(),
            Self::Http(_) => {
                "look whether the stack is up and the network is there, then try again"
            }
            Self::SignedOut { .. } => "run `millrace login`, or set MILLRACE_TOKEN",
            Self::SignIn { .. } => "try `millrace login` again",
            Self::NoStack { .. } => {
                "start one with `cargo xtask local up`, or name one with --stack or --url"
            }
            Self::Cloud(_) => {
                "check the name, the region and the credentials of the AWS command line"
            }
            Self::Tool(_) => "name a working ffprobe with --ffprobe or MILLRACE_FFPROBE",
            Self::Usage { advice, .. } | Self::NoProgram { advice, .. } => advice,
            Self::FileChanged { .. } => "upload it again when nobody writes to it",
            Self::Part { .. } => "run the command again: what has arrived is not sent twice",
            Self::Short { .. } => "run the command again: what has arrived is not fetched twice",
            Self::Answer { .. } | Self::Unclear { .. } => {
                "look whether the address is that of a Millrace stack of this version"
            }
            _ => return None,
        };
        Some(advice.to_owned())
    }

    /// The error as JSON has it.
    pub(crate) fn document(&self) -> ErrorDocument {
        ErrorDocument {
            code: self.code(),
            message: self.to_string(),
            advice: self.advice(),
        }
    }

    /// An error about a path of this machine.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        |source| Self::File { path, source }
    }
}

impl From<Problem> for CliError {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

fn exit_code_of(code: ProblemCode) -> u8 {
    match code {
        ProblemCode::Unauthorized => exit::SIGNED_OUT,
        ProblemCode::AssetNotFound
        | ProblemCode::CaptionNotFound
        | ProblemCode::UploadNotFound
        | ProblemCode::WebhookNotFound
        | ProblemCode::NotFound => exit::NOT_FOUND,
        ProblemCode::FileEmpty
        | ProblemCode::FileTooLarge
        | ProblemCode::TypeUnsupported
        | ProblemCode::CaptionInvalid
        | ProblemCode::CaptionTooLarge
        | ProblemCode::CaptionTypeUnsupported => exit::FAILED,
        _ => exit::TROUBLE,
    }
}

/// Whether the probe blames the file, and not the way to it.
fn is_of_the_file(reason: &ProbeError) -> bool {
    !matches!(
        reason,
        ProbeError::Missing { .. } | ProbeError::Unavailable { .. }
    )
}

/// The end of many things that were done one by one: an error with the gravest exit code, if any
/// failed.
pub(crate) fn all_done(errors: &[u8], all: usize) -> Result<(), CliError> {
    let Some(&code) = errors.iter().max_by_key(|code| gravity(**code)) else {
        return Ok(());
    };
    Err(CliError::Some {
        failed: errors.len(),
        all,
        code,
    })
}

/// Who is signed out can do nothing else; then comes what failed for good.
fn gravity(code: u8) -> u8 {
    match code {
        exit::SIGNED_OUT => 4,
        exit::FAILED => 3,
        exit::NOT_FOUND => 2,
        _ => 1,
    }
}

/// The failure of an asset whose job says none, which the API never sends.
pub(crate) fn unknown_failure() -> Failure {
    Failure {
        code: ErrorCode::Internal,
        message: "it failed for a reason that the stack does not tell".to_owned(),
        advice: ErrorCode::Internal.advice().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(code: ProblemCode) -> u8 {
        CliError::from(Problem::new(code, "x")).exit_code()
    }

    #[test]
    fn a_problem_has_the_exit_code_of_its_kind() {
        assert_eq!(problem(ProblemCode::AssetNotFound), exit::NOT_FOUND);
        assert_eq!(problem(ProblemCode::TypeUnsupported), exit::FAILED);
        assert_eq!(problem(ProblemCode::Unauthorized), exit::SIGNED_OUT);
        assert_eq!(problem(ProblemCode::RetryRefused), exit::TROUBLE);
    }

    #[test]
    fn of_many_exit_codes_the_gravest_is_told() {
        assert!(all_done(&[], 3).is_ok());
        let code = |errors: &[u8]| all_done(errors, 9).unwrap_err().exit_code();
        assert_eq!(
            code(&[exit::TROUBLE, exit::FAILED, exit::NOT_FOUND]),
            exit::FAILED
        );
        assert_eq!(code(&[exit::FAILED, exit::SIGNED_OUT]), exit::SIGNED_OUT);
        assert_eq!(code(&[exit::TROUBLE]), exit::TROUBLE);
    }
}

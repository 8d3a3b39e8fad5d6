//! The closed list of what can go wrong.
//!
//! A code's name is the error name that a function returns to Step Functions, so the list is part
//! of the state machine's contract: a test holds `statemachine/transcode.asl.json` to it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a caller may do about an error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorClass {
    /// It may pass by itself: try the same again.
    Retry,
    /// It will not pass: the source or the request is at fault.
    Permanent,
    /// Millrace is at fault: an invariant did not hold.
    Bug,
}

macro_rules! error_codes {
    ($($(#[doc = $doc:literal])+ $name:ident: $class:ident, $advice:literal;)+) => {
        /// Why a stage failed. Closed: a new reason is a new variant, named in the state machine.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
        pub enum ErrorCode {
            $($(#[doc = $doc])+ $name,)+
        }

        impl ErrorCode {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The name as Step Functions and the API show it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// Whether trying again can help, and whose fault it is.
            #[must_use]
            pub const fn class(self) -> ErrorClass {
                match self { $(Self::$name => ErrorClass::$class,)+ }
            }

            /// What the reader can do about it; one sentence without a full stop.
            #[must_use]
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$name => $advice,)+ }
            }
        }
    };
}

error_codes! {
    /// The message to a function is not what the function takes.
    InputInvalid: Permanent, "send the message that the events folder shows for this function";
    /// The source object has no bytes.
    SourceEmpty: Permanent, "upload the file again, it arrived empty";
    /// The source object is gone.
    SourceMissing: Permanent, "upload the file again, it was deleted before it was read";
    /// The source object is no longer the version that the job is for.
    SourceChanged: Permanent, "nothing, the newer upload has a job of its own";
    /// No demuxer recognises the source.
    SourceNotMedia: Permanent, "upload a video or audio file";
    /// The container ends before its own index says so, or the index itself is missing.
    SourceTruncated: Permanent, "upload the whole file, its end is missing";
    /// There is neither picture nor sound in the container.
    SourceWithoutTracks: Permanent, "upload a file that has a video or an audio track";
    /// No decoder knows the codec of the main track.
    SourceCodecUnsupported: Permanent, "convert the file to a common codec such as H.264";
    /// The source opens, but its packets do not decode.
    SourceDamaged: Permanent, "export the file again, its contents are damaged";
    /// The source is beyond the limits of the profile (length, dimensions, channels).
    SourceTooLarge: Permanent, "split the file or reduce its size";
    /// Storage did not answer, or answered with a passing fault.
    StorageUnavailable: Retry, "wait, the stage is tried again";
    /// Storage refused the call.
    StorageDenied: Bug, "check the policy of the function's role";
    /// The database did not answer, or answered with a passing fault.
    DatabaseUnavailable: Retry, "wait, the stage is tried again";
    /// The database refused the statement.
    DatabaseRefused: Bug, "check the migrations and the grants of the function's user";
    /// The stage stopped its work before the function's own deadline.
    DeadlineNear: Retry, "raise the function's timeout or shorten the profile's encode chunks";
    /// The encoder was killed from outside, as the kernel does when memory runs out.
    EncoderKilled: Retry, "raise the function's memory";
    /// The encoder ended with a failure on a source that decodes.
    EncoderFailed: Bug, "report the job's id, the log has the encoder's last words";
    /// What the encoder wrote is not what the plan asked for.
    ChunkInvalid: Bug, "report the job's id, the encoder's output differs from the plan";
    /// The result of a planned encode chunk is not there.
    ChunkMissing: Bug, "retry the job, an encode chunk has no result";
    /// Encode chunks of one rung came with different init segments.
    InitMismatch: Bug, "report the job's id, encode chunks do not fit together";
    /// Two neighbouring segments do not meet in time.
    TimelineGap: Bug, "report the job's id, segments do not meet";
    /// A rendition has more or fewer frames or samples than the plan.
    CountMismatch: Bug, "report the job's id, frames or samples are missing";
    /// A segment that the results name is not in the media bucket, or has another size.
    SegmentMissing: Bug, "retry the job, a published segment is not there";
    /// Somebody cancelled the job.
    JobCancelled: Permanent, "retry the job if it was cancelled by mistake";
    /// Another attempt works on the job.
    LeaseLost: Permanent, "nothing, another attempt works on the job";
    /// Every attempt of the job ended without saying why.
    AttemptsExhausted: Bug, "look into the log of its executions, then retry the job";
    /// The configuration of the function is wrong.
    ConfigInvalid: Bug, "set the variable that the message names";
    /// An invariant of Millrace did not hold.
    Internal: Bug, "report the job's id";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for ErrorCode {
    type Err = UnknownErrorCode;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.name() == name)
            .ok_or_else(|| UnknownErrorCode(name.to_owned()))
    }
}

/// A name that is not in the closed list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no error code of Millrace")]
pub struct UnknownErrorCode(pub String);

/// An error that has its place in the closed list.
///
/// The message (`Display`) says what happened and to which file; the code says what may be done.
pub trait Fault: std::error::Error {
    /// The fact's name in the closed list.
    fn code(&self) -> ErrorCode;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_as_its_code() {
        for code in ErrorCode::ALL {
            assert_eq!(code.name().parse::<ErrorCode>().unwrap(), *code);
            assert_eq!(serde_json::to_value(code).unwrap(), code.name());
        }
        assert!("Nonsense".parse::<ErrorCode>().is_err());
    }

    #[test]
    fn advice_is_one_plain_sentence() {
        for code in ErrorCode::ALL {
            let advice = code.advice();
            assert!(!advice.is_empty() && !advice.ends_with('.'), "{code}");
        }
    }
}

//! Why a source cannot be probed.

use domain::{ErrorCode, Fault};

use crate::run::RunError;

/// A source whose facts cannot be had. One line each; the caller adds the file's name.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// It has no bytes.
    #[error("the file is empty")]
    Empty,
    /// No allowed demuxer recognises it.
    #[error("the file is no video or audio file that is known here")]
    NotMedia,
    /// The container is known, but its end is missing.
    #[error("the file ends too early: {what}")]
    Truncated {
        /// What is missing.
        what: String,
    },
    /// There is neither picture nor sound.
    #[error("the file has neither a picture nor a sound track")]
    WithoutTracks,
    /// The build of ffmpeg has no decoder for a track that is needed.
    #[error("the file is coded in {codec}, which cannot be decoded here")]
    CodecUnsupported {
        /// ffmpeg's name of the codec.
        codec: String,
    },
    /// It opens, but nothing of a track that is needed decodes.
    #[error("the file is damaged: {what}")]
    Damaged {
        /// What failed.
        what: String,
    },
    /// It is not there, or may not be read any more.
    #[error("the file cannot be read: {reason}")]
    Missing {
        /// What storage answered.
        reason: String,
    },
    /// Storage did not answer, or with a passing fault.
    #[error("storage does not deliver the file: {reason}")]
    Unavailable {
        /// What went wrong.
        reason: String,
    },
    /// A program did not end well for reasons that are not the file's.
    #[error(transparent)]
    Run(#[from] RunError),
}

impl Fault for ProbeError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Empty => ErrorCode::SourceEmpty,
            Self::NotMedia => ErrorCode::SourceNotMedia,
            Self::Truncated { .. } => ErrorCode::SourceTruncated,
            Self::WithoutTracks => ErrorCode::SourceWithoutTracks,
            Self::CodecUnsupported { .. } => ErrorCode::SourceCodecUnsupported,
            Self::Damaged { .. } => ErrorCode::SourceDamaged,
            Self::Missing { .. } => ErrorCode::SourceMissing,
            Self::Unavailable { .. } => ErrorCode::StorageUnavailable,
            Self::Run(error) => error.code(),
        }
    }
}

/// What an error number of libavformat says about a source (`libavutil/error.h`, `errno.h`).
pub(super) fn from_number(number: i64, text: &str, remote: bool) -> ProbeError {
    const INVALID_DATA: i64 = tag(*b"INDA");
    const BAD_REQUEST: i64 = tag(*b"\xf8400");
    const UNAUTHORIZED: i64 = tag(*b"\xf8401");
    const FORBIDDEN: i64 = tag(*b"\xf8403");
    const NOT_FOUND: i64 = tag(*b"\xf8404");
    const TOO_MANY: i64 = tag(*b"\xf8429");
    const SERVER: i64 = tag(*b"\xf85XX");
    const NO_ENTRY: i64 = -2;
    // A demuxer knows the file, but it is not on the whitelist.
    const NOT_ALLOWED: i64 = -22;
    let reason = text.to_owned();
    match number {
        // S3 answers an expired signature with 400 or 403.
        NOT_FOUND | FORBIDDEN | UNAUTHORIZED | BAD_REQUEST | NO_ENTRY => {
            ProbeError::Missing { reason }
        }
        SERVER | TOO_MANY => ProbeError::Unavailable { reason },
        INVALID_DATA | NOT_ALLOWED => ProbeError::NotMedia,
        // Any number of the system (below 200): refused, timed out, reset, broken.
        -199..=-1 if remote => ProbeError::Unavailable { reason },
        _ => ProbeError::Damaged { what: reason },
    }
}

/// `FFERRTAG` of libavutil.
const fn tag(name: [u8; 4]) -> i64 {
    let [a, b, c, d] = name;
    -((a as i64) | (b as i64) << 8 | (c as i64) << 16 | (d as i64) << 24)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_numbers_are_facts() {
        let code = |number, remote| from_number(number, "x", remote).code();
        assert_eq!(code(-875_574_520, true), ErrorCode::SourceMissing);
        assert_eq!(code(-858_797_304, true), ErrorCode::SourceMissing);
        assert_eq!(code(-1_482_175_992, true), ErrorCode::StorageUnavailable);
        assert_eq!(code(-1_094_995_529, true), ErrorCode::SourceNotMedia);
        assert_eq!(code(-111, true), ErrorCode::StorageUnavailable);
        assert_eq!(code(-2, false), ErrorCode::SourceMissing);
        assert_eq!(code(-5, false), ErrorCode::SourceDamaged);
    }
}

//! What can go wrong between Millrace and the cloud, as facts.

use std::ops::Range;
use std::path::PathBuf;

use domain::object::ObjectRef;
use domain::{ErrorCode, Fault};

/// The error that lies below one of ours.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A call to a store that did not do what it should.
///
/// `Denied`, `Unavailable` and `Refused` are the faults that every call may have. Retries are
/// over when one of them comes back.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// What was named does not exist.
    #[error("{what} does not exist")]
    NotFound {
        /// The object, table, record or state machine.
        what: String,
    },
    /// The uploaded object is gone.
    #[error("{object} was deleted before it was read")]
    SourceMissing {
        /// The source.
        object: ObjectRef,
    },
    /// The uploaded object is another one by now.
    #[error("{object} was overwritten by a newer upload")]
    SourceChanged {
        /// The source.
        object: ObjectRef,
    },
    /// The role may not do this.
    #[error("access denied: {action}")]
    Denied {
        /// What was tried, on what.
        action: String,
        /// The service's answer.
        #[source]
        source: Cause,
    },
    /// No answer, or a passing fault, and the retries are used up.
    #[error("no usable answer: {action}")]
    Unavailable {
        /// What was tried, on what.
        action: String,
        /// The last failure.
        #[source]
        source: Cause,
    },
    /// The service found the request itself wrong.
    #[error("refused as invalid: {action}")]
    Refused {
        /// What was tried, on what.
        action: String,
        /// The service's answer.
        #[source]
        source: Cause,
    },
    /// Others kept writing the same item; nothing was written by this call.
    #[error("{what} was changed by others {attempts} times in a row")]
    Contended {
        /// The item.
        what: String,
        /// Tries made.
        attempts: u32,
    },
    /// More bytes than are read into memory.
    #[error("{object}: {bytes} bytes are more than the {limit} that are read at once")]
    TooLarge {
        /// The object.
        object: ObjectRef,
        /// Its length, or that of the range.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// The object ends before the range does.
    #[error("{object} ends before byte {}", .range.end)]
    OutOfRange {
        /// The object.
        object: ObjectRef,
        /// What was asked for.
        range: Range<u64>,
    },
    /// What is stored is not what Millrace writes there.
    #[error("{what} cannot be read back")]
    Malformed {
        /// The record or object.
        what: String,
        /// Why.
        #[source]
        source: Cause,
    },
    /// A local file could not be read or written.
    #[error("local file {}", .path.display())]
    LocalFile {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl Fault for StoreError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::SourceMissing { .. } => ErrorCode::SourceMissing,
            Self::SourceChanged { .. } => ErrorCode::SourceChanged,
            Self::Denied { .. } => ErrorCode::StorageDenied,
            Self::Unavailable { .. } | Self::Contended { .. } => ErrorCode::StorageUnavailable,
            Self::NotFound { .. }
            | Self::Refused { .. }
            | Self::TooLarge { .. }
            | Self::OutOfRange { .. }
            | Self::Malformed { .. }
            | Self::LocalFile { .. } => ErrorCode::Internal,
        }
    }
}

/// A reason of our own, where no library's error lies below.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Reason(pub(crate) &'static str);

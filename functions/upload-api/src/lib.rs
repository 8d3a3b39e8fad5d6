//! Uploads in parts, straight from a browser or a script into storage: this function only signs the
//! addresses, and joins what has arrived.
//!
//! Completing an upload starts its job at once. The bucket's event does the same a moment later, and
//! is the safety net where the function dies in between; both together are one job.

mod accept;
mod complete;
mod describe;
mod routes;

use cloud::ports::{
    ClaimJob, DescribeSource, FindSource, KeepLibrary, KeepUploads, StartExecution, TakeParts,
};
use domain::object::BucketName;

pub use routes::{document, router};

/// What upload-api may do.
#[derive(Debug)]
pub struct Ports<S, D, E> {
    /// The uploads.
    pub objects: S,
    /// Uploads, library and job records.
    pub documents: D,
    /// The state machine.
    pub executions: E,
    /// Where uploads go.
    pub bucket: BucketName,
    /// The largest upload in bytes.
    pub max_bytes: u64,
}

/// What is asked of the uploads bucket.
pub trait Objects: TakeParts + FindSource + DescribeSource + 'static {}
impl<T: TakeParts + FindSource + DescribeSource + 'static> Objects for T {}

/// What is asked of the table.
pub trait Documents: KeepUploads + KeepLibrary + ClaimJob + 'static {}
impl<T: KeepUploads + KeepLibrary + ClaimJob + 'static> Documents for T {}

/// What is asked of the state machine.
pub trait Executions: StartExecution + 'static {}
impl<T: StartExecution + 'static> Executions for T {}

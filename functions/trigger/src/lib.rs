//! An upload becomes a job: once, however often S3 tells of it.

pub mod upload;

use aws_lambda_events::s3::S3Event;
use cloud::StoreError;
use cloud::ports::{Claim, ClaimJob, DescribeSource, StartExecution};
use domain::ids::JobId;
use domain::job::{JobRecord, JobState};
use domain::message::SegmentInput;
use domain::object::SourceObject;
use domain::profile::Profile;
use domain::{ErrorCode, Fault};
use runtime::StageContext;

use crate::upload::{BadRecord, uploads};

/// What trigger may do.
#[derive(Debug)]
pub struct Ports<S, D, E> {
    /// The uploads.
    pub objects: S,
    /// The job records.
    pub documents: D,
    /// The state machine.
    pub executions: E,
}

/// An event that did not become jobs.
#[derive(Debug, thiserror::Error)]
pub enum TriggerError {
    /// It names no upload.
    #[error(transparent)]
    Event(#[from] BadRecord),
    /// A call failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A request could not be written as JSON.
    #[error("the request for job {job} cannot be written as JSON")]
    Request {
        /// The job.
        job: JobId,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

impl Fault for TriggerError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Event(_) => ErrorCode::InputInvalid,
            Self::Store(error) => error.code(),
            Self::Request { .. } => ErrorCode::Internal,
        }
    }
}

/// Starts a job for each upload of the event, and answers with the jobs that now exist.
///
/// Any number of copies of one event make one job and one execution.
///
/// # Errors
/// [`TriggerError`]; Lambda delivers the event again, and the jobs that were started already are
/// found.
pub async fn handle<S, D, E>(
    event: S3Event,
    ports: &Ports<S, D, E>,
    _context: &StageContext,
) -> Result<Vec<JobId>, TriggerError>
where
    S: DescribeSource,
    D: ClaimJob,
    E: StartExecution,
{
    let mut jobs = Vec::new();
    for source in uploads(&event)? {
        jobs.extend(start_job(source, ports).await?);
    }
    Ok(jobs)
}

/// None when a newer upload has replaced the source: that one has an event of its own.
async fn start_job<S, D, E>(
    source: SourceObject,
    ports: &Ports<S, D, E>,
) -> Result<Option<JobId>, TriggerError>
where
    S: DescribeSource,
    D: ClaimJob,
    E: StartExecution,
{
    let facts = match ports.objects.describe_source(&source).await {
        Err(gone @ (StoreError::SourceMissing { .. } | StoreError::SourceChanged { .. })) => {
            tracing::warn!(reason = %gone, "upload is gone");
            return Ok(None);
        }
        facts => facts?,
    };
    let request = SegmentInput::new(source, Profile::default());
    let record = record(&request);
    let claim = ports.documents.claim(&record, facts.uploaded).await?;
    // A job that is running may have been claimed by a call that died before it started the
    // execution. Starting it again is harmless: the name is the job's.
    let ended = match claim {
        Claim::New => false,
        Claim::Known(known) => known.state != JobState::Running,
    };
    if !ended {
        let input = serde_json::to_value(&request);
        let input = input.map_err(|source| TriggerError::Request {
            job: request.job.clone(),
            source,
        })?;
        let started = ports.executions.start(request.job.as_str(), &input).await?;
        tracing::info!(job = %request.job, asset = %request.asset, ?started, "job started");
    }
    Ok(Some(request.job))
}

fn record(request: &SegmentInput) -> JobRecord {
    JobRecord {
        job: request.job.clone(),
        asset: request.asset.clone(),
        owner: request.source.owner().to_owned(),
        source: request.source.clone(),
        profile: request.profile.name.clone(),
        state: JobState::Running,
        error: None,
    }
}

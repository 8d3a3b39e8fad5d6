//! An upload becomes a job: once, however often and in however many ways the cloud tells of it.
//! And a job that nobody works on gets its next attempt, an upload that nobody told of its job.

pub mod event;
mod lost;
mod sweep;
pub mod upload;

use std::time::Duration;

use cloud::StoreError;
use cloud::lease;
use cloud::ports::{
    ClaimJob, DescribeExecution, DescribeSource, FindExpired, FindUnclaimed, KeepJob, KeepLibrary,
    KeepRound, ListSources, StartExecution,
};
use cloud::start::{start_attempt, start_job};
use domain::ids::JobId;
use domain::object::{BucketName, SourceObject};
use domain::{ErrorCode, Fault};
use runtime::StageContext;
use runtime::queue::{Message, again};

use crate::event::{Answer, Event, told};
use crate::upload::{BadRecord, announced, uploads};

/// What trigger may do.
#[derive(Debug)]
pub struct Ports<S, D, E> {
    /// The uploads.
    pub objects: S,
    /// The job records.
    pub documents: D,
    /// The state machine.
    pub executions: E,
    /// Where uploads without a job are looked for.
    pub uploads: BucketName,
    /// How old an upload may be that the sweep looks at.
    pub look_back: Duration,
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
    /// A job that cannot be retried: unknown, running, or ready.
    #[error("job {0} has not failed, so there is nothing to retry")]
    NotFailed(JobId),
    /// A job that cannot be cancelled: unknown, or ended.
    #[error("job {0} does not run, so there is nothing to cancel")]
    NotRunning(JobId),
}

impl Fault for TriggerError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Event(_) | Self::NotFailed(_) | Self::NotRunning(_) => ErrorCode::InputInvalid,
            Self::Store(error) => error.code(),
        }
    }
}

/// Starts a job for each upload of the event, or does what the schedule or an operator asks.
///
/// Any number of copies of one event, in any of the three ways, make one job and one execution.
///
/// # Errors
/// [`TriggerError`]; Lambda delivers the event again, and the jobs that were started already are
/// found. A message of a queue that fails is named in the answer instead, and comes again alone.
pub async fn handle<S, D, E>(
    event: Event,
    ports: &Ports<S, D, E>,
    context: &StageContext,
) -> Result<Answer, TriggerError>
where
    S: DescribeSource + ListSources,
    D: ClaimJob + KeepLibrary + KeepJob + FindExpired + FindUnclaimed + KeepRound,
    E: StartExecution + DescribeExecution,
{
    let jobs = match event {
        Event::Notification(event) => start_all(uploads(&event)?, ports).await?,
        Event::Announcement(event) => start_all(announced(&event)?, ports).await?,
        Event::Messages(messages) => {
            let mut failed = Vec::new();
            for message in &messages {
                if let Err(error) = start_told(message, ports).await {
                    tracing::error!(%error, "message failed");
                    failed.push(message.message_id.clone());
                }
            }
            return Ok(Answer::Batch(again(failed)));
        }
        Event::Sweep(which) => {
            let mut jobs = sweep::sweep(ports).await?;
            jobs.extend(lost::start_lost(&which, ports, context).await?);
            jobs
        }
        Event::Retry(job) => {
            let stored = lease::retry(&ports.documents, &job).await?;
            let stored = stored.ok_or(TriggerError::NotFailed(job))?;
            start_attempt(&stored, None, &ports.executions).await?;
            vec![stored.record.job]
        }
        Event::Cancel(job) => {
            if !lease::cancel(&ports.documents, &job).await? {
                return Err(TriggerError::NotRunning(job));
            }
            vec![job]
        }
    };
    Ok(Answer::Jobs(jobs))
}

async fn start_all<S, D, E>(
    sources: impl IntoIterator<Item = SourceObject>,
    ports: &Ports<S, D, E>,
) -> Result<Vec<JobId>, TriggerError>
where
    S: DescribeSource,
    D: ClaimJob + KeepLibrary,
    E: StartExecution,
{
    let mut jobs = Vec::new();
    for source in sources {
        let started = start_job(source, &ports.objects, &ports.documents, &ports.executions);
        jobs.extend(started.await?);
    }
    Ok(jobs)
}

async fn start_told<S, D, E>(
    message: &Message,
    ports: &Ports<S, D, E>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>>
where
    S: DescribeSource,
    D: ClaimJob + KeepLibrary,
    E: StartExecution,
{
    start_all(told(&message.body)?, ports).await?;
    Ok(())
}

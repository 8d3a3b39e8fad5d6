//! The steps of [`domain::lease`] on a store: read, decide, write if nobody wrote in between.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::ErrorCode;
use domain::Fault;
use domain::ids::JobId;
use domain::job::{JobError, JobState};
use domain::lease::{Errand, HEARTBEAT_MS, Lease, Lost};

use crate::error::StoreError;
use crate::finish::StoredJob;
use crate::ports::KeepJob;

/// Time between two heartbeats.
pub const HEARTBEAT: Duration = Duration::from_millis(HEARTBEAT_MS);

/// Tries of a step while others write the same job.
const TRIES: u32 = 10;

/// A lease that is not held, or a store that does not say.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// The attempt must stop.
    #[error("job {job}: {lost}")]
    Lost {
        /// The job.
        job: JobId,
        /// Why.
        lost: Lost,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for LeaseError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Lost { lost, .. } => lost.code(),
            Self::Store(error) => error.code(),
        }
    }
}

/// Milliseconds since the Unix epoch.
#[must_use]
pub fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(now.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

/// The attempt that a stage which starts now works for. None for a job that was never claimed,
/// such as a tester's: there is no lease to keep.
///
/// # Errors
/// [`LeaseError::Lost`] when the job has ended, was given back or was cancelled.
pub async fn begin<D: KeepJob>(documents: &D, job: &JobId) -> Result<Option<u32>, LeaseError> {
    let Some(stored) = documents.load(job).await? else {
        return Ok(None);
    };
    let attempt = stored.lease.attempt;
    beat(documents, &stored, attempt).await?;
    Ok(Some(attempt))
}

/// Renews the lease of `attempt` until it is lost, and returns why. A store that does not answer
/// is asked again: the lease outlasts many heartbeats, [`HEARTBEAT`] apart.
pub async fn keep<D: KeepJob>(documents: &D, job: &JobId, attempt: u32, every: Duration) -> Lost {
    loop {
        tokio::time::sleep(every).await;
        let known = documents.load(job).await;
        let renewed = match known {
            Ok(Some(stored)) => beat(documents, &stored, attempt).await,
            Ok(None) => return Lost::Superseded,
            Err(error) => Err(error.into()),
        };
        match renewed {
            Ok(()) => {}
            Err(LeaseError::Lost { lost, .. }) => return lost,
            Err(LeaseError::Store(error)) => {
                tracing::warn!(%error, "heartbeat was not written");
            }
        }
    }
}

/// One heartbeat. Where somebody else wrote in between, the next one will tell.
async fn beat<D: KeepJob>(
    documents: &D,
    stored: &StoredJob,
    attempt: u32,
) -> Result<(), LeaseError> {
    let lost = |lost| LeaseError::Lost {
        job: stored.record.job.clone(),
        lost,
    };
    if stored.record.state != JobState::Running {
        return Err(lost(Lost::Superseded));
    }
    if let Some(lease) = stored.lease.renew(attempt, now_ms()).map_err(lost)? {
        documents.swap(stored, &stored.with_lease(lease)).await?;
    }
    Ok(())
}

/// Gives the job back after `attempt` failed, so that the sweep starts the next one. False when
/// there is no further attempt, or the attempt is not the current one.
///
/// # Errors
/// The store's.
pub async fn release<D: KeepJob>(
    documents: &D,
    job: &JobId,
    attempt: u32,
) -> Result<bool, StoreError> {
    let step = |stored: &StoredJob| {
        let current = stored.record.state == JobState::Running && stored.lease.attempt == attempt;
        (current && stored.lease.may_go_on()).then(|| stored.with_lease(stored.lease.release()))
    };
    Ok(write(documents, job, step).await?.is_some())
}

/// Takes over a job that was found expired; none when somebody else was quicker.
///
/// # Errors
/// The store's.
pub async fn take_over<D: KeepJob>(
    documents: &D,
    seen: &StoredJob,
) -> Result<Option<(StoredJob, Errand)>, StoreError> {
    let Some((lease, errand)) = seen.lease.take_over(now_ms()) else {
        return Ok(None);
    };
    let next = seen.with_lease(lease);
    let won = documents.swap(seen, &next).await?;
    Ok(won.then_some((next, errand)))
}

/// Holds a job for an attempt that is known to be alive although its heartbeats are missing.
///
/// # Errors
/// The store's.
pub async fn hold<D: KeepJob>(documents: &D, seen: &StoredJob) -> Result<bool, StoreError> {
    let lease = seen.lease.held_from(now_ms());
    documents.swap(seen, &seen.with_lease(lease)).await
}

/// Wants a running job to stop; its stages do so at their next heartbeat. False when it does not
/// run.
///
/// # Errors
/// The store's.
pub async fn cancel<D: KeepJob>(documents: &D, job: &JobId) -> Result<bool, StoreError> {
    let step = |stored: &StoredJob| {
        let running = stored.record.state == JobState::Running;
        running.then(|| stored.with_lease(stored.lease.cancel()))
    };
    Ok(write(documents, job, step).await?.is_some())
}

/// Starts the next attempt of a job that had failed; none when it has not.
///
/// # Errors
/// The store's.
pub async fn retry<D: KeepJob>(
    documents: &D,
    job: &JobId,
) -> Result<Option<StoredJob>, StoreError> {
    let step = |stored: &StoredJob| {
        (stored.record.state == JobState::Failed).then(|| {
            let mut next = stored.with_lease(stored.lease.try_again(now_ms()));
            next.record.state = JobState::Running;
            next.record.error = None;
            next
        })
    };
    write(documents, job, step).await
}

/// Takes a step on the newest state; none when the step is not allowed on it.
async fn write<D: KeepJob>(
    documents: &D,
    job: &JobId,
    step: impl Fn(&StoredJob) -> Option<StoredJob>,
) -> Result<Option<StoredJob>, StoreError> {
    for _ in 0..TRIES {
        let stored = documents.load(job).await?;
        let Some(next) = stored.as_ref().and_then(&step) else {
            return Ok(None);
        };
        if let Some(stored) = stored
            && documents.swap(&stored, &next).await?
        {
            return Ok(Some(next));
        }
    }
    Err(StoreError::Contended {
        what: format!("job {job}"),
        attempts: TRIES,
    })
}

/// The name of the execution that is an attempt at a job.
#[must_use]
pub fn execution_name(job: &JobId, lease: &Lease) -> String {
    if lease.attempt == 1 {
        return job.to_string();
    }
    format!("{job}-{}", lease.attempt)
}

/// Why a job failed that every attempt left without a word.
#[must_use]
pub fn exhausted(stored: &StoredJob) -> JobError {
    JobError {
        code: ErrorCode::AttemptsExhausted,
        message: format!(
            "{}: {} attempts ended without a result",
            stored.record.source.object.key.file_name(),
            stored.lease.last_attempt
        ),
    }
}

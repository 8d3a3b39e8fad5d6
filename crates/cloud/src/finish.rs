//! How a job ends: the rules that keep an asset's document right, as a pure function.
//!
//! Jobs of one asset overlap: a key is overwritten while its first version is still encoded, an
//! event comes late, a stage is retried after it had succeeded. Every job therefore carries a
//! [`JobOrder`], fixed when it was claimed: the order of the uploads, not of the work. From it
//! follows what an outcome may change.
//!
//! | outcome | the job | the asset |
//! |---|---|---|
//! | of an attempt that another one has taken over from | stays as it is | stays as it is |
//! | of a job that is ready | stays as it is | stays as it is |
//! | ready, the job was cancelled before | failed, `JobCancelled` | keeps what is published |
//! | ready, a newer upload's stream is published | failed, `SourceChanged` | stays as it is |
//! | ready | ready | its stream replaces what is published |
//! | failed | failed, with the reason | keeps what is published |
//!
//! Besides, the asset's `state`, `error` and `job` describe the newest upload whose job ended, so
//! an older job's outcome does not touch them. "Ready" thus always means that the job's stream
//! was published, and a ready asset always has a published stream.
//!
//! The store applies [`settle`] to what it read, and writes under the condition that nobody wrote
//! in between; else it reads again. `revision` counts the asset's changes, so that a copy
//! elsewhere (the relational core) can tell an old state from a new one.

use domain::ErrorCode;
use domain::job::{AssetDocument, JobError, JobRecord, JobState, Published};
use domain::lease::Lease;

use crate::ports::UploadedAt;

/// How a job ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum JobOutcome {
    /// Everything is in the media bucket, checked.
    Ready(Box<Published>),
    /// Given up.
    Failed(JobError),
}

/// What the document store holds after a job ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finished {
    /// The job's record.
    pub record: JobRecord,
    /// The asset's document.
    pub asset: AssetDocument,
    /// Changes of the asset's document so far, from 1; grows with every change.
    pub revision: u64,
}

/// Which of an asset's jobs is the newer one: upload time, then claim time, then id.
///
/// Text that sorts as it compares, so that a store may compare it too.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct JobOrder(String);

impl JobOrder {
    /// The place of a job that is claimed at `claimed_ms` (milliseconds since the Unix epoch).
    #[must_use]
    pub fn new(record: &JobRecord, uploaded: UploadedAt, claimed_ms: u64) -> Self {
        Self(format!(
            "{:020}-{claimed_ms:020}-{}",
            uploaded.0, record.job
        ))
    }

    /// Takes over what a store kept.
    #[must_use]
    pub fn from_stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text to keep.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A job as a store keeps it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredJob {
    /// The record.
    pub record: JobRecord,
    /// Its place among the asset's jobs.
    pub order: JobOrder,
    /// Who works on it.
    pub lease: Lease,
    /// Writes of this item so far, from 1: a write names the one that it replaces.
    pub version: u64,
}

impl StoredJob {
    /// A job as its claim writes it.
    #[must_use]
    pub fn claimed(record: JobRecord, uploaded: UploadedAt, now_ms: u64) -> Self {
        let order = JobOrder::new(&record, uploaded, now_ms);
        Self {
            record,
            order,
            lease: Lease::first(now_ms),
            version: 1,
        }
    }

    /// The same job with another lease: the next version.
    #[must_use]
    pub fn with_lease(&self, lease: Lease) -> Self {
        Self {
            lease,
            version: self.version + 1,
            ..self.clone()
        }
    }
}

/// An asset as a store keeps it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredAsset {
    /// The document.
    pub document: AssetDocument,
    /// The place of the job that the document describes.
    pub newest: JobOrder,
    /// The place of the job whose stream is published.
    pub published: Option<JobOrder>,
    /// Changes so far, from 1.
    pub revision: u64,
}

/// What a store has to write for an outcome.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Settlement {
    /// Nothing: the outcome is that of an earlier attempt.
    Stale,
    /// Nothing: the outcome is known, or comes too late.
    Unchanged,
    /// The record alone, if the asset still has the revision that was read.
    Record(Box<JobRecord>),
    /// Both, if the asset still has the revision that was read.
    Both(Box<JobRecord>, Box<StoredAsset>),
}

/// Applies the rules of this module to what a store holds.
#[must_use]
pub fn settle(
    job: &StoredJob,
    asset: Option<&StoredAsset>,
    attempt: u32,
    outcome: &JobOutcome,
) -> Settlement {
    if job.record.state == JobState::Ready && asset.is_some() {
        return Settlement::Unchanged;
    }
    if job.lease.attempt != attempt {
        return Settlement::Stale;
    }
    let published = asset.and_then(|asset| asset.published.as_ref());
    let outcome = match outcome {
        _ if job.lease.cancelled => &JobOutcome::Failed(cancelled(&job.record)),
        JobOutcome::Ready(_) if published.is_some_and(|newer| *newer > job.order) => {
            &JobOutcome::Failed(superseded(&job.record))
        }
        outcome => outcome,
    };
    let record = ended(&job.record, outcome);
    let before = asset.cloned().unwrap_or_else(|| blank(job));
    let after = applied(before.clone(), job, outcome);
    if asset.is_some() && after == before {
        if record == job.record {
            return Settlement::Unchanged;
        }
        return Settlement::Record(Box::new(record));
    }
    let revision = before.revision + 1;
    Settlement::Both(
        Box::new(record),
        Box::new(StoredAsset { revision, ..after }),
    )
}

/// The record of a job that ended so.
fn ended(record: &JobRecord, outcome: &JobOutcome) -> JobRecord {
    let (state, error) = match outcome {
        JobOutcome::Ready(_) => (JobState::Ready, None),
        JobOutcome::Failed(error) => (JobState::Failed, Some(error.clone())),
    };
    JobRecord {
        state,
        error,
        ..record.clone()
    }
}

/// The asset after the outcome, its revision not yet counted.
fn applied(mut asset: StoredAsset, job: &StoredJob, outcome: &JobOutcome) -> StoredAsset {
    if let JobOutcome::Ready(stream) = outcome {
        asset.document.published = Some((**stream).clone());
        asset.published = Some(job.order.clone());
    }
    if job.order >= asset.newest {
        let record = ended(&job.record, outcome);
        asset.document.job = record.job;
        asset.document.state = record.state;
        asset.document.error = record.error;
        asset.newest = job.order.clone();
    }
    asset
}

/// The asset before its first job ended.
fn blank(job: &StoredJob) -> StoredAsset {
    let record = &job.record;
    StoredAsset {
        document: AssetDocument {
            asset: record.asset.clone(),
            job: record.job.clone(),
            owner: record.owner.clone(),
            title: record.source.object.key.file_name().to_owned(),
            state: record.state,
            error: None,
            published: None,
        },
        newest: job.order.clone(),
        published: None,
        revision: 0,
    }
}

/// Why a cancelled job failed, whatever its last stage says.
fn cancelled(record: &JobRecord) -> JobError {
    JobError {
        code: ErrorCode::JobCancelled,
        message: format!(
            "{}: the job was cancelled",
            record.source.object.key.file_name()
        ),
    }
}

/// Why a job whose stream comes too late is not ready.
fn superseded(record: &JobRecord) -> JobError {
    JobError {
        code: ErrorCode::SourceChanged,
        message: format!(
            "{} was overwritten by a newer upload, which is published",
            record.source.object
        ),
    }
}

#[cfg(test)]
mod tests;

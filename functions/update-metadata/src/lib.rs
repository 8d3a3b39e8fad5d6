//! The only writer of "ready" and "failed".
//!
//! The document store decides: its transaction orders the jobs of an asset. The relational core
//! follows with the revision that the transaction gave, so a crash between the two is mended by
//! the next attempt, and an older write never overtakes a newer one. The execution ends only when
//! both agree.

mod describe;
mod failure;
mod published;
mod remove;

use cloud::lease::release;
use cloud::ports::{
    DeleteObject, DeletePrefix, FinishJob, ForgetAsset, ForgetUpload, KeepJob, KeepLibrary,
    ListObjects, ReadDocuments, ReadObject,
};
use cloud::{JobOutcome, StoreError};
use database::{DatabaseError, DescribeAsset, Outcome, RecordOutcome, RemoveAsset};
use domain::ids::{AssetId, JobId};
use domain::job::{JobError, JobState};
use domain::layout::MediaFolder;
use domain::message::{
    ChangedInput, RemoveInput, SegmentInput, UpdateMetadataCall, UpdateMetadataInput,
    UpdateMetadataOutput,
};
use domain::object::{BucketName, ObjectKey};
use domain::{ErrorClass, ErrorCode, Fault};
use runtime::StageContext;
use stage::{Work, WorkError};

/// What update-metadata may do.
#[derive(Debug)]
pub struct Ports<S, D, B> {
    /// The work bucket.
    pub objects: S,
    /// Its name.
    pub work: BucketName,
    /// The media bucket's name.
    pub media: BucketName,
    /// The document store.
    pub documents: D,
    /// The relational core.
    pub database: B,
}

/// Metadata that was not written.
#[derive(Debug, thiserror::Error)]
pub enum UpdateMetadataError {
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The work folder failed.
    #[error(transparent)]
    Work(#[from] WorkError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// Only its owner can give an asset up.
    #[error("asset {0} is to be removed, but its owner did not give it up")]
    NotGivenUp(AssetId),
    /// A job that was cancelled has not stopped yet.
    #[error("job {0} has not stopped yet, so its asset cannot be removed")]
    StillRuns(JobId),
}

impl Fault for UpdateMetadataError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Store(error) => error.code(),
            Self::Work(error) => error.code(),
            Self::Database(error) => error.code(),
            Self::NotGivenUp(_) => ErrorCode::InputInvalid,
            Self::StillRuns(_) => ErrorCode::DeadlineNear,
        }
    }
}

/// Records how a job ended, or does what else is to be done with an asset; an errand has no output.
///
/// The same call again changes nothing.
///
/// # Errors
/// [`UpdateMetadataError`].
pub async fn handle<S, D, B>(
    call: UpdateMetadataCall,
    ports: &Ports<S, D, B>,
    context: &StageContext,
) -> Result<Option<UpdateMetadataOutput>, UpdateMetadataError>
where
    S: ReadObject + ListObjects + DeletePrefix + DeleteObject,
    D: FinishJob + KeepJob + ReadDocuments + KeepLibrary + ForgetAsset + ForgetUpload,
    B: RecordOutcome + DescribeAsset + RemoveAsset,
{
    match call {
        UpdateMetadataCall::Ended(input) => Ok(Some(record(input, ports).await?)),
        UpdateMetadataCall::Remove(RemoveInput { remove }) => {
            remove::remove(&remove.asset, ports, context).await?;
            Ok(None)
        }
        UpdateMetadataCall::Changed(ChangedInput { changed }) => {
            describe::describe(&changed.asset, ports).await?;
            Ok(None)
        }
    }
}

/// Records how a job ended, in both stores, and clears up behind a job that is ready.
async fn record<S, D, B>(
    input: UpdateMetadataInput,
    ports: &Ports<S, D, B>,
) -> Result<UpdateMetadataOutput, UpdateMetadataError>
where
    S: ReadObject + ListObjects + DeletePrefix,
    D: FinishJob + KeepJob + ReadDocuments + KeepLibrary,
    B: RecordOutcome + DescribeAsset,
{
    let request = &input.request;
    let work = Work::new(&ports.objects, &ports.work, &request.job);
    let outcome = match &input.error {
        Some(caught) => JobOutcome::Failed(failure::explain(request, caught, ports, work).await?),
        None => match published::collect(work).await {
            Ok(published) => JobOutcome::Ready(Box::new(published)),
            Err(error) => JobOutcome::Failed(cleared(&input, ports, error).await?),
        },
    };
    if goes_on(request, &outcome, ports).await? {
        tracing::warn!(job = %request.job, attempt = request.attempt, "attempt failed");
        return Ok(output(&input, JobState::Running));
    }
    let finished = ports
        .documents
        .finish(&request.job, request.attempt, &outcome)
        .await?;
    let Some(finished) = finished else {
        tracing::warn!(job = %request.job, attempt = request.attempt, "another attempt took over");
        return Ok(output(&input, JobState::Running));
    };
    let recorded = Outcome {
        record: &finished.record,
        asset: &finished.asset,
        revision: finished.revision,
    };
    ports.database.record(&recorded).await?;
    describe::describe(&request.asset, ports).await?;
    let state = finished.record.state;
    tracing::info!(job = %request.job, asset = %request.asset, ?state, "job ended");
    if state == JobState::Ready {
        clear(&ports.objects, &ports.work, &work.folder().prefix()).await;
    }
    let code = finished.record.error.map(|error| error.code);
    if code == Some(ErrorCode::JobCancelled) {
        clear(&ports.objects, &ports.work, &work.folder().prefix()).await;
        let media = MediaFolder {
            asset: &request.asset,
            job: &request.job,
        };
        clear(&ports.objects, &ports.media, &media.prefix()).await;
    }
    Ok(output(&input, state))
}

/// Whether the job is given back for another attempt: after a failure that the next one may not
/// meet, while there is a next one.
async fn goes_on<S, D: KeepJob, B>(
    request: &SegmentInput,
    outcome: &JobOutcome,
    ports: &Ports<S, D, B>,
) -> Result<bool, StoreError> {
    match outcome {
        JobOutcome::Failed(error) if error.code.class() != ErrorClass::Permanent => {
            release(&ports.documents, &request.job, request.attempt).await
        }
        _ => Ok(false),
    }
}

/// Why a job that is ready has no work folder: an earlier attempt cleared it, but did not live to say
/// so, or it lay there for too long. No outcome changes a ready job, so this one brings back what is
/// recorded, and the relational core is given it once more.
async fn cleared<S, D: ReadDocuments, B>(
    input: &UpdateMetadataInput,
    ports: &Ports<S, D, B>,
    error: WorkError,
) -> Result<JobError, UpdateMetadataError> {
    if matches!(error, WorkError::NotPlanned(_)) {
        let known = ports.documents.job(&input.request.job).await?;
        if known.is_some_and(|record| record.state == JobState::Ready) {
            return Ok(JobError {
                code: error.code(),
                message: error.to_string(),
            });
        }
    }
    Err(error.into())
}

/// Deletes a job's folder. What stays behind in the work bucket falls to the lifecycle rule.
async fn clear<S: DeletePrefix>(objects: &S, bucket: &BucketName, folder: &ObjectKey) {
    if let Err(left) = objects.delete_prefix(bucket, folder).await {
        tracing::warn!(error = %left, %bucket, "a job's folder could not be cleared");
    }
}

fn output(input: &UpdateMetadataInput, state: JobState) -> UpdateMetadataOutput {
    UpdateMetadataOutput {
        job: input.request.job.clone(),
        asset: input.request.asset.clone(),
        state,
    }
}

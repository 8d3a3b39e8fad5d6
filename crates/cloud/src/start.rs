//! From an upload to its job's first execution, and from a failed job to its next.

use domain::ids::{AssetId, JobId};
use domain::job::{JobError, JobRecord, JobState};
use domain::library::LibraryEntry;
use domain::message::{CaughtError, Removal, RemoveInput, SegmentInput, UpdateMetadataInput};
use domain::object::SourceObject;
use domain::profile::Profile;

use crate::error::StoreError;
use crate::finish::StoredJob;
use crate::lease::{execution_name, now_ms};
use crate::ports::{Claim, ClaimJob, DescribeSource, KeepLibrary, StartExecution};

/// Claims the job of an upload, enters its asset into the library, and starts the first attempt.
/// None when a newer upload has replaced the source, which has an event of its own, and for a
/// folder, which is none.
///
/// Any number of calls for one upload, by whomever, make one job and one execution.
///
/// # Errors
/// [`StoreError`]; the next call goes on where this one ended.
pub async fn start_job<S, D, E>(
    source: SourceObject,
    objects: &S,
    documents: &D,
    executions: &E,
) -> Result<Option<JobId>, StoreError>
where
    S: DescribeSource,
    D: ClaimJob + KeepLibrary,
    E: StartExecution,
{
    if is_folder(&source) {
        return Ok(None);
    }
    let facts = match objects.describe_source(&source).await {
        Err(gone @ (StoreError::SourceMissing { .. } | StoreError::SourceChanged { .. })) => {
            tracing::warn!(reason = %gone, "upload is gone");
            return Ok(None);
        }
        facts => facts?,
    };
    let record = record(&SegmentInput::new(source, Profile::default()));
    // Before the claim: a job that runs belongs to an asset that its owner sees.
    let entry = LibraryEntry::of(&record.source, now_ms());
    documents.enter(&entry).await?;
    let stored = match documents.claim(&record, facts.uploaded).await? {
        Claim::New => StoredJob::claimed(record, facts.uploaded, now_ms()),
        Claim::Known(known) => known,
    };
    let record = &stored.record;
    documents
        .note_job(&record.asset, &record.job, &stored.order)
        .await?;
    // A first attempt that is running may have been claimed by a call that died before it started
    // the execution. Starting it again is harmless: the name is the job's. Later attempts are the
    // sweep's business.
    if stored.lease.attempt == 1 && record.state == JobState::Running {
        start_attempt(&stored, None, executions).await?;
    }
    Ok(Some(stored.record.job))
}

/// Starts the execution that is the job's current attempt; with a verdict, one that only records
/// it.
///
/// # Errors
/// As [`StartExecution::start`].
pub async fn start_attempt<E: StartExecution>(
    stored: &StoredJob,
    verdict: Option<JobError>,
    executions: &E,
) -> Result<(), StoreError> {
    let record = &stored.record;
    let input = UpdateMetadataInput {
        request: SegmentInput {
            attempt: stored.lease.attempt,
            ..SegmentInput::new(record.source.clone(), Profile::default())
        },
        error: verdict.map(|verdict| CaughtError {
            error: verdict.code.to_string(),
            cause: verdict.message,
        }),
    };
    let input = serde_json::to_value(&input).map_err(|error| StoreError::Malformed {
        what: format!("the input of job {}", record.job),
        source: Box::new(error),
    })?;
    let name = execution_name(&record.job, &stored.lease);
    let started = executions.start(&name, &input).await?;
    tracing::info!(job = %record.job, asset = %record.asset, name, ?started, "attempt started");
    Ok(())
}

/// Starts the execution that removes an asset. Of any number of calls for one version of its entry,
/// one execution comes.
///
/// # Errors
/// As [`StartExecution::start`].
pub async fn start_removal<E: StartExecution>(
    asset: &AssetId,
    version: u64,
    executions: &E,
) -> Result<(), StoreError> {
    let remove = Removal {
        asset: asset.clone(),
    };
    let input = serde_json::to_value(RemoveInput { remove });
    let input = input.map_err(|error| StoreError::Malformed {
        what: format!("the removal of asset {asset}"),
        source: Box::new(error),
    })?;
    let name = format!("remove-{asset}-{version}");
    let started = executions.start(&name, &input).await?;
    tracing::info!(%asset, name, ?started, "removal started");
    Ok(())
}

/// Whether it is what S3's console makes of a new folder: nothing, with a name that ends in a slash.
fn is_folder(source: &SourceObject) -> bool {
    source.size == 0 && source.object.key.as_str().ends_with('/')
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

//! A job's attempts are executions.

use cloud::StoreError;
use cloud::finish::StoredJob;
use cloud::lease::execution_name;
use cloud::ports::{Claim, ClaimJob, DescribeSource, StartExecution};
use domain::ids::JobId;
use domain::job::{JobError, JobRecord, JobState};
use domain::message::{CaughtError, SegmentInput, UpdateMetadataInput};
use domain::object::SourceObject;
use domain::profile::Profile;

use crate::upload::is_folder;
use crate::{Ports, TriggerError};

/// Claims the job of an upload and starts its first attempt. None when a newer upload has replaced
/// the source, which has an event of its own, and for a folder, which is none.
pub(crate) async fn job<S, D, E>(
    source: SourceObject,
    ports: &Ports<S, D, E>,
) -> Result<Option<JobId>, TriggerError>
where
    S: DescribeSource,
    D: ClaimJob,
    E: StartExecution,
{
    if is_folder(&source) {
        return Ok(None);
    }
    let facts = match ports.objects.describe_source(&source).await {
        Err(gone @ (StoreError::SourceMissing { .. } | StoreError::SourceChanged { .. })) => {
            tracing::warn!(reason = %gone, "upload is gone");
            return Ok(None);
        }
        facts => facts?,
    };
    let record = record(&SegmentInput::new(source, Profile::default()));
    let stored = match ports.documents.claim(&record, facts.uploaded).await? {
        Claim::New => StoredJob::claimed(record.clone(), facts.uploaded, 0),
        Claim::Known(known) => known,
    };
    // A first attempt that is running may have been claimed by a call that died before it started
    // the execution. Starting it again is harmless: the name is the job's. Later attempts are the
    // sweep's business.
    let first = stored.lease.attempt == 1;
    if first && stored.record.state == JobState::Running {
        attempt(&stored, None, &ports.executions).await?;
    }
    Ok(Some(record.job))
}

/// Starts the execution that is the job's current attempt; with a verdict, one that only records
/// it.
pub(crate) async fn attempt<E: StartExecution>(
    stored: &StoredJob,
    verdict: Option<JobError>,
    executions: &E,
) -> Result<(), TriggerError> {
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
    let input = serde_json::to_value(&input).map_err(|source| TriggerError::Request {
        job: record.job.clone(),
        source,
    })?;
    let name = execution_name(&record.job, &stored.lease);
    let started = executions.start(&name, &input).await?;
    tracing::info!(job = %record.job, asset = %record.asset, name, ?started, "attempt started");
    Ok(())
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

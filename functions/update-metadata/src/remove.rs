//! An asset goes, with all that belongs to it.
//!
//! The library's entry goes last: until then whoever calls again finishes what was begun.

use std::time::Duration;

use cloud::ports::{
    DeleteObject, DeletePrefix, ForgetAsset, ForgetUpload, KeepLibrary, ReadDocuments,
};
use database::RemoveAsset;
use domain::ids::{AssetId, JobId};
use domain::job::{JobRecord, JobState};
use domain::layout::{WorkFolder, media_prefix};
use runtime::StageContext;

use crate::{Ports, UpdateMetadataError};

/// Between two looks at a job that is being cancelled.
const LOOK: Duration = Duration::from_millis(500);

/// Removes media, source, rows, documents and the upload's record of an asset that its owner has given
/// up.
pub(crate) async fn remove<S, D, B>(
    asset: &AssetId,
    ports: &Ports<S, D, B>,
    context: &StageContext,
) -> Result<(), UpdateMetadataError>
where
    S: DeletePrefix + DeleteObject,
    D: KeepLibrary + ReadDocuments + ForgetAsset + ForgetUpload,
    B: RemoveAsset,
{
    let Some(stored) = ports.documents.entry(asset).await? else {
        return Ok(());
    };
    if !stored.entry.removing {
        return Err(UpdateMetadataError::NotGivenUp(asset.clone()));
    }
    if let Some(job) = &stored.job
        && let Some(record) = ended(job, ports, context).await?
    {
        remove_job(&record, ports).await?;
    }
    ports
        .objects
        .delete_prefix(&ports.media, &media_prefix(asset))
        .await?;
    ports.database.remove(asset).await?;
    if let Some(job) = &stored.job {
        ports.documents.forget(asset, job).await?;
    }
    ports.documents.strike(asset).await?;
    tracing::info!(%asset, "asset removed");
    Ok(())
}

/// The job, once it has ended: what still runs would write again what was deleted. None when it was
/// forgotten before.
async fn ended<S, D: ReadDocuments, B>(
    job: &JobId,
    ports: &Ports<S, D, B>,
    context: &StageContext,
) -> Result<Option<JobRecord>, UpdateMetadataError> {
    loop {
        match ports.documents.job(job).await? {
            Some(record) if record.state == JobState::Running => {
                if context.time_left() < 2 * LOOK {
                    return Err(UpdateMetadataError::StillRuns(job.clone()));
                }
                tokio::time::sleep(LOOK).await;
            }
            record => return Ok(record),
        }
    }
}

async fn remove_job<S, D, B>(
    record: &JobRecord,
    ports: &Ports<S, D, B>,
) -> Result<(), UpdateMetadataError>
where
    S: DeletePrefix + DeleteObject,
    D: ForgetUpload,
{
    let folder = WorkFolder(&record.job).prefix();
    ports.objects.delete_prefix(&ports.work, &folder).await?;
    ports.objects.delete_object(&record.source.object).await?;
    // Before the job's record, which alone tells of the upload.
    if let Some(upload) = record.source.upload() {
        ports
            .documents
            .forget_upload(&upload, &record.asset)
            .await?;
    }
    Ok(())
}

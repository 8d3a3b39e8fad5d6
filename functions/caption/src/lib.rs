//! Gives a published stream the captions that its asset has now.
//!
//! It is called whenever an asset is ready or its owner changed something, and looks at the asset as it
//! is then. Where the stream has manifests with these captions there is nothing to do; else it writes
//! segments, playlists and manifests beside those of the film, which stay as they are, and notes the
//! revision. Playback names the newest revision that is noted.
//!
//! Any number of calls may run at once, be repeated or die: what they write is named after what it
//! says, a note never goes back to an older revision, and a call ends only when it has seen that what
//! is noted is what the owner wants. The one that ends last takes away what nobody wants any more.

mod deliver;
mod tidy;

use std::collections::BTreeMap;

use cloud::StoreError;
use cloud::ports::{
    DeleteObject, DeletePrefix, KeepLibrary, ListObjects, NoteCaptions, ReadDocuments, ReadObject,
    StoredEntry, WriteObject,
};
use domain::caption::Captions;
use domain::ids::{AssetId, CaptionId, JobId};
use domain::layout::{MediaFolder, media_prefix};
use domain::message::ChangedInput;
use domain::object::BucketName;
use domain::{ErrorCode, Fault};
use media::captions::CaptionError;
use media::dash::DashError;
use runtime::StageContext;

/// What caption may do.
#[derive(Debug)]
pub struct Ports<S, D> {
    /// The media bucket.
    pub objects: S,
    /// Its name.
    pub media: BucketName,
    /// Library and asset documents.
    pub documents: D,
}

/// Captions that a stream did not get.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The presentation beside the manifests does not read.
    #[error("the presentation of job {job} does not read")]
    Presentation {
        /// The job.
        job: JobId,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A caption that was accepted does not read.
    #[error("caption {caption} does not read")]
    Text {
        /// The caption.
        caption: CaptionId,
        /// Why.
        #[source]
        source: CaptionError,
    },
    /// The MPD could not be written.
    #[error(transparent)]
    Mpd(#[from] DashError),
}

impl Fault for DeliverError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Store(error) => error.code(),
            Self::Presentation { .. } | Self::Text { .. } => ErrorCode::Internal,
            Self::Mpd(error) => error.code(),
        }
    }
}

/// A published stream, and the captions that it should have.
struct Goal {
    asset: AssetId,
    job: JobId,
    captions: Captions,
    captioned: BTreeMap<JobId, u64>,
}

impl Goal {
    fn folder(&self) -> MediaFolder<'_> {
        MediaFolder {
            asset: &self.asset,
            job: &self.job,
        }
    }

    /// Whether manifests with these captions, or later ones, are noted.
    fn is_reached(&self) -> bool {
        let noted = self.captioned.get(&self.job).copied().unwrap_or(0);
        noted >= self.captions.revision
    }
}

/// Brings the stream of an asset, if there is one, to the captions that the asset has. The same call
/// again changes nothing.
///
/// # Errors
/// [`DeliverError`]. Viewers have what they had before.
pub async fn handle<S, D>(
    input: ChangedInput,
    ports: &Ports<S, D>,
    _context: &StageContext,
) -> Result<(), DeliverError>
where
    S: ReadObject + WriteObject + ListObjects + DeleteObject + DeletePrefix,
    D: KeepLibrary + ReadDocuments + NoteCaptions,
{
    let asset = &input.changed.asset;
    let mut has_written = false;
    loop {
        let Some(stored) = wanted(asset, ports).await? else {
            if has_written {
                forget(asset, ports).await?;
            }
            return Ok(());
        };
        let Some(goal) = goal(stored, ports).await? else {
            return Ok(());
        };
        if goal.is_reached() {
            return tidy::tidy(&goal, ports).await;
        }
        let revision = goal.captions.revision;
        has_written = true;
        match deliver::deliver(&goal, ports).await {
            // Another call took away what its owner dropped meanwhile: look again.
            Err(DeliverError::Store(StoreError::NotFound { .. }))
                if has_moved_on(&goal, ports).await? =>
            {
                continue;
            }
            delivered => delivered?,
        }
        let noted = ports.documents.note_captions(asset, &goal.job, revision);
        noted.await?;
        tracing::info!(%asset, job = %goal.job, revision, "captions delivered");
    }
}

/// The asset's entry; none where it is being removed, or was.
async fn wanted<S, D: KeepLibrary>(
    asset: &AssetId,
    ports: &Ports<S, D>,
) -> Result<Option<StoredEntry>, StoreError> {
    let stored = ports.documents.entry(asset).await?;
    Ok(stored.filter(|stored| !stored.entry.removing))
}

/// What is to be reached; none without a stream.
async fn goal<S, D: ReadDocuments>(
    stored: StoredEntry,
    ports: &Ports<S, D>,
) -> Result<Option<Goal>, StoreError> {
    let document = ports.documents.asset(&stored.entry.asset).await?;
    let published = document.and_then(|document| document.published);
    Ok(published.map(|published| Goal {
        asset: stored.entry.asset,
        job: published.job,
        captions: stored.entry.captions,
        captioned: stored.captioned,
    }))
}

/// Whether the asset has other captions by now, or none.
async fn has_moved_on<S, D: KeepLibrary>(
    goal: &Goal,
    ports: &Ports<S, D>,
) -> Result<bool, StoreError> {
    let now = wanted(&goal.asset, ports).await?;
    let revision = now.map(|stored| stored.entry.captions.revision);
    Ok(revision != Some(goal.captions.revision))
}

/// Takes away what was written while the asset was removed: that may have been too late for its removal.
async fn forget<S: DeletePrefix, D>(
    asset: &AssetId,
    ports: &Ports<S, D>,
) -> Result<(), StoreError> {
    let folder = media_prefix(asset);
    ports.objects.delete_prefix(&ports.media, &folder).await?;
    Ok(())
}

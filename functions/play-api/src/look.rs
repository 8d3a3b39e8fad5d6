//! Everything that is known of an asset.

use api::asset::AssetState;
use cloud::StoreError;
use cloud::ports::StoredEntry;
use domain::job::{AssetDocument, JobRecord, JobState, Published};
use futures_util::future::try_join;

use crate::Documents;

/// An asset, as entry, newest job and document have it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) stored: StoredEntry,
    pub(crate) job: Option<JobRecord>,
    pub(crate) document: Option<AssetDocument>,
}

impl Seen {
    /// Looks up what belongs to an entry.
    pub(crate) async fn of<D: Documents>(
        stored: StoredEntry,
        documents: &D,
    ) -> Result<Self, StoreError> {
        let job = async {
            match &stored.job {
                Some(job) => documents.job(job).await,
                None => Ok(None),
            }
        };
        let document = documents.asset(&stored.entry.asset);
        let (job, document) = try_join(job, document).await?;
        Ok(Self {
            stored,
            job,
            document,
        })
    }

    /// The stream that plays, if there is one.
    pub(crate) fn published(&self) -> Option<&Published> {
        self.document.as_ref()?.published.as_ref()
    }

    /// The newest revision of the captions that the stream has manifests for; none where there is
    /// nothing to caption it with.
    pub(crate) fn captioned(&self) -> Option<u64> {
        let job = &self.published()?.job;
        let is_wanted = !self.stored.entry.captions.list.is_empty();
        let made = self.stored.captioned.get(job).copied();
        made.filter(|_| is_wanted)
    }

    /// Where the asset stands. What was ready once stays so: a later failure takes nothing away.
    pub(crate) fn state(&self) -> AssetState {
        if self.stored.entry.removing {
            return AssetState::Deleting;
        }
        match self.job.as_ref().map(|job| job.state) {
            None => AssetState::Uploading,
            Some(JobState::Running) => AssetState::Processing,
            Some(_) if self.published().is_some() => AssetState::Ready,
            Some(JobState::Ready | JobState::Failed) => AssetState::Failed,
        }
    }

    /// Whether somebody else than the owner may see it.
    pub(crate) fn is_open_to_all(&self) -> bool {
        use domain::library::Visibility;
        let entry = &self.stored.entry;
        entry.visibility != Visibility::Private && !entry.removing && self.published().is_some()
    }
}

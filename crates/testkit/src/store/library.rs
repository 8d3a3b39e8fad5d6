//! Memory that stands for the library and for what is remembered of uploads.

use std::collections::BTreeMap;

use cloud::StoreError;
use cloud::finish::JobOrder;
use cloud::ports::{
    EntryPage, ForgetAsset, ForgetUpload, KeepLibrary, KeepUploads, NoteCaptions, Shelf,
    StoredEntry, UploadPage,
};
use domain::ids::{AssetId, JobId, UploadId};
use domain::library::{LibraryEntry, Visibility};
use domain::upload::{UploadRecord, UploadState};

use super::MemoryDocuments;

/// What owners see.
#[derive(Default, Debug)]
pub(super) struct Library {
    entries: BTreeMap<AssetId, (StoredEntry, Option<JobOrder>)>,
    uploads: BTreeMap<String, UploadRecord>,
}

/// One page of what has places, the newest first, and the next place.
fn page<T>(
    mut placed: Vec<(String, T)>,
    after: Option<&str>,
    limit: u32,
) -> (Vec<T>, Option<String>) {
    placed.retain(|(place, _)| after.is_none_or(|after| place.as_str() < after));
    placed.sort_by(|(a, _), (b, _)| b.cmp(a));
    let more = placed.len() > limit as usize;
    placed.truncate(limit as usize);
    let next = placed
        .last()
        .filter(|_| more)
        .map(|(place, _)| place.clone());
    (placed.into_iter().map(|(_, thing)| thing).collect(), next)
}

impl ForgetAsset for MemoryDocuments {
    async fn forget(&self, asset: &AssetId, job: &JobId) -> Result<(), StoreError> {
        let mut shelves = self.shelves();
        shelves.assets.remove(asset);
        shelves.jobs.remove(job);
        Ok(())
    }
}

impl KeepLibrary for MemoryDocuments {
    async fn enter(&self, entry: &LibraryEntry) -> Result<bool, StoreError> {
        let mut shelves = self.shelves();
        let entries = &mut shelves.library.entries;
        if entries.contains_key(&entry.asset) {
            return Ok(false);
        }
        let stored = StoredEntry {
            entry: entry.clone(),
            job: None,
            version: 1,
            captioned: BTreeMap::new(),
        };
        entries.insert(entry.asset.clone(), (stored, None));
        Ok(true)
    }

    async fn note_job(
        &self,
        asset: &AssetId,
        job: &JobId,
        order: &JobOrder,
    ) -> Result<(), StoreError> {
        let mut shelves = self.shelves();
        if let Some((stored, noted)) = shelves.library.entries.get_mut(asset)
            && noted.as_ref().is_none_or(|noted| noted < order)
        {
            stored.job = Some(job.clone());
            *noted = Some(order.clone());
        }
        Ok(())
    }

    async fn entry(&self, asset: &AssetId) -> Result<Option<StoredEntry>, StoreError> {
        let shelves = self.shelves();
        let found = shelves.library.entries.get(asset);
        Ok(found.map(|(stored, _)| stored.clone()))
    }

    async fn change_entry(
        &self,
        seen: &StoredEntry,
        next: &LibraryEntry,
    ) -> Result<bool, StoreError> {
        let mut shelves = self.shelves();
        let stored = shelves.library.entries.get_mut(&next.asset);
        let Some((stored, _)) = stored.filter(|(stored, _)| stored.version == seen.version) else {
            return Ok(false);
        };
        stored.entry = next.clone();
        stored.version += 1;
        Ok(true)
    }

    async fn strike(&self, asset: &AssetId) -> Result<(), StoreError> {
        self.shelves().library.entries.remove(asset);
        Ok(())
    }

    async fn entries(
        &self,
        of: Shelf<'_>,
        after: Option<&str>,
        limit: u32,
    ) -> Result<EntryPage, StoreError> {
        let shelves = self.shelves();
        let stands = |entry: &LibraryEntry| match of {
            Shelf::Owner(owner) => entry.owner == owner,
            Shelf::Public => entry.visibility == Visibility::Public && !entry.removing,
        };
        let entries = shelves.library.entries.values().map(|(stored, _)| stored);
        let placed = entries
            .filter(|stored| stands(&stored.entry))
            .map(|stored| (stored.entry.place(), stored.clone()));
        let (entries, next) = page(placed.collect(), after, limit);
        Ok(EntryPage { entries, next })
    }
}

impl NoteCaptions for MemoryDocuments {
    async fn note_captions(
        &self,
        asset: &AssetId,
        job: &JobId,
        revision: u64,
    ) -> Result<(), StoreError> {
        let mut shelves = self.shelves();
        if let Some((stored, _)) = shelves.library.entries.get_mut(asset) {
            let noted = stored.captioned.entry(job.clone()).or_default();
            *noted = revision.max(*noted);
        }
        Ok(())
    }
}

impl ForgetUpload for MemoryDocuments {
    async fn forget_upload(&self, id: &UploadId, asset: &AssetId) -> Result<(), StoreError> {
        let uploads = &mut self.shelves().library.uploads;
        uploads.retain(|known, record| known != id.as_str() || record.asset() != *asset);
        Ok(())
    }
}

impl KeepUploads for MemoryDocuments {
    async fn keep_upload(&self, record: &UploadRecord) -> Result<(), StoreError> {
        let uploads = &mut self.shelves().library.uploads;
        uploads.insert(record.id.to_string(), record.clone());
        Ok(())
    }

    async fn upload(&self, id: &UploadId) -> Result<Option<UploadRecord>, StoreError> {
        Ok(self.shelves().library.uploads.get(id.as_str()).cloned())
    }

    async fn open_uploads(
        &self,
        owner: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<UploadPage, StoreError> {
        let shelves = self.shelves();
        let uploads = shelves.library.uploads.values();
        let placed = uploads
            .filter(|record| record.owner == owner && record.state == UploadState::Open)
            .map(|record| {
                let place = format!("{:020}-{}", record.created_ms, record.id);
                (place, record.clone())
            });
        let (uploads, next) = page(placed.collect(), after, limit);
        Ok(UploadPage { uploads, next })
    }
}

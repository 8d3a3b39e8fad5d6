//! What owners say about their assets.

use std::collections::BTreeMap;

use domain::ids::{AssetId, JobId};
use domain::library::LibraryEntry;

use crate::error::StoreError;
use crate::finish::JobOrder;

/// An entry as a store keeps it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredEntry {
    /// What its owner says.
    pub entry: LibraryEntry,
    /// The asset's newest job; none before its upload is complete.
    pub job: Option<JobId>,
    /// Changes by the owner so far, from 1.
    pub version: u64,
    /// Which revision of the captions the manifests of a job have; of each job the newest.
    pub captioned: BTreeMap<JobId, u64>,
}

/// A list of assets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shelf<'a> {
    /// All of one owner.
    Owner(&'a str),
    /// Those that everybody may see.
    Public,
}

/// One page of a shelf.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EntryPage {
    /// The newest first.
    pub entries: Vec<StoredEntry>,
    /// The place behind which the next page begins; none behind the last one.
    pub next: Option<String>,
}

/// Keeps the library.
pub trait KeepLibrary: Send + Sync {
    /// Writes an entry if its asset has none; says whether it had none.
    ///
    /// # Errors
    /// The faults that every call may have. After an error it may be written.
    fn enter(&self, entry: &LibraryEntry) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Notes the asset's newest job. An older job than the one that is noted changes nothing, and
    /// neither does an asset without an entry.
    ///
    /// # Errors
    /// The faults that every call may have. After an error it may be noted.
    fn note_job(
        &self,
        asset: &AssetId,
        job: &JobId,
        order: &JobOrder,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The entry as it was last written; none for an unknown asset.
    ///
    /// # Errors
    /// [`StoreError::Malformed`] when what is stored is no entry, and the faults that every call
    /// may have.
    fn entry(
        &self,
        asset: &AssetId,
    ) -> impl Future<Output = Result<Option<StoredEntry>, StoreError>> + Send;

    /// Writes `next` if nobody changed the entry since `seen`; says whether it did. Of any number
    /// of calls at once exactly one is true. The job is not touched.
    ///
    /// # Errors
    /// The faults that every call may have. After [`StoreError::Unavailable`] it may be written.
    fn change_entry(
        &self,
        seen: &StoredEntry,
        next: &LibraryEntry,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Removes the entry. Nothing happens where there is none.
    ///
    /// # Errors
    /// The faults that every call may have.
    fn strike(&self, asset: &AssetId) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// At most `limit` entries behind the place `after`. Following `next` from the start gives
    /// every entry once that is there all the time. What was written in the last seconds may be
    /// missing, and an entry of [`Shelf::Public`] may have left it in the last seconds.
    ///
    /// # Errors
    /// As [`KeepLibrary::entry`].
    fn entries(
        &self,
        shelf: Shelf<'_>,
        after: Option<&str>,
        limit: u32,
    ) -> impl Future<Output = Result<EntryPage, StoreError>> + Send;
}

/// Notes which captions a stream has.
pub trait NoteCaptions: Send + Sync {
    /// Notes that there are manifests of a job with a revision of its asset's captions. An older
    /// revision than the one that is noted changes nothing, and neither does an asset without an entry.
    ///
    /// # Errors
    /// The faults that every call may have. After an error it may be noted.
    fn note_captions(
        &self,
        asset: &AssetId,
        job: &JobId,
        revision: u64,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

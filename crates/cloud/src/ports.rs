//! What a function may ask of the cloud: one trait for each capability.
//!
//! A handler's bounds read like its IAM policy: `P: ReadObject + WriteObject` is a role with
//! `s3:GetObject` and `s3:PutObject`. Every guarantee written here is a test of the conformance
//! suite (`testkit::conformance`), which runs against the twins and against the real adapters.
//!
//! All methods may be called again after a failure: writing equal bytes twice is writing once.

mod library;
mod uploads;
mod webhooks;

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use domain::ids::{AssetId, JobId};
use domain::job::{AssetDocument, JobRecord};
use domain::object::{BucketName, ObjectKey, ObjectRef, SourceObject};
use domain::sweep::Round;

use crate::content::Content;
use crate::error::StoreError;
use crate::finish::{Finished, JobOutcome, StoredJob};
use crate::signed_url::SignedUrl;

pub use library::{EntryPage, KeepLibrary, NoteCaptions, Shelf, StoredEntry};
pub use uploads::{ForgetUpload, KeepUploads, PartToSign, SignedPut, TakeParts, UploadPage};
pub use webhooks::{
    FindWebhooks, HoldMessage, KeepWebhooks, NoteDelivery, PublishEvent, QueueOrders, StoredWebhook,
};

/// The most bytes that one read holds in memory: 16 MiB.
///
/// The longest plan and chunk list (24 hours of film) stay below 2 MiB. Whatever grows with the
/// bit rate is read by range or by ffmpeg itself.
pub const READ_MAX: u64 = 16 * 1024 * 1024;

/// Reads a small object whole.
pub trait ReadObject: Send + Sync {
    /// The object's bytes.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it does not exist, [`StoreError::TooLarge`] above
    /// [`READ_MAX`] bytes (nothing was downloaded), and the faults that every call may have.
    fn read(&self, object: &ObjectRef) -> impl Future<Output = Result<Bytes, StoreError>> + Send;
}

/// Reads a part of an object.
pub trait ReadRange: Send + Sync {
    /// The bytes `[start, end)`, all of them. An empty range is answered without a call.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the object does not exist, [`StoreError::OutOfRange`] when
    /// it ends before the range does, [`StoreError::TooLarge`] for a range above [`READ_MAX`].
    fn read_range(
        &self,
        object: &ObjectRef,
        range: Range<u64>,
    ) -> impl Future<Output = Result<Bytes, StoreError>> + Send;
}

/// Writes a small object.
pub trait WriteObject: Send + Sync {
    /// Puts `body` under the key, atomically: a reader sees the old object or the new one whole.
    ///
    /// # Errors
    /// The faults that every call may have. After an error the object may or may not be there.
    fn write(
        &self,
        object: &ObjectRef,
        body: Bytes,
        content: Content,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Uploads a local file of any size.
pub trait UploadFile: Send + Sync {
    /// Streams the file from disk, in parts above a size, and returns its length in bytes.
    /// Atomic as [`WriteObject::write`] is; a few parts are in flight, none is held in memory.
    ///
    /// # Errors
    /// [`StoreError::LocalFile`] when the file cannot be read, and the faults that every call
    /// may have. A failed upload leaves no object; parts that could not be discarded fall to the
    /// bucket's lifecycle rule.
    fn upload(
        &self,
        object: &ObjectRef,
        file: &Path,
        content: Content,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

/// One line of a listing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ObjectEntry {
    /// The key.
    pub key: ObjectKey,
    /// The object's length in bytes.
    pub size: u64,
}

/// Lists objects.
pub trait ListObjects: Send + Sync {
    /// Every object whose key begins with `prefix`, in the order of the keys' UTF-8 bytes; none
    /// when there is none. About 100 bytes of memory for each.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the bucket does not exist, and the faults that every call
    /// may have.
    fn list(
        &self,
        bucket: &BucketName,
        prefix: &ObjectKey,
    ) -> impl Future<Output = Result<Vec<ObjectEntry>, StoreError>> + Send;
}

/// Deletes one object.
pub trait DeleteObject: Send + Sync {
    /// Deletes the object. Nothing happens where there is none.
    ///
    /// # Errors
    /// The faults that every call may have.
    fn delete_object(
        &self,
        object: &ObjectRef,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Deletes what a job left.
pub trait DeletePrefix: Send + Sync {
    /// Deletes every object under the folder and returns how many there were. Not atomic, but
    /// idempotent: a second call finishes what the first began.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when `folder` does not end in `/` or is nothing else, so that no
    /// slip empties a bucket, and the faults that every call may have.
    fn delete_prefix(
        &self,
        bucket: &BucketName,
        folder: &ObjectKey,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

/// When a source was uploaded, in milliseconds since the Unix epoch.
///
/// Storage's own `Last-Modified`: the same for every event, copy of an event and late look at one
/// version, and in the order in which versions of a key replace each other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct UploadedAt(pub u64);

/// What storage says about a source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceFacts {
    /// Its length in bytes; zero is for the caller to refuse.
    pub size: u64,
    /// When it was uploaded.
    pub uploaded: UploadedAt,
}

/// Looks at the uploaded object.
pub trait DescribeSource: Send + Sync {
    /// Makes sure that the source is still the one that the job is for.
    ///
    /// # Errors
    /// [`StoreError::SourceMissing`] when it (or its version) is gone,
    /// [`StoreError::SourceChanged`] when another `ETag` is under the key, and the faults that
    /// every call may have.
    fn describe_source(
        &self,
        source: &SourceObject,
    ) -> impl Future<Output = Result<SourceFacts, StoreError>> + Send;
}

/// Finds the current version of an upload, for whoever has its key and no event.
pub trait FindSource: Send + Sync {
    /// The source as an event would name it, and what storage says about it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when nothing is under the key, and the faults that every call may
    /// have.
    fn find_source(
        &self,
        object: &ObjectRef,
    ) -> impl Future<Output = Result<(SourceObject, SourceFacts), StoreError>> + Send;
}

/// One line of a listing of uploads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedSource {
    /// The current version of the upload, as an event would name it.
    pub source: SourceObject,
    /// When it was uploaded.
    pub uploaded: UploadedAt,
}

/// A part of a listing of uploads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourcePage {
    /// The uploads, in the order of their keys' UTF-8 bytes. There may be none although more
    /// follow: former versions and deleted keys are left out, but take up room.
    pub sources: Vec<ListedSource>,
    /// The key behind which the next page begins; none behind the last one.
    pub next: Option<ObjectKey>,
}

/// Lists a bucket of any size, page by page.
pub trait ListSources: Send + Sync {
    /// The first uploads behind the key `after`, which need not exist. Following `next` from the
    /// start gives every upload once that is there all the time.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the bucket does not exist, and the faults that every call
    /// may have.
    fn sources(
        &self,
        bucket: &BucketName,
        after: Option<&ObjectKey>,
    ) -> impl Future<Output = Result<SourcePage, StoreError>> + Send;
}

/// Signs a URL under which ffmpeg reads the uploaded object.
pub trait SignSource: Send + Sync {
    /// A URL for `GET` of exactly the source's version, valid for `lifetime` at the longest (it
    /// ends with the credentials that signed it). No request is made. A bucket without versions
    /// cannot pin one: check with [`DescribeSource`] when the work is done.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when there are no credentials to sign with.
    fn sign_source(
        &self,
        source: &SourceObject,
        lifetime: Duration,
    ) -> impl Future<Output = Result<SignedUrl, StoreError>> + Send;
}

/// Signs a URL under which ffmpeg reads an object of ours.
pub trait SignObject: Send + Sync {
    /// As [`SignSource::sign_source`], for an object of the work or media bucket.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when there are no credentials to sign with.
    fn sign_object(
        &self,
        object: &ObjectRef,
        lifetime: Duration,
    ) -> impl Future<Output = Result<SignedUrl, StoreError>> + Send;
}

/// Whether a claim was the first for its job.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "one at a time, matched where it is returned"
)]
pub enum Claim {
    /// The record is new and the caller's.
    New,
    /// The job is known, and stands as it says.
    Known(StoredJob),
}

/// Claims a job.
pub trait ClaimJob: Send + Sync {
    /// Writes the record if there is none for its job: of any number of claims at once exactly
    /// one is [`Claim::New`]. `uploaded` decides which of an asset's jobs is the newer one.
    ///
    /// # Errors
    /// The faults that every call may have. After [`StoreError::Unavailable`] the claim may have
    /// been made: the next one then finds a known job that is running, and must start its
    /// execution, which is harmless where it was started.
    fn claim(
        &self,
        record: &JobRecord,
        uploaded: UploadedAt,
    ) -> impl Future<Output = Result<Claim, StoreError>> + Send;
}

/// Finds out which jobs have no record.
pub trait FindUnclaimed: Send + Sync {
    /// Those of the jobs that nobody claimed; any number may be asked for at once. A claim of the
    /// last seconds may be missed.
    ///
    /// # Errors
    /// The faults that every call may have.
    fn unclaimed(
        &self,
        jobs: &[JobId],
    ) -> impl Future<Output = Result<BTreeSet<JobId>, StoreError>> + Send;
}

/// Keeps how far the sweep is in a bucket. [`domain::sweep`] has the steps.
pub trait KeepRound: Send + Sync {
    /// The round as it was last written, none for a bucket that was never swept.
    ///
    /// # Errors
    /// [`StoreError::Malformed`] when what is stored is no round, and the faults that every call
    /// may have.
    fn round(
        &self,
        bucket: &BucketName,
    ) -> impl Future<Output = Result<Option<Round>, StoreError>> + Send;

    /// Writes `next` if what is stored is the version before it (none, before version 1); says
    /// whether it was. Of any number of calls at once exactly one is true.
    ///
    /// # Errors
    /// The faults that every call may have. After [`StoreError::Unavailable`] it may be written.
    fn swap_round(
        &self,
        bucket: &BucketName,
        next: &Round,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// Reads job records and asset documents, as they were last written.
pub trait ReadDocuments: Send + Sync {
    /// The record of a job, none for an unknown one.
    ///
    /// # Errors
    /// [`StoreError::Malformed`] when what is stored is no record, and the faults that every call
    /// may have.
    fn job(
        &self,
        job: &JobId,
    ) -> impl Future<Output = Result<Option<JobRecord>, StoreError>> + Send;

    /// The document of an asset, none before its first job ended.
    ///
    /// # Errors
    /// As [`ReadDocuments::job`].
    fn asset(
        &self,
        asset: &AssetId,
    ) -> impl Future<Output = Result<Option<AssetDocument>, StoreError>> + Send;
}

/// Forgets an asset.
pub trait ForgetAsset: Send + Sync {
    /// Deletes the asset's document and the job's record. Nothing happens where there is none.
    ///
    /// # Errors
    /// The faults that every call may have. One may be deleted without the other then.
    fn forget(
        &self,
        asset: &AssetId,
        job: &JobId,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Ends a job: the one writer of "ready" and "failed".
pub trait FinishJob: Send + Sync {
    /// Writes what `attempt` made of the job: the record and the asset's document in one
    /// transaction; returns both as they now are. None when another attempt has taken over: its
    /// own outcome counts. [`crate::finish`] has the rules; in short: a failure never takes away what is
    /// published, a job that was published stays ready, a newer upload's stream is never replaced
    /// by an older one's, and the same call again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a job that nobody claimed, [`StoreError::Contended`] when
    /// other jobs of the asset kept ending at the same time, and the faults that every call may
    /// have. After an error both are written or neither.
    fn finish(
        &self,
        job: &JobId,
        attempt: u32,
        outcome: &JobOutcome,
    ) -> impl Future<Output = Result<Option<Finished>, StoreError>> + Send;
}

/// Keeps who works on a job. [`crate::lease`] has the steps.
pub trait KeepJob: Send + Sync {
    /// The job as it was last written, none for an unknown one.
    ///
    /// # Errors
    /// As [`ReadDocuments::job`].
    fn load(
        &self,
        job: &JobId,
    ) -> impl Future<Output = Result<Option<StoredJob>, StoreError>> + Send;

    /// Writes `next`, which runs, if the job still is `seen`; says whether it was. Of any number of calls at
    /// once exactly one is true.
    ///
    /// # Errors
    /// The faults that every call may have. After [`StoreError::Unavailable`] it may be written.
    fn swap(
        &self,
        seen: &StoredJob,
        next: &StoredJob,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// Finds running jobs that nobody works on.
pub trait FindExpired: Send + Sync {
    /// Some of the running jobs whose lease ran out before `now_ms`, the longest ago first. What
    /// was written in the last seconds may be missing.
    ///
    /// # Errors
    /// The faults that every call may have.
    fn expired(
        &self,
        now_ms: u64,
    ) -> impl Future<Output = Result<Vec<StoredJob>, StoreError>> + Send;
}

/// Whether an execution is new.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Started {
    /// This call started it, or an equal call before it that is still running.
    Started,
    /// An execution of this name exists.
    AlreadyStarted,
}

/// Looks at executions of the state machine.
pub trait DescribeExecution: Send + Sync {
    /// Whether the execution of this name is running; false for one that never was.
    ///
    /// # Errors
    /// The faults that every call may have.
    fn is_running(&self, name: &str) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// Starts executions of the state machine.
pub trait StartExecution: Send + Sync {
    /// Starts an execution. Of any number of calls with one name, one execution comes.
    ///
    /// `name` has 1 to 80 ASCII letters, digits, `-` and `_`: a job's id, or what is derived from
    /// it. `input` is JSON of at most 256 KiB. Step Functions keeps a name for 90 days.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the state machine does not exist, [`StoreError::Refused`]
    /// for a name or an input beyond the limits, and the faults that every call may have.
    fn start(
        &self,
        name: &str,
        input: &serde_json::Value,
    ) -> impl Future<Output = Result<Started, StoreError>> + Send;
}

//! A store whose n-th call fails: before it did anything, or when it was done but nobody heard.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use cloud::finish::{JobOrder, StoredJob};
use cloud::ports::{
    Claim, ClaimJob, DeleteObject, DeletePrefix, DescribeExecution, DescribeSource, EntryPage,
    FindExpired, FindSource, FindUnclaimed, FindWebhooks, FinishJob, ForgetAsset, ForgetUpload,
    HoldMessage, KeepJob, KeepLibrary, KeepRound, KeepUploads, KeepWebhooks, ListObjects,
    ListSources, NoteCaptions, NoteDelivery, ObjectEntry, PartToSign, PublishEvent, QueueOrders,
    ReadDocuments, ReadObject, ReadRange, Shelf, SignObject, SignSource, SignedPut, SourceFacts,
    SourcePage, StartExecution, Started, StoredEntry, StoredWebhook, TakeParts, UploadFile,
    UploadPage, UploadedAt, WriteObject,
};
use cloud::{Content, Finished, JobOutcome, SignedUrl, StoreError};
use domain::event::EventType;
use domain::ids::{AssetId, JobId, UploadId, WebhookId};
use domain::job::{AssetDocument, JobRecord};
use domain::library::LibraryEntry;
use domain::object::{BucketName, ObjectKey, ObjectRef, SourceObject};
use domain::sweep::Round;
use domain::upload::{UploadRecord, UploadedPart};
use domain::webhook::{Delivery, Order, Webhook};
use serde_json::Value;

/// Which call fails. Clones count together, so that one count runs over several stores.
#[derive(Clone, Debug)]
pub struct Faults {
    nth: u32,
    carried_out: bool,
    calls: Arc<AtomicU32>,
}

impl Faults {
    /// The `nth` call, counted from 1, fails before it does anything. Zero: none fails.
    #[must_use]
    pub fn before(nth: u32) -> Self {
        Self {
            nth,
            carried_out: false,
            calls: Arc::default(),
        }
    }

    /// The `nth` call is carried out, but its answer is lost.
    #[must_use]
    pub fn after(nth: u32) -> Self {
        Self {
            carried_out: true,
            ..Self::before(nth)
        }
    }

    /// Calls so far.
    #[must_use]
    pub fn calls(&self) -> u32 {
        self.calls.load(Ordering::SeqCst)
    }

    async fn pass<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let number = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        if number != self.nth {
            return call.await;
        }
        if self.carried_out {
            call.await?;
        }
        Err(StoreError::Unavailable {
            action: format!("call {number}"),
            source: "a fault that the test injected".into(),
        })
    }
}

/// A store that fails as its [`Faults`] say, with [`StoreError::Unavailable`].
#[derive(Clone, Debug)]
pub struct FailingStore<S> {
    inner: S,
    faults: Faults,
}

impl<S> FailingStore<S> {
    /// The `nth` call, counted from 1, fails before it does anything.
    #[must_use]
    pub fn new(inner: S, nth: u32) -> Self {
        Self::sharing(inner, &Faults::before(nth))
    }

    /// The `nth` call is carried out, but its answer is lost.
    #[must_use]
    pub fn after(inner: S, nth: u32) -> Self {
        Self::sharing(inner, &Faults::after(nth))
    }

    /// Counts together with every other store that was given these faults.
    #[must_use]
    pub fn sharing(inner: S, faults: &Faults) -> Self {
        Self {
            inner,
            faults: faults.clone(),
        }
    }

    /// Calls so far.
    #[must_use]
    pub fn calls(&self) -> u32 {
        self.faults.calls()
    }
}

/// Implements a port by passing each call through the faults.
macro_rules! forward {
    ($($port:ident { $($method:ident($($name:ident: $kind:ty),*) -> $answer:ty;)+ })+) => { $(
        impl<S: $port> $port for FailingStore<S> { $(
            async fn $method(&self, $($name: $kind),*) -> Result<$answer, StoreError> {
                self.faults.pass(self.inner.$method($($name),*)).await
            }
        )+ }
    )+ };
}

forward! {
    ReadObject { read(object: &ObjectRef) -> Bytes; }
    ReadRange { read_range(object: &ObjectRef, range: Range<u64>) -> Bytes; }
    WriteObject { write(object: &ObjectRef, body: Bytes, content: Content) -> (); }
    UploadFile { upload(object: &ObjectRef, file: &Path, content: Content) -> u64; }
    ListObjects { list(bucket: &BucketName, prefix: &ObjectKey) -> Vec<ObjectEntry>; }
    DeletePrefix { delete_prefix(bucket: &BucketName, folder: &ObjectKey) -> u64; }
    DeleteObject { delete_object(object: &ObjectRef) -> (); }
    DescribeSource { describe_source(source: &SourceObject) -> SourceFacts; }
    ListSources { sources(bucket: &BucketName, after: Option<&ObjectKey>) -> SourcePage; }
    SignSource { sign_source(source: &SourceObject, lifetime: Duration) -> SignedUrl; }
    SignObject { sign_object(object: &ObjectRef, lifetime: Duration) -> SignedUrl; }
    FindSource { find_source(object: &ObjectRef) -> (SourceObject, SourceFacts); }
    TakeParts {
        begin_parts(object: &ObjectRef, media_type: &str, part_sha256: bool) -> String;
        sign_part(object: &ObjectRef, multipart: &str, part: &PartToSign, lifetime: Duration)
            -> SignedPut;
        arrived(object: &ObjectRef, multipart: &str) -> Vec<UploadedPart>;
        join_parts(object: &ObjectRef, multipart: &str) -> ();
        drop_parts(object: &ObjectRef, multipart: &str) -> ();
    }
    ForgetUpload { forget_upload(id: &UploadId, asset: &AssetId) -> (); }
    KeepUploads {
        keep_upload(record: &UploadRecord) -> ();
        upload(id: &UploadId) -> Option<UploadRecord>;
        open_uploads(owner: &str, after: Option<&str>, limit: u32) -> UploadPage;
    }
    KeepLibrary {
        enter(entry: &LibraryEntry) -> bool;
        note_job(asset: &AssetId, job: &JobId, order: &JobOrder) -> ();
        entry(asset: &AssetId) -> Option<StoredEntry>;
        change_entry(seen: &StoredEntry, next: &LibraryEntry) -> bool;
        strike(asset: &AssetId) -> ();
        entries(shelf: Shelf<'_>, after: Option<&str>, limit: u32) -> EntryPage;
    }
    NoteCaptions { note_captions(asset: &AssetId, job: &JobId, revision: u64) -> (); }
    ForgetAsset { forget(asset: &AssetId, job: &JobId) -> (); }
    ClaimJob { claim(record: &JobRecord, uploaded: UploadedAt) -> Claim; }
    ReadDocuments {
        job(job: &JobId) -> Option<JobRecord>;
        asset(asset: &AssetId) -> Option<AssetDocument>;
    }
    FinishJob { finish(job: &JobId, attempt: u32, outcome: &JobOutcome) -> Option<Finished>; }
    KeepJob {
        load(job: &JobId) -> Option<StoredJob>;
        swap(seen: &StoredJob, next: &StoredJob) -> bool;
    }
    FindWebhooks {
        webhooks(owner: &str) -> Vec<StoredWebhook>;
        webhook(owner: &str, id: &WebhookId) -> Option<StoredWebhook>;
    }
    KeepWebhooks {
        add_webhook(webhook: &Webhook) -> bool;
        drop_webhook(owner: &str, id: &WebhookId) -> bool;
    }
    NoteDelivery { note_delivery(owner: &str, id: &WebhookId, delivery: &Delivery) -> (); }
    PublishEvent { publish(event: EventType, detail: &str) -> (); }
    QueueOrders { queue(orders: &[Order]) -> (); }
    HoldMessage { hold(receipt: &str, wait: Duration) -> (); }
    FindUnclaimed { unclaimed(jobs: &[JobId]) -> BTreeSet<JobId>; }
    KeepRound {
        round(bucket: &BucketName) -> Option<Round>;
        swap_round(bucket: &BucketName, next: &Round) -> bool;
    }
    FindExpired { expired(now_ms: u64) -> Vec<StoredJob>; }
    DescribeExecution { is_running(name: &str) -> bool; }
    StartExecution { start(name: &str, input: &Value) -> Started; }
}

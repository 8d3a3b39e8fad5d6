//! Records as items of the table, and back.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::ids::{AssetId, JobId};
use domain::job::JobState;
use domain::object::BucketName;
use domain::sweep::Round;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::attribute::{Attributes, to_attribute, to_json};
use crate::error::{Cause, Reason, StoreError};
use crate::finish::{JobOrder, StoredAsset, StoredJob};

pub(super) const DOCUMENT: &str = "document";
pub(super) const STATE: &str = "state";
pub(super) const REVISION: &str = "revision";
pub(super) const VERSION: &str = "version";
pub(super) const OPEN: &str = "open";
pub(super) const EXPIRES: &str = "lease_expires_at";
pub(super) const OWNER: &str = "owner";
pub(super) const CREATED: &str = "created_at";
/// Where DynamoDB's time to live looks, in seconds since the Unix epoch.
pub(super) const FORGOTTEN: &str = "expires_at";
pub(super) const ORDER: &str = "order";
/// Sort keys of what the stream is read for.
pub(super) const JOB: &str = "JOB";
pub(super) const ENTRY: &str = "ENTRY";
/// What the sort keys of webhooks begin with.
pub(super) const WEBHOOK: &str = "WEBHOOK#";
const LEASE: &str = "lease";
const NEWEST: &str = "newest";
const PUBLISHED: &str = "published";

pub(super) fn job_key(job: &JobId) -> Attributes {
    key(job_partition(job), JOB)
}

pub(super) fn job_partition(job: &JobId) -> String {
    format!("JOB#{job}")
}

pub(super) fn round_key(bucket: &BucketName) -> Attributes {
    key(format!("SWEEP#{bucket}"), "SWEEP")
}

pub(super) fn write_round(bucket: &BucketName, round: &Round) -> Result<Attributes, StoreError> {
    let mut item = round_key(bucket);
    item.insert(DOCUMENT.to_owned(), document(round)?);
    item.insert(VERSION.to_owned(), number(round.version));
    Ok(item)
}

pub(super) fn asset_key(asset: &AssetId) -> Attributes {
    key(format!("ASSET#{asset}"), "ASSET")
}

pub(super) fn upload_key(id: &str) -> Attributes {
    key(format!("UPLOAD#{id}"), "UPLOAD")
}

pub(super) fn entry_key(asset: &str) -> Attributes {
    key(format!("ASSET#{asset}"), ENTRY)
}

/// The key of what stands for a public asset in the list of them.
pub(super) fn card_key(asset: &str) -> Attributes {
    key(format!("ASSET#{asset}"), "CARD")
}

pub(super) fn owner_partition(owner: &str) -> String {
    format!("OWNER#{owner}")
}

/// One of the places that an owner has for webhooks.
pub(super) fn webhook_key(owner: &str, place: usize) -> Attributes {
    key(owner_partition(owner), &format!("{WEBHOOK}{place}"))
}

/// The asset that an item of it is about.
pub(super) fn asset_of(item: &Attributes) -> Option<AssetId> {
    let partition = item.get("pk")?.as_s().ok()?;
    AssetId::new(partition.strip_prefix("ASSET#")?).ok()
}

pub(super) fn version(item: &Attributes) -> Result<u64, StoreError> {
    count(item, VERSION).ok_or_else(|| malformed(item, Reason("no version")))
}

fn key(pk: String, sk: &str) -> Attributes {
    [("pk", text(pk)), ("sk", text(sk))]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// Partitions of the index of running jobs, so that many jobs' heartbeats do not meet in one.
pub(super) const SHARDS: u32 = 8;

/// The partition of a running job in the index: the last letter of its id, which is a hash.
fn shard(job: &JobId) -> String {
    let letter = job.as_str().bytes().last().unwrap_or_default();
    shard_name(u32::from(letter) % SHARDS)
}

pub(super) fn shard_name(number: u32) -> String {
    format!("running-{number}")
}

pub(super) fn write_job(job: &StoredJob) -> Result<Attributes, StoreError> {
    let mut item = job_key(&job.record.job);
    item.extend(job_fields(job)?);
    Ok(item)
}

/// The attributes of a job beside its key.
pub(super) fn job_fields(job: &StoredJob) -> Result<Attributes, StoreError> {
    let record = &job.record;
    let mut item = Attributes::new();
    item.insert(DOCUMENT.to_owned(), document(record)?);
    item.insert(STATE.to_owned(), state(record.state));
    item.insert("asset".to_owned(), text(record.asset.as_str()));
    item.insert(OWNER.to_owned(), text(&*record.owner));
    item.insert(ORDER.to_owned(), text(job.order.as_str()));
    item.insert(LEASE.to_owned(), document(&job.lease)?);
    item.insert(VERSION.to_owned(), number(job.version));
    if record.state == JobState::Running {
        item.insert(OPEN.to_owned(), text(shard(&record.job)));
        item.insert(EXPIRES.to_owned(), number(job.lease.expires_ms));
    }
    Ok(item)
}

pub(super) fn write_asset(asset: &StoredAsset) -> Result<Attributes, StoreError> {
    let document_value = &asset.document;
    let mut item = asset_key(&document_value.asset);
    item.insert(DOCUMENT.to_owned(), document(document_value)?);
    item.insert(STATE.to_owned(), state(document_value.state));
    item.insert(OWNER.to_owned(), text(&*document_value.owner));
    item.insert(NEWEST.to_owned(), text(asset.newest.as_str()));
    item.insert(REVISION.to_owned(), number(asset.revision));
    if let Some(published) = &asset.published {
        item.insert(PUBLISHED.to_owned(), text(published.as_str()));
    }
    Ok(item)
}

pub(super) fn read_job(item: &Attributes) -> Result<StoredJob, StoreError> {
    Ok(StoredJob {
        record: read_document(item)?,
        order: order(item, ORDER)?.ok_or_else(|| malformed(item, Reason("no order")))?,
        lease: read_map(item, LEASE)?,
        version: version(item)?,
    })
}

pub(super) fn read_asset(item: &Attributes) -> Result<StoredAsset, StoreError> {
    let revision = count(item, REVISION).ok_or_else(|| malformed(item, Reason("no revision")))?;
    Ok(StoredAsset {
        document: read_document(item)?,
        newest: order(item, NEWEST)?.ok_or_else(|| malformed(item, Reason("no newest job")))?,
        published: order(item, PUBLISHED)?,
        revision,
    })
}

/// A record as a native map.
pub(super) fn document(record: &impl Serialize) -> Result<AttributeValue, StoreError> {
    let json = serde_json::to_value(record).map_err(|error| StoreError::Malformed {
        what: "a document".to_owned(),
        source: Box::new(error),
    })?;
    Ok(to_attribute(json))
}

fn count(item: &Attributes, name: &str) -> Option<u64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

pub(super) fn read_document<T: DeserializeOwned>(item: &Attributes) -> Result<T, StoreError> {
    read_map(item, DOCUMENT)
}

pub(super) fn read_map<T: DeserializeOwned>(
    item: &Attributes,
    name: &str,
) -> Result<T, StoreError> {
    let json = item
        .get(name)
        .and_then(to_json)
        .ok_or_else(|| malformed(item, Reason("a part is missing")))?;
    serde_json::from_value(json).map_err(|error| malformed(item, error))
}

/// The name of a state, as it is in the document.
pub(super) fn state(state: JobState) -> AttributeValue {
    text(match state {
        JobState::Running => "running",
        JobState::Ready => "ready",
        JobState::Failed => "failed",
    })
}

pub(super) fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn order(item: &Attributes, name: &str) -> Result<Option<JobOrder>, StoreError> {
    match item.get(name) {
        None => Ok(None),
        Some(AttributeValue::S(text)) => Ok(Some(JobOrder::from_stored(text))),
        Some(_) => Err(malformed(item, Reason("an order is no text"))),
    }
}

fn malformed(item: &Attributes, source: impl Into<Cause>) -> StoreError {
    let key = item.get("pk").and_then(|pk| pk.as_s().ok());
    StoreError::Malformed {
        what: format!("item {}", key.map_or("without a key", String::as_str)),
        source: source.into(),
    }
}

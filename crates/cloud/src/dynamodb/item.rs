//! Records as items of the table, and back.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::ids::{AssetId, JobId};
use domain::job::JobState;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::attribute::{Attributes, to_attribute, to_json};
use crate::error::{Cause, Reason, StoreError};
use crate::finish::{JobOrder, StoredAsset, StoredJob};

pub(super) const DOCUMENT: &str = "document";
pub(super) const STATE: &str = "state";
pub(super) const REVISION: &str = "revision";
const ORDER: &str = "order";
const NEWEST: &str = "newest";
const PUBLISHED: &str = "published";

pub(super) fn job_key(job: &JobId) -> Attributes {
    key(format!("JOB#{job}"), "JOB")
}

pub(super) fn asset_key(asset: &AssetId) -> Attributes {
    key(format!("ASSET#{asset}"), "ASSET")
}

fn key(pk: String, sk: &str) -> Attributes {
    [("pk", text(pk)), ("sk", text(sk))]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

pub(super) fn write_job(job: &StoredJob, claimed_ms: u64) -> Result<Attributes, StoreError> {
    let record = &job.record;
    let mut item = job_key(&record.job);
    item.insert(DOCUMENT.to_owned(), document(record)?);
    item.insert(STATE.to_owned(), state(record.state));
    item.insert("asset".to_owned(), text(record.asset.as_str()));
    item.insert("owner".to_owned(), text(&*record.owner));
    item.insert(ORDER.to_owned(), text(job.order.as_str()));
    item.insert("claimed_at".to_owned(), number(claimed_ms));
    Ok(item)
}

pub(super) fn write_asset(asset: &StoredAsset) -> Result<Attributes, StoreError> {
    let document_value = &asset.document;
    let mut item = asset_key(&document_value.asset);
    item.insert(DOCUMENT.to_owned(), document(document_value)?);
    item.insert(STATE.to_owned(), state(document_value.state));
    item.insert("owner".to_owned(), text(&*document_value.owner));
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
    })
}

pub(super) fn read_asset(item: &Attributes) -> Result<StoredAsset, StoreError> {
    let revision = item
        .get(REVISION)
        .and_then(|value| value.as_n().ok()?.parse().ok())
        .ok_or_else(|| malformed(item, Reason("no revision")))?;
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

fn read_document<T: DeserializeOwned>(item: &Attributes) -> Result<T, StoreError> {
    let json = item
        .get(DOCUMENT)
        .and_then(to_json)
        .ok_or_else(|| malformed(item, Reason("no document")))?;
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

fn text(value: impl Into<String>) -> AttributeValue {
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

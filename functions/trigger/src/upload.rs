//! S3's words for an upload, turned into ours.

use aws_lambda_events::s3::{S3Event, S3EventRecord};
use cloud::encoded_key::decoded;
use domain::object::{BucketName, ObjectKey, ObjectRef, SourceObject};
use serde_json::Value;

use crate::event::Announcement;

/// A record that says an object came, but not which.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record {number} of the S3 event has no usable `{field}`")]
pub struct BadRecord {
    /// Number of the record in the event, from 1.
    pub number: usize,
    /// What it lacks.
    pub field: &'static str,
}

/// The uploads of an event, in its order; records of other kinds (deletions, tags) are left out.
///
/// # Errors
/// [`BadRecord`] for the first record that lacks a bucket, a key, an `ETag` or a size.
pub fn uploads(event: &S3Event) -> Result<Vec<SourceObject>, BadRecord> {
    (1..)
        .zip(&event.records)
        .filter(|(_, record)| is_upload(record))
        .map(|(number, record)| source(record).map_err(|field| BadRecord { number, field }))
        .collect()
}

/// Whether the record is of the `ObjectCreated:*` family: a plain, a multipart or a copied upload.
fn is_upload(record: &S3EventRecord) -> bool {
    let name = record.event_name.as_deref().unwrap_or_default();
    let name = name.strip_prefix("s3:").unwrap_or(name);
    name.starts_with("ObjectCreated:")
}

/// The upload of an `Object Created` event of EventBridge; none for an event of another kind.
///
/// # Errors
/// [`BadRecord`] when it lacks a bucket, a key, an `ETag` or a size.
pub fn announced(event: &Announcement) -> Result<Option<SourceObject>, BadRecord> {
    if event.source != "aws.s3" || event.detail_type != "Object Created" {
        return Ok(None);
    }
    let at = |pointer: &str| event.detail.pointer(pointer);
    let given = |pointer: &str, field| {
        let text = at(pointer).and_then(Value::as_str);
        let text = text.filter(|text| !text.is_empty()).map(str::to_owned);
        text.ok_or(BadRecord { number: 1, field })
    };
    Ok(Some(SourceObject {
        object: ObjectRef {
            bucket: BucketName::new(given("/bucket/name", "detail.bucket.name")?),
            // Unlike in a notification, the key is as it is.
            key: ObjectKey::new(given("/object/key", "detail.object.key")?),
        },
        version: given("/object/version-id", "")
            .ok()
            .filter(|id| id != "null"),
        etag: given("/object/etag", "detail.object.etag")?
            .trim_matches('"')
            .to_owned(),
        size: at("/object/size")
            .and_then(Value::as_u64)
            .ok_or(BadRecord {
                number: 1,
                field: "detail.object.size",
            })?,
    }))
}

fn source(record: &S3EventRecord) -> Result<SourceObject, &'static str> {
    let object = &record.s3.object;
    let given = |text: &Option<String>, name| {
        let text = text.clone().filter(|text| !text.is_empty());
        text.ok_or(name)
    };
    let key = given(&object.key, "s3.object.key")?;
    Ok(SourceObject {
        object: ObjectRef {
            bucket: BucketName::new(given(&record.s3.bucket.name, "s3.bucket.name")?),
            key: decoded(&key).ok_or("s3.object.key")?,
        },
        version: object.version_id.clone().filter(|id| id != "null"),
        etag: given(&object.e_tag, "s3.object.eTag")?
            .trim_matches('"')
            .to_owned(),
        size: object
            .size
            .and_then(|size| u64::try_from(size).ok())
            .ok_or("s3.object.size")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn sample() -> Value {
        serde_json::from_str(include_str!("../../../events/trigger.json")).unwrap()
    }

    fn read(event: Value) -> Result<Vec<SourceObject>, BadRecord> {
        uploads(&serde_json::from_value(event).unwrap())
    }

    #[test]
    fn the_sample_event_is_one_upload() {
        let found = read(sample()).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].object.key.as_str(), "ann/u1/Été à 100% + more.mp4");
        assert_eq!(found[0].owner(), "ann");
        assert_eq!(found[0].version, None);
    }

    #[test]
    fn a_multipart_upload_counts_and_a_deletion_does_not() {
        let mut event = sample();
        event["Records"][0]["eventName"] = json!("ObjectCreated:CompleteMultipartUpload");
        assert_eq!(read(event.clone()).unwrap().len(), 1);
        event["Records"][0]["eventName"] = json!("ObjectRemoved:Delete");
        assert_eq!(read(event).unwrap(), []);
    }

    #[test]
    fn a_record_without_its_facts_is_named() {
        for (field, pointer) in [
            ("s3.object.key", "/Records/0/s3/object/key"),
            ("s3.object.eTag", "/Records/0/s3/object/eTag"),
            ("s3.object.size", "/Records/0/s3/object/size"),
            ("s3.bucket.name", "/Records/0/s3/bucket/name"),
        ] {
            let mut event = sample();
            *event.pointer_mut(pointer).unwrap() = Value::Null;
            assert_eq!(read(event), Err(BadRecord { number: 1, field }));
        }
    }
}

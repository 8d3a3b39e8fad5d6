//! What the table's stream tells of writes.
//!
//! Lambda hands the records over as JSON, with DynamoDB's types spelled out. Only entries of the
//! library and records of jobs are looked at; the mapping's filter has sorted out most others.
//!
//! Source: Amazon DynamoDB developer guide, "DynamoDB Streams and AWS Lambda triggers".

use domain::event::{Change, EntryImage};
use domain::ids::JobId;
use domain::job::JobRecord;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::item;
use super::library::JOB;
use crate::error::{Cause, Reason, StoreError};

/// One write to one item.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct StreamRecord {
    dynamodb: Write,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Write {
    /// Seconds since the Unix epoch.
    approximate_creation_date_time: f64,
    keys: Value,
    sequence_number: String,
    old_image: Option<Value>,
    new_image: Option<Value>,
}

impl StreamRecord {
    /// Its place in the stream: larger for each further write to an item.
    #[must_use]
    pub fn sequence(&self) -> &str {
        &self.dynamodb.sequence_number
    }

    /// When it was written, in milliseconds since the Unix epoch.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a time of this century"
    )]
    pub fn at_ms(&self) -> u64 {
        (self.dynamodb.approximate_creation_date_time * 1000.0) as u64
    }

    /// The write, if it is one to an entry or a job.
    ///
    /// # Errors
    /// [`StoreError::Malformed`] when what was written is neither, although its key says so.
    pub fn change(&self) -> Result<Option<Change>, StoreError> {
        let Write {
            keys,
            old_image,
            new_image,
            ..
        } = &self.dynamodb;
        let (before, after) = (old_image.as_ref(), new_image.as_ref());
        let sort_key = keys.pointer("/sk/S").and_then(Value::as_str);
        let change = match sort_key {
            Some(item::ENTRY) => Change::Entry(
                before.map(|image| self.entry(image)).transpose()?,
                after.map(|image| self.entry(image)).transpose()?,
            ),
            Some(item::JOB) => Change::Job(
                before.map(|image| self.job(image)).transpose()?,
                after.map(|image| self.job(image)).transpose()?,
            ),
            _ => return Ok(None),
        };
        Ok(Some(change))
    }

    fn entry(&self, image: &Value) -> Result<EntryImage, StoreError> {
        let job = image.pointer(&format!("/{JOB}/S")).and_then(Value::as_str);
        Ok(EntryImage {
            entry: self.document(image)?,
            job: job.and_then(|job| JobId::new(job).ok()),
        })
    }

    fn job(&self, image: &Value) -> Result<JobRecord, StoreError> {
        self.document(image)
    }

    fn document<T: DeserializeOwned>(&self, image: &Value) -> Result<T, StoreError> {
        let document = image.get(item::DOCUMENT).and_then(plain);
        let document = document.ok_or_else(|| self.malformed(Reason("no document")))?;
        serde_json::from_value(document).map_err(|error| self.malformed(error))
    }

    fn malformed(&self, source: impl Into<Cause>) -> StoreError {
        StoreError::Malformed {
            what: format!("write {} of the table's stream", self.sequence()),
            source: source.into(),
        }
    }
}

/// The JSON value of an attribute in DynamoDB's own JSON; none for sets and bytes, which are never
/// written.
fn plain(attribute: &Value) -> Option<Value> {
    let (kind, value) = attribute.as_object()?.iter().next()?;
    Some(match kind.as_str() {
        "NULL" => Value::Null,
        "S" | "BOOL" => value.clone(),
        "N" => serde_json::from_str(value.as_str()?).ok()?,
        "L" => Value::Array(value.as_array()?.iter().map(plain).collect::<Option<_>>()?),
        "M" => {
            let fields = value.as_object()?.iter();
            let fields = fields.map(|(name, value)| Some((name.clone(), plain(value)?)));
            Value::Object(fields.collect::<Option<Map<_, _>>>()?)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::event::EventType;
    use serde_json::json;

    fn sample() -> Vec<StreamRecord> {
        #[derive(Deserialize)]
        struct Batch {
            #[serde(rename = "Records")]
            records: Vec<StreamRecord>,
        }
        let text = include_str!("../../../../events/announce.json");
        serde_json::from_str::<Batch>(text).unwrap().records
    }

    #[test]
    fn the_sample_event_is_an_assets_life() {
        let news = sample()
            .iter()
            .map(|record| {
                let change = record.change().unwrap().unwrap();
                change.news().map(|news| news.event)
            })
            .collect::<Vec<_>>();
        let expected = [EventType::Created, EventType::Processing, EventType::Ready];
        assert_eq!(news, expected.map(Some));
    }

    #[test]
    fn a_write_has_its_time_and_its_place() {
        let records = sample();
        assert_eq!(records[0].at_ms(), 1_795_600_000_000);
        assert!(records[0].sequence() < records[1].sequence());
    }

    #[test]
    fn other_items_are_none_of_ours_and_a_broken_one_is_named() {
        let mut record = sample().remove(0);
        record.dynamodb.keys["sk"]["S"] = json!("CARD");
        assert_eq!(record.change().unwrap(), None);
        record.dynamodb.keys["sk"]["S"] = json!("ENTRY");
        record.dynamodb.new_image = Some(json!({"document": {"M": {"title": {"S": "a"}}}}));
        let refused = record.change().unwrap_err().to_string();
        assert!(refused.contains(record.sequence()), "{refused}");
    }

    #[test]
    fn every_kind_of_attribute_reads_as_json() {
        let attribute = json!({"M": {
            "a": {"S": ""}, "b": {"N": "18446744073709551615"}, "c": {"N": "-0.5"},
            "d": {"BOOL": false}, "e": {"NULL": true}, "f": {"L": [{"S": "x"}, {"M": {}}]},
        }});
        let expected = json!({
            "a": "", "b": u64::MAX, "c": -0.5, "d": false, "e": null, "f": ["x", {}],
        });
        assert_eq!(plain(&attribute), Some(expected));
        assert_eq!(plain(&json!({"SS": ["a"]})), None);
    }
}

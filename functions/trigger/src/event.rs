//! Everything that trigger is told.

use aws_lambda_events::s3::S3Event;
use domain::ids::JobId;
use domain::object::SourceObject;
use runtime::queue::{Batch, Message, Messages};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::upload::{BadRecord, announced, uploads};

/// A call of trigger. Uploads come in three ways; operators and the schedule have words of their
/// own, objects with one field.
#[derive(Debug)]
pub enum Event {
    /// A notification that S3 sent to the function itself.
    Notification(S3Event),
    /// An event of EventBridge.
    Announcement(Announcement),
    /// Messages of a queue that S3 or EventBridge sends to.
    Messages(Vec<Message>),
    /// `{"sweep": {}}`: look for jobs that nobody works on, and for uploads without a job.
    Sweep(Sweep),
    /// `{"retry": {"job": …}}`: try a failed job again.
    Retry(JobId),
    /// `{"cancel": {"job": …}}`: stop a running job.
    Cancel(JobId),
}

/// What a sweep looks at.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sweep {
    /// Begin a new round now, over every upload, whatever its age. Later sweeps finish it.
    #[serde(default)]
    pub all: bool,
}

/// What trigger answers.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// The jobs that the event is about, as far as they exist now.
    Jobs(Vec<JobId>),
    /// The messages that have to come again.
    Batch(Batch),
}

// The envelope is ours: three fields, where the library's type brings twenty crates along.

/// An event of EventBridge.
///
/// Source: Amazon EventBridge user guide, "Amazon S3 events".
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Announcement {
    /// Which service it is from.
    pub source: String,
    /// What happened.
    pub detail_type: String,
    /// To what.
    pub detail: Value,
}

#[derive(Deserialize)]
struct Wish {
    job: JobId,
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Event {
    fn parse(event: Value) -> Result<Self, serde_json::Error> {
        let wish = |name| event.get(name).cloned().map(serde_json::from_value::<Wish>);
        if let Some(sweep) = event.get("sweep") {
            return Ok(Self::Sweep(Sweep::deserialize(sweep)?));
        }
        if let Some(wish) = wish("retry") {
            return Ok(Self::Retry(wish?.job));
        }
        if let Some(wish) = wish("cancel") {
            return Ok(Self::Cancel(wish?.job));
        }
        if event.get("detail-type").is_some() {
            return Ok(Self::Announcement(serde_json::from_value(event)?));
        }
        let queue = event.pointer("/Records/0/eventSource");
        if queue.and_then(Value::as_str) == Some("aws:sqs") {
            let messages: Messages = serde_json::from_value(event)?;
            return Ok(Self::Messages(messages.records));
        }
        Ok(Self::Notification(serde_json::from_value(event)?))
    }
}

/// The uploads that the body of a message of a queue tells of. S3 sends a test message when a queue is set up;
/// it tells of none.
///
/// # Errors
/// [`BadMessage`] when the body is neither a notification nor an event, or lacks facts.
pub fn told(body: &str) -> Result<Vec<SourceObject>, BadMessage> {
    let body: Value = serde_json::from_str(body)?;
    if body.get("Event").and_then(Value::as_str) == Some("s3:TestEvent") {
        return Ok(Vec::new());
    }
    match Event::parse(body)? {
        Event::Notification(event) => Ok(uploads(&event)?),
        Event::Announcement(event) => Ok(announced(&event)?.into_iter().collect()),
        _ => Err(BadMessage::Kind),
    }
}

/// A message that tells of no upload.
#[derive(Debug, thiserror::Error)]
pub enum BadMessage {
    /// Its body is no event.
    #[error("the message's body is no event: {0}")]
    Body(#[from] serde_json::Error),
    /// Its event lacks facts.
    #[error(transparent)]
    Record(#[from] BadRecord),
    /// Its event is of a kind that does not come in a queue.
    #[error("the message's body is an event of a kind that does not come in a queue")]
    Kind,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(event: Value) -> Event {
        serde_json::from_value(event).unwrap()
    }

    #[test]
    fn the_sample_sweep_is_one_of_everything() {
        let sweep = parse(sample("trigger-sweep"));
        assert!(matches!(sweep, Event::Sweep(Sweep { all: true })));
    }

    fn sample(name: &str) -> Value {
        let path = format!("{}/../../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    /// The same upload, told in three ways.
    #[test]
    fn all_three_ways_tell_the_same() {
        let Event::Notification(notification) = parse(sample("trigger")) else {
            panic!("a notification");
        };
        let Event::Announcement(announcement) = parse(sample("trigger-eventbridge")) else {
            panic!("an event of EventBridge");
        };
        let Event::Messages(messages) = parse(sample("trigger-sqs")) else {
            panic!("messages of a queue");
        };
        let expected = uploads(&notification).unwrap();
        assert_eq!(announced(&announcement).unwrap().as_slice(), expected);
        assert_eq!(told(&messages[0].body).unwrap(), expected);
    }

    #[test]
    fn an_event_of_eventbridge_may_come_in_a_queue() {
        let body = sample("trigger-eventbridge").to_string();
        assert_eq!(told(&body).unwrap().len(), 1);
    }

    #[test]
    fn a_queues_test_message_tells_of_nothing_and_nonsense_is_named() {
        let test = json!({"Service": "Amazon S3", "Event": "s3:TestEvent"});
        assert_eq!(told(&test.to_string()).unwrap(), []);
        for body in ["", "{", r#"{"sweep": {}}"#] {
            assert!(told(body).is_err(), "{body}");
        }
    }

    #[test]
    fn words_of_operators_name_their_job() {
        for (words, all) in [(json!({}), false), (json!({"all": true}), true)] {
            let sweep = parse(json!({"sweep": words}));
            assert!(matches!(sweep, Event::Sweep(sweep) if sweep.all == all));
        }
        assert!(serde_json::from_value::<Event>(json!({"sweep": {"al": true}})).is_err());
        let job = testkit::sample::record().job;
        let retry = parse(json!({"retry": {"job": job}}));
        assert!(matches!(retry, Event::Retry(named) if named == job));
        assert!(serde_json::from_value::<Event>(json!({"cancel": {}})).is_err());
    }
}

//! Messages of a queue, as Lambda hands them over.
//!
//! Ours, with the few fields that are read: the library's types bring twenty crates along.
//!
//! Source: AWS Lambda developer guide, "Using Lambda with Amazon SQS".

use serde::{Deserialize, Deserializer, Serialize, de};

/// A batch of messages.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Messages {
    /// The messages.
    #[serde(rename = "Records")]
    pub records: Vec<Message>,
}

/// A message of a queue.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Its id, by which it is asked for again.
    pub message_id: String,
    /// By which it is held back.
    pub receipt_handle: String,
    /// What it says.
    pub body: String,
    /// What the queue says of it.
    pub attributes: Attributes,
}

/// What a queue says of a message.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attributes {
    /// How often it came, this time included.
    #[serde(rename = "ApproximateReceiveCount", deserialize_with = "number")]
    pub receive_count: u32,
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(de::Error::custom)
}

/// Which messages of a batch have to come again; the others are done.
///
/// Source: AWS Lambda developer guide, "Partial batch responses".
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Batch {
    /// The messages that failed.
    pub batch_item_failures: Vec<Failed>,
}

/// A message that has to come again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failed {
    /// Its id.
    pub item_identifier: String,
}

/// The answer that has these messages come again.
#[must_use]
pub fn again(messages: Vec<String>) -> Batch {
    let failed = |item_identifier| Failed { item_identifier };
    Batch {
        batch_item_failures: messages.into_iter().map(failed).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_message_is_read_and_answered_as_lambda_has_it() {
        let event = json!({"Records": [{
            "messageId": "m1", "receiptHandle": "r1", "body": "{}",
            "attributes": {"ApproximateReceiveCount": "3", "SentTimestamp": "1"},
            "eventSource": "aws:sqs",
        }]});
        let messages: Messages = serde_json::from_value(event).unwrap();
        assert_eq!(messages.records[0].attributes.receive_count, 3);
        let answer = again(vec!["m1".to_owned()]);
        let expected = json!({"batchItemFailures": [{"itemIdentifier": "m1"}]});
        assert_eq!(serde_json::to_value(answer).unwrap(), expected);
    }
}

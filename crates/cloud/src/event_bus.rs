//! Events on a bus of Amazon EventBridge.

use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use domain::event::EventType;

use crate::classify::classify;
use crate::error::{Reason, StoreError};
use crate::ports::PublishEvent;

/// Who all events are from.
const SOURCE: &str = "millrace";

/// Publishes to one bus.
#[derive(Clone, Debug)]
pub struct EventBus {
    client: aws_sdk_eventbridge::Client,
    name: String,
}

impl EventBus {
    /// The bus of this name.
    #[must_use]
    pub fn new(client: aws_sdk_eventbridge::Client, name: impl Into<String>) -> Self {
        Self {
            client,
            name: name.into(),
        }
    }
}

impl PublishEvent for EventBus {
    async fn publish(&self, event: EventType, detail: &str) -> Result<(), StoreError> {
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source(SOURCE)
            .detail_type(event.name())
            .detail(detail)
            .build();
        let action = format!("publish {} on {}", event.name(), self.name);
        let what = format!("event bus {}", self.name);
        let answer = self.client.put_events().entries(entry).send().await;
        let answer = answer.map_err(|error| classify(error, what, action.as_str()))?;
        // A call may succeed and its event fail.
        if answer.failed_entry_count == 0 {
            return Ok(());
        }
        let reason = answer.entries.unwrap_or_default().pop();
        let reason = reason.and_then(|entry| entry.error_message);
        Err(StoreError::Unavailable {
            action,
            source: reason.map_or_else(|| Reason("no reason given").into(), Into::into),
        })
    }
}

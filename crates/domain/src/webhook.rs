//! Webhooks: where owners want to hear of their assets, and how often it is tried.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::event::EventType;
use crate::ids::{EventId, WebhookId};

/// Most webhooks of an owner.
pub const MAX_WEBHOOKS: usize = 10;
/// The longest address, in bytes.
pub const MAX_URL: usize = 2000;

/// Waits between the tries of a delivery. With them the last try is a day after the first.
const WAITS: [Duration; 8] = [
    Duration::from_secs(5),
    Duration::from_secs(20),
    Duration::from_mins(2),
    Duration::from_mins(15),
    Duration::from_hours(1),
    Duration::from_hours(3),
    Duration::from_hours(8),
    // As long as a message can be held back.
    Duration::from_hours(12),
];

/// Tries of a delivery before it is given up. The templates have the same number.
pub const TRIES: u32 = 9;

/// How long to wait when try number `tries`, from 1, has failed. None after the last one.
#[must_use]
pub fn wait_after(tries: u32) -> Option<Duration> {
    let index = usize::try_from(tries.checked_sub(1)?).ok()?;
    WAITS.get(index).copied()
}

/// Where an owner wants to hear of their assets.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Webhook {
    /// The webhook.
    pub id: WebhookId,
    /// Whose it is.
    pub owner: String,
    /// Where deliveries go.
    pub url: String,
    /// Of what it wants to hear; of everything where there is nothing.
    pub events: Vec<EventType>,
    /// What deliveries are signed with: `whsec_` and base 64.
    pub secret: String,
    /// When it was made, in milliseconds since the Unix epoch.
    pub created_ms: u64,
}

impl Webhook {
    /// Whether it wants to hear of such an event.
    #[must_use]
    pub fn wants(&self, event: EventType) -> bool {
        self.events.is_empty() || self.events.contains(&event)
    }
}

/// One event on its way to one webhook: a message of the queue.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Order {
    /// Whose webhook.
    pub owner: String,
    /// Which.
    pub webhook: WebhookId,
    /// The event.
    pub id: EventId,
    /// What it is about.
    pub event: EventType,
    /// The bytes that are signed and sent.
    pub body: String,
}

/// What became of a try.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was taken.
    Delivered,
    /// The receiver answered that it does not exist any more: nothing is sent to it again.
    Gone,
    /// The receiver answered with something else than 2xx.
    Refused(u16),
    /// There was no answer, and why.
    Unanswered(String),
}

/// The last try of a webhook.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Delivery {
    /// Of which event.
    pub id: EventId,
    /// What it is about.
    pub event: EventType,
    /// When, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Which try it was, from 1.
    pub attempt: u32,
    /// What became of it.
    pub outcome: Outcome,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_go_on_for_a_day_with_longer_and_longer_waits() {
        assert!(WAITS.is_sorted());
        let all: Duration = WAITS.iter().sum();
        assert!((24..26).contains(&(all.as_secs() / 3600)), "{all:?}");
        assert_eq!(WAITS.len() + 1, TRIES as usize);
        assert_eq!(wait_after(1), Some(Duration::from_secs(5)));
        assert_eq!(wait_after(TRIES), None);
        assert_eq!(wait_after(0), None);
    }

    #[test]
    fn a_webhook_hears_of_what_it_wants() {
        let mut webhook = Webhook {
            id: WebhookId::of([0; 16]),
            owner: "ann".to_owned(),
            url: "https://example.com".to_owned(),
            events: Vec::new(),
            secret: "whsec_".to_owned(),
            created_ms: 1,
        };
        assert!(EventType::ALL.iter().all(|&event| webhook.wants(event)));
        webhook.events = vec![EventType::Ready];
        assert!(webhook.wants(EventType::Ready) && !webhook.wants(EventType::Failed));
    }
}

//! Webhooks: where owners want to hear of their assets, and how often it is tried.

use std::mem;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::event::EventType;
use crate::ids::{EventId, WebhookId};

/// Most webhooks of an owner.
pub const MAX_WEBHOOKS: usize = 10;
/// The longest address, in bytes.
pub const MAX_URL: usize = 2000;
/// How long a secret that was renewed is still signed with, in milliseconds: a day.
pub const OLD_SECRET_MS: u64 = 24 * 60 * 60 * 1000;

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
    /// What they are signed with, too, after the secret was renewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_secret: Option<OldSecret>,
    /// When it was made, in milliseconds since the Unix epoch.
    pub created_ms: u64,
}

/// A secret that was renewed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OldSecret {
    /// The secret.
    pub secret: String,
    /// When it ends, in milliseconds since the Unix epoch.
    pub until_ms: u64,
}

impl Webhook {
    /// Takes a new secret. The one before it is signed with, too, for [`OLD_SECRET_MS`]; one that
    /// was older still ends at once.
    pub fn renew(&mut self, secret: String, now_ms: u64) {
        self.old_secret = Some(OldSecret {
            secret: mem::replace(&mut self.secret, secret),
            until_ms: now_ms.saturating_add(OLD_SECRET_MS),
        });
    }

    /// The secret before this one, while it still holds.
    #[must_use]
    pub fn old_secret_at(&self, now_ms: u64) -> Option<&OldSecret> {
        let old = self.old_secret.as_ref();
        old.filter(|old| now_ms < old.until_ms)
    }

    /// What is signed with at a moment, the newest first.
    pub fn secrets_at(&self, now_ms: u64) -> impl Iterator<Item = &str> {
        let old = self.old_secret_at(now_ms).map(|old| old.secret.as_str());
        std::iter::once(self.secret.as_str()).chain(old)
    }

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

    fn webhook() -> Webhook {
        Webhook {
            id: WebhookId::of([0; 16]),
            owner: "ann".to_owned(),
            url: "https://example.com".to_owned(),
            events: Vec::new(),
            secret: "first".to_owned(),
            old_secret: None,
            created_ms: 1,
        }
    }

    #[test]
    fn a_renewed_secret_holds_for_a_day_unless_it_is_renewed_again() {
        let mut webhook = webhook();
        let at = |webhook: &Webhook, now_ms| {
            let secrets = webhook.secrets_at(now_ms).map(str::to_owned);
            secrets.collect::<Vec<_>>()
        };
        assert_eq!(at(&webhook, 5), ["first"]);
        webhook.renew("second".to_owned(), 5);
        assert_eq!(at(&webhook, 4 + OLD_SECRET_MS), ["second", "first"]);
        assert_eq!(at(&webhook, 5 + OLD_SECRET_MS), ["second"]);
        webhook.renew("third".to_owned(), 6);
        assert_eq!(at(&webhook, 6), ["third", "second"]);
    }

    #[test]
    fn a_webhook_from_before_secrets_were_renewed_is_read() {
        let text = serde_json::to_string(&webhook()).unwrap();
        assert!(!text.contains("old_secret"));
        assert_eq!(serde_json::from_str::<Webhook>(&text).unwrap(), webhook());
    }

    #[test]
    fn a_webhook_hears_of_what_it_wants() {
        let mut webhook = webhook();
        assert!(EventType::ALL.iter().all(|&event| webhook.wants(event)));
        webhook.events = vec![EventType::Ready];
        assert!(webhook.wants(EventType::Ready) && !webhook.wants(EventType::Failed));
    }
}

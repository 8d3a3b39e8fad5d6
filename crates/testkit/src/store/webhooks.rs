//! Memory that stands for the webhooks in the table, and lists that stand for bus and queue.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloud::StoreError;
use cloud::ports::{
    FindWebhooks, HoldMessage, KeepWebhooks, NoteDelivery, PublishEvent, QueueOrders, StoredWebhook,
};
use domain::event::EventType;
use domain::ids::WebhookId;
use domain::webhook::{Delivery, MAX_WEBHOOKS, Order, Outcome, Webhook};

use super::MemoryDocuments;

/// The webhooks of each owner, the oldest first.
pub(super) type Webhooks = BTreeMap<String, Vec<StoredWebhook>>;

impl FindWebhooks for MemoryDocuments {
    async fn webhooks(&self, owner: &str) -> Result<Vec<StoredWebhook>, StoreError> {
        let shelves = self.shelves();
        Ok(shelves.webhooks.get(owner).cloned().unwrap_or_default())
    }

    async fn webhook(
        &self,
        owner: &str,
        id: &WebhookId,
    ) -> Result<Option<StoredWebhook>, StoreError> {
        let all = self.webhooks(owner).await?;
        Ok(all.into_iter().find(|stored| stored.webhook.id == *id))
    }
}

impl KeepWebhooks for MemoryDocuments {
    async fn add_webhook(&self, webhook: &Webhook) -> Result<bool, StoreError> {
        let mut shelves = self.shelves();
        let all = shelves.webhooks.entry(webhook.owner.clone()).or_default();
        if all.len() == MAX_WEBHOOKS {
            return Ok(false);
        }
        all.push(StoredWebhook {
            webhook: webhook.clone(),
            enabled: true,
            version: 0,
            last: None,
        });
        all.sort_by_key(|stored| stored.webhook.created_ms);
        Ok(true)
    }

    async fn swap_webhook(&self, next: &StoredWebhook) -> Result<bool, StoreError> {
        let mut shelves = self.shelves();
        let all = shelves.webhooks.entry(next.webhook.owner.clone());
        let stored = all.or_default().iter_mut().find(|stored| {
            stored.webhook.id == next.webhook.id && stored.version + 1 == next.version
        });
        let Some(stored) = stored else {
            return Ok(false);
        };
        *stored = StoredWebhook {
            last: stored.last.take(),
            ..next.clone()
        };
        Ok(true)
    }

    async fn drop_webhook(&self, owner: &str, id: &WebhookId) -> Result<bool, StoreError> {
        let mut shelves = self.shelves();
        let all = shelves.webhooks.entry(owner.to_owned()).or_default();
        let before = all.len();
        all.retain(|stored| stored.webhook.id != *id);
        Ok(all.len() < before)
    }
}

impl NoteDelivery for MemoryDocuments {
    async fn note_delivery(
        &self,
        owner: &str,
        id: &WebhookId,
        delivery: &Delivery,
    ) -> Result<(), StoreError> {
        let mut shelves = self.shelves();
        let all = shelves.webhooks.entry(owner.to_owned()).or_default();
        if let Some(stored) = all.iter_mut().find(|stored| stored.webhook.id == *id) {
            stored.last = Some(delivery.clone());
            if delivery.outcome == Outcome::Gone {
                stored.enabled = false;
                stored.version += 1;
            }
        }
        Ok(())
    }
}

/// Remembers what was told, queued and held back. Clones share it.
#[derive(Clone, Default, Debug)]
pub struct Outbox {
    sent: Arc<Mutex<Sent>>,
}

#[derive(Default, Debug)]
struct Sent {
    published: Vec<(EventType, String)>,
    queued: Vec<Order>,
    held: Vec<(String, Duration)>,
}

impl Outbox {
    /// What was published, in that order.
    #[must_use]
    pub fn published(&self) -> Vec<(EventType, String)> {
        self.sent().published.clone()
    }

    /// What was queued, in that order.
    #[must_use]
    pub fn queued(&self) -> Vec<Order> {
        self.sent().queued.clone()
    }

    /// Which messages were held back, and how long.
    #[must_use]
    pub fn held(&self) -> Vec<(String, Duration)> {
        self.sent().held.clone()
    }

    fn sent(&self) -> MutexGuard<'_, Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PublishEvent for Outbox {
    async fn publish(&self, event: EventType, detail: &str) -> Result<(), StoreError> {
        self.sent().published.push((event, detail.to_owned()));
        Ok(())
    }
}

impl QueueOrders for Outbox {
    async fn queue(&self, orders: &[Order]) -> Result<(), StoreError> {
        self.sent().queued.extend_from_slice(orders);
        Ok(())
    }
}

impl HoldMessage for Outbox {
    async fn hold(&self, receipt: &str, wait: Duration) -> Result<(), StoreError> {
        self.sent().held.push((receipt.to_owned(), wait));
        Ok(())
    }
}

//! Events on their way out, and the webhooks that they go to.

use std::time::Duration;

use domain::event::EventType;
use domain::ids::WebhookId;
use domain::webhook::{Delivery, Order, Webhook};

use crate::error::StoreError;

/// A webhook as a store keeps it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredWebhook {
    /// The webhook.
    pub webhook: Webhook,
    /// Whether anything is sent to it.
    pub enabled: bool,
    /// Counts the changes, of whatever but the last try.
    pub version: u64,
    /// The last try; none before the first.
    pub last: Option<Delivery>,
}

/// Reads webhooks, as they were last written.
pub trait FindWebhooks: Send + Sync {
    /// All of an owner, the oldest first.
    ///
    /// # Errors
    /// [`StoreError::Malformed`] when what is stored is no webhook, and the faults that every call
    /// may have.
    fn webhooks(
        &self,
        owner: &str,
    ) -> impl Future<Output = Result<Vec<StoredWebhook>, StoreError>> + Send;

    /// One of an owner; none where the owner has no such webhook.
    ///
    /// # Errors
    /// As [`FindWebhooks::webhooks`].
    fn webhook(
        &self,
        owner: &str,
        id: &WebhookId,
    ) -> impl Future<Output = Result<Option<StoredWebhook>, StoreError>> + Send;
}

/// Makes, changes and drops webhooks.
pub trait KeepWebhooks: Send + Sync {
    /// Writes a new webhook, unless its owner has [`domain::webhook::MAX_WEBHOOKS`] already; says
    /// whether it did. However many calls there are at once, the owner gets no more.
    ///
    /// # Errors
    /// [`StoreError::Contended`] when others kept changing the owner's webhooks, and the faults
    /// that every call may have. After [`StoreError::Unavailable`] it may be written.
    fn add_webhook(
        &self,
        webhook: &Webhook,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Writes the webhook of `next`, its version, and whether it is enabled, if the stored one still
    /// has the version before; says whether it had. The last try stays. Of any number of calls at
    /// once exactly one is true.
    ///
    /// # Errors
    /// As [`KeepWebhooks::add_webhook`].
    fn swap_webhook(
        &self,
        next: &StoredWebhook,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Deletes a webhook; says whether there was one.
    ///
    /// # Errors
    /// As [`KeepWebhooks::add_webhook`].
    fn drop_webhook(
        &self,
        owner: &str,
        id: &WebhookId,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// Notes what became of deliveries.
pub trait NoteDelivery: Send + Sync {
    /// Replaces the last try of a webhook. One that found nobody there any more
    /// ([`domain::webhook::Outcome::Gone`]) disables the webhook, which is a change of it. Nothing happens where
    /// there is no such webhook.
    ///
    /// # Errors
    /// The faults that every call may have. After an error it may be noted.
    fn note_delivery(
        &self,
        owner: &str,
        id: &WebhookId,
        delivery: &Delivery,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Tells the world.
pub trait PublishEvent: Send + Sync {
    /// Publishes an event, JSON of at most 256 KiB. It is on the bus when this returns.
    ///
    /// # Errors
    /// The faults that every call may have. After [`StoreError::Unavailable`] it may be published.
    fn publish(
        &self,
        event: EventType,
        detail: &str,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Sends events on their way to webhooks.
pub trait QueueOrders: Send + Sync {
    /// Puts the orders, at most [`domain::webhook::MAX_WEBHOOKS`], into the queue.
    ///
    /// # Errors
    /// The faults that every call may have. After an error some may be in the queue.
    fn queue(&self, orders: &[Order]) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Holds back messages of a queue.
pub trait HoldMessage: Send + Sync {
    /// Has the message that was received with this receipt come again after `wait`, at most twelve
    /// hours, and not before.
    ///
    /// # Errors
    /// [`StoreError::Refused`] for a receipt that is no longer good, and the faults that every call
    /// may have.
    fn hold(
        &self,
        receipt: &str,
        wait: Duration,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

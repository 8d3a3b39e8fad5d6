//! Delivers events to webhooks, signed as Standard Webhooks says.
//!
//! A delivery that fails is held back, longer and longer ([`domain::webhook::wait_after`]), and
//! comes again as the same message. Nobody waits for it meanwhile. After the last try the queue
//! moves it to its dead letters.

pub mod address;
pub mod post;

use cloud::StoreError;
use cloud::lease::now_ms;
use cloud::ports::{FindWebhooks, HoldMessage, NoteDelivery, StoredWebhook};
use cloud::webhook_secret::WebhookSecret;
use domain::webhook::{Delivery, Order, Outcome, Webhook, wait_after};
use domain::{ErrorCode, Fault};
use futures_util::future::join_all;
use runtime::StageContext;
use runtime::queue::{Batch, Message, Messages, again};

use crate::post::{Letter, Post};

/// What deliver-webhook may do.
#[derive(Debug)]
pub struct Ports<D, Q, P> {
    /// The webhooks.
    pub documents: D,
    /// The queue that the messages are from.
    pub queue: Q,
    /// The way to receivers.
    pub post: P,
}

/// A message that does not say what to deliver, or a call that failed.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// A call failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The message is none of announce.
    #[error("the message {id} is no order")]
    NoOrder {
        /// The message.
        id: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

impl Fault for DeliveryError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Store(error) => error.code(),
            Self::NoOrder { .. } => ErrorCode::InputInvalid,
        }
    }
}

/// Delivers each message, all at once: a slow receiver keeps nobody waiting.
///
/// # Errors
/// None: a message that failed is named in the answer, and comes again alone.
pub async fn handle<D, Q, P>(
    messages: Messages,
    ports: &Ports<D, Q, P>,
    _: &StageContext,
) -> Result<Batch, DeliveryError>
where
    D: FindWebhooks + NoteDelivery,
    Q: HoldMessage,
    P: Post,
{
    let tries = messages.records.iter().map(|message| async {
        let is_done = deliver(message, ports).await.unwrap_or_else(|error| {
            tracing::error!(code = error.code().name(), %error, "delivery failed");
            false
        });
        (!is_done).then(|| message.message_id.clone())
    });
    let failed = join_all(tries).await.into_iter().flatten().collect();
    Ok(again(failed))
}

/// Tries once; says whether the message is done.
async fn deliver<D, Q, P>(message: &Message, ports: &Ports<D, Q, P>) -> Result<bool, DeliveryError>
where
    D: FindWebhooks + NoteDelivery,
    Q: HoldMessage,
    P: Post,
{
    let tries = message.attributes.receive_count;
    let order: Order =
        serde_json::from_str(&message.body).map_err(|source| DeliveryError::NoOrder {
            id: message.message_id.clone(),
            source,
        })?;
    let stored = ports
        .documents
        .webhook(&order.owner, &order.webhook)
        .await?;
    // Dropped, ended, or paused since the event was queued.
    let Some(StoredWebhook {
        webhook,
        enabled: true,
        ..
    }) = stored
    else {
        return Ok(true);
    };
    let at_ms = now_ms();
    let outcome = ports.post.post(&letter(&order, &webhook, at_ms)?).await;
    let (id, webhook) = (&order.id, &order.webhook);
    tracing::info!(%webhook, %id, tries, ?outcome, "delivery tried");
    let is_done = matches!(outcome, Outcome::Delivered | Outcome::Gone);
    if let (false, Some(wait)) = (is_done, wait_after(tries)) {
        ports.queue.hold(&message.receipt_handle, wait).await?;
    }
    let delivery = Delivery {
        id: order.id.clone(),
        event: order.event,
        at_ms,
        attempt: tries,
        outcome,
    };
    let noted = ports
        .documents
        .note_delivery(&order.owner, webhook, &delivery);
    // A receiver that took an event need not have it again because nobody noted that.
    if let Err(error) = noted.await {
        tracing::warn!(%webhook, %error, "delivery not noted");
    }
    Ok(is_done)
}

fn letter(order: &Order, webhook: &Webhook, at_ms: u64) -> Result<Letter, StoreError> {
    let timestamp = at_ms / 1000;
    let mut signatures = Vec::new();
    // With an old secret, too, for as long as it holds: receivers take any signature that they know.
    for secret in webhook.secrets_at(at_ms) {
        let secret = WebhookSecret::parse(secret)?;
        signatures.push(secret.sign(order.id.as_str(), timestamp, &order.body));
    }
    Ok(Letter {
        url: webhook.url.clone(),
        id: order.id.to_string(),
        timestamp,
        signatures: signatures.join(" "),
        body: order.body.clone(),
    })
}

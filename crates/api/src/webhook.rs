//! Webhooks of an owner.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Timestamp;
use crate::event::EventType;

/// A webhook that is to be made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    /// Where events go, by `POST`: https, without a user, a password or a fragment. Addresses that
    /// are not on the internet are not called.
    #[schema(max_length = 2000, format = "uri")]
    pub url: String,
    /// Of what it wants to hear; of everything where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, max_items = 7)]
    pub events: Option<Vec<EventType>>,
}

/// What an owner changes of a webhook; what is left out stays.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookChange {
    /// Where events go, as with a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000, format = "uri")]
    pub url: Option<String>,
    /// Of what it wants to hear, in place of what it heard of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, max_items = 7)]
    pub events: Option<Vec<EventType>>,
    /// Whether anything is sent to it. What happens while nothing is, it never hears of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// A webhook.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Webhook {
    /// The webhook.
    pub id: String,
    /// Where events go.
    pub url: String,
    /// Of what it hears.
    pub events: Vec<EventType>,
    /// What deliveries are signed with, as Standard Webhooks says. Shown once: when the webhook is
    /// made, or the secret renewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Until when deliveries are signed with the secret before, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_secret_until: Option<Timestamp>,
    /// Whether anything is sent to it. Its owner says so; it ends when the receiver answers 410.
    pub enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// The last try of a delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_delivery: Option<Delivery>,
}

/// The last try of a delivery.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    /// Of which event.
    pub event: String,
    /// What it is about.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// When.
    pub time: Timestamp,
    /// Which try it was, from 1.
    pub attempt: u32,
    /// Whether it was taken.
    pub delivered: bool,
    /// Why it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// All webhooks of an owner, the oldest first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Webhooks {
    /// Without their secrets.
    pub webhooks: Vec<Webhook>,
}

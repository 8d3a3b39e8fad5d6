//! Events, as the bus and webhooks tell them.

use domain::event::News;
use domain::ids::EventId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Timestamp;
use crate::asset::Failure;

/// What happened to an asset.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub enum EventType {
    /// Its upload is complete.
    #[serde(rename = "asset.created")]
    Created,
    /// A job runs.
    #[serde(rename = "asset.processing")]
    Processing,
    /// It plays.
    #[serde(rename = "asset.ready")]
    Ready,
    /// Its newest job failed. An earlier stream keeps playing.
    #[serde(rename = "asset.failed")]
    Failed,
    /// Its owner changed title, tags, visibility or captions.
    #[serde(rename = "asset.changed")]
    Changed,
    /// It is being removed.
    #[serde(rename = "asset.removing")]
    Removing,
    /// It is gone.
    #[serde(rename = "asset.removed")]
    Removed,
}

macro_rules! same {
    ($($name:ident),+) => {
        impl From<domain::event::EventType> for EventType {
            fn from(event: domain::event::EventType) -> Self {
                match event { $(domain::event::EventType::$name => Self::$name,)+ }
            }
        }

        impl From<EventType> for domain::event::EventType {
            fn from(event: EventType) -> Self {
                match event { $(EventType::$name => Self::$name,)+ }
            }
        }
    };
}
same!(
    Created, Processing, Ready, Failed, Changed, Removing, Removed
);

/// An event: the `detail` on the bus, and the body that a webhook gets.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// The event. It may come more than once, with the same id.
    pub id: String,
    /// What happened.
    #[serde(rename = "type")]
    pub event: EventType,
    /// When.
    pub time: Timestamp,
    /// To which asset.
    pub asset: String,
    /// Its newest job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// Whose it is.
    pub owner: String,
    /// What a person calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// For `asset.failed`: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

impl Event {
    /// News, as they are told.
    #[must_use]
    pub fn of(news: &News, id: &EventId, time: Timestamp) -> Self {
        Self {
            id: id.to_string(),
            event: news.event.into(),
            time,
            asset: news.asset.to_string(),
            job: news.job.as_ref().map(ToString::to_string),
            owner: news.owner.clone(),
            title: news.title.clone(),
            error: news.error.as_ref().map(|error| Failure {
                code: error.code,
                message: error.message.clone(),
                advice: error.code.advice().to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_domain() {
        for event in domain::event::EventType::ALL {
            let told = EventType::from(event);
            assert_eq!(serde_json::to_value(told).unwrap(), event.name());
            assert_eq!(domain::event::EventType::from(told), event);
        }
    }
}

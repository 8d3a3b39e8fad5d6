//! A queue of Amazon SQS.

use std::time::Duration;

use domain::webhook::Order;
use futures_util::future::try_join_all;

use crate::classify::classify;
use crate::error::StoreError;
use crate::ports::{HoldMessage, QueueOrders};

/// One queue.
#[derive(Clone, Debug)]
pub struct Queue {
    client: aws_sdk_sqs::Client,
    url: String,
}

impl Queue {
    /// The queue at this URL.
    #[must_use]
    pub fn new(client: aws_sdk_sqs::Client, url: impl Into<String>) -> Self {
        Self {
            client,
            url: url.into(),
        }
    }

    async fn send(&self, order: &Order) -> Result<(), StoreError> {
        let action = || format!("send event {} to {}", order.id, self.url);
        let body = serde_json::to_string(order).map_err(|error| StoreError::Refused {
            action: action(),
            source: Box::new(error),
        })?;
        let call = self.client.send_message().queue_url(&self.url);
        let answer = call.message_body(body).send().await;
        answer.map_err(|error| classify(error, self.what(), action()))?;
        Ok(())
    }

    fn what(&self) -> String {
        format!("queue {}", self.url)
    }
}

impl QueueOrders for Queue {
    async fn queue(&self, orders: &[Order]) -> Result<(), StoreError> {
        let sent = orders.iter().map(|order| self.send(order));
        try_join_all(sent).await?;
        Ok(())
    }
}

impl HoldMessage for Queue {
    async fn hold(&self, receipt: &str, wait: Duration) -> Result<(), StoreError> {
        self.client
            .change_message_visibility()
            .queue_url(&self.url)
            .receipt_handle(receipt)
            .visibility_timeout(i32::try_from(wait.as_secs()).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|error| {
                classify(
                    error,
                    self.what(),
                    format!("hold a message of {}", self.url),
                )
            })?;
        Ok(())
    }
}

//! Webhooks in the table.
//!
//! An owner has a fixed number of places for them, in one item collection. A new webhook takes a
//! place that is free, so many calls at once cannot make too many; one query reads them all.

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::ids::WebhookId;
use domain::webhook::{Delivery, MAX_WEBHOOKS, Outcome, Webhook};

use super::{DynamoDocuments, item};
use crate::attribute::Attributes;
use crate::classify::classify;
use crate::error::StoreError;
use crate::ports::{FindWebhooks, KeepWebhooks, NoteDelivery, StoredWebhook};

const ID: &str = "id";
const DELIVERY: &str = "delivery";
const DISABLED: &str = "disabled";
/// What must hold for a webhook to be changed: its place may have become another's.
const STILL_IT: &str = "#id = :id";

fn write(webhook: &Webhook, place: usize) -> Result<Attributes, StoreError> {
    let mut attributes = item::webhook_key(&webhook.owner, place);
    attributes.insert(item::DOCUMENT.to_owned(), item::document(webhook)?);
    attributes.insert(ID.to_owned(), item::text(webhook.id.as_str()));
    attributes.insert(item::VERSION.to_owned(), item::number(0));
    Ok(attributes)
}

fn read(found: &Attributes) -> Result<StoredWebhook, StoreError> {
    let last = found.get(DELIVERY);
    Ok(StoredWebhook {
        webhook: item::read_document(found)?,
        enabled: !found.contains_key(DISABLED),
        version: item::version(found)?,
        last: last.map(|_| item::read_map(found, DELIVERY)).transpose()?,
    })
}

/// The item's key alone.
fn place_of(found: &Attributes) -> Attributes {
    let key = found
        .iter()
        .filter(|(name, _)| *name == "pk" || *name == "sk");
    key.map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

impl DynamoDocuments {
    async fn places(&self, owner: &str) -> Result<Vec<Attributes>, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
            .expression_attribute_values(":pk", item::text(item::owner_partition(owner)))
            .expression_attribute_values(":sk", item::text(item::WEBHOOK))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| classify(error, self.what(), format!("list webhooks of {owner}")))?;
        Ok(answer.items.unwrap_or_default())
    }

    /// The place of a webhook, if there is one of this id.
    async fn place(&self, owner: &str, id: &WebhookId) -> Result<Option<Attributes>, StoreError> {
        let named = AttributeValue::S(id.to_string());
        let places = self.places(owner).await?;
        Ok(places
            .into_iter()
            .find(|place| place.get(ID) == Some(&named)))
    }

    /// An update of the item in a webhook's place, if it still is there, and `condition`, if any,
    /// holds as well.
    fn update_webhook(
        &self,
        place: &Attributes,
        id: &WebhookId,
        condition: Option<&str>,
    ) -> UpdateItemFluentBuilder {
        let conditions: Vec<_> = std::iter::once(STILL_IT).chain(condition).collect();
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(place_of(place)))
            .condition_expression(conditions.join(" AND "))
            .expression_attribute_names("#id", ID)
            .expression_attribute_values(":id", item::text(id.as_str()))
    }

    /// Sends an update; says whether its condition held.
    async fn updated(
        &self,
        update: UpdateItemFluentBuilder,
        action: String,
    ) -> Result<bool, StoreError> {
        match update.send().await {
            Ok(_) => Ok(true),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(false)
            }
            Err(error) => Err(classify(error, self.what(), action)),
        }
    }
}

impl FindWebhooks for DynamoDocuments {
    async fn webhooks(&self, owner: &str) -> Result<Vec<StoredWebhook>, StoreError> {
        let places = self.places(owner).await?;
        let mut webhooks: Vec<_> = places.iter().map(read).collect::<Result<_, _>>()?;
        webhooks.sort_by_key(|stored| stored.webhook.created_ms);
        Ok(webhooks)
    }

    async fn webhook(
        &self,
        owner: &str,
        id: &WebhookId,
    ) -> Result<Option<StoredWebhook>, StoreError> {
        let place = self.place(owner, id).await?;
        place.as_ref().map(read).transpose()
    }
}

impl KeepWebhooks for DynamoDocuments {
    async fn add_webhook(&self, webhook: &Webhook) -> Result<bool, StoreError> {
        let taken = self.places(&webhook.owner).await?;
        let taken: Vec<_> = taken.iter().map(place_of).collect();
        for place in 0..MAX_WEBHOOKS {
            if taken.contains(&item::webhook_key(&webhook.owner, place)) {
                continue;
            }
            let action = format!("add a webhook of {}", webhook.owner);
            if self.put_new(write(webhook, place)?, action).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn swap_webhook(&self, next: &StoredWebhook) -> Result<bool, StoreError> {
        let webhook = &next.webhook;
        let Some(place) = self.place(&webhook.owner, &webhook.id).await? else {
            return Ok(false);
        };
        let set = "SET #document = :document, #version = :version";
        let mut update = self
            .update_webhook(&place, &webhook.id, Some("#version = :seen"))
            .expression_attribute_names("#document", item::DOCUMENT)
            .expression_attribute_names("#version", item::VERSION)
            .expression_attribute_names("#disabled", DISABLED)
            .expression_attribute_values(":document", item::document(webhook)?)
            .expression_attribute_values(":version", item::number(next.version))
            .expression_attribute_values(":seen", item::number(next.version.saturating_sub(1)));
        update = if next.enabled {
            update.update_expression(format!("{set} REMOVE #disabled"))
        } else {
            update
                .update_expression(format!("{set}, #disabled = :yes"))
                .expression_attribute_values(":yes", AttributeValue::Bool(true))
        };
        let action = format!("change webhook {}", webhook.id);
        self.updated(update, action).await
    }

    async fn drop_webhook(&self, owner: &str, id: &WebhookId) -> Result<bool, StoreError> {
        let Some(place) = self.place(owner, id).await? else {
            return Ok(false);
        };
        let answer = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(place_of(&place)))
            .condition_expression(STILL_IT)
            .expression_attribute_names("#id", ID)
            .expression_attribute_values(":id", item::text(id.as_str()))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(true),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(DeleteItemError::is_conditional_check_failed_exception) =>
            {
                Ok(false)
            }
            Err(error) => Err(classify(error, self.what(), format!("drop webhook {id}"))),
        }
    }
}

impl NoteDelivery for DynamoDocuments {
    async fn note_delivery(
        &self,
        owner: &str,
        id: &WebhookId,
        delivery: &Delivery,
    ) -> Result<(), StoreError> {
        let Some(place) = self.place(owner, id).await? else {
            return Ok(());
        };
        let mut update = self
            .update_webhook(&place, id, None)
            .expression_attribute_names("#delivery", DELIVERY)
            .expression_attribute_values(":delivery", item::document(delivery)?);
        update = if delivery.outcome == Outcome::Gone {
            update
                .update_expression(
                    "SET #delivery = :delivery, #disabled = :yes ADD #version :change",
                )
                .expression_attribute_names("#disabled", DISABLED)
                .expression_attribute_names("#version", item::VERSION)
                .expression_attribute_values(":yes", AttributeValue::Bool(true))
                .expression_attribute_values(":change", item::number(1))
        } else {
            update.update_expression("SET #delivery = :delivery")
        };
        let action = format!("note a delivery to webhook {id}");
        self.updated(update, action).await.map(|_| ())
    }
}

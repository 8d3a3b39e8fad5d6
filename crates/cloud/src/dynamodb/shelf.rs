//! Lists of the index `owner`: an owner's uploads, an owner's assets, the public assets.
//!
//! | list | `owner` | `created_at` |
//! |---|---|---|
//! | open uploads | `uploads/{owner}` | time and id |
//! | assets | `library/{owner}` | time and id |
//! | public assets | `public` | time and id |
//!
//! A place in a list is the `created_at` of the item that it is behind. With the list's own key it
//! makes DynamoDB's start key, so a cursor from outside cannot lead into another list.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{DynamoDocuments, item};
use crate::attribute::Attributes;
use crate::classify::classify;
use crate::error::StoreError;

/// The index of what has an owner, by time.
const OWNER_INDEX: &str = "owner";

/// One list of the index.
pub(super) struct List {
    /// Its key in the index.
    pub(super) owner: String,
    /// The key in the table of the item at a place.
    pub(super) key: fn(&str) -> Attributes,
}

impl DynamoDocuments {
    /// At most `limit` items of a list behind a place, the newest first, and the next place.
    pub(super) async fn page(
        &self,
        list: &List,
        after: Option<&str>,
        limit: u32,
    ) -> Result<(Vec<Attributes>, Option<String>), StoreError> {
        let start = after.map(|place| start_key(list, place));
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(OWNER_INDEX)
            .key_condition_expression("#owner = :owner")
            .expression_attribute_names("#owner", item::OWNER)
            .expression_attribute_values(":owner", item::text(list.owner.as_str()))
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| classify(error, self.what(), format!("list {}", list.owner)))?;
        let next = answer.last_evaluated_key.as_ref().and_then(place);
        Ok((answer.items.unwrap_or_default(), next))
    }
}

fn start_key(list: &List, place: &str) -> HashMap<String, AttributeValue> {
    let mut key = (list.key)(place);
    key.insert(item::OWNER.to_owned(), item::text(list.owner.as_str()));
    key.insert(item::CREATED.to_owned(), item::text(place));
    key
}

fn place(key: &Attributes) -> Option<String> {
    key.get(item::CREATED)?.as_s().ok().cloned()
}

/// The id in a place, which is what follows the time.
pub(super) fn id_at(place: &str) -> &str {
    place.split_once('-').map_or("", |(_, id)| id)
}

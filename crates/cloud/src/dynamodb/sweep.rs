//! What the sweep for uploads without a job asks of the table.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use domain::ids::JobId;
use domain::object::BucketName;
use domain::sweep::Round;

use super::{DynamoDocuments, item, refused};
use crate::attribute::Attributes;
use crate::classify::classify;
use crate::error::{Reason, StoreError};
use crate::ports::{FindUnclaimed, KeepRound};

/// Keys that one `BatchGetItem` takes.
const BATCH: usize = 100;
/// Tries to read a batch; DynamoDB may leave out a part of it each time.
const TRIES: u32 = 6;
/// Wait before the second try; it doubles from there.
const BACKOFF: Duration = Duration::from_millis(50);

impl DynamoDocuments {
    /// The keys of those items that exist.
    async fn existing(&self, keys: Vec<Attributes>) -> Result<Vec<Attributes>, StoreError> {
        let action = "find out which jobs are known";
        let mut found = Vec::new();
        let mut left = KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .projection_expression("pk")
            .build()
            .map_err(|error| refused(action, error))?;
        for attempt in 0..TRIES {
            let answer = self
                .client
                .batch_get_item()
                .request_items(&self.table, left)
                .send()
                .await
                .map_err(|error| classify(error, self.what(), action.to_owned()))?;
            found.extend(answer.responses.unwrap_or_default().into_values().flatten());
            match answer
                .unprocessed_keys
                .unwrap_or_default()
                .remove(&self.table)
            {
                None => return Ok(found),
                Some(unprocessed) => left = unprocessed,
            }
            tokio::time::sleep(BACKOFF * 2_u32.pow(attempt)).await;
        }
        Err(StoreError::Unavailable {
            action: action.to_owned(),
            source: Box::new(Reason("a part of the batch was left out each time")),
        })
    }
}

impl FindUnclaimed for DynamoDocuments {
    async fn unclaimed(&self, jobs: &[JobId]) -> Result<BTreeSet<JobId>, StoreError> {
        // One key may come once in a batch.
        let mut unclaimed: BTreeSet<JobId> = jobs.iter().cloned().collect();
        let jobs: Vec<JobId> = unclaimed.iter().cloned().collect();
        for batch in jobs.chunks(BATCH) {
            let keys: HashMap<String, &JobId> = batch
                .iter()
                .map(|job| (item::job_partition(job), job))
                .collect();
            let found = self
                .existing(batch.iter().map(item::job_key).collect())
                .await?;
            for known in found.iter().filter_map(|known| known.get("pk")) {
                if let Some(job) = known.as_s().ok().and_then(|pk| keys.get(pk)) {
                    unclaimed.remove(*job);
                }
            }
        }
        Ok(unclaimed)
    }
}

impl KeepRound for DynamoDocuments {
    async fn round(&self, bucket: &BucketName) -> Result<Option<Round>, StoreError> {
        let action = format!("read how far the sweep of {bucket} is");
        let found = self.get(item::round_key(bucket), action).await?;
        found.as_ref().map(item::read_document).transpose()
    }

    async fn swap_round(&self, bucket: &BucketName, next: &Round) -> Result<bool, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item::write_round(bucket, next)?));
        let put = match next.version {
            1 => put.condition_expression("attribute_not_exists(pk)"),
            version => put
                .condition_expression("#version = :before")
                .expression_attribute_names("#version", item::VERSION)
                .expression_attribute_values(":before", item::number(version.saturating_sub(1))),
        };
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(PutItemError::is_conditional_check_failed_exception) =>
            {
                Ok(false)
            }
            Err(error) => {
                let action = format!("write how far the sweep of {bucket} is");
                Err(classify(error, self.what(), action))
            }
        }
    }
}

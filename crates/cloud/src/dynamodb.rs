//! Jobs and assets in one DynamoDB table.
//!
//! | item | `pk` | `sk` | attributes beside `document` |
//! |---|---|---|---|
//! | job | `JOB#{job}` | `JOB` | `state`, `asset`, `owner`, `order`, `claimed_at` (ms) |
//! | asset | `ASSET#{asset}` | `ASSET` | `state`, `owner`, `newest`, `published`, `revision` |
//!
//! `document` is the record as a native map, so that the console and a query can look into it;
//! the attributes beside it are what conditions and indexes need.
//!
//! The role needs `dynamodb:GetItem`, `PutItem`, `UpdateItem` and `ConditionCheckItem`, each only
//! where the port that is used needs it: reading the first, claiming the first two, finishing all.

mod item;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Get, Put, ReturnValuesOnConditionCheckFailure,
    TransactGetItem, TransactWriteItem, Update,
};
use domain::ids::{AssetId, JobId};
use domain::job::{AssetDocument, JobRecord};

use crate::attribute::Attributes;
use crate::classify::classify;
use crate::error::StoreError;
use crate::finish::{Finished, JobOrder, JobOutcome, Settlement, StoredAsset, StoredJob, settle};
use crate::ports::{Claim, ClaimJob, FinishJob, ReadDocuments, UploadedAt};

/// Tries to finish a job while others write the same asset.
const FINISH_ATTEMPTS: u32 = 10;
/// Wait before the second try; each further one waits as much longer.
const FINISH_BACKOFF: Duration = Duration::from_millis(20);

/// Both document ports, on one table.
#[derive(Clone, Debug)]
pub struct DynamoDocuments {
    client: Client,
    table: String,
}

/// Whether a transaction went through.
#[derive(PartialEq, Eq)]
enum Written {
    Yes,
    /// Somebody else wrote in between.
    No,
}

impl DynamoDocuments {
    /// The documents in the table of this name.
    #[must_use]
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self {
            client,
            table: table.into(),
        }
    }

    fn what(&self) -> String {
        format!("table {}", self.table)
    }

    async fn get(&self, key: Attributes, action: String) -> Result<Option<Attributes>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| classify(error, self.what(), action))?;
        Ok(answer.item)
    }

    /// The job and its asset, as they were at one instant; none when a write was under way.
    async fn snapshot(
        &self,
        job: &JobId,
        asset: &AssetId,
    ) -> Result<Option<(StoredJob, Option<StoredAsset>)>, StoreError> {
        let action = format!("read job {job} and its asset");
        let answer = self
            .client
            .transact_get_items()
            .transact_items(self.read(item::job_key(job), &action)?)
            .transact_items(self.read(item::asset_key(asset), &action)?)
            .send()
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if is_conflict(get_reasons(&error)) => return Ok(None),
            Err(error) => return Err(classify(error, self.what(), action)),
        };
        let mut items = answer.responses().iter().map(|response| response.item());
        let job_item = items.next().flatten().ok_or_else(|| unknown(job))?;
        let asset_item = items.next().flatten();
        Ok(Some((
            item::read_job(job_item)?,
            asset_item.map(item::read_asset).transpose()?,
        )))
    }

    fn read(&self, key: Attributes, action: &str) -> Result<TransactGetItem, StoreError> {
        let get = Get::builder()
            .table_name(&self.table)
            .set_key(Some(key))
            .build()
            .map_err(|error| refused(action, error))?;
        Ok(TransactGetItem::builder().get(get).build())
    }

    async fn write(
        &self,
        items: Vec<TransactWriteItem>,
        action: &str,
    ) -> Result<Written, StoreError> {
        let answer = self
            .client
            .transact_write_items()
            .set_transact_items(Some(items))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(Written::Yes),
            Err(error) if is_conflict(write_reasons(&error)) => Ok(Written::No),
            Err(error) => Err(classify(error, self.what(), action)),
        }
    }

    /// The job's new record, if it stands where it stood.
    fn job_update(
        &self,
        before: &StoredJob,
        record: &JobRecord,
        action: &str,
    ) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(item::job_key(&record.job)))
            .update_expression("SET #document = :document, #state = :state")
            .condition_expression("#state = :before")
            .expression_attribute_names("#document", item::DOCUMENT)
            .expression_attribute_names("#state", item::STATE)
            .expression_attribute_values(":document", item::document(record)?)
            .expression_attribute_values(":state", item::state(record.state))
            .expression_attribute_values(":before", item::state(before.record.state))
            .build()
            .map_err(|error| refused(action, error))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// The asset's new document, if its revision is the one before.
    fn asset_put(
        &self,
        before: Option<&StoredAsset>,
        asset: &StoredAsset,
        action: &str,
    ) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item::write_asset(asset)?));
        let put = match before {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(before) => put
                .condition_expression("#revision = :revision")
                .expression_attribute_names("#revision", item::REVISION)
                .expression_attribute_values(":revision", item::number(before.revision)),
        };
        let put = put.build().map_err(|error| refused(action, error))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Nothing, if the asset's revision is the one before.
    fn asset_check(
        &self,
        before: &StoredAsset,
        action: &str,
    ) -> Result<TransactWriteItem, StoreError> {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(item::asset_key(&before.document.asset)))
            .condition_expression("#revision = :revision")
            .expression_attribute_names("#revision", item::REVISION)
            .expression_attribute_values(":revision", item::number(before.revision))
            .build()
            .map_err(|error| refused(action, error))?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    /// One try to finish; none when somebody else wrote in between.
    async fn try_finish(
        &self,
        job: &JobId,
        asset: &AssetId,
        outcome: &JobOutcome,
    ) -> Result<Option<Finished>, StoreError> {
        let action = format!("write the end of job {job}");
        let Some((stored, before)) = self.snapshot(job, asset).await? else {
            return Ok(None);
        };
        let (record, after, items) = match (settle(&stored, before.as_ref(), outcome), &before) {
            (Settlement::Both(record, after), _) => {
                let items = vec![
                    self.job_update(&stored, &record, &action)?,
                    self.asset_put(before.as_ref(), &after, &action)?,
                ];
                (*record, *after, items)
            }
            (Settlement::Record(record), Some(before)) => {
                let items = vec![
                    self.job_update(&stored, &record, &action)?,
                    self.asset_check(before, &action)?,
                ];
                (*record, before.clone(), items)
            }
            (Settlement::Unchanged, Some(before)) => (stored.record, before.clone(), Vec::new()),
            // An asset that does not exist yet is always written.
            (Settlement::Unchanged | Settlement::Record(_), None) => return Ok(None),
        };
        if !items.is_empty() && self.write(items, &action).await? == Written::No {
            return Ok(None);
        }
        Ok(Some(Finished {
            record,
            asset: after.document,
            revision: after.revision,
        }))
    }
}

impl ClaimJob for DynamoDocuments {
    async fn claim(&self, record: &JobRecord, uploaded: UploadedAt) -> Result<Claim, StoreError> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let claimed_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let stored = StoredJob {
            record: record.clone(),
            order: JobOrder::new(record, uploaded, claimed_ms),
        };
        let answer = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item::write_job(&stored, claimed_ms)?))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = answer else {
            return Ok(Claim::New);
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                let known = match failed.item() {
                    Some(known) => item::read_job(known)?.record,
                    None => self
                        .job(&record.job)
                        .await?
                        .ok_or_else(|| unknown(&record.job))?,
                };
                Ok(Claim::Known(known))
            }
            _ => Err(classify(
                error,
                self.what(),
                format!("claim job {}", record.job),
            )),
        }
    }
}

impl ReadDocuments for DynamoDocuments {
    async fn job(&self, job: &JobId) -> Result<Option<JobRecord>, StoreError> {
        let found = self
            .get(item::job_key(job), format!("read job {job}"))
            .await?;
        found
            .map(|found| Ok(item::read_job(&found)?.record))
            .transpose()
    }

    async fn asset(&self, asset: &AssetId) -> Result<Option<AssetDocument>, StoreError> {
        let found = self
            .get(item::asset_key(asset), format!("read asset {asset}"))
            .await?;
        found
            .map(|found| Ok(item::read_asset(&found)?.document))
            .transpose()
    }
}

impl FinishJob for DynamoDocuments {
    async fn finish(&self, job: &JobId, outcome: &JobOutcome) -> Result<Finished, StoreError> {
        let record = self.job(job).await?.ok_or_else(|| unknown(job))?;
        for attempt in 1..=FINISH_ATTEMPTS {
            if let Some(finished) = self.try_finish(job, &record.asset, outcome).await? {
                return Ok(finished);
            }
            tokio::time::sleep(FINISH_BACKOFF * attempt).await;
        }
        Err(StoreError::Contended {
            what: format!("asset {}", record.asset),
            attempts: FINISH_ATTEMPTS,
        })
    }
}

fn unknown(job: &JobId) -> StoreError {
    StoreError::NotFound {
        what: format!("job {job}"),
    }
}

fn refused(action: &str, error: aws_sdk_dynamodb::error::BuildError) -> StoreError {
    StoreError::Refused {
        action: action.to_owned(),
        source: Box::new(error),
    }
}

fn write_reasons<R>(error: &SdkError<TransactWriteItemsError, R>) -> &[CancellationReason] {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
            canceled.cancellation_reasons()
        }
        _ => &[],
    }
}

fn get_reasons<R>(error: &SdkError<TransactGetItemsError, R>) -> &[CancellationReason] {
    match error.as_service_error() {
        Some(TransactGetItemsError::TransactionCanceledException(canceled)) => {
            canceled.cancellation_reasons()
        }
        _ => &[],
    }
}

/// Whether somebody else's write is the only reason.
fn is_conflict(reasons: &[CancellationReason]) -> bool {
    let mut codes = reasons
        .iter()
        .filter_map(CancellationReason::code)
        .peekable();
    codes.peek().is_some()
        && codes.all(|code| {
            matches!(
                code,
                "None" | "ConditionalCheckFailed" | "TransactionConflict"
            )
        })
}

//! Jobs and assets in one DynamoDB table.
//!
//! | item | `pk` | `sk` | attributes beside `document` |
//! |---|---|---|---|
//! | job | `JOB#{job}` | `JOB` | `state`, `asset`, `owner`, `order`, `lease`, `version`, `open`, `lease_expires_at` (ms) |
//! | asset | `ASSET#{asset}` | `ASSET` | `state`, `owner`, `newest`, `published`, `revision` |
//! | entry of the library | `ASSET#{asset}` | `ENTRY` | `owner`, `created_at`, `version`, `job`, `order` |
//! | card of a public asset | `ASSET#{asset}` | `CARD` | `owner`, `created_at` |
//! | upload in parts | `UPLOAD#{upload}` | `UPLOAD` | `owner`, `created_at`, `expires_at` (s) |
//! | webhook | `OWNER#{owner}` | `WEBHOOK#{place}` | `id`, `delivery`, `disabled` |
//! | round of the sweep | `SWEEP#{bucket}` | `SWEEP` | `version` |
//!
//! `document` is the record as a native map, so that the console and a query can look into it;
//! the attributes beside it are what conditions and indexes need. Running jobs alone have `open`
//! and `lease_expires_at`, the keys of the index `open`, by which the sweep finds them.
//! Entries, cards and open uploads alone have `created_at`, and so are in the index `owner`; their
//! `owner` names a list, the `dynamodb::shelf` module has which.
//!
//! The role needs `dynamodb:GetItem`, `PutItem`, `UpdateItem` and `ConditionCheckItem`, each only
//! where the port that is used needs it: reading the first, claiming and leasing the first two,
//! finishing all; the sweep also `dynamodb:BatchGetItem`, and `Query` on the index.

mod item;
mod library;
mod shelf;
pub mod stream;
mod sweep;
mod uploads;
mod webhooks;

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Get, Put, ReturnValuesOnConditionCheckFailure,
    TransactGetItem, TransactWriteItem, Update,
};
use domain::ids::{AssetId, JobId};
use domain::job::{AssetDocument, JobRecord};

use crate::attribute::Attributes;
use crate::classify::classify;
use crate::error::StoreError;
use crate::finish::{Finished, JobOutcome, Settlement, StoredAsset, StoredJob, settle};
use crate::lease::now_ms;
use crate::ports::{Claim, ClaimJob, FindExpired, FinishJob, KeepJob, ReadDocuments, UploadedAt};

/// The index of running jobs by the end of their lease.
const OPEN_INDEX: &str = "open";
/// Most jobs of a shard that one sweep looks at.
const EXPIRED_PER_SHARD: i32 = 25;
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

/// One try to write how a job ended.
enum Try {
    Done(Box<Finished>),
    /// Another attempt has taken over.
    Stale,
    /// Somebody else wrote in between.
    Again,
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

    /// Puts an item where none is; says whether none was.
    async fn put_new(&self, new: Attributes, action: String) -> Result<bool, StoreError> {
        let answer = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(new))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await;
        match answer {
            Ok(_) => Ok(true),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(PutItemError::is_conditional_check_failed_exception) =>
            {
                Ok(false)
            }
            Err(error) => Err(classify(error, self.what(), action)),
        }
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
            // The job has ended: it leaves the index of running jobs.
            .update_expression(
                "SET #document = :document, #state = :state, #version = :next \
                 REMOVE #open, #expires",
            )
            .condition_expression("#version = :seen")
            .expression_attribute_names("#document", item::DOCUMENT)
            .expression_attribute_names("#state", item::STATE)
            .expression_attribute_names("#version", item::VERSION)
            .expression_attribute_names("#open", item::OPEN)
            .expression_attribute_names("#expires", item::EXPIRES)
            .expression_attribute_values(":document", item::document(record)?)
            .expression_attribute_values(":state", item::state(record.state))
            .expression_attribute_values(":seen", item::number(before.version))
            .expression_attribute_values(":next", item::number(before.version + 1))
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

    /// One try to finish.
    async fn try_finish(
        &self,
        job: &JobId,
        asset: &AssetId,
        attempt: u32,
        outcome: &JobOutcome,
    ) -> Result<Try, StoreError> {
        let action = format!("write the end of job {job}");
        let Some((stored, before)) = self.snapshot(job, asset).await? else {
            return Ok(Try::Again);
        };
        let settlement = settle(&stored, before.as_ref(), attempt, outcome);
        let (record, after, items) = match (settlement, &before) {
            (Settlement::Stale, _) => return Ok(Try::Stale),
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
            (Settlement::Unchanged | Settlement::Record(_), None) => return Ok(Try::Again),
        };
        if !items.is_empty() && self.write(items, &action).await? == Written::No {
            return Ok(Try::Again);
        }
        Ok(Try::Done(Box::new(Finished {
            record,
            asset: after.document,
            revision: after.revision,
        })))
    }
}

impl ClaimJob for DynamoDocuments {
    async fn claim(&self, record: &JobRecord, uploaded: UploadedAt) -> Result<Claim, StoreError> {
        let stored = StoredJob::claimed(record.clone(), uploaded, now_ms());
        let answer = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item::write_job(&stored)?))
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
                    Some(known) => item::read_job(known)?,
                    None => self
                        .load(&record.job)
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
        Ok(self.load(job).await?.map(|stored| stored.record))
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

impl KeepJob for DynamoDocuments {
    async fn load(&self, job: &JobId) -> Result<Option<StoredJob>, StoreError> {
        let found = self
            .get(item::job_key(job), format!("read job {job}"))
            .await?;
        found.as_ref().map(item::read_job).transpose()
    }

    async fn swap(&self, seen: &StoredJob, next: &StoredJob) -> Result<bool, StoreError> {
        // An update, not a put: what encoders may do is to change a job that is there.
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item::job_key(&seen.record.job)))
            .condition_expression("#version = :seen")
            .expression_attribute_values(":seen", item::number(seen.version));
        let mut assignments = Vec::new();
        for (name, value) in item::job_fields(next)? {
            assignments.push(format!("#{name} = :{name}"));
            update = update
                .expression_attribute_names(format!("#{name}"), &name)
                .expression_attribute_values(format!(":{name}"), value);
        }
        let expression = format!("SET {}", assignments.join(", "));
        match update.update_expression(expression).send().await {
            Ok(_) => Ok(true),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(false)
            }
            Err(error) => {
                let action = format!("write job {}", seen.record.job);
                Err(classify(error, self.what(), action))
            }
        }
    }
}

impl FindExpired for DynamoDocuments {
    async fn expired(&self, now_ms: u64) -> Result<Vec<StoredJob>, StoreError> {
        let mut jobs = Vec::new();
        for shard in 0..item::SHARDS {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .index_name(OPEN_INDEX)
                .key_condition_expression("#open = :shard AND #expires <= :now")
                .expression_attribute_names("#open", item::OPEN)
                .expression_attribute_names("#expires", item::EXPIRES)
                .expression_attribute_values(":shard", item::text(item::shard_name(shard)))
                .expression_attribute_values(":now", item::number(now_ms))
                .limit(EXPIRED_PER_SHARD)
                .send()
                .await
                .map_err(|error| {
                    classify(
                        error,
                        self.what(),
                        "find jobs that nobody works on".to_owned(),
                    )
                })?;
            for found in answer.items() {
                jobs.push(item::read_job(found)?);
            }
        }
        jobs.sort_by_key(|job| job.lease.expires_ms);
        Ok(jobs)
    }
}

impl FinishJob for DynamoDocuments {
    async fn finish(
        &self,
        job: &JobId,
        attempt: u32,
        outcome: &JobOutcome,
    ) -> Result<Option<Finished>, StoreError> {
        let record = self.job(job).await?.ok_or_else(|| unknown(job))?;
        for tried in 1..=FINISH_ATTEMPTS {
            match self
                .try_finish(job, &record.asset, attempt, outcome)
                .await?
            {
                Try::Done(finished) => return Ok(Some(*finished)),
                Try::Stale => return Ok(None),
                Try::Again => tokio::time::sleep(FINISH_BACKOFF * tried).await,
            }
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

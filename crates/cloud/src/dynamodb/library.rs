//! The library in the table.
//!
//! A public asset has a second item, its card, in the list of public assets. Entry and card are
//! written in one transaction.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem, Update};
use domain::ids::{AssetId, JobId};
use domain::library::{LibraryEntry, Visibility};
use futures_util::future::try_join_all;

use super::shelf::{List, id_at};
use super::{DynamoDocuments, Written, item, refused};
use crate::attribute::Attributes;
use crate::classify::classify;
use crate::error::StoreError;
use crate::finish::JobOrder;
use crate::ports::{EntryPage, ForgetAsset, KeepLibrary, NoteCaptions, Shelf, StoredEntry};

pub(super) const JOB: &str = "job";
/// What the attributes begin with that say which captions a job's manifests have.
const CAPTIONED: &str = "captioned#";

fn own(owner: &str) -> List {
    List {
        owner: format!("library/{owner}"),
        key: |place| item::entry_key(id_at(place)),
    }
}

fn public() -> List {
    List {
        owner: "public".to_owned(),
        key: |place| item::card_key(id_at(place)),
    }
}

/// The attributes of an entry beside its key and its job.
fn fields(entry: &LibraryEntry, version: u64) -> Result<Attributes, StoreError> {
    Ok(Attributes::from([
        (item::DOCUMENT.to_owned(), item::document(entry)?),
        (item::OWNER.to_owned(), item::text(own(&entry.owner).owner)),
        (item::CREATED.to_owned(), item::text(entry.place())),
        (item::VERSION.to_owned(), item::number(version)),
    ]))
}

fn read(found: &Attributes) -> Result<StoredEntry, StoreError> {
    let job = found.get(JOB).and_then(|job| job.as_s().ok());
    Ok(StoredEntry {
        entry: item::read_document(found)?,
        job: job.and_then(|job| JobId::new(job).ok()),
        version: item::version(found)?,
        captioned: captioned(found),
    })
}

/// One attribute for each job, so that no job's note meets another's.
fn captioned(found: &Attributes) -> BTreeMap<JobId, u64> {
    let noted = found.iter().filter_map(|(name, revision)| {
        let job = JobId::new(name.strip_prefix(CAPTIONED)?).ok()?;
        Some((job, revision.as_n().ok()?.parse().ok()?))
    });
    noted.collect()
}

impl DynamoDocuments {
    /// Replaces the entry's fields where its version is still `seen`; its job stays.
    fn entry_update(
        &self,
        next: &LibraryEntry,
        seen: u64,
        action: &str,
    ) -> Result<TransactWriteItem, StoreError> {
        let mut update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(item::entry_key(next.asset.as_str())))
            .condition_expression("#version = :seen")
            .expression_attribute_values(":seen", item::number(seen));
        let mut assignments = Vec::new();
        for (name, value) in fields(next, seen + 1)? {
            assignments.push(format!("#{name} = :{name}"));
            update = update
                .expression_attribute_names(format!("#{name}"), &name)
                .expression_attribute_values(format!(":{name}"), value);
        }
        let update = update
            .update_expression(format!("SET {}", assignments.join(", ")))
            .build()
            .map_err(|error| refused(action, error))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Puts the card of a public asset into the list, or takes it away.
    fn card(&self, entry: &LibraryEntry, action: &str) -> Result<TransactWriteItem, StoreError> {
        let key = item::card_key(entry.asset.as_str());
        if entry.visibility != Visibility::Public || entry.removing {
            let delete = Delete::builder()
                .table_name(&self.table)
                .set_key(Some(key))
                .build()
                .map_err(|error| refused(action, error))?;
            return Ok(TransactWriteItem::builder().delete(delete).build());
        }
        let mut card = key;
        card.insert(item::OWNER.to_owned(), item::text(public().owner));
        card.insert(item::CREATED.to_owned(), item::text(entry.place()));
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(card))
            .build()
            .map_err(|error| refused(action, error))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// What an update says that does nothing where its condition does not hold.
    fn noted(
        &self,
        answer: Result<UpdateItemOutput, SdkError<UpdateItemError>>,
        action: String,
    ) -> Result<(), StoreError> {
        match answer {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(())
            }
            Err(error) => Err(classify(error, self.what(), action)),
        }
    }

    pub(super) async fn delete(&self, key: Attributes, action: String) -> Result<(), StoreError> {
        self.client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .send()
            .await
            .map_err(|error| classify(error, self.what(), action))?;
        Ok(())
    }
}

impl NoteCaptions for DynamoDocuments {
    async fn note_captions(
        &self,
        asset: &AssetId,
        job: &JobId,
        revision: u64,
    ) -> Result<(), StoreError> {
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item::entry_key(asset.as_str())))
            .condition_expression(
                "attribute_exists(pk) AND (attribute_not_exists(#made) OR #made < :made)",
            )
            .update_expression("SET #made = :made")
            .expression_attribute_names("#made", format!("{CAPTIONED}{job}"))
            .expression_attribute_values(":made", item::number(revision))
            .send()
            .await;
        self.noted(answer, format!("note the captions of asset {asset}"))
    }
}

impl ForgetAsset for DynamoDocuments {
    async fn forget(&self, asset: &AssetId, job: &JobId) -> Result<(), StoreError> {
        let action = || format!("forget asset {asset}");
        self.delete(item::asset_key(asset), action()).await?;
        self.delete(item::job_key(job), action()).await
    }
}

impl KeepLibrary for DynamoDocuments {
    async fn enter(&self, entry: &LibraryEntry) -> Result<bool, StoreError> {
        let mut attributes = item::entry_key(entry.asset.as_str());
        attributes.extend(fields(entry, 1)?);
        let action = format!("enter asset {}", entry.asset);
        self.put_new(attributes, action).await
    }

    async fn note_job(
        &self,
        asset: &AssetId,
        job: &JobId,
        order: &JobOrder,
    ) -> Result<(), StoreError> {
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item::entry_key(asset.as_str())))
            .condition_expression(
                "attribute_exists(pk) AND (attribute_not_exists(#order) OR #order < :order)",
            )
            .update_expression("SET #job = :job, #order = :order")
            .expression_attribute_names("#job", JOB)
            .expression_attribute_names("#order", item::ORDER)
            .expression_attribute_values(":job", item::text(job.as_str()))
            .expression_attribute_values(":order", item::text(order.as_str()))
            .send()
            .await;
        self.noted(answer, format!("note the job of asset {asset}"))
    }

    async fn entry(&self, asset: &AssetId) -> Result<Option<StoredEntry>, StoreError> {
        let key = item::entry_key(asset.as_str());
        let found = self.get(key, format!("read asset {asset}")).await?;
        found.as_ref().map(read).transpose()
    }

    async fn change_entry(
        &self,
        seen: &StoredEntry,
        next: &LibraryEntry,
    ) -> Result<bool, StoreError> {
        let action = format!("change asset {}", next.asset);
        let items = vec![
            self.entry_update(next, seen.version, &action)?,
            self.card(next, &action)?,
        ];
        Ok(self.write(items, &action).await? == Written::Yes)
    }

    async fn strike(&self, asset: &AssetId) -> Result<(), StoreError> {
        let action = || format!("strike asset {asset}");
        // The card first: it must not be left behind.
        self.delete(item::card_key(asset.as_str()), action())
            .await?;
        self.delete(item::entry_key(asset.as_str()), action()).await
    }

    async fn entries(
        &self,
        of: Shelf<'_>,
        after: Option<&str>,
        limit: u32,
    ) -> Result<EntryPage, StoreError> {
        let (entries, next) = match of {
            Shelf::Owner(owner) => {
                let (items, next) = self.page(&own(owner), after, limit).await?;
                (items.iter().map(read).collect::<Result<_, _>>()?, next)
            }
            Shelf::Public => {
                let (cards, next) = self.page(&public(), after, limit).await?;
                let assets = cards.iter().filter_map(item::asset_of);
                let found = assets.map(async |asset| self.entry(&asset).await);
                let found = try_join_all(found).await?;
                (found.into_iter().flatten().collect(), next)
            }
        };
        Ok(EntryPage { entries, next })
    }
}

//! Uploads in the table.

use domain::ids::{AssetId, UploadId};
use domain::upload::{UploadRecord, UploadState};

use super::shelf::{List, id_at};
use super::{DynamoDocuments, item};
use crate::attribute::Attributes;
use crate::classify::classify;
use crate::error::StoreError;
use crate::ports::{ForgetUpload, KeepUploads, UploadPage};

fn list(owner: &str) -> List {
    List {
        owner: format!("uploads/{owner}"),
        key: |place| item::upload_key(id_at(place)),
    }
}

fn write(record: &UploadRecord) -> Result<Attributes, StoreError> {
    let mut attributes = item::upload_key(record.id.as_str());
    attributes.insert(item::DOCUMENT.to_owned(), item::document(record)?);
    let forgotten = item::number(record.expires_ms / 1000);
    attributes.insert(item::FORGOTTEN.to_owned(), forgotten);
    // Only open uploads are listed.
    if record.state == UploadState::Open {
        let place = format!("{:020}-{}", record.created_ms, record.id);
        attributes.insert(
            item::OWNER.to_owned(),
            item::text(list(&record.owner).owner),
        );
        attributes.insert(item::CREATED.to_owned(), item::text(place));
    }
    Ok(attributes)
}

impl ForgetUpload for DynamoDocuments {
    async fn forget_upload(&self, id: &UploadId, asset: &AssetId) -> Result<(), StoreError> {
        let known = self.upload(id).await?;
        if known.is_some_and(|record| record.asset() == *asset) {
            let key = item::upload_key(id.as_str());
            self.delete(key, format!("forget upload {id}")).await?;
        }
        Ok(())
    }
}

impl KeepUploads for DynamoDocuments {
    async fn keep_upload(&self, record: &UploadRecord) -> Result<(), StoreError> {
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(write(record)?))
            .send()
            .await
            .map_err(|error| classify(error, self.what(), format!("write upload {}", record.id)))?;
        Ok(())
    }

    async fn upload(&self, id: &UploadId) -> Result<Option<UploadRecord>, StoreError> {
        let key = item::upload_key(id.as_str());
        let found = self.get(key, format!("read upload {id}")).await?;
        found.as_ref().map(item::read_document).transpose()
    }

    async fn open_uploads(
        &self,
        owner: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<UploadPage, StoreError> {
        let (items, next) = self.page(&list(owner), after, limit).await?;
        let uploads = items.iter().map(item::read_document);
        Ok(UploadPage {
            uploads: uploads.collect::<Result<_, _>>()?,
            next,
        })
    }
}

//! Multipart uploads whose parts somebody else sends.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart, Part};
use domain::object::ObjectRef;
use domain::upload::UploadedPart;

use super::{S3Store, length};
use crate::classify::{classify, status};
use crate::error::{Reason, StoreError};
use crate::ports::{PartToSign, SignedPut, TakeParts};
use crate::signed_url::SignedUrl;

/// Headers that every client sends by itself, and that a browser lets no page set.
const OWN_HEADERS: [&str; 2] = ["content-length", "host"];

impl S3Store {
    /// Everything that `ListParts` says, page after page.
    async fn list_parts(
        &self,
        object: &ObjectRef,
        multipart: &str,
    ) -> Result<Vec<Part>, StoreError> {
        let mut pages = self
            .client
            .list_parts()
            .bucket(object.bucket.as_str())
            .key(object.key.as_str())
            .upload_id(multipart)
            .into_paginator()
            .send();
        let mut parts = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                let action = format!("list the parts of {object}");
                classify(error, format!("the upload of {object}"), action)
            })?;
            parts.extend(page.parts.unwrap_or_default());
        }
        Ok(parts)
    }
}

impl TakeParts for S3Store {
    async fn begin_parts(
        &self,
        object: &ObjectRef,
        media_type: &str,
        part_sha256: bool,
    ) -> Result<String, StoreError> {
        let action = || format!("begin the upload of {object}");
        let answer = self
            .client
            .create_multipart_upload()
            .bucket(object.bucket.as_str())
            .key(object.key.as_str())
            .content_type(media_type)
            // S3 takes checksums of parts only in an upload that announced them.
            .set_checksum_algorithm(part_sha256.then_some(ChecksumAlgorithm::Sha256))
            .send()
            .await
            .map_err(|error| classify(error, object.to_string(), action()))?;
        answer.upload_id.ok_or_else(|| StoreError::Unavailable {
            action: action(),
            source: Box::new(Reason("the answer names no upload")),
        })
    }

    async fn sign_part(
        &self,
        object: &ObjectRef,
        multipart: &str,
        part: &PartToSign,
        lifetime: Duration,
    ) -> Result<SignedPut, StoreError> {
        let action = || format!("sign a part of {object}");
        let config =
            PresigningConfig::expires_in(lifetime).map_err(|error| StoreError::Refused {
                action: action(),
                source: Box::new(error),
            })?;
        let request = self
            .client
            .upload_part()
            .bucket(object.bucket.as_str())
            .key(object.key.as_str())
            .upload_id(multipart)
            .part_number(i32::try_from(part.number).unwrap_or(i32::MAX))
            // Signed, so that nobody sends more than was announced.
            .content_length(i64::try_from(part.size).unwrap_or(i64::MAX))
            .set_checksum_sha256(part.sha256.clone())
            .presigned(config)
            .await
            .map_err(|error| StoreError::Unavailable {
                action: action(),
                source: Box::new(error),
            })?;
        let headers: BTreeMap<String, String> = request
            .headers()
            .filter(|(name, _)| !OWN_HEADERS.contains(name))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Ok(SignedPut {
            url: SignedUrl::new(request.uri()),
            headers,
        })
    }

    async fn arrived(
        &self,
        object: &ObjectRef,
        multipart: &str,
    ) -> Result<Vec<UploadedPart>, StoreError> {
        let parts = self.list_parts(object, multipart).await?;
        let arrived = parts.iter().filter_map(|part| {
            Some(UploadedPart {
                number: u32::try_from(part.part_number()?).ok()?,
                size: length(part.size()),
            })
        });
        Ok(arrived.collect())
    }

    async fn join_parts(&self, object: &ObjectRef, multipart: &str) -> Result<(), StoreError> {
        let parts = self.list_parts(object, multipart).await?;
        let parts = parts.into_iter().map(|part| {
            CompletedPart::builder()
                .set_part_number(part.part_number)
                .set_e_tag(part.e_tag)
                .set_checksum_sha256(part.checksum_sha256)
                .build()
        });
        let parts = CompletedMultipartUpload::builder()
            .set_parts(Some(parts.collect()))
            .build();
        self.client
            .complete_multipart_upload()
            .bucket(object.bucket.as_str())
            .key(object.key.as_str())
            .upload_id(multipart)
            .multipart_upload(parts)
            .send()
            .await
            .map_err(|error| {
                let action = format!("complete the upload of {object}");
                classify(error, format!("the upload of {object}"), action)
            })?;
        Ok(())
    }

    async fn drop_parts(&self, object: &ObjectRef, multipart: &str) -> Result<(), StoreError> {
        let answer = self
            .client
            .abort_multipart_upload()
            .bucket(object.bucket.as_str())
            .key(object.key.as_str())
            .upload_id(multipart)
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(error) if status(&error) == Some(404) => Ok(()),
            Err(error) => Err(classify(
                error,
                object.to_string(),
                format!("give up the upload of {object}"),
            )),
        }
    }
}

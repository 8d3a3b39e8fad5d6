//! Objects in Amazon S3.
//!
//! The role needs `s3:ListBucket` beside `s3:GetObject`: without it S3 answers a missing key with
//! "access denied", and a missing object would read as a wrong policy.

mod parts;
mod sources;
mod upload;

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use bytes::Bytes;
use domain::object::{BucketName, ObjectKey, ObjectRef, SourceObject};

use crate::classify::{classify, status};
use crate::content::Content;
use crate::error::{Reason, StoreError};
use crate::ports::{
    DeleteObject, DeletePrefix, DescribeSource, FindSource, ListObjects, ObjectEntry, READ_MAX,
    ReadObject, ReadRange, SignObject, SignSource, SourceFacts, UploadFile, UploadedAt,
    WriteObject,
};
use crate::signed_url::SignedUrl;

/// Tries to read an answer's body; the SDK itself retries only up to the headers.
const BODY_ATTEMPTS: u32 = 3;

/// Keys that one `DeleteObjects` takes.
const DELETE_BATCH: usize = 1000;

/// All object ports, on S3.
#[derive(Clone, Debug)]
pub struct S3Store {
    client: Client,
}

impl S3Store {
    /// Wraps a client.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// One `GET`, its body not yet read.
    async fn get(
        &self,
        object: &ObjectRef,
        range: Option<&Range<u64>>,
    ) -> Result<GetObjectOutput, StoreError> {
        let header = range.map(|range| format!("bytes={}-{}", range.start, range.end - 1));
        self.client
            .get_object()
            .bucket(object.bucket.as_str())
            .key(object.key.as_str())
            .set_range(header)
            .send()
            .await
            .map_err(|error| match (status(&error), range) {
                (Some(416), Some(range)) => out_of_range(object, range),
                _ => classify(error, object.to_string(), format!("read {object}")),
            })
    }

    /// The body of a `GET`, at most [`READ_MAX`] bytes of it.
    async fn body(
        &self,
        object: &ObjectRef,
        range: Option<&Range<u64>>,
    ) -> Result<Bytes, StoreError> {
        let mut attempt = 1;
        loop {
            let answer = self.get(object, range).await?;
            let bytes = length(answer.content_length());
            if bytes > READ_MAX {
                return Err(too_large(object, bytes));
            }
            match answer.body.collect().await {
                Ok(body) => return Ok(body.into_bytes()),
                Err(_) if attempt < BODY_ATTEMPTS => {
                    tracing::warn!(%object, attempt, "body broke off, reading again");
                    attempt += 1;
                }
                Err(error) => {
                    return Err(StoreError::Unavailable {
                        action: format!("read {object}"),
                        source: Box::new(error),
                    });
                }
            }
        }
    }

    /// What S3 says about an object; none when it, or its version, is not there.
    async fn head(
        &self,
        object: &ObjectRef,
        version: Option<String>,
    ) -> Result<Option<HeadObjectOutput>, StoreError> {
        let answer = self
            .client
            .head_object()
            .bucket(object.bucket.as_str())
            .key(object.key.as_str())
            .set_version_id(version)
            .send()
            .await;
        match answer {
            Ok(head) => Ok(Some(head)),
            // 405: the version is a delete marker.
            Err(error) if matches!(status(&error), Some(404 | 405)) => Ok(None),
            Err(error) => Err(classify(
                error,
                object.to_string(),
                format!("look at {object}"),
            )),
        }
    }

    async fn presign(
        &self,
        object: &ObjectRef,
        version: Option<&str>,
        lifetime: Duration,
    ) -> Result<SignedUrl, StoreError> {
        let action = || format!("sign a URL for {object}");
        let config =
            PresigningConfig::expires_in(lifetime).map_err(|error| StoreError::Refused {
                action: action(),
                source: Box::new(error),
            })?;
        let request = self
            .client
            .get_object()
            .bucket(object.bucket.as_str())
            .key(object.key.as_str())
            .set_version_id(version.map(str::to_owned))
            .presigned(config)
            .await
            .map_err(|error| StoreError::Unavailable {
                action: action(),
                source: Box::new(error),
            })?;
        Ok(SignedUrl::new(request.uri()))
    }

    async fn delete(&self, bucket: &BucketName, keys: &[ObjectEntry]) -> Result<(), StoreError> {
        let action = || format!("delete {} objects of {bucket}", keys.len());
        let refused = |source| StoreError::Refused {
            action: action(),
            source,
        };
        let identifiers = keys
            .iter()
            .map(|entry| ObjectIdentifier::builder().key(entry.key.as_str()).build())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| refused(Box::new(error)))?;
        let batch = Delete::builder()
            .set_objects(Some(identifiers))
            .quiet(true)
            .build()
            .map_err(|error| refused(Box::new(error)))?;
        let answer = self
            .client
            .delete_objects()
            .bucket(bucket.as_str())
            .delete(batch)
            .send()
            .await
            .map_err(|error| classify(error, format!("bucket {bucket}"), action()))?;
        match answer.errors().first() {
            None => Ok(()),
            Some(error) if error.code() == Some("AccessDenied") => Err(StoreError::Denied {
                action: format!("delete {} of {bucket}", error.key().unwrap_or_default()),
                source: Box::new(Reason("a key of the batch was denied")),
            }),
            Some(error) => Err(StoreError::Unavailable {
                action: format!("delete {} of {bucket}", error.key().unwrap_or_default()),
                source: Box::new(Reason("a key of the batch was not deleted")),
            }),
        }
    }
}

impl ReadObject for S3Store {
    async fn read(&self, object: &ObjectRef) -> Result<Bytes, StoreError> {
        self.body(object, None).await
    }
}

impl ReadRange for S3Store {
    async fn read_range(&self, object: &ObjectRef, range: Range<u64>) -> Result<Bytes, StoreError> {
        let wanted = range.end.saturating_sub(range.start);
        if wanted == 0 {
            return Ok(Bytes::new());
        }
        if wanted > READ_MAX {
            return Err(too_large(object, wanted));
        }
        let body = self.body(object, Some(&range)).await?;
        if body.len() as u64 == wanted {
            Ok(body)
        } else {
            Err(out_of_range(object, &range))
        }
    }
}

impl WriteObject for S3Store {
    async fn write(
        &self,
        object: &ObjectRef,
        body: Bytes,
        content: Content,
    ) -> Result<(), StoreError> {
        self.put(object, ByteStream::from(body), content).await
    }
}

impl UploadFile for S3Store {
    async fn upload(
        &self,
        object: &ObjectRef,
        file: &Path,
        content: Content,
    ) -> Result<u64, StoreError> {
        self.upload_file(object, file, content).await
    }
}

impl ListObjects for S3Store {
    async fn list(
        &self,
        bucket: &BucketName,
        prefix: &ObjectKey,
    ) -> Result<Vec<ObjectEntry>, StoreError> {
        let mut pages = self
            .client
            .list_objects_v2()
            .bucket(bucket.as_str())
            .prefix(prefix.as_str())
            .into_paginator()
            .send();
        let mut entries = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                let action = format!("list s3://{bucket}/{prefix}");
                classify(error, format!("bucket {bucket}"), action)
            })?;
            entries.extend(page.contents().iter().filter_map(|object| {
                Some(ObjectEntry {
                    key: ObjectKey::new(object.key()?),
                    size: length(object.size()),
                })
            }));
        }
        // S3 lists in this order already; a directory bucket would not.
        entries.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        Ok(entries)
    }
}

impl DeleteObject for S3Store {
    async fn delete_object(&self, object: &ObjectRef) -> Result<(), StoreError> {
        self.client
            .delete_object()
            .bucket(object.bucket.as_str())
            .key(object.key.as_str())
            .send()
            .await
            .map_err(|error| classify(error, object.to_string(), format!("delete {object}")))?;
        Ok(())
    }
}

impl DeletePrefix for S3Store {
    async fn delete_prefix(
        &self,
        bucket: &BucketName,
        folder: &ObjectKey,
    ) -> Result<u64, StoreError> {
        if !is_folder(folder) {
            return Err(no_folder(bucket, folder));
        }
        let entries = self.list(bucket, folder).await?;
        for batch in entries.chunks(DELETE_BATCH) {
            self.delete(bucket, batch).await?;
        }
        Ok(entries.len() as u64)
    }
}

impl DescribeSource for S3Store {
    async fn describe_source(&self, source: &SourceObject) -> Result<SourceFacts, StoreError> {
        let object = &source.object;
        let head = self.head(object, source.version.clone()).await?;
        let head = head.ok_or_else(|| StoreError::SourceMissing {
            object: object.clone(),
        })?;
        if etag(&head) != Some(source.etag.as_str()) {
            return Err(StoreError::SourceChanged {
                object: object.clone(),
            });
        }
        Ok(facts(&head))
    }
}

impl FindSource for S3Store {
    async fn find_source(
        &self,
        object: &ObjectRef,
    ) -> Result<(SourceObject, SourceFacts), StoreError> {
        let head = self.head(object, None).await?;
        let head = head.ok_or_else(|| StoreError::NotFound {
            what: object.to_string(),
        })?;
        let facts = facts(&head);
        let version = head.version_id().filter(|version| *version != "null");
        let source = SourceObject {
            object: object.clone(),
            version: version.map(str::to_owned),
            etag: etag(&head).unwrap_or_default().to_owned(),
            size: facts.size,
        };
        Ok((source, facts))
    }
}

fn etag(head: &HeadObjectOutput) -> Option<&str> {
    head.e_tag().map(|etag| etag.trim_matches('"'))
}

fn facts(head: &HeadObjectOutput) -> SourceFacts {
    let uploaded = head
        .last_modified()
        .and_then(|time| u64::try_from(time.to_millis().ok()?).ok());
    SourceFacts {
        size: length(head.content_length()),
        uploaded: UploadedAt(uploaded.unwrap_or(0)),
    }
}

impl SignSource for S3Store {
    async fn sign_source(
        &self,
        source: &SourceObject,
        lifetime: Duration,
    ) -> Result<SignedUrl, StoreError> {
        self.presign(&source.object, source.version.as_deref(), lifetime)
            .await
    }
}

impl SignObject for S3Store {
    async fn sign_object(
        &self,
        object: &ObjectRef,
        lifetime: Duration,
    ) -> Result<SignedUrl, StoreError> {
        self.presign(object, None, lifetime).await
    }
}

/// Whether the key names a folder: something, then a slash.
fn is_folder(key: &ObjectKey) -> bool {
    key.as_str()
        .strip_suffix('/')
        .is_some_and(|name| !name.is_empty())
}

fn no_folder(bucket: &BucketName, folder: &ObjectKey) -> StoreError {
    StoreError::Refused {
        action: format!("delete everything under s3://{bucket}/{folder}"),
        source: Box::new(Reason("only a folder, ending in a slash, can be deleted")),
    }
}

fn out_of_range(object: &ObjectRef, range: &Range<u64>) -> StoreError {
    StoreError::OutOfRange {
        object: object.clone(),
        range: range.clone(),
    }
}

fn too_large(object: &ObjectRef, bytes: u64) -> StoreError {
    StoreError::TooLarge {
        object: object.clone(),
        bytes,
        limit: READ_MAX,
    }
}

/// A length as the SDK gives it: signed, and perhaps not there.
fn length(bytes: Option<i64>) -> u64 {
    bytes
        .and_then(|bytes| u64::try_from(bytes).ok())
        .unwrap_or(0)
}

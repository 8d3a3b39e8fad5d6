//! Puts and multipart uploads: the bytes go from disk to the socket, a few kilobytes at a time.

use std::path::{Path, PathBuf};

use aws_sdk_s3::primitives::{ByteStream, ByteStreamError, Length};
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use domain::object::ObjectRef;
use tokio::task::JoinSet;

use super::S3Store;
use crate::classify::classify;
use crate::content::Content;
use crate::error::{Reason, StoreError};

/// Files above this many bytes go up in parts, and it is the smallest part: 16 MiB.
///
/// One request then fits its timeout on a slow line, and a retry repeats little.
pub(super) const PART_BYTES: u64 = 16 * 1024 * 1024;

/// Most parts of an upload (S3 quota), so parts grow with files above 156 GiB.
const MAX_PARTS: u64 = 10_000;

/// Parts in flight: one connection carries about 90 MB/s, a function's network a few times that.
const PARTS_IN_FLIGHT: usize = 4;

/// A piece of the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Part {
    /// From 1.
    number: i32,
    offset: u64,
    length: u64,
}

/// An upload that was begun: everything that its parts share.
#[derive(Clone)]
struct Multipart {
    store: S3Store,
    object: ObjectRef,
    id: String,
}

impl S3Store {
    /// One `PUT`.
    pub(super) async fn put(
        &self,
        object: &ObjectRef,
        body: ByteStream,
        content: Content,
    ) -> Result<(), StoreError> {
        self.client
            .put_object()
            .bucket(object.bucket.as_str())
            .key(object.key.as_str())
            .content_type(content.media_type())
            .set_cache_control(content.cache_control().map(str::to_owned))
            .body(body)
            .send()
            .await
            .map_err(|error| failed(error, object))?;
        Ok(())
    }

    pub(super) async fn upload_file(
        &self,
        object: &ObjectRef,
        file: &Path,
        content: Content,
    ) -> Result<u64, StoreError> {
        let metadata = tokio::fs::metadata(file).await;
        let bytes = metadata.map_err(|error| local(file, error))?.len();
        if bytes <= PART_BYTES {
            let body = piece(file, 0, bytes).await?;
            self.put(object, body, content).await?;
            return Ok(bytes);
        }
        let upload = self.begin(object, content).await?;
        let done = async {
            upload
                .complete(upload.send(file, &parts(bytes)).await?)
                .await
        };
        if let Err(error) = done.await {
            upload.abort().await;
            return Err(error);
        }
        Ok(bytes)
    }

    async fn begin(&self, object: &ObjectRef, content: Content) -> Result<Multipart, StoreError> {
        let answer = self
            .client
            .create_multipart_upload()
            .bucket(object.bucket.as_str())
            .key(object.key.as_str())
            .content_type(content.media_type())
            .set_cache_control(content.cache_control().map(str::to_owned))
            .send()
            .await
            .map_err(|error| failed(error, object))?;
        let id = answer.upload_id().ok_or_else(|| StoreError::Unavailable {
            action: format!("write {object}"),
            source: Box::new(Reason("the answer names no upload")),
        })?;
        Ok(Multipart {
            store: self.clone(),
            object: object.clone(),
            id: id.to_owned(),
        })
    }
}

impl Multipart {
    /// Sends all parts, a few at a time. Dropping the future stops those in flight.
    async fn send(&self, file: &Path, parts: &[Part]) -> Result<Vec<CompletedPart>, StoreError> {
        let mut in_flight = JoinSet::new();
        let mut done = Vec::with_capacity(parts.len());
        for &part in parts {
            if in_flight.len() == PARTS_IN_FLIGHT {
                done.extend(next(&mut in_flight, &self.object).await?);
            }
            let upload = self.clone();
            let file = file.to_owned();
            in_flight.spawn(async move { upload.send_one(file, part).await });
        }
        while let Some(part) = next(&mut in_flight, &self.object).await? {
            done.push(part);
        }
        done.sort_unstable_by_key(CompletedPart::part_number);
        Ok(done)
    }

    async fn send_one(self, file: PathBuf, part: Part) -> Result<CompletedPart, StoreError> {
        let object = &self.object;
        let answer = self
            .store
            .client
            .upload_part()
            .bucket(object.bucket.as_str())
            .key(object.key.as_str())
            .upload_id(&self.id)
            .part_number(part.number)
            .body(piece(&file, part.offset, part.length).await?)
            .send()
            .await
            .map_err(|error| failed(error, object))?;
        Ok(CompletedPart::builder()
            .part_number(part.number)
            .set_e_tag(answer.e_tag)
            .set_checksum_crc32(answer.checksum_crc32)
            .build())
    }

    async fn complete(&self, parts: Vec<CompletedPart>) -> Result<(), StoreError> {
        let parts = CompletedMultipartUpload::builder()
            .set_parts(Some(parts))
            .build();
        self.store
            .client
            .complete_multipart_upload()
            .bucket(self.object.bucket.as_str())
            .key(self.object.key.as_str())
            .upload_id(&self.id)
            .multipart_upload(parts)
            .send()
            .await
            .map_err(|error| failed(error, &self.object))?;
        Ok(())
    }

    /// Discards the parts; when that fails too, the bucket's lifecycle rule does it.
    async fn abort(&self) {
        let answer = self
            .store
            .client
            .abort_multipart_upload()
            .bucket(self.object.bucket.as_str())
            .key(self.object.key.as_str())
            .upload_id(&self.id)
            .send()
            .await;
        if answer.is_err() {
            tracing::warn!(object = %self.object, "parts of a failed upload are left to the lifecycle rule");
        }
    }
}

/// The next part to be done; none when no part is in flight.
async fn next(
    in_flight: &mut JoinSet<Result<CompletedPart, StoreError>>,
    object: &ObjectRef,
) -> Result<Option<CompletedPart>, StoreError> {
    match in_flight.join_next().await {
        None => Ok(None),
        Some(Ok(part)) => part.map(Some),
        Some(Err(error)) => Err(StoreError::Unavailable {
            action: format!("write {object}"),
            source: Box::new(error),
        }),
    }
}

/// The parts of a file of `bytes` bytes: in order, without gap, all but the last of equal length.
fn parts(bytes: u64) -> Vec<Part> {
    let length = PART_BYTES.max(bytes.div_ceil(MAX_PARTS));
    (1..)
        .zip(0..bytes.div_ceil(length))
        .map(|(number, index)| Part {
            number,
            offset: index * length,
            length: length.min(bytes - index * length),
        })
        .collect()
}

/// A body that is read from disk when it is sent, and again when it is sent again.
async fn piece(file: &Path, offset: u64, length: u64) -> Result<ByteStream, StoreError> {
    ByteStream::read_from()
        .path(file)
        .offset(offset)
        .length(Length::Exact(length))
        .build()
        .await
        .map_err(|error: ByteStreamError| local(file, error.into()))
}

fn local(file: &Path, source: std::io::Error) -> StoreError {
    StoreError::LocalFile {
        path: file.to_owned(),
        source,
    }
}

fn failed<E>(
    error: aws_sdk_s3::error::SdkError<E, aws_sdk_s3::config::http::HttpResponse>,
    object: &ObjectRef,
) -> StoreError
where
    E: aws_sdk_s3::error::ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    classify(
        error,
        format!("bucket {}", object.bucket),
        format!("write {object}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_the_file_without_gap() {
        for bytes in [
            PART_BYTES + 1,
            3 * PART_BYTES,
            200_000_000_000,
            5_000_000_000_000,
        ] {
            let parts = parts(bytes);
            assert!(parts.len() as u64 <= MAX_PARTS);
            assert_eq!(
                parts.first().map(|part| (part.number, part.offset)),
                Some((1, 0))
            );
            for pair in parts.windows(2) {
                assert_eq!(pair[0].offset + pair[0].length, pair[1].offset);
                assert_eq!(pair[0].number + 1, pair[1].number);
            }
            assert_eq!(
                parts.last().map(|part| part.offset + part.length),
                Some(bytes)
            );
        }
    }
}

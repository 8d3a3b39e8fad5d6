//! Uploads in parts, by somebody who has nothing but signed addresses.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::ids::{AssetId, UploadId};
use domain::object::ObjectRef;
use domain::upload::{UploadRecord, UploadedPart};

use crate::error::StoreError;
use crate::signed_url::SignedUrl;

/// A part that somebody is going to send.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartToSign {
    /// Its number, from 1.
    pub number: u32,
    /// Its length in bytes.
    pub size: u64,
    /// SHA-256 of its bytes in base 64: storage refuses others.
    pub sha256: Option<String>,
}

/// A signed `PUT`: valid with exactly these headers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedPut {
    /// The address.
    pub url: SignedUrl,
    /// The headers, without those that every client sends by itself.
    pub headers: BTreeMap<String, String>,
}

/// Takes an object in parts.
pub trait TakeParts: Send + Sync {
    /// Begins, and returns storage's name for it. Nothing is under the key before the end. With
    /// `part_sha256`, each part has to be signed with its checksum; else none.
    ///
    /// # Errors
    /// The faults that every call may have.
    fn begin_parts(
        &self,
        object: &ObjectRef,
        media_type: &str,
        part_sha256: bool,
    ) -> impl Future<Output = Result<String, StoreError>> + Send;

    /// Signs the way in for one part. No request is made. A part may be sent any number of times;
    /// the last one counts.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when there are no credentials to sign with.
    fn sign_part(
        &self,
        object: &ObjectRef,
        multipart: &str,
        part: &PartToSign,
        lifetime: Duration,
    ) -> impl Future<Output = Result<SignedPut, StoreError>> + Send;

    /// The parts that have arrived, by number.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it was completed, given up, or forgotten.
    fn arrived(
        &self,
        object: &ObjectRef,
        multipart: &str,
    ) -> impl Future<Output = Result<Vec<UploadedPart>, StoreError>> + Send;

    /// Makes the object of all parts that have arrived, atomically.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it was completed, given up, or forgotten.
    fn join_parts(
        &self,
        object: &ObjectRef,
        multipart: &str,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Forgets all parts. Nothing happens where there are none.
    ///
    /// # Errors
    /// The faults that every call may have.
    fn drop_parts(
        &self,
        object: &ObjectRef,
        multipart: &str,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// One page of an owner's open uploads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UploadPage {
    /// The newest first.
    pub uploads: Vec<UploadRecord>,
    /// The place behind which the next page begins; none behind the last one.
    pub next: Option<String>,
}

/// Forgets uploads.
pub trait ForgetUpload: Send + Sync {
    /// Deletes the upload's record, if it has become this asset. Nothing happens where there is none.
    ///
    /// # Errors
    /// [`StoreError::Malformed`] when what is stored is no record, and the faults that every call
    /// may have.
    fn forget_upload(
        &self,
        id: &UploadId,
        asset: &AssetId,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Remembers uploads.
pub trait KeepUploads: Send + Sync {
    /// Writes the record, in place of an earlier one.
    ///
    /// # Errors
    /// The faults that every call may have. After an error it may be written.
    fn keep_upload(
        &self,
        record: &UploadRecord,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The upload's record as it was last written; none for an unknown one.
    ///
    /// # Errors
    /// [`StoreError::Malformed`] when what is stored is no record, and the faults that every call
    /// may have.
    fn upload(
        &self,
        id: &UploadId,
    ) -> impl Future<Output = Result<Option<UploadRecord>, StoreError>> + Send;

    /// At most `limit` of the owner's open uploads behind the place `after`. What was written in
    /// the last seconds may be missing.
    ///
    /// # Errors
    /// As [`KeepUploads::upload`].
    fn open_uploads(
        &self,
        owner: &str,
        after: Option<&str>,
        limit: u32,
    ) -> impl Future<Output = Result<UploadPage, StoreError>> + Send;
}

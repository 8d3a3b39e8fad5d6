//! Uploads in parts.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

use crate::Timestamp;
use crate::whole::whole;

/// A file that is to be uploaded.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUpload {
    /// The file's name, without folders.
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = r"^[^/\\\x00-\x1f\x7f-\x9f\ufffe\uffff]+$"
    )]
    pub name: String,
    /// Its length in bytes.
    #[serde(deserialize_with = "whole")]
    #[schema(minimum = 1)]
    pub size: u64,
    /// Its media type, empty where nobody knows it.
    #[serde(rename = "type", default)]
    #[schema(max_length = 200, pattern = "^[ -~]*$")]
    pub media_type: String,
    /// What a person calls it; else the file's name without its ending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    pub title: Option<String>,
    /// Name of the profile; there is one so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^default$")]
    pub profile: Option<String>,
    /// SHA-256 of the whole file in lower-case hexadecimal digits. With it, an open upload of the
    /// same file is found again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub sha256: Option<String>,
    /// Whether each part will come with its own SHA-256, which storage then checks. Storage has to
    /// know before the first part.
    #[serde(default)]
    pub part_sha256: bool,
}

/// Where an upload stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UploadState {
    /// Parts may come.
    Open,
    /// The file is whole.
    Completed,
}

/// An upload.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Upload {
    /// The upload.
    pub id: String,
    /// The asset that it becomes.
    pub asset: String,
    /// Where it stands.
    pub state: UploadState,
    /// The file's name.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
    /// Its media type.
    #[serde(rename = "type")]
    pub media_type: String,
    /// What a person calls it.
    pub title: String,
    /// Name of the profile.
    pub profile: String,
    /// SHA-256 of the whole file, where the client gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Whether each part comes with its own SHA-256.
    pub part_sha256: bool,
    /// Bytes in each part but the last: part `n` begins at `(n - 1) * part_size`.
    pub part_size: u64,
    /// How many parts there are.
    pub part_count: u32,
    /// The parts that are there; none in a list of uploads.
    #[serde(default)]
    pub parts: Vec<ArrivedPart>,
    /// When it began.
    pub created_at: Timestamp,
    /// When its parts are forgotten.
    pub expires_at: Timestamp,
}

/// A part that is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ArrivedPart {
    /// Its number, from 1.
    pub number: u32,
    /// Its length in bytes.
    pub size: u64,
}

/// Open uploads, the newest first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Uploads {
    /// Without their parts.
    pub uploads: Vec<Upload>,
    /// Cursor of the next page, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Parts that are to be sent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartsWanted {
    /// Which.
    #[schema(min_items = 1, max_items = 100)]
    pub parts: Vec<PartWanted>,
}

/// A part that is to be sent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartWanted {
    /// Its number, from 1.
    #[serde(deserialize_with = "whole")]
    #[schema(minimum = 1, maximum = 10_000)]
    pub number: u32,
    /// SHA-256 of the part in base 64: storage refuses other bytes. For each part of an upload with
    /// `part_sha256`, and for none of another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[A-Za-z0-9+/]{43}=$")]
    pub sha256: Option<String>,
}

/// Where parts go.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct SignedParts {
    /// One for each part that was asked for, in that order.
    pub parts: Vec<SignedPart>,
    /// When the addresses end.
    pub expires_at: Timestamp,
}

/// Where one part goes: a `PUT` of its bytes, with these headers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct SignedPart {
    /// Its number.
    pub number: u32,
    /// Its length in bytes; other lengths do not make the upload complete.
    pub size: u64,
    /// The address. Whoever has it may send the part.
    pub url: String,
    /// Headers to send with it.
    pub headers: BTreeMap<String, String>,
}

/// An upload that is complete.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct CompletedUpload {
    /// The upload.
    pub upload: String,
    /// The asset that it is now.
    pub asset: String,
    /// The job that makes it playable.
    pub job: String,
}

//! Puts the segments of one rung into the asset's folder.

use std::fmt::Write as _;

use bytes::Bytes;
use cloud::Content;
use cloud::StoreError;
use cloud::ports::WriteObject;
use domain::layout::{INIT, MediaFolder, segment_name};
use domain::object::{BucketName, ObjectRef};
use domain::result::{IFrameFacts, SegmentFacts};
use domain::{ErrorCode, Fault};
use media::cmaf::Segment;
use media::cmaf::check::{CheckError, read_segment};
use media::cmaf::init::TrackDefaults;
use media::manifest::{ManifestFile, PLAYLIST_TYPE, WEBVTT_TYPE};
use sha2::{Digest, Sha256};

/// A segment that could not be published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A segment does not read back.
    #[error("segment {number} of {folder} does not read back")]
    Segment {
        /// The rendition's folder.
        folder: String,
        /// Number of the segment, from 1.
        number: u64,
        /// Why.
        #[source]
        source: CheckError,
    },
}

impl Fault for PublishError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Store(error) => error.code(),
            Self::Segment { .. } => ErrorCode::ChunkInvalid,
        }
    }
}

/// Puts a playlist, an MPD or a caption into the asset's folder.
///
/// # Errors
/// As [`WriteObject::write`].
pub async fn text<S: WriteObject>(
    store: &S,
    bucket: &BucketName,
    folder: &MediaFolder<'_>,
    file: ManifestFile,
) -> Result<(), StoreError> {
    let content = match file.content_type {
        PLAYLIST_TYPE => Content::HlsPlaylist,
        WEBVTT_TYPE => Content::WebVtt,
        _ => Content::DashManifest,
    };
    let object = ObjectRef {
        bucket: bucket.clone(),
        key: folder.key(&file.path),
    };
    store.write(&object, Bytes::from(file.text), content).await
}

/// One rendition's folder, open for writing.
#[derive(Debug)]
pub struct Rendition<'a, S> {
    /// Where to.
    pub store: &'a S,
    /// The media bucket.
    pub bucket: &'a BucketName,
    /// The asset's folder.
    pub asset: MediaFolder<'a>,
    /// The rendition's folder under it, such as `v/1080p`.
    pub folder: String,
    /// The kind of its segments.
    pub content: Content,
}

impl<S: WriteObject> Rendition<'_, S> {
    /// Writes the init segment. Every chunk of a rung has an equal one, so any may write it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn write_init(&self, init: Vec<u8>) -> Result<(), StoreError> {
        self.write(INIT, init.into()).await
    }

    /// Writes a segment and reports what it is, as read back from its bytes.
    ///
    /// # Errors
    /// [`PublishError`].
    pub async fn write_segment(
        &self,
        segment: Segment,
        defaults: &TrackDefaults,
    ) -> Result<SegmentFacts, PublishError> {
        let number = u64::from(segment.number);
        let read = read_segment(&segment.bytes, defaults);
        let read = read.map_err(|source| PublishError::Segment {
            folder: self.folder.clone(),
            number,
            source,
        })?;
        let facts = SegmentFacts {
            number,
            start: read.tfdt,
            duration: read.duration,
            frames: read.samples,
            bytes: segment.bytes.len() as u64,
            iframes: segment
                .iframes
                .iter()
                .map(|iframe| IFrameFacts {
                    offset: iframe.offset,
                    length: iframe.length,
                    frames: iframe.frames,
                })
                .collect(),
        };
        self.write(&segment_name(number), segment.bytes).await?;
        Ok(facts)
    }

    async fn write(&self, name: &str, body: Bytes) -> Result<(), StoreError> {
        let object = ObjectRef {
            bucket: self.bucket.clone(),
            key: self.asset.key(&format!("{}/{name}", self.folder)),
        };
        self.store.write(&object, body, self.content).await
    }
}

/// SHA-256 in hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

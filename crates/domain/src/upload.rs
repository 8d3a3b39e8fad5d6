//! An upload in parts: what may come, in which pieces, and what is remembered of it.
//!
//! Sizes and numbers of parts follow S3's limits (Amazon S3 user guide, "multipart upload
//! limits"): 10,000 parts, each of 5 MiB to 5 GiB, the last of any size.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::ids::{AssetId, JobId, UploadId};
use crate::object::ObjectRef;

/// The largest upload: 5 TiB.
pub const MAX_BYTES: u64 = 5 * 1024 * 1024 * 1024 * 1024;
/// The smallest part of a browser's upload: 8 MiB. A retry repeats little, and 80 GB still have
/// parts of this size.
pub const SMALLEST_PART: u64 = 8 * MIB;
/// The longest file name, in characters.
pub const MAX_NAME: usize = 255;
/// The longest media type, in characters.
const MAX_MEDIA_TYPE: usize = 200;
/// The longest title, in characters.
pub const MAX_TITLE: usize = 200;

const MAX_PARTS: u64 = 10_000;
const MIB: u64 = 1024 * 1024;

/// How a file is cut into parts: all of one size but the last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parts {
    size: u64,
    part_size: u64,
}

impl Parts {
    /// The parts of a file of `size` bytes: of `smallest` bytes, or as much larger (in whole MiB) as
    /// it takes to stay within 10,000.
    #[must_use]
    pub const fn new(size: u64, smallest: u64) -> Self {
        let needed = size.div_ceil(MAX_PARTS).div_ceil(MIB) * MIB;
        let part_size = if needed > smallest { needed } else { smallest };
        Self { size, part_size }
    }

    /// Bytes in each part but the last.
    #[must_use]
    pub const fn part_size(&self) -> u64 {
        self.part_size
    }

    /// How many there are; one for an empty file.
    #[must_use]
    pub fn count(&self) -> u32 {
        let count = self.size.div_ceil(self.part_size).max(1);
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// The bytes of part `number`, which counts from 1; none for a part that is not planned.
    #[must_use]
    pub fn range(&self, number: u32) -> Option<Range<u64>> {
        if !(1..=self.count()).contains(&number) {
            return None;
        }
        let start = u64::from(number - 1) * self.part_size;
        Some(start..self.size.min(start + self.part_size))
    }
}

/// A part that has arrived.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UploadedPart {
    /// Its number, from 1.
    pub number: u32,
    /// Its length in bytes.
    pub size: u64,
}

/// The planned parts that are not there with their full length, in order.
#[must_use]
pub fn missing(parts: Parts, there: &[UploadedPart]) -> Vec<u32> {
    let arrived = |number: u32, range: &Range<u64>| {
        let mut found = there.iter().filter(|part| part.number == number);
        found.any(|part| part.size == range.end - range.start)
    };
    let planned = (1..=parts.count()).filter_map(|number| Some((number, parts.range(number)?)));
    let absent = planned.filter(|(number, range)| !arrived(*number, range));
    absent.map(|(number, _)| number).collect()
}

/// Where an upload stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum UploadState {
    /// Parts may come.
    Open,
    /// The object is whole, and its job is started.
    Completed {
        /// The job.
        job: JobId,
    },
    /// Somebody gave it up.
    Aborted,
}

/// What is remembered of an upload, from its start on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UploadRecord {
    /// The upload.
    pub id: UploadId,
    /// Whose it is.
    pub owner: String,
    /// The object that it becomes.
    #[serde(flatten)]
    pub object: ObjectRef,
    /// Storage's own name for the multipart upload.
    pub multipart: String,
    /// The file's name, as its owner knows it.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
    /// Its media type, as the client says.
    #[serde(rename = "type")]
    pub media_type: String,
    /// What a person calls it.
    pub title: String,
    /// Name of the profile.
    pub profile: String,
    /// SHA-256 of the whole file in hexadecimal digits, as the client says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Whether each part comes with its own SHA-256, which storage then checks.
    #[serde(default)]
    pub part_sha256: bool,
    /// When it began, in milliseconds since the Unix epoch.
    pub created_ms: u64,
    /// When storage forgets its parts, in milliseconds since the Unix epoch.
    pub expires_ms: u64,
    /// Where it stands.
    #[serde(flatten)]
    pub state: UploadState,
}

impl UploadRecord {
    /// How the file is cut.
    #[must_use]
    pub const fn parts(&self) -> Parts {
        Parts::new(self.size, SMALLEST_PART)
    }

    /// The asset that it is for.
    #[must_use]
    pub fn asset(&self) -> AssetId {
        AssetId::of(&self.object)
    }

    /// Whether `other` is the same file, sent by the same owner in the same way. Without a checksum
    /// nobody knows.
    #[must_use]
    pub fn is_same_file(&self, other: &Self) -> bool {
        self.sha256.is_some()
            && self.sha256 == other.sha256
            && self.part_sha256 == other.part_sha256
            && (&self.owner, &self.name, self.size) == (&other.owner, &other.name, other.size)
    }
}

/// Whether the media type may be that of a film or of sound. Many systems know none, or say
/// "bytes": the probe finds out. It becomes a header, so it is short and plain ASCII.
#[must_use]
pub fn is_media(media_type: &str) -> bool {
    let plain = |b: u8| b == b' ' || b.is_ascii_graphic();
    if media_type.len() > MAX_MEDIA_TYPE || !media_type.bytes().all(plain) {
        return false;
    }
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    let known = [
        "",
        "application/octet-stream",
        "application/mxf",
        "application/ogg",
    ];
    known.contains(&essence.as_str())
        || essence.starts_with("video/")
        || essence.starts_with("audio/")
}

/// Whether the name can be the last part of a key: something, without slashes and control
/// characters, no `.` and no `..`, and within S3's length. S3 speaks XML, which has no characters
/// U+FFFE and U+FFFF (XML 1.0, 2.2).
#[must_use]
pub fn is_file_name(name: &str) -> bool {
    let characters = name.chars().count();
    (1..=MAX_NAME).contains(&characters)
        && name.len() <= 700
        && ![".", ".."].contains(&name)
        && !name
            .chars()
            .any(|c| matches!(c, '/' | '\\' | '\u{fffe}' | '\u{ffff}') || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_cover_the_file_once_within_the_limits_of_s3(size in 0..=MAX_BYTES) {
            let parts = Parts::new(size, SMALLEST_PART);
            prop_assert!(parts.count() <= 10_000);
            prop_assert!(parts.part_size() <= 5 * 1024 * MIB);
            let mut end = 0;
            for number in [1, 2, parts.count() - 1, parts.count()] {
                let Some(range) = parts.range(number) else { continue };
                prop_assert_eq!(range.start, u64::from(number - 1) * parts.part_size());
                prop_assert!(number == parts.count() || range.end - range.start == parts.part_size());
                end = range.end;
            }
            prop_assert_eq!(end, size);
            prop_assert_eq!(parts.range(0), None);
            prop_assert_eq!(parts.range(parts.count() + 1), None);
        }
    }

    #[test]
    fn a_part_that_is_absent_or_short_is_missing_and_a_foreign_one_does_not_help() {
        let parts = Parts::new(2 * SMALLEST_PART + 5, SMALLEST_PART);
        let part = |number, size| UploadedPart { number, size };
        assert_eq!(missing(parts, &[]), [1, 2, 3]);
        let there = [part(3, 5), part(1, SMALLEST_PART), part(2, 7), part(9, 1)];
        assert_eq!(missing(parts, &there), [2]);
        let there = [there[0], there[1], part(2, SMALLEST_PART)];
        assert!(missing(parts, &there).is_empty());
    }

    #[test]
    fn film_sound_and_unknown_bytes_may_come() {
        for fits in [
            "video/mp4",
            "AUDIO/flac",
            "",
            "application/octet-stream",
            "video/mp4; codecs=x",
        ] {
            assert!(is_media(fits), "{fits}");
        }
        let long = format!("video/{}", "x".repeat(200));
        for other in [
            "text/plain",
            "image/png",
            "application/pdf",
            "videos/x",
            "video/a\nb",
            "video/\u{e9}",
            &long,
        ] {
            assert!(!is_media(other), "{other}");
        }
    }

    #[test]
    fn a_file_name_is_one_part_of_a_key() {
        for name in ["Été à 100% + more.mp4", "a", "..mp4", &"x".repeat(255)] {
            assert!(is_file_name(name), "{name}");
        }
        for name in [
            "",
            ".",
            "..",
            "a/b",
            "a\\b",
            "a\nb",
            "a\u{ffff}",
            &"x".repeat(256),
        ] {
            assert!(!is_file_name(name), "{name}");
        }
    }
}

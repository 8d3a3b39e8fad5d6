//! Where bytes are: buckets, keys, and the uploaded source.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::UploadId;

/// Name of a bucket.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BucketName(String);

/// Key of an object, decoded: what `PutObject` was given, not its URL form.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ObjectKey(String);

macro_rules! text_type {
    ($name:ident) => {
        impl $name {
            /// Wraps the text as it is.
            #[must_use]
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_type!(BucketName);
text_type!(ObjectKey);

impl ObjectKey {
    /// The last part of the key: what a person calls the file.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

/// One object in one bucket.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct ObjectRef {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

/// The uploaded object as it was when the job began; immutable.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SourceObject {
    /// Where it is.
    #[serde(flatten)]
    pub object: ObjectRef,
    /// Its version, where the bucket keeps versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its `ETag`, without quotes.
    pub etag: String,
    /// Its length in bytes.
    pub size: u64,
}

impl SourceObject {
    /// The upload that the object is from: the second part of `{owner}/{upload}/{file name}`. What
    /// somebody put into the bucket by himself has none, or one that nobody knows.
    #[must_use]
    pub fn upload(&self) -> Option<UploadId> {
        let mut parts = self.object.key.as_str().split('/');
        let upload = parts.nth(1)?;
        parts.next()?;
        UploadId::new(upload).ok()
    }

    /// The owner: the first part of `{owner}/{upload}/{file name}`, or `anonymous` for a key
    /// that was put at the top of the bucket.
    #[must_use]
    pub fn owner(&self) -> &str {
        match self.object.key.as_str().split_once('/') {
            Some((owner, _)) if !owner.is_empty() => owner,
            _ => "anonymous",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(key: &str) -> SourceObject {
        SourceObject {
            object: ObjectRef {
                bucket: BucketName::new("uploads"),
                key: ObjectKey::new(key),
            },
            version: None,
            etag: "e".into(),
            size: 0,
        }
    }

    #[test]
    fn the_owner_is_the_first_part_of_the_key() {
        assert_eq!(at("ann/u1/My film.mp4").owner(), "ann");
        assert_eq!(at("film.mp4").owner(), "anonymous");
        assert_eq!(at("/film.mp4").owner(), "anonymous");
        assert_eq!(
            at("ann/u1/My film.mp4").object.key.file_name(),
            "My film.mp4"
        );
    }

    #[test]
    fn the_upload_is_the_second_part_of_the_key() {
        let upload = |key| at(key).upload().map(String::from);
        assert_eq!(upload("ann/u1/My film.mp4"), Some("u1".to_owned()));
        for key in [
            "film.mp4",
            "ann/film.mp4",
            "ann/ü/film.mp4",
            "ann//film.mp4",
        ] {
            assert_eq!(upload(key), None, "{key}");
        }
    }
}

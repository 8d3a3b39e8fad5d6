//! Ids, derived instead of drawn: the same upload always gets the same id.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::object::{ObjectRef, SourceObject};

macro_rules! id_type {
    ($(#[doc = $doc:literal])+ $name:ident) => {
        $(#[doc = $doc])+
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Takes over an id that was made elsewhere.
            ///
            /// # Errors
            /// [`InvalidId`] when the text is empty, longer than 64 bytes, or has a character
            /// other than ASCII letters, digits, `-` and `_`.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidId> {
                let text = text.into();
                let fits = (1..=64).contains(&text.len())
                    && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
                if fits { Ok(Self(text)) } else { Err(InvalidId { kind: stringify!($name), text }) }
            }

            /// The id as text.
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

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

/// A text that cannot be an id: ids go into object keys and execution names unescaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no {kind}: 1 to 64 ASCII letters, digits, - or _")]
pub struct InvalidId {
    kind: &'static str,
    text: String,
}

id_type! {
    /// The title as its owner knows it; outlives jobs. Derived from bucket and key.
    AssetId
}
id_type! {
    /// One transcode of one source version with one profile.
    JobId
}
id_type! {
    /// One rung of a ladder, unique in its job: `1080p`, `und-128k`.
    RungId
}

id_type! {
    /// One upload in parts.
    UploadId
}
id_type! {
    /// One event of an asset. The same news always has the same id.
    EventId
}
id_type! {
    /// One webhook of an owner.
    WebhookId
}
id_type! {
    /// Whose something is: the first part of every key of a source.
    OwnerId
}

id_type! {
    /// One caption of an asset, as it was given: another text gets another id.
    CaptionId
}

impl CaptionId {
    /// The caption that an asset has since a revision of its captions, for what it says.
    ///
    /// The revision makes it unique in its asset: what was dropped never comes back under its old id.
    #[must_use]
    pub fn of(revision: u64, said: &[&str]) -> Self {
        Self(format!("{}-{revision}", derive('c', said)))
    }

    /// Whether it says the same as `said`.
    #[must_use]
    pub fn says(&self, said: &[&str]) -> bool {
        self.0.split('-').next() == Some(&derive('c', said))
    }

    /// Since which revision the asset has it; none for an id that was not made here.
    #[must_use]
    pub fn revision(&self) -> Option<u64> {
        self.0.split_once('-')?.1.parse().ok()
    }
}

impl UploadId {
    /// The id for 128 random bits.
    #[must_use]
    pub fn of(random: [u8; 16]) -> Self {
        Self(text('u', u128::from_be_bytes(random)))
    }
}

impl WebhookId {
    /// The id for 128 random bits.
    #[must_use]
    pub fn of(random: [u8; 16]) -> Self {
        Self(text('w', u128::from_be_bytes(random)))
    }
}

impl EventId {
    /// The event that a write to an asset, at one place of the table's stream, is.
    #[must_use]
    pub fn of(asset: &AssetId, sequence: &str) -> Self {
        Self(derive('e', &[asset.as_str(), sequence]))
    }
}

impl OwnerId {
    /// The owner that a token's subject stands for: the subject itself where it can be an id, else a
    /// hash of it. A subject that looks like such a hash is hashed, too, so that nobody can choose
    /// to be somebody else.
    #[must_use]
    pub fn of_subject(subject: &str) -> Self {
        let hash_like = subject.len() == 27 && subject.starts_with('o');
        match Self::new(subject) {
            Ok(owner) if !hash_like => owner,
            _ => Self(derive('o', &[subject])),
        }
    }
}

impl AssetId {
    /// The asset that an uploaded object belongs to; an overwritten key stays the same asset.
    #[must_use]
    pub fn of(object: &ObjectRef) -> Self {
        Self(derive('a', &[object.bucket.as_str(), object.key.as_str()]))
    }
}

impl JobId {
    /// The job for one version of a source with one profile.
    ///
    /// The object's version id tells versions apart; a bucket without versions falls back to the
    /// `ETag`, which changes with the bytes. The same event delivered ten times is one job.
    #[must_use]
    pub fn of(source: &SourceObject, profile: &str) -> Self {
        let version = source.version.as_deref().unwrap_or(&source.etag);
        Self(derive(
            'j',
            &[
                source.object.bucket.as_str(),
                source.object.key.as_str(),
                version,
                profile,
            ],
        ))
    }
}

/// `prefix` and 26 characters of base 32: the first 128 bits of SHA-256 over the parts.
///
/// Each part is preceded by its length, so that no two lists of parts read alike.
fn derive(prefix: char, parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut head = [0_u8; 16];
    head.copy_from_slice(hash.finalize().split_at(16).0);
    text(prefix, u128::from_be_bytes(head))
}

/// `prefix` and 26 characters of base 32.
fn text(prefix: char, mut bits: u128) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut id = String::from(prefix);
    for _ in 0..26 {
        bits = bits.rotate_left(5);
        let digit = ALPHABET.get((bits & 31) as usize).copied();
        id.push(digit.map_or('0', char::from));
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::{BucketName, ObjectKey};

    fn source(key: &str, version: Option<&str>, etag: &str) -> SourceObject {
        SourceObject {
            object: ObjectRef {
                bucket: BucketName::new("uploads"),
                key: ObjectKey::new(key),
            },
            version: version.map(str::to_owned),
            etag: etag.to_owned(),
            size: 1,
        }
    }

    #[test]
    fn the_same_upload_is_the_same_job() {
        let a = JobId::of(&source("k", None, "e1"), "default");
        assert_eq!(a, JobId::of(&source("k", None, "e1"), "default"));
        assert_ne!(a, JobId::of(&source("k", None, "e2"), "default"));
        assert_ne!(a, JobId::of(&source("k", None, "e1"), "other"));
        assert_ne!(a, JobId::of(&source("l", None, "e1"), "default"));
    }

    #[test]
    fn the_version_outranks_the_etag() {
        let a = JobId::of(&source("k", Some("v1"), "e1"), "default");
        assert_eq!(a, JobId::of(&source("k", Some("v1"), "e2"), "default"));
        assert_ne!(a, JobId::of(&source("k", Some("v2"), "e1"), "default"));
    }

    #[test]
    fn an_overwritten_key_stays_the_same_asset() {
        let a = AssetId::of(&source("k", None, "e1").object);
        assert_eq!(a, AssetId::of(&source("k", None, "e2").object));
        assert_eq!(a.as_str().len(), 27);
        assert_eq!(AssetId::new(a.as_str()).unwrap(), a);
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(derive('x', &["ab", "c"]), derive('x', &["a", "bc"]));
    }

    #[test]
    fn a_subject_is_one_owner_and_no_other() {
        let plain = OwnerId::of_subject("0b6d4e8c-1111-4222-8333-444455556666");
        assert_eq!(plain.as_str(), "0b6d4e8c-1111-4222-8333-444455556666");
        let hashed = OwnerId::of_subject("auth0|ann");
        assert_ne!(hashed, OwnerId::of_subject("auth0|bob"));
        assert_ne!(hashed, OwnerId::of_subject(hashed.as_str()));
        assert_ne!(OwnerId::of_subject(""), OwnerId::of_subject("/"));
    }

    #[test]
    fn random_bits_make_an_id() {
        let id = UploadId::of([0xff; 16]);
        assert_eq!(UploadId::new(id.as_str()).unwrap(), id);
        assert_ne!(id, UploadId::of([0; 16]));
    }

    #[test]
    fn an_id_never_needs_escaping() {
        assert!(AssetId::new("a/b").is_err());
        assert!(AssetId::new("").is_err());
        assert!(serde_json::from_str::<JobId>("\"a b\"").is_err());
    }
}

//! What an owner says about an asset, beside what the pipeline found out.
//!
//! The pipeline's document ([`crate::job::AssetDocument`]) is written when a job ends; an entry is
//! there from the moment on that the upload is complete, and is its owner's to change.

use serde::{Deserialize, Serialize};

use crate::caption::Captions;
use crate::ids::AssetId;
use crate::object::SourceObject;
use crate::upload::MAX_TITLE;

/// Most tags of an asset.
pub const MAX_TAGS: usize = 20;
/// The longest tag, in characters.
pub const MAX_TAG: usize = 50;

/// Who may watch an asset.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Its owner.
    #[default]
    Private,
    /// Whoever knows its id.
    Unlisted,
    /// Everybody; it is listed.
    Public,
}

/// An asset as its owner sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LibraryEntry {
    /// The asset.
    pub asset: AssetId,
    /// Whose it is.
    pub owner: String,
    /// The file's name.
    pub file: String,
    /// What a person calls it.
    pub title: String,
    /// Words to find it by.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Who may watch it.
    #[serde(default)]
    pub visibility: Visibility,
    /// When it was entered, in milliseconds since the Unix epoch.
    pub created_ms: u64,
    /// When its owner last changed it, in milliseconds since the Unix epoch.
    pub changed_ms: u64,
    /// Whether it is being removed.
    #[serde(default)]
    pub removing: bool,
    /// Captions beside the film.
    #[serde(default)]
    pub captions: Captions,
}

impl LibraryEntry {
    /// The entry of an upload that nobody described.
    #[must_use]
    pub fn of(source: &SourceObject, now_ms: u64) -> Self {
        let file = source.object.key.file_name().to_owned();
        Self {
            asset: AssetId::of(&source.object),
            owner: source.owner().to_owned(),
            title: title_of(&file),
            file,
            tags: Vec::new(),
            visibility: Visibility::default(),
            created_ms: now_ms,
            changed_ms: now_ms,
            removing: false,
            captions: Captions::default(),
        }
    }

    /// Whether every word is in title, file name or tags, upper and lower case alike.
    #[must_use]
    pub fn has_words(&self, words: &str) -> bool {
        let mut text = format!("{}\n{}\n{}", self.title, self.file, self.tags.join("\n"));
        text = text.to_lowercase();
        let words = words.to_lowercase();
        words.split_whitespace().all(|word| text.contains(word))
    }

    /// Where it stands in a list: by time of entry, then by id. Text that sorts as it compares.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{:020}-{}", self.created_ms, self.asset)
    }
}

/// What a file is called until somebody gives it a title: its name, without the last ending.
#[must_use]
pub fn title_of(file: &str) -> String {
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem).trim();
    let title = if stem.is_empty() { file } else { stem };
    title.chars().take(MAX_TITLE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::{BucketName, ObjectKey, ObjectRef};

    fn entry() -> LibraryEntry {
        let source = SourceObject {
            object: ObjectRef {
                bucket: BucketName::new("uploads"),
                key: ObjectKey::new("ann/u1/Été 2026.mp4"),
            },
            version: None,
            etag: "e".to_owned(),
            size: 1,
        };
        LibraryEntry::of(&source, 7)
    }

    #[test]
    fn an_upload_is_called_by_its_file_and_seen_by_its_owner() {
        let entry = entry();
        assert_eq!((&*entry.owner, &*entry.title), ("ann", "Été 2026"));
        assert_eq!(entry.visibility, Visibility::Private);
    }

    #[test]
    fn a_title_is_something() {
        for (file, title) in [
            ("a.b.mp4", "a.b"),
            (".mp4", ".mp4"),
            ("film", "film"),
            (" .x", " .x"),
        ] {
            assert_eq!(title_of(file), title);
        }
        assert_eq!(title_of(&"x".repeat(255)).len(), 200);
    }

    #[test]
    fn all_words_have_to_be_somewhere() {
        let mut entry = entry();
        entry.tags = vec!["Strand".to_owned()];
        for found in ["", "été", "2026 STRAND", "mp4"] {
            assert!(entry.has_words(found), "{found}");
        }
        assert!(!entry.has_words("été winter"));
    }

    #[test]
    fn the_older_of_two_entries_comes_first() {
        let older = entry();
        let newer = LibraryEntry {
            created_ms: 10,
            ..older.clone()
        };
        assert!(older.place() < newer.place());
    }
}

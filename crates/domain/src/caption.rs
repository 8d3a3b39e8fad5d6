//! Captions of an asset: words over time, beside the film.
//!
//! They belong to the asset and not to a job: they stay when the film is uploaded again. Each change
//! raises the revision, and manifests are made for a revision, so a player gets all of one or all of
//! another. What a caption says lies in the media bucket ([`crate::layout::caption_key`]).

use serde::{Deserialize, Serialize};

use crate::ids::CaptionId;
use crate::language::Language;

/// Most captions of an asset.
pub const MAX_CAPTIONS: usize = 50;
/// The largest caption file, in bytes: four hours of talk have a quarter of a megabyte.
pub const MAX_CAPTION_BYTES: usize = 2 * 1024 * 1024;
/// The longest name of a caption, in characters.
pub const MAX_CAPTION_NAME: usize = 100;

/// What a caption is for.
#[derive(
    Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum CaptionKind {
    /// What is spoken, for who does not know the language.
    #[default]
    Subtitles,
    /// Everything that is heard, for who does not hear it.
    Captions,
    /// Only what everybody needs: foreign dialogue, signs. Shown without being chosen.
    Forced,
}

impl CaptionKind {
    /// The name, as it is in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Subtitles => "subtitles",
            Self::Captions => "captions",
            Self::Forced => "forced",
        }
    }
}

/// One caption. An asset has at most one of a language and a kind.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Caption {
    /// Names its text.
    pub id: CaptionId,
    /// The language.
    pub language: Language,
    /// What it is for.
    pub kind: CaptionKind,
    /// What a person calls it; none where the language says enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When it was given, in milliseconds since the Unix epoch.
    pub added_ms: u64,
}

/// All captions of an asset.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Captions {
    /// Changes so far.
    pub revision: u64,
    /// By language, then by kind.
    pub list: Vec<Caption>,
}

impl Captions {
    /// The caption of a language and a kind.
    #[must_use]
    pub fn find(&self, language: &Language, kind: CaptionKind) -> Option<&Caption> {
        let of = |caption: &&Caption| &caption.language == language && caption.kind == kind;
        self.list.iter().find(of)
    }

    /// The captions after one is added, or replaces that of its language and kind.
    #[must_use]
    pub fn with(&self, caption: Caption) -> Self {
        let mut next = self.without(&caption.language, caption.kind);
        next.list.push(caption);
        next.list
            .sort_by(|a, b| (&a.language, a.kind).cmp(&(&b.language, b.kind)));
        next
    }

    /// The captions after that of a language and a kind is dropped.
    #[must_use]
    pub fn without(&self, language: &Language, kind: CaptionKind) -> Self {
        let others = |caption: &&Caption| &caption.language != language || caption.kind != kind;
        Self {
            revision: self.revision + 1,
            list: self.list.iter().filter(others).cloned().collect(),
        }
    }

    /// Whether a caption that was found somewhere is not wanted any more. One of a later revision
    /// than this is somebody's who is about to add it.
    #[must_use]
    pub fn has_dropped(&self, id: &CaptionId) -> bool {
        let is_known = id.revision().is_some_and(|since| since <= self.revision);
        is_known && self.list.iter().all(|caption| caption.id != *id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caption(captions: &Captions, language: &str, kind: CaptionKind, text: &str) -> Caption {
        Caption {
            id: CaptionId::of(captions.revision + 1, &[text]),
            language: Language::parse(language).unwrap(),
            kind,
            name: None,
            added_ms: 1,
        }
    }

    #[test]
    fn there_is_one_of_a_language_and_a_kind() {
        let mut captions = Captions::default();
        for (language, kind, text) in [
            ("fr", CaptionKind::Subtitles, "a"),
            ("de", CaptionKind::Captions, "b"),
            ("de", CaptionKind::Subtitles, "c"),
            ("fr", CaptionKind::Subtitles, "d"),
        ] {
            captions = captions.with(caption(&captions, language, kind, text));
        }
        let of = |caption: &Caption| (caption.language.to_string(), caption.kind);
        assert_eq!(captions.revision, 4);
        assert_eq!(
            captions.list.iter().map(of).collect::<Vec<_>>(),
            [
                ("de".to_owned(), CaptionKind::Subtitles),
                ("de".to_owned(), CaptionKind::Captions),
                ("fr".to_owned(), CaptionKind::Subtitles),
            ]
        );
        assert!(captions.list[2].id.says(&["d"]));
    }

    #[test]
    fn what_was_dropped_is_known_from_what_is_about_to_come() {
        let none = Captions::default();
        let first = caption(&none, "de", CaptionKind::Subtitles, "a");
        let one = none.with(first.clone());
        let language = first.language.clone();
        let dropped = one.without(&language, CaptionKind::Subtitles);
        let again = caption(&dropped, "de", CaptionKind::Subtitles, "a");
        assert!(!one.has_dropped(&first.id));
        assert!(dropped.has_dropped(&first.id));
        assert!(!dropped.has_dropped(&again.id), "the same words, but later");
        assert_ne!(first.id, again.id);
        let foreign = CaptionId::new("whatever").unwrap();
        assert!(!dropped.has_dropped(&foreign));
    }
}

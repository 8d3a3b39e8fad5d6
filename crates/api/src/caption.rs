//! Captions of an asset.

use domain::caption;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::Timestamp;

/// What a caption is for.
#[derive(
    Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CaptionKind {
    /// What is spoken, for who does not know the language.
    #[default]
    Subtitles,
    /// Everything that is heard, for who does not hear it.
    Captions,
    /// Only what everybody needs, such as signs. Shown without being chosen.
    Forced,
}

impl From<CaptionKind> for caption::CaptionKind {
    fn from(kind: CaptionKind) -> Self {
        match kind {
            CaptionKind::Subtitles => Self::Subtitles,
            CaptionKind::Captions => Self::Captions,
            CaptionKind::Forced => Self::Forced,
        }
    }
}

impl From<caption::CaptionKind> for CaptionKind {
    fn from(kind: caption::CaptionKind) -> Self {
        match kind {
            caption::CaptionKind::Subtitles => Self::Subtitles,
            caption::CaptionKind::Captions => Self::Captions,
            caption::CaptionKind::Forced => Self::Forced,
        }
    }
}

/// A caption.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Caption {
    /// Language tag (RFC 5646).
    pub language: String,
    /// What it is for.
    pub kind: CaptionKind,
    /// What a person calls it; none where the language says enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When it was added.
    pub added_at: Timestamp,
    /// Whether the stream that plays has it.
    pub playable: bool,
}

/// All captions of an asset.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Captions {
    /// By language, then by kind.
    pub captions: Vec<Caption>,
}

/// Which caption of a language is meant.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CaptionQuery {
    /// What it is for.
    #[serde(default)]
    #[param(inline, required = false)]
    pub kind: CaptionKind,
}

/// What a caption is, beside its language.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CaptionAttributes {
    /// What it is for.
    #[serde(default)]
    #[param(inline, required = false)]
    pub kind: CaptionKind,
    /// What a person calls it, where the language does not say enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\xa0\s][^\x00-\x1f\x7f-\x9f]*$"
    )]
    pub name: Option<String>,
}

use domain::time::Rational;

use crate::storyboard::StoryboardError;

/// Why renditions do not make one presentation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PresentationError {
    /// There is nothing to play.
    #[error("the presentation has neither video nor audio")]
    NoRenditions,
    /// A name cannot stand in a path or an identifier unescaped.
    #[error("`{name}` is no name for a rendition or group: 1 to 64 ASCII letters, digits, - or _")]
    BadName {
        /// The name.
        name: String,
    },
    /// Two renditions have one folder.
    #[error("two renditions are called `{id}`")]
    DuplicateId {
        /// Their id.
        id: String,
    },
    /// A language is not a tag.
    #[error("rendition `{id}`: `{language}` is no language tag such as en or pt-BR")]
    BadLanguage {
        /// The rendition.
        id: String,
        /// Its language.
        language: String,
    },
    /// A codec string has characters that no codec string has.
    #[error("rendition `{id}`: `{codec}` is no codec string such as avc1.64001f")]
    BadCodec {
        /// The rendition.
        id: String,
        /// Its codec.
        codec: String,
    },
    /// The frame rate is none that an output may have.
    #[error("rendition `{id}`: {num}/{den} is no standard frame rate")]
    BadRate {
        /// The rendition.
        id: String,
        /// Numerator of the rate.
        num: u32,
        /// Denominator of the rate.
        den: u32,
    },
    /// A number is zero that cannot be.
    #[error("rendition `{id}` has a {what} of 0")]
    Zero {
        /// The rendition.
        id: String,
        /// Which number.
        what: &'static str,
    },
    /// A rendition has no segments.
    #[error("rendition `{id}` has no segments")]
    NoSegments {
        /// The rendition.
        id: String,
    },
    /// Two renditions between which a player switches have different boundaries or rates.
    #[error("segment {number} of rendition `{id}` differs in time from that of `{reference}`")]
    Misaligned {
        /// The rendition.
        id: String,
        /// The one it should line up with.
        reference: String,
        /// Number of the first segment that differs, from 1.
        number: usize,
    },
    /// A rendition is longer or shorter than the presentation.
    #[error("rendition `{id}` lasts {found} s, the presentation {expected} s")]
    WrongTotal {
        /// The rendition.
        id: String,
        /// The presentation's duration.
        expected: Rational,
        /// The rendition's.
        found: Rational,
    },
    /// An I-frame lies outside its segment, or its segment does not exist.
    #[error("I-frame {index} of rendition `{id}` is not inside segment {segment}")]
    IFrameOutside {
        /// The rendition.
        id: String,
        /// Number of the I-frame, from 0.
        index: usize,
        /// The segment it names.
        segment: u32,
    },
    /// The I-frames of a segment do not cover it.
    #[error(
        "the I-frames of segment {segment} of rendition `{id}` cover {found} ticks of {expected}"
    )]
    IFrameCover {
        /// The rendition.
        id: String,
        /// Number of the segment, from 1.
        segment: usize,
        /// Ticks that the segment lasts.
        expected: u64,
        /// Ticks that its I-frames stand for.
        found: u64,
    },
    /// Renditions of one group have different codecs.
    #[error("audio group `{group}` has codecs `{first}` and `{second}`")]
    MixedGroup {
        /// The group.
        group: String,
        /// One codec.
        first: String,
        /// Another.
        second: String,
    },
    /// The storyboard's numbers contradict each other.
    #[error(transparent)]
    Storyboard(#[from] StoryboardError),
}

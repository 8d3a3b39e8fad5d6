//! The finished tracks of one asset, as both manifests see them.
//!
//! A [`Presentation`] can only be had checked: its segments line up across rungs, its I-frames lie
//! inside its segments, its names are safe in paths and playlists. So the texts made of it cannot
//! contradict each other.

mod check;
mod error;

pub use error::PresentationError;

use domain::time::{FrameRate, Rational};
use serde::{Deserialize, Serialize};

use crate::storyboard::StoryboardGrid;

/// A segment as the manifests see it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MediaSegment {
    /// Ticks of its track that it lasts; never zero.
    pub duration: u64,
    /// Bytes of the whole file, boxes included; never zero.
    pub bytes: u64,
}

/// The byte range of an I-frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct IFrameRange {
    /// Number of its segment, from 1.
    pub segment: u32,
    /// First byte within the segment.
    pub offset: u64,
    /// Number of bytes.
    pub length: u64,
    /// Ticks until the next I-frame, or the end of the track.
    pub duration: u64,
}

/// One video rung, encoded.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct VideoRendition {
    /// Name of its folder under `v/`, such as `1080p`.
    pub id: String,
    /// RFC 6381 string out of its init segment.
    pub codec: String,
    /// Width in pixels, rotation applied; pixels are square.
    pub width: u32,
    /// Height in pixels, rotation applied.
    pub height: u32,
    /// Frames per second; gives the timescale of the durations, too.
    pub frame_rate: FrameRate,
    /// Its segments, in order: the first is number 1.
    pub segments: Vec<MediaSegment>,
    /// Its I-frames, in order; they cover the track without a gap.
    pub iframes: Vec<IFrameRange>,
}

/// One audio rung of one audio track, encoded.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AudioRendition {
    /// Name of its folder under `a/`, such as `und-128k`.
    pub id: String,
    /// The HLS group, such as `aac-128k`. Renditions of a group have one codec and differ in what
    /// they say (language, commentary), not in quality; the first is the default.
    pub group: String,
    /// RFC 6381 string out of its init segment.
    pub codec: String,
    /// RFC 5646 language tag; `und` where it is not known.
    pub language: String,
    /// What a person calls the track; any text.
    pub name: String,
    /// Number of channels.
    pub channels: u16,
    /// Samples per second, which is the timescale of the durations, too.
    pub sample_rate: u32,
    /// Its segments, in order: the first is number 1.
    pub segments: Vec<MediaSegment>,
}

/// Thumbnails of the whole presentation, in `thumbs/`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Storyboard {
    /// Its measures.
    pub grid: StoryboardGrid,
    /// Bytes of each sheet, in order.
    pub sheet_bytes: Vec<u64>,
}

/// Everything there is to play, checked.
///
/// As JSON it lies beside the manifests, so that others can be made without a look at the media.
/// What is read is checked again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Presentation {
    duration: Rational,
    video: Vec<VideoRendition>,
    audio: Vec<AudioRendition>,
    storyboard: Option<Storyboard>,
}

/// The JSON of a presentation.
#[derive(Deserialize)]
struct Unchecked {
    duration: Rational,
    video: Vec<VideoRendition>,
    audio: Vec<AudioRendition>,
    storyboard: Option<Storyboard>,
}

impl TryFrom<Unchecked> for Presentation {
    type Error = PresentationError;

    fn try_from(read: Unchecked) -> Result<Self, PresentationError> {
        Self::new(read.duration, read.video, read.audio, read.storyboard)
    }
}

impl Presentation {
    /// Checks that the renditions make one presentation of `duration` seconds.
    ///
    /// Guaranteed afterwards: there is at least one rendition; every rendition has segments, none
    /// of them empty; all video renditions have the same rate and the same boundaries, and last
    /// exactly `duration`; audio lasts as long to a quarter of a second; audio of one set (same
    /// language, name and codec) and of one group belongs together; ids are unique and can stand
    /// in a path; I-frames lie in their segments and cover the track.
    ///
    /// # Errors
    /// A variant of [`PresentationError`], which names the rendition.
    pub fn new(
        duration: Rational,
        video: Vec<VideoRendition>,
        audio: Vec<AudioRendition>,
        storyboard: Option<Storyboard>,
    ) -> Result<Self, PresentationError> {
        let presentation = Self {
            duration,
            video,
            audio,
            storyboard,
        };
        check::presentation(&presentation)?;
        Ok(presentation)
    }

    /// Seconds that it lasts.
    #[must_use]
    pub const fn duration(&self) -> Rational {
        self.duration
    }

    /// The video renditions, as they were given.
    #[must_use]
    pub fn video(&self) -> &[VideoRendition] {
        &self.video
    }

    /// The audio renditions, as they were given.
    #[must_use]
    pub fn audio(&self) -> &[AudioRendition] {
        &self.audio
    }

    /// The thumbnails, if there are any.
    #[must_use]
    pub const fn storyboard(&self) -> Option<&Storyboard> {
        self.storyboard.as_ref()
    }
}

impl VideoRendition {
    /// Ticks per second of the durations.
    #[must_use]
    pub const fn timescale(&self) -> u32 {
        self.frame_rate.timescale()
    }
}

impl AudioRendition {
    /// Whether a DASH player may switch between the two: same sound, other bit rate.
    #[must_use]
    pub fn same_set(&self, other: &Self) -> bool {
        self.language == other.language
            && self.name == other.name
            && self.codec == other.codec
            && self.channels == other.channels
            && self.sample_rate == other.sample_rate
            && self.group != other.group
    }
}

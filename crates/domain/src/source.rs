//! What a probe found out about a source: facts, before any decision.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::time::Rational;

/// The facts that a plan is made from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SourceProbe {
    /// ffmpeg's demuxer name, such as `mov,mp4,m4a,3gp,3g2,mj2` or `mpegts`.
    pub container: String,
    /// Timestamp at which the container begins, in seconds; ffmpeg's `-ss` counts from here.
    pub start: Rational,
    /// Whether the container has an index, so that a seek reads only what it needs.
    pub indexed: bool,
    /// The main picture.
    pub video: Option<VideoTrack>,
    /// The sound tracks in the container's order.
    pub audio: Vec<AudioTrack>,
    /// Cover art: the index of an attached picture.
    pub cover: Option<u32>,
    /// Title, artist and the like, as the container has them.
    pub tags: BTreeMap<String, String>,
}

/// The main picture of a source.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct VideoTrack {
    /// Stream index in the container.
    pub index: u32,
    /// ffmpeg's decoder name, such as `h264`.
    pub codec: String,
    /// Coded width in pixels.
    pub width: u32,
    /// Coded height in pixels.
    pub height: u32,
    /// ffmpeg's pixel format name.
    pub pixel_format: String,
    /// Width of a pixel over its height.
    pub sample_aspect: Rational,
    /// How the picture must be turned to stand upright.
    pub rotation: Rotation,
    /// Whether frames hold two fields of different times.
    pub interlaced: bool,
    /// Colour tags.
    pub colour: Colour,
    /// Seconds that one tick of the track lasts.
    pub time_base: Rational,
    /// Timestamp of the first frame that is shown, in ticks.
    pub origin: i64,
    /// Timestamp at which the last frame ends, in ticks; above `origin`.
    pub end: i64,
    /// Frames per second, as measured.
    pub rate: Rational,
    /// Whether frames come at one constant rate.
    pub constant_rate: bool,
}

impl VideoTrack {
    /// Time at which the first frame is shown, in seconds on the container's clock.
    #[must_use]
    pub fn start(&self) -> Rational {
        Rational::whole(self.origin) * self.time_base
    }

    /// Time from the first frame's start to the last frame's end, in seconds.
    #[must_use]
    pub fn duration(&self) -> Rational {
        Rational::whole(i128::from(self.end) - i128::from(self.origin)) * self.time_base
    }

    /// Width and height as shown: square pixels, upright.
    #[must_use]
    pub fn display_size(&self) -> (Rational, Rational) {
        let (width, height) = (Rational::whole(self.width), Rational::whole(self.height));
        let (width, height) = if self.sample_aspect >= Rational::ONE {
            (width * self.sample_aspect, height)
        } else {
            (width, height / self.sample_aspect)
        };
        match self.rotation {
            Rotation::None | Rotation::Half => (width, height),
            Rotation::Clockwise | Rotation::CounterClockwise => (height, width),
        }
    }
}

/// One sound track of a source.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AudioTrack {
    /// Stream index in the container.
    pub index: u32,
    /// ffmpeg's decoder name, such as `aac`.
    pub codec: String,
    /// Samples per second.
    pub sample_rate: u32,
    /// Channels.
    pub channels: u32,
    /// Time of the first sample that is heard, in seconds on the container's clock.
    pub start: Rational,
    /// Time at which the last sample ends, in seconds on the container's clock.
    pub end: Rational,
    /// Language as the container has it, ISO 639-2; none when undetermined.
    pub language: Option<String>,
}

/// A quarter turn that makes the picture upright.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rotation {
    /// It is upright.
    None,
    /// Turn it 90° clockwise.
    Clockwise,
    /// Turn it 90° counter-clockwise.
    CounterClockwise,
    /// Turn it upside down.
    Half,
}

impl Rotation {
    /// From ffprobe's `rotation`, degrees counter-clockwise, rounded to a quarter turn.
    #[must_use]
    pub const fn from_degrees(degrees: i64) -> Self {
        match (degrees.rem_euclid(360) + 45) / 90 % 4 {
            1 => Self::CounterClockwise,
            2 => Self::Half,
            3 => Self::Clockwise,
            _ => Self::None,
        }
    }
}

/// Colour tags in ffmpeg's words; none where the source does not say.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Colour {
    /// `color_primaries`, such as `bt709`.
    pub primaries: Option<String>,
    /// `color_transfer`.
    pub transfer: Option<String>,
    /// `color_space`: the matrix.
    pub matrix: Option<String>,
    /// `color_range`: `tv` or `pc`.
    pub range: Option<String>,
}

/// A keyframe in a source without an index, in ticks of its track.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Keyframe {
    /// Presentation timestamp.
    pub pts: i64,
    /// Decode timestamp: where a seek must aim.
    pub dts: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_are_counter_clockwise_as_ffprobe_counts_them() {
        assert_eq!(Rotation::from_degrees(-90), Rotation::Clockwise);
        assert_eq!(Rotation::from_degrees(270), Rotation::Clockwise);
        assert_eq!(Rotation::from_degrees(90), Rotation::CounterClockwise);
        assert_eq!(Rotation::from_degrees(180), Rotation::Half);
        assert_eq!(Rotation::from_degrees(-180), Rotation::Half);
        assert_eq!(Rotation::from_degrees(1), Rotation::None);
    }
}

//! What the owner wants: ladder rules, encoder settings, audio, thumbnails.

use serde::{Deserialize, Serialize};

use crate::time::BitsPerSecond;

/// The wishes that a plan is made for. Part of the job's id by its name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// GOPs (two seconds each) in a segment.
    pub gops_per_segment: u64,
    /// Segments in an encode chunk.
    pub segments_per_chunk: u64,
    /// How the source is cut.
    pub cut: CutChoice,
    /// The picture.
    pub video: VideoProfile,
    /// The sound.
    pub audio: AudioProfile,
}

/// How the picture is encoded.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VideoProfile {
    /// Short sides of the ladder in pixels, tallest first; none above the source is used.
    pub short_sides: Vec<u32>,
    /// x264's `-preset`.
    pub preset: String,
    /// x264's `-crf`: one for all rungs, because it is written into the init segment.
    pub crf: u32,
}

/// How the sound is encoded.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AudioProfile {
    /// Bit rate beside a picture, for two channels; mono takes half.
    pub beside_picture: BitsPerSecond,
    /// Bit rates of an asset without a picture, for two channels, highest first.
    pub alone: Vec<BitsPerSecond>,
    /// Longest stretch of sound that one invocation encodes, in seconds. AAC is encoded at about
    /// 70 times real time, so an hour is no critical path; every seam costs a little quality.
    pub chunk_seconds: u64,
}

/// How encoders get their part of the source.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CutChoice {
    /// By range where the source has an index, else by copy.
    Auto,
    /// Each encoder seeks in the source itself.
    Range,
    /// The segment stage cuts pieces without re-encoding.
    Copy,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            name: "default".to_owned(),
            gops_per_segment: 3,
            segments_per_chunk: 4,
            cut: CutChoice::Auto,
            video: VideoProfile::default(),
            audio: AudioProfile::default(),
        }
    }
}

impl Default for VideoProfile {
    fn default() -> Self {
        Self {
            short_sides: vec![1080, 720, 480, 240],
            preset: "veryfast".to_owned(),
            crf: 23,
        }
    }
}

impl Default for AudioProfile {
    fn default() -> Self {
        Self {
            beside_picture: BitsPerSecond::kilo(128),
            alone: vec![
                BitsPerSecond::kilo(192),
                BitsPerSecond::kilo(128),
                BitsPerSecond::kilo(64),
            ],
            chunk_seconds: 3600,
        }
    }
}

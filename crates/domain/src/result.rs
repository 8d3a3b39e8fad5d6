//! What a stage reports: written last, so that a result that is there is whole.

use serde::{Deserialize, Serialize};

use crate::error_code::ErrorCode;
use crate::ids::RungId;
use crate::time::FrameRange;

/// What a stage cost.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Usage {
    /// CPU time of ffmpeg and ffprobe, user and system, in milliseconds.
    pub ffmpeg_cpu_ms: u64,
    /// Time from start to end of the stage, in milliseconds.
    pub wall_ms: u64,
    /// When the stage began, in milliseconds since the Unix epoch.
    pub started_ms: u64,
}

impl Usage {
    /// When the stage ended, in milliseconds since the Unix epoch.
    #[must_use]
    pub const fn ended_ms(&self) -> u64 {
        self.started_ms + self.wall_ms
    }
}

/// What segment did: `results/segment.json`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SegmentResult {
    /// Encode chunks planned.
    pub video_chunks: u32,
    /// Audio chunks planned.
    pub audio_chunks: u32,
    /// What it cost.
    pub usage: Usage,
}

/// What encode-video made of one encode chunk: `results/v/00001.json`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct VideoChunkResult {
    /// Number of the chunk, from 1.
    pub index: u32,
    /// Its frames.
    pub frames: FrameRange,
    /// One entry for each rung of the plan, in the plan's order.
    pub rungs: Vec<RungResult>,
    /// What it cost.
    pub usage: Usage,
}

/// What encode-audio made of one audio chunk: `results/a/00001.json`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AudioChunkResult {
    /// Number of the chunk, from 1.
    pub index: u32,
    /// Its audio frames.
    pub frames: FrameRange,
    /// One entry for each rung of the plan, in the plan's order.
    pub rungs: Vec<RungResult>,
    /// What it cost.
    pub usage: Usage,
}

/// One rung's share of a chunk.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RungResult {
    /// The rung.
    pub rung: RungId,
    /// SHA-256 of the init segment that this chunk's encoder wrote, in hexadecimal.
    pub init_sha256: String,
    /// The segments in order.
    pub segments: Vec<SegmentFacts>,
}

/// One segment as it was published, read back from its own bytes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SegmentFacts {
    /// Number in the track, from 1.
    pub number: u64,
    /// `tfdt` of its first fragment, in ticks of the track.
    pub start: u64,
    /// Its length, in ticks of the track.
    pub duration: u64,
    /// Frames of the picture, or frames of the audio codec.
    pub frames: u64,
    /// Its length in bytes.
    pub bytes: u64,
    /// Where its keyframes are; empty for sound.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub iframes: Vec<IFrameFacts>,
}

/// One keyframe in a segment: the bytes from its `moof` to the end of its sample.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct IFrameFacts {
    /// First byte in the segment.
    pub offset: u64,
    /// Bytes.
    pub length: u64,
    /// Frames until the next keyframe.
    pub frames: u64,
}

/// What thumbnail made: `results/thumbnails.json`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ThumbnailResult {
    /// The poster, or cover art; none for sound without any.
    pub poster: Option<Picture>,
    /// The storyboard; none without a picture.
    pub storyboard: Option<Storyboard>,
    /// What it cost.
    pub usage: Usage,
}

/// A picture in the asset's folder.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Picture {
    /// Its path under the asset's folder, such as `thumbs/poster.jpg`.
    pub path: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// Sprite sheets: tiles in rows, one for each interval of the presentation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Storyboard {
    /// Width of a tile in pixels.
    pub tile_width: u32,
    /// Height of a tile in pixels.
    pub tile_height: u32,
    /// Tiles in a row.
    pub columns: u32,
    /// Rows in a sheet.
    pub rows: u32,
    /// Frames of the output grid that a tile stands for.
    pub interval_frames: u64,
    /// Tiles in all.
    pub tiles: u32,
    /// Length of each sheet in bytes.
    pub sheet_bytes: Vec<u64>,
}

/// What assemble-manifest published: `results/manifest.json`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ManifestResult {
    /// Every rendition, video first, each group from the highest rate down.
    pub renditions: Vec<Rendition>,
    /// What it cost.
    pub usage: Usage,
}

/// The result of encoding one rung.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Rendition {
    /// The rung's id.
    pub id: RungId,
    /// Picture or sound.
    pub kind: RenditionKind,
    /// RFC 6381 codec string, read from the init segment.
    pub codec: String,
    /// Width in pixels; none for sound.
    pub width: Option<u32>,
    /// Height in pixels; none for sound.
    pub height: Option<u32>,
    /// Peak bit rate as RFC 8216bis 4.1 measures it, in bits per second, this rendition alone.
    pub bandwidth: u64,
    /// Average bit rate in bits per second.
    pub average_bandwidth: u64,
    /// Segments.
    pub segments: u64,
    /// Bytes of all segments.
    pub bytes: u64,
}

/// Whether a rendition is picture or sound.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RenditionKind {
    /// Picture.
    Video,
    /// Sound.
    Audio,
}

/// Why a stage gave up: `failures/…json`.
///
/// A Distributed Map hides the error of its child behind a name of its own, so the child leaves
/// it here for update-metadata.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StageFailure {
    /// The stage, such as `encode-video`.
    pub stage: String,
    /// Which fact.
    pub code: ErrorCode,
    /// What happened, to which file.
    pub message: String,
}

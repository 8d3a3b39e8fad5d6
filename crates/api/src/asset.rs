//! Assets as their owners and viewers see them.

use domain::ErrorCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::Timestamp;
use crate::caption::Caption;

/// Where an asset stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AssetState {
    /// Its upload is not whole yet.
    Uploading,
    /// Its newest job runs. An earlier stream may be there to play.
    Processing,
    /// It plays.
    Ready,
    /// Its only job failed.
    Failed,
    /// It is being removed.
    Deleting,
}

/// Who may watch an asset.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Its owner.
    Private,
    /// Whoever knows its id.
    Unlisted,
    /// Everybody; it is listed.
    Public,
}

/// What an asset, or a rendition of it, is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A picture, perhaps with sound.
    Video,
    /// Sound alone.
    Audio,
}

/// What a job is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Nothing yet.
    Queued,
    /// The source is looked at and cut.
    Segment,
    /// Chunks are encoded.
    Encode,
    /// Pictures and manifests are made.
    Assemble,
    /// It is about to be published.
    Publish,
}

/// How far a job is: counted, not guessed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Progress {
    /// What it is doing.
    pub stage: Stage,
    /// Video chunks that are encoded.
    pub video_done: u32,
    /// Video chunks in the plan.
    pub video_planned: u32,
    /// Audio chunks that are encoded.
    pub audio_done: u32,
    /// Audio chunks in the plan.
    pub audio_planned: u32,
    /// The way behind it, 0 to 100.
    #[schema(maximum = 100)]
    pub percent: u8,
    /// The time that is left, if the rest goes as what is done went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining_ms: Option<u64>,
}

/// Why the newest job failed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Failure {
    /// Which fact of the pipeline's closed list.
    #[schema(value_type = String)]
    pub code: ErrorCode,
    /// What happened, to which file.
    pub message: String,
    /// What to do.
    pub advice: String,
}

/// One rendition of a published stream.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Rendition {
    /// Its rung.
    pub id: String,
    /// Picture or sound.
    pub kind: Kind,
    /// The codec, as RFC 6381 writes it.
    pub codec: String,
    /// Width in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Height in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Measured average.
    pub bits_per_second: u64,
}

/// What making the published stream cost, at list prices of AWS.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Cost {
    /// Millionths of a US dollar.
    pub micro_dollars: u64,
    /// CPU time of all encoders, in milliseconds.
    pub ffmpeg_cpu_ms: u64,
    /// From the first stage's start to the last one's end, stage by stage, in milliseconds.
    pub stages_ms: u64,
}

/// An asset.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Asset {
    /// The asset.
    pub id: String,
    /// What a person calls it.
    pub title: String,
    /// The file's name; empty for others than its owner.
    pub file: String,
    /// Where it stands.
    pub state: AssetState,
    /// Who may watch it.
    pub visibility: Visibility,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Counts its owner's changes: for `If-Match`.
    pub version: u64,
    /// When it was entered.
    pub created_at: Timestamp,
    /// When its owner last changed it.
    pub updated_at: Timestamp,
    /// Whether there is a stream to play.
    pub playable: bool,
    /// What the stream is, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// How long the stream is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Width of the largest rendition, in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Height of the largest rendition, in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Signed address of the poster, under the page's origin; for an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poster: Option<String>,
    /// How far its newest job is, while that runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// Why its newest job failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// Its newest job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The stream's renditions; only of a single asset.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renditions: Vec<Rendition>,
    /// Captions beside the film; only of a single asset.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub captions: Vec<Caption>,
    /// What the stream cost; only of a single asset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
}

/// Assets, the newest first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Assets {
    /// One page of them.
    pub assets: Vec<Asset>,
    /// Cursor of the next page, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Which assets are wanted.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AssetQuery {
    /// Words that are all in title, file name or tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(max_length = 200)]
    pub q: Option<String>,
    /// Only those that stand so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub state: Option<AssetState>,
    /// Only those with this tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(max_length = 50)]
    pub tag: Option<String>,
    /// Most assets in the answer. There may be fewer although more follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 100, default = 25)]
    pub limit: Option<u32>,
    /// `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(pattern = "^[0-9]{20}-[A-Za-z0-9_-]{1,64}$")]
    pub cursor: Option<String>,
}

/// A word to find an asset by.
#[derive(ToSchema)]
#[schema(
    min_length = 1,
    max_length = 50,
    pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\xa0\s][^\x00-\x1f\x7f-\x9f]*$"
)]
#[expect(dead_code, reason = "it only describes")]
struct Tag(String);

/// What an owner changes; what is left out stays.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssetChange {
    /// What a person calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\xa0\s][^\x00-\x1f\x7f-\x9f]*$"
    )]
    pub title: Option<String>,
    /// Words to find it by, in place of those that it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 20, value_type = Option<Vec<Tag>>)]
    pub tags: Option<Vec<String>>,
    /// Who may watch it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
}

//! The job record and the asset document: what the document store holds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cost::bill::Cost;
use crate::error_code::ErrorCode;
use crate::ids::{AssetId, JobId};
use crate::object::SourceObject;
use crate::result::{Picture, Rendition, Storyboard};
use crate::time::Rational;

/// Where a job stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Claimed; an execution works on it.
    Running,
    /// Published.
    Ready,
    /// Given up, with a reason.
    Failed,
}

/// Why a job failed, for its owner.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct JobError {
    /// Which fact of the closed list.
    pub code: ErrorCode,
    /// What happened, to which file, and what to do.
    pub message: String,
}

/// The record of one job.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct JobRecord {
    /// The job.
    pub job: JobId,
    /// The asset it is for.
    pub asset: AssetId,
    /// The owner, from the key.
    pub owner: String,
    /// The source.
    pub source: SourceObject,
    /// Name of the profile.
    pub profile: String,
    /// Where it stands.
    pub state: JobState,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
}

/// The document of one asset: everything that has no column in the relational core.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AssetDocument {
    /// The asset.
    pub asset: AssetId,
    /// The job that the document describes.
    pub job: JobId,
    /// The owner.
    pub owner: String,
    /// What a person calls it; the file's name until somebody renames it.
    pub title: String,
    /// Where its newest job stands.
    pub state: JobState,
    /// Why its newest job failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
    /// The published stream; none until a job was ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<Published>,
}

/// A published stream: the pointer that players follow, replaced in one write.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Published {
    /// The job that made it.
    pub job: JobId,
    /// Folder in the media bucket, ending in `/`.
    pub folder: String,
    /// Path of the multivariant playlist under the folder.
    pub hls: String,
    /// Path of the MPD under the folder.
    pub dash: String,
    /// Length in seconds.
    pub duration: Rational,
    /// Every rendition.
    pub renditions: Vec<Rendition>,
    /// The poster or cover art.
    pub poster: Option<Picture>,
    /// The storyboard.
    pub storyboard: Option<Storyboard>,
    /// Tags of the source.
    pub tags: BTreeMap<String, String>,
    /// Time from start to end of each stage, in milliseconds.
    pub stage_ms: BTreeMap<String, u64>,
    /// CPU time of all ffmpeg processes of the job, in milliseconds.
    pub ffmpeg_cpu_ms: u64,
    /// What making it cost, at list prices and with the template's defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
}

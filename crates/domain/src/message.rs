//! What stages say to each other: the inputs and outputs in the state machine.
//!
//! Small by design: anything that grows with the film lies in the work bucket, and its key is a
//! function of the job.

use serde::{Deserialize, Serialize};

use crate::ids::{AssetId, JobId};
use crate::object::{ObjectRef, SourceObject};
use crate::plan::{AudioChunk, EncodeChunk};
use crate::profile::Profile;

/// A message that is about one job.
pub trait OfJob {
    /// The job.
    fn job(&self) -> &JobId;
}

macro_rules! of_job {
    ($($message:ident),+) => {
        $(impl OfJob for $message {
            fn job(&self) -> &JobId {
                &self.job
            }
        })+
    };
}

of_job!(SegmentInput, EncodeChunk, AudioChunk, JobInput);

/// The execution's input where an asset is removed instead of made, and that of update-metadata.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RemoveInput {
    /// What is removed.
    pub remove: Removal,
}

/// An asset that goes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Removal {
    /// The asset.
    pub asset: AssetId,
}

/// The execution's input where an asset is another than before, and that of every errand that follows
/// from it: its owner changed what he says about it, or it is ready.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChangedInput {
    /// What is another.
    pub changed: ChangedAsset,
}

/// An asset that is another than before. How it is now, whoever does an errand looks up.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChangedAsset {
    /// The asset.
    pub asset: AssetId,
}

/// The execution's input, and that of segment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SegmentInput {
    /// The job.
    pub job: JobId,
    /// Which attempt at it, from 1.
    #[serde(default = "first_attempt")]
    pub attempt: u32,
    /// The asset it is for.
    pub asset: AssetId,
    /// The uploaded object.
    pub source: SourceObject,
    /// What the owner wants.
    #[serde(default)]
    pub profile: Profile,
}

impl SegmentInput {
    /// The request for a source: both ids follow from it.
    #[must_use]
    pub fn new(source: SourceObject, profile: Profile) -> Self {
        Self {
            job: JobId::of(&source, &profile.name),
            attempt: first_attempt(),
            asset: AssetId::of(&source.object),
            source,
            profile,
        }
    }
}

/// A request that does not say which attempt it is for, such as a tester's.
const fn first_attempt() -> u32 {
    1
}

/// The output of segment: what the Parallel state needs to fan out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SegmentOutput {
    /// The job.
    pub job: JobId,
    /// Where the list of encode chunks is, an array of [`crate::plan::EncodeChunk`]; none without
    /// a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video_chunks: Option<ObjectRef>,
    /// The audio chunks; few, whatever the length.
    pub audio_chunks: Vec<AudioChunk>,
}

/// The input of the stages that work on a whole job: thumbnail and assemble-manifest.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct JobInput {
    /// The job.
    pub job: JobId,
}

/// The output of encode-video, encode-audio, thumbnail and assemble-manifest: the facts are in
/// the work bucket.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StageDone {
    /// The job.
    pub job: JobId,
    /// Where the result is.
    pub result: ObjectRef,
}

/// The input of update-metadata: how the job ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UpdateMetadataInput {
    /// The job, the asset, the source: the execution's input.
    #[serde(flatten)]
    pub request: SegmentInput,
    /// What the state machine caught; none when every stage was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<CaughtError>,
}

/// What update-metadata is called for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
#[expect(
    clippy::large_enum_variant,
    reason = "one at a time, read and matched at once"
)]
pub enum UpdateMetadataCall {
    /// An asset goes.
    Remove(RemoveInput),
    /// An asset is another than before.
    Changed(ChangedInput),
    /// A job has ended.
    Ended(UpdateMetadataInput),
}

/// An error as Step Functions hands it to a `Catch`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CaughtError {
    /// The error's name.
    pub error: String,
    /// For a Lambda task, JSON with `errorMessage` and `errorType`; else prose.
    #[serde(default)]
    pub cause: String,
}

/// The output of update-metadata where a job has ended; an errand has none.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UpdateMetadataOutput {
    /// The job.
    pub job: JobId,
    /// The asset.
    pub asset: AssetId,
    /// How the job ended.
    pub state: crate::job::JobState,
}

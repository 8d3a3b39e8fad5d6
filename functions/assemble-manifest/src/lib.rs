//! Checks every result against the plan, then writes playlists and MPD: text only, no media is
//! copied.

pub mod check;
mod describe;
mod inventory;

use bytes::Bytes;
use cloud::ports::{ListObjects, ReadObject, WriteObject};
use cloud::{Content, StoreError};
use domain::ids::RungId;
use domain::layout::{MediaFolder, PRESENTATION};
use domain::message::{JobInput, StageDone};
use domain::object::ObjectRef;
use domain::plan::Plan;
use domain::result::{AudioChunkResult, ManifestResult, ThumbnailResult, VideoChunkResult};
use domain::{ErrorCode, Fault};
use media::cmaf::init::InitError;
use media::dash::DashError;
use media::manifest;
use media::presentation::{Presentation, PresentationError};
use runtime::{Config, ConfigError, StageContext};
use stage::usage::Meter;
use stage::{Buckets, Work, WorkError, publish};

use crate::check::Mismatch;
use crate::inventory::Inventory;

/// What assemble-manifest may do.
#[derive(Debug)]
pub struct Ports<S> {
    /// The work bucket and the media bucket.
    pub objects: S,
    /// The buckets' names.
    pub buckets: Buckets,
}

impl<S> Ports<S> {
    /// What the environment names, on this storage.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn configured(config: &Config, objects: S) -> Result<Self, ConfigError> {
        Ok(Self {
            objects,
            buckets: Buckets::configured(config)?,
        })
    }
}

/// Results that do not add up, or a fault on the way. Nothing is published then.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// The results contradict the plan.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
    /// A segment is not in the media bucket, or has another length.
    #[error("{path} should have {expected} bytes, the media bucket has {}", in_words(*.found))]
    Segment {
        /// Its path under the asset's folder.
        path: String,
        /// What the encoder reported.
        expected: u64,
        /// What is there; none for nothing.
        found: Option<u64>,
    },
    /// A published init segment is not the one that the chunks were encoded with.
    #[error("the published init segment of {rung} is not the one that its chunks were made with")]
    Init {
        /// The rung.
        rung: RungId,
    },
    /// A published init segment describes another track than the plan.
    #[error("the init segment of {rung} describes {found}, the plan says {planned}")]
    Track {
        /// The rung.
        rung: RungId,
        /// What the plan says.
        planned: String,
        /// What the init segment says.
        found: String,
    },
    /// A published init segment does not read.
    #[error("the init segment of {rung} does not read")]
    InitBoxes {
        /// The rung.
        rung: RungId,
        /// Why.
        #[source]
        source: InitError,
    },
    /// The renditions do not make one presentation.
    #[error(transparent)]
    Presentation(#[from] PresentationError),
    /// The MPD could not be written.
    #[error(transparent)]
    Mpd(#[from] DashError),
    /// The presentation could not be written as JSON.
    #[error("the presentation has no JSON")]
    Json(#[source] serde_json::Error),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The work folder failed.
    #[error(transparent)]
    Work(#[from] WorkError),
}

fn in_words(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "nothing".to_owned(), |bytes| format!("{bytes}"))
}

impl Fault for AssembleError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Mismatch(error) => error.code(),
            Self::Segment { .. } => ErrorCode::SegmentMissing,
            Self::Init { .. } | Self::Track { .. } | Self::InitBoxes { .. } => {
                ErrorCode::InitMismatch
            }
            Self::Presentation(error) => error.code(),
            Self::Mpd(error) => error.code(),
            Self::Json(_) => ErrorCode::Internal,
            Self::Store(error) => error.code(),
            Self::Work(error) => error.code(),
        }
    }
}

/// Checks and publishes one job's manifests; the result is written last.
///
/// A second call writes equal bytes.
///
/// # Errors
/// [`AssembleError`].
pub async fn handle<S>(
    input: JobInput,
    ports: &Ports<S>,
    _context: &StageContext,
) -> Result<StageDone, AssembleError>
where
    S: ReadObject + WriteObject + ListObjects,
{
    let work = Work::new(&ports.objects, &ports.buckets.work, &input.job);
    let key = work.folder().manifest_result();
    let outcome = async {
        let result = assemble(ports, work).await?;
        work.write(key.clone(), &result).await?;
        Ok(work.done(key))
    };
    work.watched("assemble-manifest", 0, outcome.await).await
}

async fn assemble<S>(ports: &Ports<S>, work: Work<'_, S>) -> Result<ManifestResult, AssembleError>
where
    S: ReadObject + WriteObject + ListObjects,
{
    let meter = Meter::start();
    let plan = work.plan().await?;
    let (video, audio) = checked(&plan, work).await?;
    let thumbnails: ThumbnailResult = work.read(work.folder().thumbnail_result()).await?;
    let inventory = Inventory::take(ports, &plan).await?;
    let described = describe::renditions(&plan, &inventory, &video, &audio).await?;
    let storyboard = describe::storyboard(&plan, thumbnails.storyboard);
    let presentation =
        Presentation::new(plan.duration, described.video, described.audio, storyboard)?;
    store(ports, &plan, &presentation).await?;
    Ok(ManifestResult {
        renditions: describe::figures(&presentation),
        usage: meter.usage(),
    })
}

type Checked = Vec<check::CheckedRung>;

/// Reads the result of every planned chunk and checks them all.
async fn checked<S: ReadObject>(
    plan: &Plan,
    work: Work<'_, S>,
) -> Result<(Checked, Checked), AssembleError> {
    let folder = work.folder();
    let planned = plan.timeline.chunks(plan.profile.segments_per_chunk);
    let video_keys = if plan.video.is_some() {
        planned.len()
    } else {
        0
    };
    let video_keys = (1..)
        .take(video_keys)
        .map(|index| folder.video_result(index));
    let video: Vec<VideoChunkResult> = work.find_all(video_keys).await?;
    let audio_keys = plan.audio_chunks();
    let audio_keys = audio_keys
        .iter()
        .map(|chunk| folder.audio_result(chunk.index));
    let audio: Vec<AudioChunkResult> = work.find_all(audio_keys).await?;
    Ok((check::video(plan, &video)?, check::audio(plan, &audio)?))
}

/// Writes the presentation, from which manifests can be made again, and the manifests in the order in
/// which they name each other.
async fn store<S: WriteObject>(
    ports: &Ports<S>,
    plan: &Plan,
    presentation: &Presentation,
) -> Result<(), AssembleError> {
    let folder = MediaFolder {
        asset: &plan.asset,
        job: &plan.job,
    };
    let bucket = &ports.buckets.media;
    let json = serde_json::to_vec(presentation).map_err(AssembleError::Json)?;
    let object = ObjectRef {
        bucket: bucket.clone(),
        key: folder.key(PRESENTATION),
    };
    let json = Bytes::from(json);
    ports.objects.write(&object, json, Content::Json).await?;
    for file in manifest::files(presentation)? {
        publish::text(&ports.objects, bucket, &folder, file).await?;
    }
    Ok(())
}

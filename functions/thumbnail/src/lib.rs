//! Poster and storyboard, cut from the keyframes of the finished rungs; cover art for sound.

pub mod choose;
mod keyframes;
mod pictures;

use cloud::StoreError;
use cloud::ports::{DescribeSource, ReadObject, ReadRange, SignSource, UploadFile, WriteObject};
use domain::layout::MediaFolder;
use domain::message::{JobInput, StageDone};
use domain::object::{BucketName, ObjectRef};
use domain::plan::Plan;
use domain::result::ThumbnailResult;
use domain::{ErrorCode, Fault};
use ffmpeg::RunError;
use media::cmaf::iframe_track::IFrameTrackError;
use media::storyboard::StoryboardError;
use runtime::{Metric, ScratchError, StageContext};
use stage::usage::Meter;
use stage::{Work, WorkError};

pub use stage::Ports;

/// Thumbnails that were not made.
#[derive(Debug, thiserror::Error)]
pub enum ThumbnailError {
    /// A planned chunk has no result, or no keyframe where the grid has one.
    #[error("no encode chunk has the keyframe of frame {frame} in {rung}")]
    KeyframeMissing {
        /// The frame on the output grid.
        frame: u64,
        /// The rung.
        rung: domain::ids::RungId,
    },
    /// The plan has a picture, but no rung.
    #[error("the plan has a picture, but no rung")]
    WithoutRungs,
    /// The poster's file could not be looked at.
    #[error("a picture that ffmpeg wrote cannot be read")]
    Picture(#[source] std::io::Error),
    /// ffmpeg wrote something else than a picture.
    #[error("ffmpeg's file is no picture")]
    NotAPicture(#[source] imagesize::ImageError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The work folder failed.
    #[error(transparent)]
    Work(#[from] WorkError),
    /// ffmpeg failed.
    #[error(transparent)]
    Run(#[from] RunError),
    /// No scratch folder.
    #[error(transparent)]
    Scratch(#[from] ScratchError),
    /// Keyframes do not make a track.
    #[error(transparent)]
    Track(#[from] IFrameTrackError),
    /// The index could not be written.
    #[error(transparent)]
    Index(#[from] StoryboardError),
}

impl Fault for ThumbnailError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::KeyframeMissing { .. } => ErrorCode::ChunkMissing,
            Self::WithoutRungs | Self::Picture(_) | Self::NotAPicture(_) => ErrorCode::Internal,
            Self::Store(error) => error.code(),
            Self::Work(error) => error.code(),
            Self::Run(error) => error.code(),
            Self::Scratch(error) => error.code(),
            Self::Track(error) => error.code(),
            Self::Index(error) => error.code(),
        }
    }
}

/// Everything that making pictures for one job needs.
struct Job<'a, S> {
    ports: &'a Ports<S>,
    work: Work<'a, S>,
    plan: &'a Plan,
    context: &'a StageContext,
    meter: Meter,
}

impl<S> Job<'_, S> {
    fn media(&self) -> &BucketName {
        &self.ports.buckets.media
    }

    fn object(&self, path: &str) -> ObjectRef {
        let folder = MediaFolder {
            asset: &self.plan.asset,
            job: &self.plan.job,
        };
        ObjectRef {
            bucket: self.media().clone(),
            key: folder.key(path),
        }
    }
}

/// Makes the pictures of one job; the result is written last.
///
/// # Errors
/// [`ThumbnailError`].
pub async fn handle<S>(
    input: JobInput,
    ports: &Ports<S>,
    context: &StageContext,
) -> Result<StageDone, ThumbnailError>
where
    S: ReadObject + ReadRange + WriteObject + UploadFile + DescribeSource + SignSource,
{
    let work = Work::new(&ports.objects, &ports.buckets.work, &input.job);
    let key = work.folder().thumbnail_result();
    let made = async {
        let plan = work.plan().await?;
        let mut job = Job {
            ports,
            work,
            plan: &plan,
            context,
            meter: Meter::start(),
        };
        make(&mut job).await
    };
    work.once("thumbnail", 0, key, made).await
}

async fn make<S>(job: &mut Job<'_, S>) -> Result<ThumbnailResult, ThumbnailError>
where
    S: ReadObject + ReadRange + WriteObject + UploadFile + DescribeSource + SignSource,
{
    let (poster, storyboard) = match &job.plan.video {
        Some(video) => {
            let (poster, storyboard) = pictures::of_video(job, video).await?;
            (Some(poster), Some(storyboard))
        }
        None => (pictures::cover(job).await?, None),
    };
    let usage = job.meter.usage();
    job.context
        .metrics
        .add(Metric::FfmpegCpuMs, usage.ffmpeg_cpu_ms);
    Ok(ThumbnailResult {
        poster,
        storyboard,
        usage,
    })
}

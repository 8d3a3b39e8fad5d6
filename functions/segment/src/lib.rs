//! Probes the source, plans the job, and cuts source segments where encoders cannot seek.

use cloud::ports::{DescribeSource, ReadObject, SignSource, UploadFile, WriteObject};
use cloud::{Content, StoreError};
use domain::cost::Capacity;
use domain::message::{SegmentInput, SegmentOutput};
use domain::object::BucketName;
use domain::plan::{CutMode, EncodeChunk, Plan, PlanError};
use domain::result::SegmentResult;
use domain::{ErrorCode, Fault};
use ffmpeg::argv::{self, ArgvError};
use ffmpeg::{MediaInput, ProbeError, Process, RunError, Tools, probe};
use runtime::{Config, ConfigError, Metric, ScratchError, StageContext};
use stage::source::was_unchanged;
use stage::usage::Meter;
use stage::{Work, WorkError, media_input, url_lifetime};

/// What segment may do.
#[derive(Debug)]
pub struct Ports<S> {
    /// The source and the work bucket.
    pub objects: S,
    /// The work bucket's name.
    pub work: BucketName,
    /// ffmpeg and ffprobe.
    pub tools: Tools,
    /// What there is to encode with.
    pub capacity: Capacity,
}

impl<S> Ports<S> {
    /// What the environment names, on this storage.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn configured(config: &Config, objects: S) -> Result<Self, ConfigError> {
        Ok(Self {
            objects,
            work: config.work_bucket()?,
            tools: stage::tools(config)?,
            capacity: config.capacity()?,
        })
    }
}

/// A source that no job can be planned for, or a fault on the way.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    /// The source has no bytes.
    #[error("{file}: the file is empty")]
    Empty {
        /// The source's name.
        file: String,
    },
    /// The source does not read as media.
    #[error("{file}: {reason}")]
    Probe {
        /// The source's name.
        file: String,
        /// What the probe found.
        reason: ProbeError,
    },
    /// The source is media that cannot be planned.
    #[error("{file}: {reason}")]
    Plan {
        /// The source's name.
        file: String,
        /// Why.
        reason: PlanError,
    },
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The work folder failed.
    #[error(transparent)]
    Work(#[from] WorkError),
    /// ffmpeg failed.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A command line could not be built.
    #[error(transparent)]
    Argv(#[from] ArgvError),
    /// No scratch folder.
    #[error(transparent)]
    Scratch(#[from] ScratchError),
}

impl Fault for SegmentError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Empty { .. } => ErrorCode::SourceEmpty,
            Self::Probe { reason, .. } => reason.code(),
            Self::Plan { reason, .. } => reason.code(),
            Self::Store(error) => error.code(),
            Self::Work(error) => error.code(),
            Self::Run(error) => error.code(),
            Self::Argv(error) => error.code(),
            Self::Scratch(error) => error.code(),
        }
    }
}

/// Plans one job: `plan.json` and `chunks/video.json` in the work bucket.
///
/// A job that is planned already is not planned again: the next attempt goes on with what is
/// there.
///
/// # Errors
/// [`SegmentError`].
pub async fn handle<S>(
    input: SegmentInput,
    ports: &Ports<S>,
    context: &StageContext,
) -> Result<SegmentOutput, SegmentError>
where
    S: ReadObject + WriteObject + UploadFile + DescribeSource + SignSource,
{
    let work = Work::new(&ports.objects, &ports.work, &input.job);
    let outcome = async {
        match planned(work).await? {
            Some(known) => Ok(known),
            None => segment(&input, ports, work, context).await,
        }
    };
    work.watched("segment", 0, outcome.await).await
}

/// What an earlier call said, if it came to its end: the result is written last.
async fn planned<S: ReadObject>(work: Work<'_, S>) -> Result<Option<SegmentOutput>, WorkError> {
    let folder = work.folder();
    if work
        .find::<SegmentResult>(folder.segment_result())
        .await?
        .is_none()
    {
        return Ok(None);
    }
    Ok(Some(output(&work.plan().await?, work)))
}

fn output<S>(plan: &Plan, work: Work<'_, S>) -> SegmentOutput {
    let chunks = plan.video.as_ref().map(|_| work.folder().video_chunks());
    SegmentOutput {
        job: plan.job.clone(),
        video_chunks: chunks.map(|chunks| work.object(chunks)),
        audio_chunks: plan.audio_chunks(),
    }
}

async fn segment<S>(
    input: &SegmentInput,
    ports: &Ports<S>,
    work: Work<'_, S>,
    context: &StageContext,
) -> Result<SegmentOutput, SegmentError>
where
    S: WriteObject + UploadFile + DescribeSource + SignSource,
{
    let mut meter = Meter::start();
    let source = &input.source;
    let file = source.object.key.file_name();
    let facts = ports.objects.describe_source(source).await?;
    if facts.size == 0 {
        return Err(SegmentError::Empty {
            file: file.to_owned(),
        });
    }
    let url = ports
        .objects
        .sign_source(source, url_lifetime(context))
        .await?;
    let media = media_input(&url);
    let tools = &ports.tools;
    let probed = probe(tools, &media, facts.size, context.deadline).await;
    was_unchanged(&ports.objects, source).await?;
    let probed = probed.map_err(|reason| SegmentError::Probe {
        file: file.to_owned(),
        reason,
    })?;
    meter.add_cpu(probed.cpu);
    let version = tools.version(context.deadline).await?;
    let plan = Plan::new(input, probed.probe, version);
    let plan = plan.map_err(|reason| SegmentError::Plan {
        file: file.to_owned(),
        reason,
    })?;
    let chunks = plan.video_chunks(&probed.keyframes, &ports.capacity);
    if plan
        .video
        .as_ref()
        .is_some_and(|video| video.cut == CutMode::Copy)
    {
        let made = cut(&plan, &chunks, &media, ports, work, &mut meter, context).await;
        was_unchanged(&ports.objects, source).await?;
        made?;
    }
    write_plan(&plan, &chunks, work, &meter).await?;
    context
        .metrics
        .add(Metric::FfmpegCpuMs, meter.usage().ffmpeg_cpu_ms);
    Ok(output(&plan, work))
}

/// Cuts the source segment of every encode chunk, one after the other, never more than one on
/// disk.
async fn cut<S: UploadFile>(
    plan: &Plan,
    chunks: &[EncodeChunk],
    media: &MediaInput,
    ports: &Ports<S>,
    work: Work<'_, S>,
    meter: &mut Meter,
    context: &StageContext,
) -> Result<(), SegmentError> {
    let scratch = context.scratch()?;
    let piece = scratch.path().join("source.nut");
    for chunk in chunks {
        let args = argv::cut_source(plan, chunk, media, &piece)?;
        let run = Process::ffmpeg(&ports.tools, args);
        meter.add_cpu(run.run(context.deadline).await?.cpu);
        let object = work.object(work.folder().source_segment(chunk.index));
        ports.objects.upload(&object, &piece, Content::Nut).await?;
    }
    Ok(())
}

/// Writes what the other stages read; the result last.
async fn write_plan<S: WriteObject>(
    plan: &Plan,
    chunks: &[EncodeChunk],
    work: Work<'_, S>,
    meter: &Meter,
) -> Result<(), WorkError> {
    let folder = work.folder();
    work.write(folder.plan(), plan).await?;
    work.write(folder.video_chunks(), &chunks).await?;
    let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let result = SegmentResult {
        video_chunks: count(chunks.len()),
        audio_chunks: count(plan.audio_chunks().len()),
        usage: meter.usage(),
    };
    work.write(folder.segment_result(), &result).await
}

//! One encode chunk, all its rungs: the source is decoded once.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cloud::ports::{DescribeSource, ReadObject, SignObject, SignSource, WriteObject};
use cloud::{Content, StoreError};
use domain::cost::Worker;
use domain::ladder::VideoRung;
use domain::layout::{MediaFolder, video_folder};
use domain::message::StageDone;
use domain::plan::{CutMode, EncodeChunk, Plan, VideoPlan};
use domain::result::{RungResult, VideoChunkResult};
use domain::time::FrameRange;
use ffmpeg::{Encoder, MediaInput, Process, argv};
use futures_util::future::try_join_all;
use media::cmaf::init::rebuild_video;
use media::cmaf::video::{VideoChunk, VideoPackager, composition_delay};
use runtime::{Metric, StageContext};
use stage::encode::{publish_rung, same_ffmpeg};
use stage::publish::Rendition;
use stage::source::was_unchanged;
use stage::usage::Meter;
use stage::{EncodeError, Work, media_input, url_lifetime};

pub use stage::Ports;

/// Encodes one chunk and publishes its segments; the result is written last.
///
/// A chunk whose result is there is not encoded again: outputs are deterministic, so it is the
/// same.
///
/// # Errors
/// [`EncodeError`].
pub async fn handle<S>(
    input: EncodeChunk,
    ports: &Ports<S>,
    context: &StageContext,
) -> Result<StageDone, EncodeError>
where
    S: ReadObject + WriteObject + DescribeSource + SignSource + SignObject,
{
    let work = Work::new(&ports.objects, &ports.buckets.work, &input.job);
    let key = work.folder().video_result(input.index);
    let encoded = encode(&input, ports, work, context);
    work.once("encode-video", input.index, key, encoded).await
}

async fn encode<S>(
    chunk: &EncodeChunk,
    ports: &Ports<S>,
    work: Work<'_, S>,
    context: &StageContext,
) -> Result<VideoChunkResult, EncodeError>
where
    S: ReadObject + WriteObject + DescribeSource + SignSource + SignObject,
{
    let mut meter = Meter::start();
    let plan = work.plan().await?;
    let video = planned(&plan, chunk)?;
    same_ffmpeg(&plan, &ports.tools, context).await?;
    let scratch = context.scratch()?;
    let files: Vec<PathBuf> = video
        .rungs
        .iter()
        .map(|rung| scratch.path().join(format!("{}.mp4", rung.id)))
        .collect();
    let lifetime = url_lifetime(context);
    let input = source_of(&plan, video, chunk, ports, work, lifetime).await?;
    let encoder = encoder_of(chunk, ports, context).await;
    tracing::info!(job = %chunk.job, chunk = chunk.index, ?encoder, "encoding");
    let args = argv::video_chunk(&plan, chunk, encoder, &input, &files)?;
    let finished = Process::ffmpeg(&ports.tools, args)
        .run(context.deadline)
        .await;
    if video.cut == CutMode::Range {
        was_unchanged(&ports.objects, &plan.source).await?;
    }
    meter.add_cpu(finished?.cpu);
    let rungs = video.rungs.iter().zip(&files);
    let rungs = rungs.map(|(rung, file)| publish(&plan, chunk, rung, file, ports));
    let result = VideoChunkResult {
        index: chunk.index,
        frames: chunk.frames,
        rungs: try_join_all(rungs).await?,
        usage: meter.usage(),
    };
    context
        .metrics
        .add(Metric::FfmpegCpuMs, result.usage.ffmpeg_cpu_ms);
    Ok(result)
}

/// The plan's picture, if the plan has this chunk.
fn planned<'a>(plan: &'a Plan, chunk: &EncodeChunk) -> Result<&'a VideoPlan, EncodeError> {
    let chunks = plan.timeline.chunks(plan.profile.segments_per_chunk);
    let position = usize::try_from(chunk.index)
        .ok()
        .and_then(|n| n.checked_sub(1));
    let known = position.and_then(|at| chunks.get(at)) == Some(&chunk.frames);
    let video = plan.video.as_ref().filter(|_| known);
    video.ok_or_else(|| EncodeError::NotPlanned {
        job: chunk.job.clone(),
        kind: "video",
        index: chunk.index,
    })
}

/// What encodes the chunk. Functions have no GPU, and all chunks of a job must have one encoder.
async fn encoder_of<S>(chunk: &EncodeChunk, ports: &Ports<S>, context: &StageContext) -> Encoder {
    match chunk.worker {
        Worker::Function => Encoder::Software,
        Worker::Batch => Encoder::choose(&ports.tools, context.deadline).await,
    }
}

/// The source itself, or the chunk's own piece of it.
async fn source_of<S: SignSource + SignObject>(
    plan: &Plan,
    video: &VideoPlan,
    chunk: &EncodeChunk,
    ports: &Ports<S>,
    work: Work<'_, S>,
    lifetime: Duration,
) -> Result<MediaInput, StoreError> {
    let url = match video.cut {
        CutMode::Range => ports.objects.sign_source(&plan.source, lifetime).await?,
        CutMode::Copy => {
            let piece = work.object(work.folder().source_segment(chunk.index));
            ports.objects.sign_object(&piece, lifetime).await?
        }
    };
    Ok(media_input(&url))
}

/// Rebuilds the encoder's file of one rung into segments and publishes them as they come.
async fn publish<S: WriteObject>(
    plan: &Plan,
    chunk: &EncodeChunk,
    rung: &VideoRung,
    file: &Path,
    ports: &Ports<S>,
) -> Result<RungResult, EncodeError> {
    let rendition = Rendition {
        store: &ports.objects,
        bucket: &ports.buckets.media,
        asset: MediaFolder {
            asset: &plan.asset,
            job: &plan.job,
        },
        folder: video_folder(&rung.id),
        content: Content::VideoSegment,
    };
    let delay = composition_delay(plan.timeline.rate.frame_ticks());
    let packager = VideoPackager::new(packaging(plan, chunk.frames))?;
    let rebuild = |init: &[u8]| rebuild_video(init, delay);
    let first = chunk.index == 1;
    publish_rung(&rung.id, file, first, rebuild, packager, rendition).await
}

/// The packager's view of a chunk.
fn packaging(plan: &Plan, frames: FrameRange) -> VideoChunk {
    let timeline = &plan.timeline;
    let starts = timeline.segments().into_iter().map(|segment| segment.start);
    let before = starts.clone().filter(|&start| start < frames.start).count();
    let rate = timeline.rate;
    VideoChunk {
        timescale: rate.timescale(),
        frame_ticks: rate.frame_ticks(),
        gop_frames: u32::try_from(timeline.gop_frames).unwrap_or(u32::MAX),
        composition_delay: composition_delay(rate.frame_ticks()),
        frames,
        total_frames: timeline.frames,
        segment_starts: starts
            .filter(|start| (frames.start..frames.end).contains(start))
            .collect(),
        first_segment_number: u32::try_from(before + 1).unwrap_or(u32::MAX),
    }
}

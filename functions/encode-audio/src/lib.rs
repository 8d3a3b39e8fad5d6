//! One audio chunk, all its rungs: the source is decoded once.

use std::path::{Path, PathBuf};

use cloud::Content;
use cloud::ports::{DescribeSource, ReadObject, SignSource, WriteObject};
use domain::audio::AAC_FRAME_SAMPLES;
use domain::ladder::AudioRung;
use domain::layout::{MediaFolder, audio_folder};
use domain::message::StageDone;
use domain::plan::{AudioChunk, AudioPlan, Plan};
use domain::result::{AudioChunkResult, RungResult};
use ffmpeg::{Process, argv};
use futures_util::future::try_join_all;
use media::cmaf::audio::{AudioChunk as Packaging, AudioPackager};
use media::cmaf::init::rebuild_audio;
use runtime::{Metric, StageContext};
use stage::encode::{publish_rung, same_ffmpeg};
use stage::publish::Rendition;
use stage::source::was_unchanged;
use stage::usage::Meter;
use stage::{EncodeError, Work, media_input, url_lifetime};

pub use stage::Ports;

/// Packets that an encoder may write behind the planned ones: what its delay pushes out at the
/// end, and the two frames by which a chunk that is not the last runs over.
const SPARE_PACKETS: u32 = 4;

/// Encodes one audio chunk and publishes its segments; the result is written last.
///
/// A chunk whose result is there is not encoded again.
///
/// # Errors
/// [`EncodeError`].
pub async fn handle<S>(
    input: AudioChunk,
    ports: &Ports<S>,
    context: &StageContext,
) -> Result<StageDone, EncodeError>
where
    S: ReadObject + WriteObject + DescribeSource + SignSource,
{
    let work = Work::new(&ports.objects, &ports.buckets.work, &input.job);
    let key = work.folder().audio_result(input.index);
    let encoded = encode(&input, ports, work, context);
    work.once("encode-audio", input.index, key, encoded).await
}

async fn encode<S>(
    chunk: &AudioChunk,
    ports: &Ports<S>,
    work: Work<'_, S>,
    context: &StageContext,
) -> Result<AudioChunkResult, EncodeError>
where
    S: ReadObject + WriteObject + DescribeSource + SignSource,
{
    let mut meter = Meter::start();
    let plan = work.plan().await?;
    let audio = planned(&plan, chunk)?;
    same_ffmpeg(&plan, &ports.tools, context).await?;
    let scratch = context.scratch()?;
    let files: Vec<PathBuf> = audio
        .rungs
        .iter()
        .map(|rung| scratch.path().join(format!("{}.mp4", rung.id)))
        .collect();
    let url = ports
        .objects
        .sign_source(&plan.source, url_lifetime(context))
        .await?;
    let args = argv::audio_chunk(&plan, chunk, &media_input(&url), &files)?;
    let finished = Process::ffmpeg(&ports.tools, args)
        .run(context.deadline)
        .await;
    was_unchanged(&ports.objects, &plan.source).await?;
    meter.add_cpu(finished?.cpu);
    let rungs = audio.rungs.iter().zip(&files);
    let rungs = rungs.map(|(rung, file)| publish(&plan, audio, chunk, rung, file, ports));
    let result = AudioChunkResult {
        index: chunk.index,
        frames: chunk.range.frames,
        rungs: try_join_all(rungs).await?,
        usage: meter.usage(),
    };
    context
        .metrics
        .add(Metric::FfmpegCpuMs, result.usage.ffmpeg_cpu_ms);
    Ok(result)
}

/// The plan's sound, if the plan has this chunk.
fn planned<'a>(plan: &'a Plan, chunk: &AudioChunk) -> Result<&'a AudioPlan, EncodeError> {
    let known = plan.audio_chunks().contains(chunk);
    let audio = plan.audio.as_ref().filter(|_| known);
    audio.ok_or_else(|| EncodeError::NotPlanned {
        job: chunk.job.clone(),
        kind: "audio",
        index: chunk.index,
    })
}

/// Cuts the encoder's file of one rung into segments and publishes them as they come.
async fn publish<S: WriteObject>(
    plan: &Plan,
    audio: &AudioPlan,
    chunk: &AudioChunk,
    rung: &AudioRung,
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
        folder: audio_folder(&rung.id),
        content: Content::AudioSegment,
    };
    let packager = AudioPackager::new(packaging(plan, audio, chunk))?;
    let first = chunk.index == 1;
    publish_rung(&rung.id, file, first, rebuild_audio, packager, rendition).await
}

/// The packager's view of a chunk.
fn packaging(plan: &Plan, audio: &AudioPlan, chunk: &AudioChunk) -> Packaging {
    let frames = chunk.range.frames;
    let segments = audio.timeline.segments(&plan.timeline);
    let number = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    Packaging {
        frame_ticks: number(AAC_FRAME_SAMPLES),
        drop_packets: u32::try_from(argv::packets_to_drop(chunk)).unwrap_or(u32::MAX),
        spare_packets: SPARE_PACKETS,
        frames,
        segment_starts: segments
            .into_iter()
            .map(|segment| segment.start)
            .filter(|start| (frames.start..frames.end).contains(start))
            .collect(),
        first_segment_number: number(chunk.range.first_segment),
    }
}

//! Collects what the stages reported into the asset's document.

use std::collections::BTreeMap;

use cloud::ports::ReadObject;
use domain::cost::Worker;
use domain::cost::bill::{Calls, Cost};
use domain::cost::estimate::DEFAULT_CAPACITY;
use domain::job::Published;
use domain::layout::{DASH, HLS, MediaFolder};
use domain::plan::{EncodeChunk, Plan};
use domain::result::{
    AudioChunkResult, ManifestResult, Rendition, SegmentResult, ThumbnailResult, Usage,
    VideoChunkResult,
};
use stage::{Work, WorkError};

/// The published stream of a job whose stages are all done.
pub(crate) async fn collect<S: ReadObject>(work: Work<'_, S>) -> Result<Published, WorkError> {
    let plan = work.plan().await?;
    let folder = work.folder();
    let segment: SegmentResult = work.read(folder.segment_result()).await?;
    let thumbnails: ThumbnailResult = work.read(folder.thumbnail_result()).await?;
    let manifest: ManifestResult = work.read(folder.manifest_result()).await?;
    let (video, audio) = encoding(work, &segment).await?;
    let stages = [
        ("segment", vec![segment.usage]),
        ("encode-video", video),
        ("encode-audio", audio),
        ("thumbnail", vec![thumbnails.usage]),
        ("assemble-manifest", vec![manifest.usage]),
    ];
    let cpu = stages.iter().flat_map(|(_, usages)| usages);
    let ffmpeg_cpu_ms = cpu.map(|usage| usage.ffmpeg_cpu_ms).sum();
    let cost = cost(work, &stages, &manifest.renditions).await?;
    Ok(Published {
        job: plan.job.clone(),
        folder: media_folder(&plan),
        hls: HLS.to_owned(),
        dash: DASH.to_owned(),
        duration: plan.duration,
        renditions: manifest.renditions,
        poster: thumbnails.poster,
        storyboard: thumbnails.storyboard,
        tags: plan.probe.tags,
        stage_ms: spans(&stages),
        ffmpeg_cpu_ms,
        cost: Some(cost),
    })
}

/// What the calls cost.
async fn cost<S: ReadObject>(
    work: Work<'_, S>,
    stages: &[(&str, Vec<Usage>)],
    renditions: &[Rendition],
) -> Result<Cost, WorkError> {
    let chunks: Option<Vec<EncodeChunk>> = work.find(work.folder().video_chunks()).await?;
    let chunks = chunks.unwrap_or_default();
    let time = |stage: &str, usages: &Vec<Usage>, name| {
        let own = if stage == name {
            usages.as_slice()
        } else {
            &[]
        };
        own.iter().map(|usage| usage.wall_ms).sum::<u64>()
    };
    let of = |name| {
        stages
            .iter()
            .map(|(stage, usages)| time(stage, usages, name))
            .sum()
    };
    let all: u64 = stages
        .iter()
        .flat_map(|(_, usages)| usages)
        .map(|usage| usage.wall_ms)
        .sum();
    let (video_ms, audio_ms): (u64, u64) = (of("encode-video"), of("encode-audio"));
    let count = |name: &str| {
        let own = stages.iter().filter(|(stage, _)| *stage == name);
        own.map(|(_, usages)| usages.len() as u64).sum()
    };
    let calls = Calls {
        video_ms,
        audio_ms,
        other_ms: all - video_ms - audio_ms,
        video_chunks: count("encode-video"),
        audio_chunks: count("encode-audio"),
        worker: chunks
            .first()
            .map_or(Worker::Function, |chunk| chunk.worker),
        segments: renditions.iter().map(|rendition| rendition.segments).sum(),
    };
    Ok(Cost::of(&calls, &DEFAULT_CAPACITY))
}

/// What every encode chunk and every audio chunk cost.
async fn encoding<S: ReadObject>(
    work: Work<'_, S>,
    planned: &SegmentResult,
) -> Result<(Vec<Usage>, Vec<Usage>), WorkError> {
    let folder = work.folder();
    let keys = (1..=planned.video_chunks).map(|index| folder.video_result(index));
    let video: Vec<VideoChunkResult> = work.find_all(keys).await?;
    let keys = (1..=planned.audio_chunks).map(|index| folder.audio_result(index));
    let audio: Vec<AudioChunkResult> = work.find_all(keys).await?;
    Ok((
        video.iter().map(|result| result.usage).collect(),
        audio.iter().map(|result| result.usage).collect(),
    ))
}

fn media_folder(plan: &Plan) -> String {
    let folder = MediaFolder {
        asset: &plan.asset,
        job: &plan.job,
    };
    folder.prefix().to_string()
}

/// From the start of a stage's first chunk to the end of its last, for stages that did something.
fn spans(stages: &[(&str, Vec<Usage>)]) -> BTreeMap<String, u64> {
    stages
        .iter()
        .filter_map(|(name, usages)| {
            let began = usages.iter().map(|usage| usage.started_ms).min()?;
            let ended = usages.iter().map(Usage::ended_ms).max()?;
            Some(((*name).to_owned(), ended.saturating_sub(began)))
        })
        .collect()
}

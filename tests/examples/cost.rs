//! What the pipeline costs against one ffmpeg command that makes the same rungs of the same file.
//!
//! Prints CPU seconds and their ratio, and fails nothing: `cargo xtask bench [FILE]` runs it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use domain::cost::Capacity;
use domain::plan::Plan;
use domain::profile::Profile;
use domain::result::{AudioChunkResult, SegmentResult, ThumbnailResult, VideoChunkResult};
use domain::time::FrameRange;
use e2e::environment::{shipped_clip, tools};
use e2e::pipeline::{Pipeline, Stream};
use ffmpeg::{Encoder, MediaInput, Process, argv};
use tempfile::TempDir;
use tokio::time::{Duration, Instant};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "a benchmark prints")]
async fn main() -> Result<()> {
    let file = std::env::args_os()
        .nth(1)
        .map_or_else(shipped_clip, PathBuf::from);
    let pipeline = Pipeline::new()?;
    let stream = pipeline.run(&file, Profile::default()).await?;
    let stream = stream.map_err(|failed| anyhow::anyhow!("{failed:?}"))?;
    let stages = cpu_of_stages(&pipeline, &stream).await?;
    let reference = cpu_of_one_command(&stream.plan, &file).await?;
    println!("{:>14}  {} s", "film", stream.plan.duration.to_decimal(2));
    let mut total = 0.0;
    for (stage, seconds) in stages {
        println!("{stage:>14}  {seconds:.2} CPU s");
        total += seconds;
    }
    println!("{:>14}  {total:.2} CPU s", "pipeline");
    println!("{:>14}  {reference:.2} CPU s", "one ffmpeg");
    println!("{:>14}  {:.3}", "ratio", total / reference);
    Ok(())
}

/// CPU seconds of ffmpeg and ffprobe by stage.
async fn cpu_of_stages(pipeline: &Pipeline, stream: &Stream) -> Result<Vec<(&'static str, f64)>> {
    let work = pipeline.work(&stream.request);
    let folder = work.folder();
    let segment: SegmentResult = work.read(folder.segment_result()).await?;
    let thumbnails: ThumbnailResult = work.read(folder.thumbnail_result()).await?;
    let keys = (1..=segment.video_chunks).map(|index| folder.video_result(index));
    let video: Vec<VideoChunkResult> = work.find_all(keys).await?;
    let keys = (1..=segment.audio_chunks).map(|index| folder.audio_result(index));
    let audio: Vec<AudioChunkResult> = work.find_all(keys).await?;
    let seconds = |ms: u64| Duration::from_millis(ms).as_secs_f64();
    let sum = |usages: Vec<u64>| seconds(usages.into_iter().sum());
    Ok(vec![
        ("segment", seconds(segment.usage.ffmpeg_cpu_ms)),
        (
            "encode-video",
            sum(video
                .iter()
                .map(|chunk| chunk.usage.ffmpeg_cpu_ms)
                .collect()),
        ),
        (
            "encode-audio",
            sum(audio
                .iter()
                .map(|chunk| chunk.usage.ffmpeg_cpu_ms)
                .collect()),
        ),
        ("thumbnail", seconds(thumbnails.usage.ffmpeg_cpu_ms)),
    ])
}

/// CPU seconds of one ffmpeg with the same settings: the plan's own arguments for one chunk that
/// is the whole film, and the sound of the first rung in the same process.
async fn cpu_of_one_command(plan: &Plan, file: &Path) -> Result<f64> {
    let out = TempDir::new()?;
    let mut whole = plan.clone();
    whole.profile.segments_per_chunk = u64::from(u32::MAX);
    let chunk = whole
        .video_chunks(&[], &Capacity::FUNCTIONS)
        .into_iter()
        .next();
    let mut chunk = chunk.context("the file has no picture")?;
    chunk.frames = FrameRange {
        start: 0,
        end: plan.timeline.frames,
    };
    let rungs = plan.video.iter().flat_map(|video| &video.rungs);
    let files: Vec<PathBuf> = rungs
        .map(|rung| out.path().join(format!("{}.mp4", rung.id)))
        .collect();
    let mut args = argv::video_chunk(
        &whole,
        &chunk,
        Encoder::Software,
        &MediaInput::file(file),
        &files,
    )?;
    if let Some(audio) = &plan.audio {
        let sound = out.path().join("sound.mp4");
        let map = format!("0:{}", audio.index);
        args.extend(["-map", &map, "-c:a", "aac", "-b:a", "128k", "-ac", "2"].map(OsString::from));
        args.push(sound.into());
    }
    let deadline = Instant::now() + Duration::from_hours(24);
    let finished = Process::ffmpeg(&tools()?, args).run(deadline).await?;
    Ok(finished.cpu.as_secs_f64())
}

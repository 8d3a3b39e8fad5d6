//! Makes the pictures and puts them into the asset's folder.

use std::path::Path;

use bytes::Bytes;
use cloud::Content;
use cloud::ports::{DescribeSource, ReadObject, ReadRange, SignSource, UploadFile, WriteObject};
use domain::ladder::VideoRung;
use domain::layout::{POSTER, STORYBOARD_INDEX, sheet_name};
use domain::plan::VideoPlan;
use domain::result::{Picture, Storyboard};
use ffmpeg::argv::{self, PREVIEW_HEIGHT, PREVIEW_WIDTH, Sheet};
use ffmpeg::{Finished, Process};
use media::storyboard::StoryboardGrid;
use media::webvtt;
use stage::source::was_unchanged;
use stage::{media_input, url_lifetime};

use crate::{Job, ThumbnailError, choose, keyframes};

/// Poster and storyboard of a picture.
pub(crate) async fn of_video<S>(
    job: &mut Job<'_, S>,
    video: &VideoPlan,
) -> Result<(Picture, Storyboard), ThumbnailError>
where
    S: ReadObject + ReadRange + WriteObject + UploadFile,
{
    let (Some(top), Some(lowest)) = (video.rungs.first(), video.rungs.last()) else {
        return Err(ThumbnailError::WithoutRungs);
    };
    let board = choose::storyboard(&job.plan.timeline, lowest);
    let frames: Vec<u64> = (0..u64::from(board.tiles))
        .map(|tile| tile * board.interval_frames)
        .collect();
    let track = keyframes::track(job, &lowest.id, &frames).await?;
    let chosen = choose_poster(job, &track, frames.len()).await?;
    let board = storyboard(job, board, track).await?;
    let frame = frames.get(chosen).copied().unwrap_or(0);
    let poster = poster(job, top, frame).await?;
    Ok((poster, board))
}

/// Which keyframe of the track is the poster.
async fn choose_poster<S>(
    job: &mut Job<'_, S>,
    track: &[u8],
    count: usize,
) -> Result<usize, ThumbnailError> {
    let size = (PREVIEW_WIDTH * PREVIEW_HEIGHT) as usize;
    let process = Process::ffmpeg(&job.ports.tools, argv::previews())
        .stdin(track.to_vec())
        .capture(size * count);
    let finished = run(job, process).await?;
    let pictures: Vec<&[u8]> = finished.stdout.chunks_exact(size).collect();
    Ok(choose::poster(&pictures).unwrap_or(0))
}

/// Writes the sheets and their index.
async fn storyboard<S>(
    job: &mut Job<'_, S>,
    mut board: Storyboard,
    track: Vec<u8>,
) -> Result<Storyboard, ThumbnailError>
where
    S: WriteObject + UploadFile,
{
    let scratch = job.context.scratch()?;
    let sheet = Sheet {
        tile_width: board.tile_width,
        tile_height: board.tile_height,
        columns: board.columns,
        rows: board.rows,
    };
    let args = argv::storyboard(&sheet, scratch.path());
    let process = Process::ffmpeg(&job.ports.tools, args).stdin(track);
    run(job, process).await?;
    let sheets = board.tiles.div_ceil(board.columns * board.rows);
    for number in 1..=u64::from(sheets) {
        let name = sheet_name(number);
        let file = scratch.path().join(&name);
        let bytes = upload(job, &format!("thumbs/{name}"), &file).await?;
        board.sheet_bytes.push(bytes);
    }
    let index = webvtt::storyboard(&grid(job, &board), job.plan.duration)?;
    let object = job.object(STORYBOARD_INDEX);
    let body = Bytes::from(index);
    job.ports
        .objects
        .write(&object, body, Content::WebVtt)
        .await?;
    Ok(board)
}

fn grid<S>(job: &Job<'_, S>, board: &Storyboard) -> StoryboardGrid {
    StoryboardGrid {
        interval: job.plan.timeline.time_of(board.interval_frames),
        tile_width: board.tile_width,
        tile_height: board.tile_height,
        columns: board.columns,
        rows: board.rows,
        tiles: board.tiles,
    }
}

/// Writes the keyframe of `frame` in the top rung as the poster.
async fn poster<S>(
    job: &mut Job<'_, S>,
    rung: &VideoRung,
    frame: u64,
) -> Result<Picture, ThumbnailError>
where
    S: ReadObject + ReadRange + UploadFile,
{
    let track = keyframes::track(job, &rung.id, &[frame]).await?;
    let scratch = job.context.scratch()?;
    let file = scratch.path().join("poster.jpg");
    let process = Process::ffmpeg(&job.ports.tools, argv::poster(0, &file)).stdin(track);
    run(job, process).await?;
    upload(job, POSTER, &file).await?;
    Ok(Picture {
        path: POSTER.to_owned(),
        width: rung.width,
        height: rung.height,
    })
}

/// Writes the cover art of a source without a picture, where it has some.
pub(crate) async fn cover<S>(job: &mut Job<'_, S>) -> Result<Option<Picture>, ThumbnailError>
where
    S: DescribeSource + SignSource + UploadFile,
{
    let Some(index) = job.plan.probe.cover else {
        return Ok(None);
    };
    let url = job
        .ports
        .objects
        .sign_source(&job.plan.source, url_lifetime(job.context));
    let input = media_input(&url.await?);
    let scratch = job.context.scratch()?;
    let file = scratch.path().join("cover.jpg");
    let args = argv::cover_art(&input, index, &file);
    let process = Process::ffmpeg(&job.ports.tools, args);
    let made = run(job, process).await;
    was_unchanged(&job.ports.objects, &job.plan.source).await?;
    made?;
    let jpeg = tokio::fs::read(&file)
        .await
        .map_err(ThumbnailError::Picture)?;
    upload(job, POSTER, &file).await?;
    let size = imagesize::blob_size(&jpeg).map_err(ThumbnailError::NotAPicture)?;
    let pixels = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
    Ok(Some(Picture {
        path: POSTER.to_owned(),
        width: pixels(size.width),
        height: pixels(size.height),
    }))
}

async fn run<S>(job: &mut Job<'_, S>, process: Process<'_>) -> Result<Finished, ThumbnailError> {
    let finished = process.run(job.context.deadline).await?;
    job.meter.add_cpu(finished.cpu);
    Ok(finished)
}

async fn upload<S: UploadFile>(
    job: &Job<'_, S>,
    path: &str,
    file: &Path,
) -> Result<u64, ThumbnailError> {
    let object = job.object(path);
    Ok(job
        .ports
        .objects
        .upload(&object, file, Content::Jpeg)
        .await?)
}

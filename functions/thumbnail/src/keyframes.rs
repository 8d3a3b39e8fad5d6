//! Finds keyframes in the chunk results and reads just their bytes.

use bytes::Bytes;
use cloud::ports::{ReadObject, ReadRange};
use domain::ids::RungId;
use domain::layout::{INIT, segment_name, video_folder};
use domain::result::VideoChunkResult;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use media::cmaf::iframe_track::iframe_track;

use crate::{Job, ThumbnailError};

/// Range reads in flight at once: enough to hide the latency of 150 of them.
const READS: usize = 16;

/// Where a keyframe's bytes are.
struct Keyframe {
    segment: u64,
    offset: u64,
    length: u64,
}

/// A small MP4 of the keyframes of `rung` at `frames`, which are GOP starts in ascending order.
pub(crate) async fn track<S: ReadObject + ReadRange>(
    job: &Job<'_, S>,
    rung: &RungId,
    frames: &[u64],
) -> Result<Vec<u8>, ThumbnailError> {
    let keyframes = find(job, rung, frames).await?;
    let folder = video_folder(rung);
    let store = &job.ports.objects;
    let init = store.read(&job.object(&format!("{folder}/{INIT}"))).await?;
    let reads = keyframes.iter().map(|keyframe| {
        let path = format!("{folder}/{}", segment_name(keyframe.segment));
        let object = job.object(&path);
        let range = keyframe.offset..keyframe.offset + keyframe.length;
        async move { store.read_range(&object, range).await }
    });
    let bytes: Vec<Bytes> = stream::iter(reads).buffered(READS).try_collect().await?;
    let slices: Vec<&[u8]> = bytes.iter().map(AsRef::as_ref).collect();
    Ok(iframe_track(&init, &slices)?)
}

/// Looks each frame up in the results of the encode chunks.
async fn find<S: ReadObject>(
    job: &Job<'_, S>,
    rung: &RungId,
    frames: &[u64],
) -> Result<Vec<Keyframe>, ThumbnailError> {
    let mut found = Vec::with_capacity(frames.len());
    let mut wanted = frames.iter().copied().peekable();
    let chunks = job
        .plan
        .timeline
        .chunks(job.plan.profile.segments_per_chunk);
    for (index, chunk) in (1..).zip(chunks) {
        if wanted.peek().is_none_or(|&frame| frame >= chunk.end) {
            continue;
        }
        let key = job.work.folder().video_result(index);
        let result: VideoChunkResult = job.work.read(key).await?;
        let keyframes = in_chunk(&result, rung);
        while let Some(frame) = wanted.next_if(|&frame| frame < chunk.end) {
            let missing = ThumbnailError::KeyframeMissing {
                frame,
                rung: rung.clone(),
            };
            let position = keyframes.binary_search_by_key(&frame, |(at, _)| *at);
            let keyframe = position.ok().and_then(|at| keyframes.get(at));
            let (_, keyframe) = keyframe.ok_or(missing)?;
            found.push(Keyframe { ..*keyframe });
        }
    }
    match wanted.next() {
        Some(frame) => Err(ThumbnailError::KeyframeMissing {
            frame,
            rung: rung.clone(),
        }),
        None => Ok(found),
    }
}

/// The keyframes of one rung in a chunk, each with its frame number, ascending.
fn in_chunk(result: &VideoChunkResult, rung: &RungId) -> Vec<(u64, Keyframe)> {
    let mut frame = result.frames.start;
    let of_rung = result.rungs.iter().filter(|entry| entry.rung == *rung);
    let segments = of_rung.flat_map(|entry| &entry.segments);
    segments
        .flat_map(|segment| {
            segment
                .iframes
                .iter()
                .map(|iframe| (segment.number, *iframe))
        })
        .map(|(segment, iframe)| {
            let at = frame;
            frame += iframe.frames;
            let keyframe = Keyframe {
                segment,
                offset: iframe.offset,
                length: iframe.length,
            };
            (at, keyframe)
        })
        .collect()
}

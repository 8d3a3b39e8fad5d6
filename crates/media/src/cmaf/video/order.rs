//! From the order of presentation to exact times.

use super::{VideoChunk, VideoError};
use crate::cmaf::fragment::Sample;
use crate::cmaf::moof::NewPicture;

/// Gives every sample of the GOP at `first_frame` its composition offset out of its rank in
/// presentation order.
pub(super) fn place(
    samples: &[Sample],
    first_frame: u64,
    chunk: &VideoChunk,
) -> Result<Vec<NewPicture>, VideoError> {
    let ranks = ranks(samples, first_frame, chunk)?;
    let frame_ticks = i64::from(chunk.frame_ticks);
    let delay = chunk.composition_delay;
    let mut pictures = Vec::with_capacity(samples.len());
    for (index, (sample, rank)) in samples.iter().zip(ranks).enumerate() {
        if index == 0 && rank != 0 {
            return Err(VideoError::OpenGop {
                first_frame,
                leading: rank,
            });
        }
        let moved = (distance(rank, index) * frame_ticks).saturating_add(delay.into());
        let too_deep = |_| VideoError::ReorderTooDeep {
            first_frame,
            index,
            early: moved.unsigned_abs(),
            delay,
        };
        pictures.push(NewPicture {
            size: sample.size,
            flags: sample.flags,
            composition_offset: u32::try_from(moved).map_err(too_deep)?,
        });
    }
    Ok(pictures)
}

/// The rank of each sample, in decode order, among the presentation times of its GOP.
fn ranks(
    samples: &[Sample],
    first_frame: u64,
    chunk: &VideoChunk,
) -> Result<Vec<usize>, VideoError> {
    let expected = chunk.frame_ticks;
    let mut decode_time = 0_i64;
    let mut shown = Vec::with_capacity(samples.len());
    for (index, sample) in samples.iter().enumerate() {
        shown.push((decode_time + sample.composition_offset, index));
        decode_time += i64::from(sample.duration);
    }
    shown.sort_unstable();
    for (before, pair) in shown.array_windows().enumerate() {
        let [(earlier, _), (later, _)] = pair;
        let found = later - earlier;
        if found != i64::from(expected) {
            return Err(VideoError::UnevenTimes {
                first_frame,
                rank: before + 1,
                expected,
                found,
            });
        }
    }
    let mut ranks: Vec<(usize, usize)> = shown
        .iter()
        .enumerate()
        .map(|(rank, (_, index))| (*index, rank))
        .collect();
    ranks.sort_unstable();
    Ok(ranks.into_iter().map(|(_, rank)| rank).collect())
}

/// `rank − index`, in frames.
fn distance(rank: usize, index: usize) -> i64 {
    let ahead = i64::try_from(rank).unwrap_or(i64::MAX);
    ahead.saturating_sub_unsigned(index as u64)
}

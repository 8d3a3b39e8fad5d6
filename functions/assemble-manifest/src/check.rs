//! Does what the encoders reported add up to what was planned?
//!
//! Nothing is published before this module agrees. It is pure: plan and results in, the segments
//! of every rung in order out, or the first fact that does not fit.

use std::collections::BTreeMap;

use domain::ids::RungId;
use domain::plan::{AudioPlan, Plan};
use domain::result::{AudioChunkResult, RungResult, SegmentFacts, VideoChunkResult};
use domain::time::FrameRange;
use domain::{ErrorCode, Fault, audio::AAC_FRAME_SAMPLES};

/// One rung whose chunks fit together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CheckedRung {
    /// The rung.
    pub id: RungId,
    /// SHA-256 of the one init segment of all its chunks.
    pub init_sha256: String,
    /// Its segments, in order, contiguous, with exactly the planned frames.
    pub segments: Vec<SegmentFacts>,
}

/// A fact that contradicts the plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// A planned chunk has no result.
    #[error("{kind} chunk {index} of {planned} has no result")]
    ChunkMissing {
        /// `video` or `audio`.
        kind: &'static str,
        /// Number of the chunk, from 1.
        index: u32,
        /// Chunks in the plan.
        planned: usize,
    },
    /// A chunk's result speaks of other frames than the plan.
    #[error("{kind} chunk {index} holds frames {found:?}, planned are {planned:?}")]
    OtherFrames {
        /// `video` or `audio`.
        kind: &'static str,
        /// Number of the chunk, from 1.
        index: u32,
        /// What the plan says.
        planned: FrameRange,
        /// What the result says.
        found: FrameRange,
    },
    /// A chunk's result lacks a rung.
    #[error("chunk {index} has no rung {rung}")]
    RungMissing {
        /// The rung.
        rung: RungId,
        /// Number of the chunk, from 1.
        index: u32,
    },
    /// A chunk was encoded with another init segment than the first.
    #[error("chunk {index} of {rung} has another init segment than chunk 1")]
    InitDiffers {
        /// The rung.
        rung: RungId,
        /// Number of the chunk, from 1.
        index: u32,
    },
    /// A rung has more or fewer segments than planned.
    #[error("{rung} has {found} segments, planned are {planned}")]
    SegmentCount {
        /// The rung.
        rung: RungId,
        /// What the plan says.
        planned: usize,
        /// What the results say.
        found: usize,
    },
    /// A segment does not begin where the one before ends.
    #[error("segment {number} of {rung} starts at tick {found}, the one before ends at {expected}")]
    Gap {
        /// The rung.
        rung: RungId,
        /// Number of the segment, from 1.
        number: u64,
        /// Where it must start, in ticks.
        expected: u64,
        /// Where it starts, in ticks.
        found: u64,
    },
    /// A segment has more or fewer frames than planned, or lasts longer or shorter.
    #[error(
        "segment {number} of {rung} has {frames} frames in {duration} ticks, planned are {planned}"
    )]
    FrameCount {
        /// The rung.
        rung: RungId,
        /// Number of the segment, from 1.
        number: u64,
        /// Frames in the plan.
        planned: u64,
        /// Frames found.
        frames: u64,
        /// Length found, in ticks.
        duration: u64,
    },
    /// A segment's keyframes do not cover it.
    #[error("the keyframes of segment {number} of {rung} stand for {found} of {planned} frames")]
    Keyframes {
        /// The rung.
        rung: RungId,
        /// Number of the segment, from 1.
        number: u64,
        /// Frames in the segment.
        planned: u64,
        /// Frames that its keyframes stand for.
        found: u64,
    },
}

impl Fault for Mismatch {
    fn code(&self) -> ErrorCode {
        match self {
            Self::ChunkMissing { .. } | Self::RungMissing { .. } => ErrorCode::ChunkMissing,
            Self::InitDiffers { .. } => ErrorCode::InitMismatch,
            Self::Gap { .. } => ErrorCode::TimelineGap,
            Self::OtherFrames { .. }
            | Self::SegmentCount { .. }
            | Self::FrameCount { .. }
            | Self::Keyframes { .. } => ErrorCode::CountMismatch,
        }
    }
}

/// Checks the picture; `results` in any order. Empty without a picture.
///
/// # Errors
/// The first [`Mismatch`], looking at chunks before segments.
pub fn video(plan: &Plan, results: &[VideoChunkResult]) -> Result<Vec<CheckedRung>, Mismatch> {
    let Some(video) = plan.video.as_ref() else {
        return Ok(Vec::new());
    };
    let planned = plan.timeline.chunks(plan.profile.segments_per_chunk);
    let found = results.iter().map(|r| (r.index, (r.frames, &r.rungs)));
    let chunks = in_order("video", &planned, &found.collect())?;
    let rungs = video.rungs.iter().map(|rung| &rung.id);
    let segments = plan.timeline.segments();
    let ticks = u64::from(plan.timeline.rate.frame_ticks());
    let checked = join(rungs, &chunks, &segments, ticks)?;
    checked.iter().try_for_each(keyframes_cover)?;
    Ok(checked)
}

/// Checks the sound; `results` in any order. Empty without sound.
///
/// # Errors
/// The first [`Mismatch`], looking at chunks before segments.
pub fn audio(plan: &Plan, results: &[AudioChunkResult]) -> Result<Vec<CheckedRung>, Mismatch> {
    let Some(AudioPlan {
        timeline, rungs, ..
    }) = plan.audio.as_ref()
    else {
        return Ok(Vec::new());
    };
    let seconds = plan.profile.audio.chunk_seconds;
    let planned: Vec<FrameRange> = timeline
        .chunks(&plan.timeline, seconds)
        .into_iter()
        .map(|chunk| chunk.frames)
        .collect();
    let found = results.iter().map(|r| (r.index, (r.frames, &r.rungs)));
    let chunks = in_order("audio", &planned, &found.collect())?;
    let segments = timeline.segments(&plan.timeline);
    let rungs = rungs.iter().map(|rung| &rung.id);
    join(rungs, &chunks, &segments, AAC_FRAME_SAMPLES)
}

type Found<'a> = BTreeMap<u32, (FrameRange, &'a Vec<RungResult>)>;

/// The results of all planned chunks in the plan's order, each with its number.
fn in_order<'a>(
    kind: &'static str,
    planned: &[FrameRange],
    found: &Found<'a>,
) -> Result<Vec<(u32, &'a [RungResult])>, Mismatch> {
    (1..)
        .zip(planned)
        .map(|(index, &frames)| {
            let missing = Mismatch::ChunkMissing {
                kind,
                index,
                planned: planned.len(),
            };
            let &(range, rungs) = found.get(&index).ok_or(missing)?;
            if range != frames {
                return Err(Mismatch::OtherFrames {
                    kind,
                    index,
                    planned: frames,
                    found: range,
                });
            }
            Ok((index, rungs.as_slice()))
        })
        .collect()
}

/// Joins the chunks of each rung and holds their segments against the planned ones.
fn join<'a>(
    rungs: impl Iterator<Item = &'a RungId>,
    chunks: &[(u32, &[RungResult])],
    planned: &[FrameRange],
    frame_ticks: u64,
) -> Result<Vec<CheckedRung>, Mismatch> {
    rungs
        .map(|rung| {
            let checked = join_rung(rung, chunks)?;
            segments_fit(&checked, planned, frame_ticks)?;
            Ok(checked)
        })
        .collect()
}

fn join_rung(rung: &RungId, chunks: &[(u32, &[RungResult])]) -> Result<CheckedRung, Mismatch> {
    let mut joined = CheckedRung {
        id: rung.clone(),
        init_sha256: String::new(),
        segments: Vec::new(),
    };
    for &(index, results) in chunks {
        let result = results.iter().find(|result| result.rung == *rung);
        let result = result.ok_or_else(|| Mismatch::RungMissing {
            rung: rung.clone(),
            index,
        })?;
        if joined.init_sha256.is_empty() {
            joined.init_sha256.clone_from(&result.init_sha256);
        }
        if joined.init_sha256 != result.init_sha256 {
            return Err(Mismatch::InitDiffers {
                rung: rung.clone(),
                index,
            });
        }
        joined.segments.extend_from_slice(&result.segments);
    }
    Ok(joined)
}

fn segments_fit(
    rung: &CheckedRung,
    planned: &[FrameRange],
    frame_ticks: u64,
) -> Result<(), Mismatch> {
    if rung.segments.len() != planned.len() {
        return Err(Mismatch::SegmentCount {
            rung: rung.id.clone(),
            planned: planned.len(),
            found: rung.segments.len(),
        });
    }
    for ((number, frames), segment) in (1..).zip(planned).zip(&rung.segments) {
        let expected = frames.start * frame_ticks;
        if segment.number != number || segment.start != expected {
            return Err(Mismatch::Gap {
                rung: rung.id.clone(),
                number,
                expected,
                found: segment.start,
            });
        }
        if segment.frames != frames.len() || segment.duration != frames.len() * frame_ticks {
            return Err(Mismatch::FrameCount {
                rung: rung.id.clone(),
                number,
                planned: frames.len(),
                frames: segment.frames,
                duration: segment.duration,
            });
        }
    }
    Ok(())
}

fn keyframes_cover(rung: &CheckedRung) -> Result<(), Mismatch> {
    for segment in &rung.segments {
        let found = segment.iframes.iter().map(|iframe| iframe.frames).sum();
        if found != segment.frames {
            return Err(Mismatch::Keyframes {
                rung: rung.id.clone(),
                number: segment.number,
                planned: segment.frames,
                found,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;

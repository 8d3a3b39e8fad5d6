//! The segment boundaries of one encode chunk, checked once before any byte is packaged.
//!
//! Frames are counted on the track's own grid (output frames for video, AAC frames for audio)
//! from the start of the track, so neighbours agree without knowing of each other.

use domain::time::FrameRange;

/// Why a chunk cannot be packaged as it is planned: Millrace's own mistake, not the encoder's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A timescale, frame duration, GOP length or segment number is zero.
    #[error("the plan has a {what} of 0")]
    Zero {
        /// Which.
        what: &'static str,
    },
    /// The chunk has no frames.
    #[error("the plan's chunk [{start}, {end}) has no frames")]
    Empty {
        /// First frame.
        start: u64,
        /// One past the last.
        end: u64,
    },
    /// The chunk ends behind the track, or the track is longer than 32-bit sequence numbers and
    /// 64-bit times can say.
    #[error("the plan's chunk ends at frame {end}, the track can have at most {limit}")]
    BeyondTrack {
        /// End of the chunk.
        end: u64,
        /// Most frames there can be.
        limit: u64,
    },
    /// A boundary does not lie on a GOP boundary.
    #[error("the plan has a boundary at frame {frame}, which is no multiple of {gop_frames}")]
    OffGrid {
        /// The boundary.
        frame: u64,
        /// Frames of a GOP.
        gop_frames: u64,
    },
    /// The first segment does not begin where the chunk does.
    #[error("the plan's first segment starts at frame {found:?}, its chunk at {expected}")]
    FirstStart {
        /// Start of the chunk.
        expected: u64,
        /// Start of the first segment, if there is one.
        found: Option<u64>,
    },
    /// Segments do not ascend, or one starts at the chunk's end or behind it.
    #[error("the plan has a segment from frame {start} to {end}")]
    Order {
        /// Start of the segment.
        start: u64,
        /// Start of the next, or end of the chunk.
        end: u64,
    },
}

/// One segment to be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct SegmentSpan {
    pub(super) number: u32,
    pub(super) frames: FrameRange,
}

/// The segments of a chunk, in order, each frame in exactly one.
#[derive(Clone, Debug)]
pub(super) struct SegmentSpans {
    spans: std::vec::IntoIter<SegmentSpan>,
}

impl SegmentSpans {
    /// Checks that `starts` cut `chunk` into segments that leave nothing out.
    pub(super) fn new(
        chunk: FrameRange,
        starts: &[u64],
        first_number: u32,
    ) -> Result<Self, PlanError> {
        let FrameRange { start, end } = chunk;
        if chunk.is_empty() {
            return Err(PlanError::Empty { start, end });
        }
        if first_number == 0 {
            return Err(PlanError::Zero {
                what: "first segment number",
            });
        }
        if starts.first() != Some(&start) {
            return Err(PlanError::FirstStart {
                expected: start,
                found: starts.first().copied(),
            });
        }
        let ends = starts.iter().skip(1).copied().chain([end]);
        let spans = (first_number..).zip(starts.iter().copied().zip(ends));
        let spans = spans.map(|(number, (start, end))| {
            let frames = FrameRange { start, end };
            if frames.is_empty() {
                Err(PlanError::Order { start, end })
            } else {
                Ok(SegmentSpan { number, frames })
            }
        });
        Ok(Self {
            spans: spans.collect::<Result<Vec<_>, _>>()?.into_iter(),
        })
    }

    /// The next segment; `None` after the last.
    pub(super) fn advance(&mut self) -> Option<SegmentSpan> {
        self.spans.next()
    }
}

/// Refuses zero.
pub(super) const fn non_zero(what: &'static str, value: u32) -> Result<(), PlanError> {
    match value {
        0 => Err(PlanError::Zero { what }),
        _ => Ok(()),
    }
}

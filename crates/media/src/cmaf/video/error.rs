use crate::cmaf::boxes::BoxError;
use crate::cmaf::plan::PlanError;

/// Why what the encoder wrote is not what the plan asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VideoError {
    /// The plan itself cannot be.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A fragment is missing, doubled or out of order.
    #[error("fragment {found} follows fragment {previous}")]
    Sequence {
        /// Sequence number of the fragment before.
        previous: u32,
        /// Sequence number that came.
        found: u32,
    },
    /// The encoder wrote on after the chunk's last frame.
    #[error("{found} frames come after frame {end}, where the chunk ends")]
    TooManyFrames {
        /// End of the chunk.
        end: u64,
        /// Frames in the fragment that is too much.
        found: usize,
    },
    /// The chunk ends early.
    #[error("the chunk ends at frame {found} instead of {expected}")]
    FramesMissing {
        /// Planned end.
        expected: u64,
        /// One past the last frame that came.
        found: u64,
    },
    /// A fragment is not one whole GOP.
    #[error("the GOP at frame {first_frame} has {found} frames instead of {expected}")]
    GopLength {
        /// First frame of the GOP.
        first_frame: u64,
        /// Planned number.
        expected: u64,
        /// Number that came.
        found: usize,
    },
    /// A fragment begins with a sample that cannot be decoded first.
    #[error("the GOP at frame {first_frame} does not begin with a sync sample")]
    NoSyncSample {
        /// First frame of the GOP.
        first_frame: u64,
    },
    /// There is a second sync sample in a GOP: the rungs would differ in where one can switch.
    #[error("the GOP at frame {first_frame} has a second sync sample, sample {index}")]
    ExtraSyncSample {
        /// First frame of the GOP.
        first_frame: u64,
        /// Number of the sample in decode order, from 0.
        index: usize,
    },
    /// Something is shown before the GOP's first sample: an open GOP.
    #[error("the GOP at frame {first_frame} shows {leading} frames before its sync sample")]
    OpenGop {
        /// First frame of the GOP.
        first_frame: u64,
        /// Frames shown before.
        leading: usize,
    },
    /// Presentation times within a GOP are not one frame apart: a frame is missing or doubled.
    #[error(
        "in the GOP at frame {first_frame} frame {rank} is shown {found} ticks after the one before \
         instead of {expected}"
    )]
    UnevenTimes {
        /// First frame of the GOP.
        first_frame: u64,
        /// Number of the frame in order of presentation, from 0.
        rank: usize,
        /// Ticks that a frame lasts.
        expected: u32,
        /// Distance found, in ticks; 0 for two frames at the same time.
        found: i64,
    },
    /// The encoder reorders deeper than the track's composition delay allows.
    #[error(
        "in the GOP at frame {first_frame} sample {index} is shown {early} ticks too early for a \
         composition delay of {delay} ticks"
    )]
    ReorderTooDeep {
        /// First frame of the GOP.
        first_frame: u64,
        /// Number of the sample in decode order, from 0.
        index: usize,
        /// Ticks that are missing.
        early: u64,
        /// The delay.
        delay: u32,
    },
    /// The fragment was handed in without all of its bytes.
    #[error("the GOP at frame {first_frame} has {found} bytes instead of {expected}")]
    PayloadCut {
        /// First frame of the GOP.
        first_frame: u64,
        /// Bytes that the samples state.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// A segment does not fit the 32-bit sizes of its boxes.
    #[error("segment {number}: {source}")]
    TooLarge {
        /// The segment.
        number: u32,
        /// Which box.
        #[source]
        source: BoxError,
    },
}

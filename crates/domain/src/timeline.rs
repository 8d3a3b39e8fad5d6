//! The output grid: frames, GOPs, segments and encode chunks, all whole numbers.
//!
//! Frame `n` of the output is frame `n` in every rung, so boundaries agree by construction. Every
//! segment but the last few frames' worth is the same length, and an encode chunk is a whole
//! number of segments, so that an encoder that knows nothing of its neighbours still ends where
//! the next one begins.

use serde::{Deserialize, Serialize};

use crate::time::{FrameRange, FrameRate, Rational};

/// The grid of one job.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Timeline {
    /// Output frame rate.
    pub rate: FrameRate,
    /// Frames in all; at least one.
    pub frames: u64,
    /// Frames in a GOP: about two seconds.
    pub gop_frames: u64,
    /// GOPs in a segment; at least one.
    pub gops_per_segment: u64,
}

impl Timeline {
    /// The grid for `frames` frames at `rate`: GOPs of `round(2 s × rate)` frames, and
    /// `gops_per_segment` of them in a segment.
    #[must_use]
    pub fn new(rate: FrameRate, frames: u64, gops_per_segment: u64) -> Self {
        let gop = (Rational::whole(2) * rate.exact()).round();
        Self {
            rate,
            frames: frames.max(1),
            gop_frames: u64::try_from(gop).unwrap_or(1).max(1),
            gops_per_segment: gops_per_segment.max(1),
        }
    }

    /// Length of the presentation in seconds.
    #[must_use]
    pub fn duration(&self) -> Rational {
        self.rate.time_of(self.frames)
    }

    /// Frames in a full segment.
    #[must_use]
    pub const fn segment_frames(&self) -> u64 {
        self.gop_frames * self.gops_per_segment
    }

    /// The segments in order: they cover `[0, frames)` without gap or overlap.
    ///
    /// A last segment shorter than half a GOP takes one GOP from the segment before it (6, 4,
    /// 2.04 s instead of 6, 6, 0.04 s). hls.js never fetches a last segment that is shorter than
    /// its look-up tolerance of 0.25 s, and so never ends.
    #[must_use]
    pub fn segments(&self) -> Vec<FrameRange> {
        let step = self.segment_frames();
        let mut starts: Vec<u64> = (0..self.frames.div_ceil(step)).map(|k| k * step).collect();
        let count = starts.len();
        if let Some(last) = starts.last_mut()
            && count > 1
            && self.frames - *last < self.gop_frames / 2
        {
            *last -= self.gop_frames;
        }
        let ends = starts.iter().skip(1).copied().chain([self.frames]);
        starts
            .iter()
            .zip(ends)
            .map(|(&start, end)| FrameRange { start, end })
            .filter(|range| !range.is_empty())
            .collect()
    }

    /// The segments grouped into encode chunks of `segments_per_chunk`.
    ///
    /// A last chunk of less than half the others' length joins the one before it: a short chunk
    /// costs a start-up and a fresh rate control for little.
    #[must_use]
    pub fn chunks(&self, segments_per_chunk: u64) -> Vec<FrameRange> {
        let segments = self.segments();
        let size = usize::try_from(segments_per_chunk.max(1)).unwrap_or(usize::MAX);
        let mut chunks: Vec<FrameRange> = segments
            .chunks(size)
            .filter_map(|group| {
                Some(FrameRange {
                    start: group.first()?.start,
                    end: group.last()?.end,
                })
            })
            .collect();
        let short = chunks
            .last()
            .is_some_and(|last| 2 * last.len() < segments_per_chunk * self.segment_frames());
        if short && chunks.len() > 1 {
            let last = chunks.pop();
            if let (Some(before), Some(last)) = (chunks.last_mut(), last) {
                before.end = last.end;
            }
        }
        chunks
    }

    /// Presentation time of frame `n` in seconds.
    #[must_use]
    pub fn time_of(&self, n: u64) -> Rational {
        self.rate.time_of(n)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lengths(frames: u64) -> Vec<u64> {
        let timeline = Timeline::new(FrameRate { num: 25, den: 1 }, frames, 3);
        timeline
            .segments()
            .into_iter()
            .map(FrameRange::len)
            .collect()
    }

    #[test]
    fn a_gop_is_two_seconds_rounded() {
        for (num, den, gop) in [
            (25, 1, 50),
            (30000, 1001, 60),
            (24000, 1001, 48),
            (25, 2, 25),
        ] {
            assert_eq!(Timeline::new(FrameRate { num, den }, 1, 3).gop_frames, gop);
        }
    }

    #[test]
    fn a_tiny_last_segment_takes_a_gop_from_the_one_before() {
        assert_eq!(lengths(301), [150, 100, 51]);
        assert_eq!(lengths(324), [150, 100, 74]);
        assert_eq!(lengths(325), [150, 150, 25]);
        assert_eq!(lengths(300), [150, 150]);
        assert_eq!(lengths(1), [1]);
        assert_eq!(lengths(151), [100, 51]);
    }

    /// Any grid that a plan may have.
    pub(crate) fn any_timeline() -> impl Strategy<Value = Timeline> {
        (0_usize..14, 1_u64..200_000, 1_u64..6)
            .prop_map(|(rate, frames, gops)| Timeline::new(FrameRate::STANDARD[rate], frames, gops))
    }

    fn covers(ranges: &[FrameRange], frames: u64) -> bool {
        ranges.first().is_some_and(|first| first.start == 0)
            && ranges.last().is_some_and(|last| last.end == frames)
            && ranges.windows(2).all(|pair| pair[0].end == pair[1].start)
            && ranges.iter().all(|range| !range.is_empty())
    }

    proptest! {
        #[test]
        fn segments_cover_the_track_without_gap_or_overlap(timeline in any_timeline()) {
            prop_assert!(covers(&timeline.segments(), timeline.frames));
        }

        #[test]
        fn every_segment_starts_on_a_gop(timeline in any_timeline()) {
            for segment in timeline.segments() {
                prop_assert_eq!(segment.start % timeline.gop_frames, 0);
            }
        }

        #[test]
        fn no_last_segment_is_shorter_than_half_a_gop(timeline in any_timeline()) {
            let segments = timeline.segments();
            if segments.len() > 1 {
                prop_assert!(segments.last().unwrap().len() >= timeline.gop_frames / 2);
            }
        }

        #[test]
        fn chunks_cover_the_track_and_begin_where_segments_begin(timeline in any_timeline(), size in 1_u64..9) {
            let chunks = timeline.chunks(size);
            prop_assert!(covers(&chunks, timeline.frames));
            let starts: Vec<u64> = timeline.segments().iter().map(|s| s.start).collect();
            for chunk in chunks {
                prop_assert!(starts.contains(&chunk.start));
            }
        }
    }
}

//! The sound's own grid: codec frames of a fixed number of samples.
//!
//! Audio frames do not divide a video GOP, so a segment of sound starts at the audio frame nearest
//! to where the picture's segment starts, never more than half an audio frame away.

use serde::{Deserialize, Serialize};

use crate::time::{FrameRange, Rational};
use crate::timeline::Timeline;

/// Output sample rate of every audio rendition, in hertz.
pub const SAMPLE_RATE: u32 = 48_000;

/// Samples in one AAC-LC frame (ISO/IEC 14496-3).
pub const AAC_FRAME_SAMPLES: u64 = 1024;

/// Frames encoded and thrown away before a chunk's first kept frame.
///
/// The encoder's psychoacoustic state and the overlap of the transform settle within them, so a
/// seam has no click.
pub const PRE_ROLL_FRAMES: u64 = 16;

/// The sound of one track on its grid.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AudioTimeline {
    /// Samples that the source has on the presentation's time line.
    pub samples: u64,
    /// Codec frames in all: enough for `samples`, the last one filled with silence.
    pub frames: u64,
}

impl AudioTimeline {
    /// The grid for a presentation of `duration` seconds.
    #[must_use]
    pub fn new(duration: Rational) -> Self {
        let samples = (duration * Rational::whole(SAMPLE_RATE)).round().max(1);
        let samples = u64::try_from(samples).unwrap_or(u64::MAX);
        Self {
            samples,
            frames: samples.div_ceil(AAC_FRAME_SAMPLES),
        }
    }

    /// The segments in audio frames, one for each segment of `timeline` that still has sound.
    ///
    /// They cover `[0, frames)` without gap or overlap.
    #[must_use]
    pub fn segments(&self, timeline: &Timeline) -> Vec<FrameRange> {
        let starts: Vec<u64> = timeline
            .segments()
            .iter()
            .map(|segment| Self::frame_at(timeline.time_of(segment.start)))
            .filter(|&start| start < self.frames)
            .collect();
        let ends = starts.iter().skip(1).copied().chain([self.frames]);
        starts
            .iter()
            .zip(ends)
            .map(|(&start, end)| FrameRange { start, end })
            .filter(|range| !range.is_empty())
            .collect()
    }

    /// The audio chunks: runs of whole segments, equally many in each, none longer than `seconds`
    /// unless one segment is. The last may be longer by what its last segment took in: less than
    /// half a GOP.
    #[must_use]
    pub fn chunks(&self, timeline: &Timeline, seconds: u64) -> Vec<AudioChunkRange> {
        let segments = self.segments(timeline);
        let segment = timeline.time_of(timeline.segment_frames());
        let most = (Rational::whole(seconds) / segment).floor().max(1);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let count = segments.len().div_ceil(most).max(1);
        let per_chunk = segments.len().div_ceil(count).max(1);
        let mut first_segment = 1;
        segments
            .chunks(per_chunk)
            .filter_map(|group| {
                let range = AudioChunkRange {
                    first_segment,
                    frames: FrameRange {
                        start: group.first()?.start,
                        end: group.last()?.end,
                    },
                };
                first_segment += group.len() as u64;
                Some(range)
            })
            .collect()
    }

    /// The audio frame whose start is nearest to `time`.
    fn frame_at(time: Rational) -> u64 {
        let frame_rate = Rational::whole(SAMPLE_RATE) / Rational::whole(AAC_FRAME_SAMPLES);
        u64::try_from((time * frame_rate).round()).unwrap_or(0)
    }
}

/// What one invocation of encode-audio makes of a track.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AudioChunkRange {
    /// Number of its first segment, counted from 1 over the track.
    pub first_segment: u64,
    /// Its audio frames.
    pub frames: FrameRange,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::FrameRate;
    use crate::timeline::tests::any_timeline;
    use proptest::prelude::*;

    #[test]
    fn segments_follow_the_picture_within_half_an_audio_frame() {
        let timeline = Timeline::new(FrameRate { num: 25, den: 1 }, 600, 3);
        let audio = AudioTimeline::new(timeline.duration());
        let starts: Vec<u64> = audio.segments(&timeline).iter().map(|s| s.start).collect();
        assert_eq!(starts, [0, 281, 563, 844]);
        assert_eq!(audio.frames, 1125);
    }

    #[test]
    fn an_hour_is_one_chunk_and_two_hours_are_several() {
        let hour = 50 * 3600;
        let count = |frames| {
            let timeline = Timeline::new(FrameRate::AUDIO_GRID, frames, 3);
            AudioTimeline::new(timeline.duration())
                .chunks(&timeline, 3600)
                .len()
        };
        assert_eq!(count(hour), 1);
        assert_eq!(count(2 * hour), 2);
        assert_eq!(count(12 * hour), 12);
    }

    #[test]
    fn the_last_chunk_holds_the_frames_that_its_last_segment_took_in() {
        let timeline = Timeline::new(FrameRate { num: 10, den: 1 }, 46_901, 1);
        let audio = AudioTimeline::new(timeline.duration());
        let chunks = audio.chunks(&timeline, 134);
        let seconds = chunks.last().unwrap().frames.len() * 1024 / 48_000;
        assert_eq!((chunks.len(), seconds), (35, 134));
        assert_eq!(chunks.last().unwrap().frames.end, audio.frames);
    }

    proptest! {
        #[test]
        fn segments_cover_the_sound(timeline in any_timeline()) {
            let audio = AudioTimeline::new(timeline.duration());
            let segments = audio.segments(&timeline);
            prop_assert_eq!(segments[0].start, 0);
            prop_assert_eq!(segments.last().unwrap().end, audio.frames);
            prop_assert!(segments.windows(2).all(|pair| pair[0].end == pair[1].start));
        }

        #[test]
        fn chunks_are_runs_of_whole_segments(timeline in any_timeline(), seconds in 1_u64..4000) {
            let audio = AudioTimeline::new(timeline.duration());
            let segments = audio.segments(&timeline);
            let chunks = audio.chunks(&timeline, seconds);
            prop_assert_eq!(chunks[0].frames.start, 0);
            prop_assert_eq!(chunks.last().unwrap().frames.end, audio.frames);
            for chunk in &chunks {
                let first = usize::try_from(chunk.first_segment).unwrap() - 1;
                prop_assert_eq!(segments[first].start, chunk.frames.start);
            }
            let longest = chunks.iter().map(|chunk| chunk.frames.len()).max().unwrap();
            let segment = segments.iter().map(|segment| segment.len()).max().unwrap();
            let taken_in = timeline.time_of(timeline.gop_frames) / Rational::whole(2);
            let limit = AudioTimeline::frame_at(Rational::whole(seconds) + taken_in) + 1;
            prop_assert!(longest <= limit.max(segment));
        }
    }
}

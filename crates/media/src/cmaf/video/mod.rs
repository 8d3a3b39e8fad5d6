//! One rung of one encode chunk: ffmpeg's fragments in, finished segments out.
//!
//! The encoder's times are not trusted, because they differ between its versions: 8.1 writes
//! negative composition offsets, 9.0 the same pictures two frames late. What is trusted is the
//! *order* of presentation inside a GOP, and with it every time follows from the frame's number
//! on the output grid. With frame duration `fd`, for the GOP that begins at frame `n`:
//!
//! - decode time of the fragment: `tfdt = n · fd`;
//! - `p` = rank of the `k`-th sample's presentation time within the GOP;
//! - composition offset `(p − k) · fd + D`, where `D` is the same constant in every rung, so that
//!   the offset is never negative and one edit list takes it away;
//! - `mfhd` sequence number `n / G + 1`.
//!
//! So the fragments of all chunks of a track join without a gap, whoever made them.

mod error;
mod order;

use bytes::Bytes;
use domain::time::FrameRange;

use super::boxes::BoxWriter;
use super::fragment::{Fragment, Sample};
use super::moof::{self, NewFragment, NewSamples};
use super::plan::{self, PlanError, SegmentSpan, SegmentSpans};
use super::segment::{self, IFrame, Segment};
pub use error::VideoError;

/// The composition offset that every sample gets on top, in ticks: two frames.
///
/// Two is the deepest reordering of `-bf 3` with B-pyramid, and a constant of the product: rungs
/// of one asset must share it.
#[must_use]
pub const fn composition_delay(frame_ticks: u32) -> u32 {
    frame_ticks.saturating_mul(2)
}

/// What is to come out of one rung of one encode chunk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VideoChunk {
    /// Ticks per second of the track.
    pub timescale: u32,
    /// Ticks that a frame lasts.
    pub frame_ticks: u32,
    /// Frames of a GOP, `G`; each fragment has so many, but for the last of the track.
    pub gop_frames: u32,
    /// The constant composition offset `D`, in ticks; see [`composition_delay`].
    pub composition_delay: u32,
    /// The chunk's frames on the output grid; starts on a GOP boundary, and ends on one or at the
    /// end of the track.
    pub frames: FrameRange,
    /// Frames of the whole track.
    pub total_frames: u64,
    /// First frame of each segment in the chunk: ascending, on GOP boundaries, the first where
    /// the chunk starts.
    pub segment_starts: Vec<u64>,
    /// Number, within the track and from 1, of the first of these segments.
    pub first_segment_number: u32,
}

/// What came out of a chunk that is complete.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VideoSummary {
    /// Frames packaged: all that were planned.
    pub frames: u64,
    /// Fragments, one per GOP.
    pub fragments: u64,
    /// Segments.
    pub segments: u32,
}

/// Makes the segments of one rung of one encode chunk. Holds one segment at a time.
#[derive(Debug)]
pub struct VideoPackager {
    chunk: VideoChunk,
    spans: SegmentSpans,
    open: Option<OpenSegment>,
    next_frame: u64,
    last_sequence: Option<u32>,
    fragments: u64,
    segments: u32,
}

#[derive(Debug)]
struct OpenSegment {
    span: SegmentSpan,
    writer: BoxWriter,
    iframes: Vec<IFrame>,
}

impl VideoPackager {
    /// A packager that has seen nothing yet.
    ///
    /// # Errors
    /// [`VideoError::Plan`] when the chunk's numbers contradict each other.
    pub fn new(chunk: VideoChunk) -> Result<Self, VideoError> {
        check_plan(&chunk)?;
        let mut spans = SegmentSpans::new(
            chunk.frames,
            &chunk.segment_starts,
            chunk.first_segment_number,
        )?;
        let open = spans.advance().map(OpenSegment::new);
        Ok(Self {
            next_frame: chunk.frames.start,
            chunk,
            spans,
            open,
            last_sequence: None,
            fragments: 0,
            segments: 0,
        })
    }

    /// Takes ffmpeg's next fragment, one GOP, and gives the segment that it completes.
    ///
    /// # Errors
    /// A variant of [`VideoError`]; the packager is of no use afterwards.
    pub fn push(&mut self, fragment: &Fragment<'_>) -> Result<Option<Segment>, VideoError> {
        self.check_fragment(fragment)?;
        let first_frame = self.next_frame;
        let pictures = order::place(&fragment.samples, first_frame, &self.chunk)?;
        let Some(open) = self.open.as_mut() else {
            return Err(VideoError::TooManyFrames {
                end: self.chunk.frames.end,
                found: fragment.samples.len(),
            });
        };
        let frames = pictures.len() as u64;
        let offset = open.writer.len();
        let head = moof::write(
            &mut open.writer,
            &NewFragment {
                sequence: sequence_number(&self.chunk, first_frame),
                track_id: fragment.track_id,
                tfdt: first_frame.saturating_mul(self.chunk.frame_ticks.into()),
                duration: self.chunk.frame_ticks,
                samples: NewSamples::Pictures(&pictures),
                payload: fragment.payload,
            },
        );
        let first_size = fragment.samples.first().map_or(0, |first| first.size);
        open.iframes.push(IFrame {
            offset: offset as u64,
            length: head as u64 + u64::from(first_size),
            frames,
        });
        self.next_frame += frames;
        self.last_sequence = Some(fragment.sequence);
        self.fragments += 1;
        if self.next_frame < open.span.frames.end {
            return Ok(None);
        }
        let next = self.spans.advance().map(OpenSegment::new);
        self.segments += 1;
        std::mem::replace(&mut self.open, next)
            .map(OpenSegment::finish)
            .transpose()
    }

    /// Ends the chunk.
    ///
    /// # Errors
    /// [`VideoError::FramesMissing`] when not every planned frame came.
    pub fn finish(self) -> Result<VideoSummary, VideoError> {
        let FrameRange { start, end } = self.chunk.frames;
        if self.next_frame != end {
            return Err(VideoError::FramesMissing {
                expected: end,
                found: self.next_frame,
            });
        }
        Ok(VideoSummary {
            frames: end - start,
            fragments: self.fragments,
            segments: self.segments,
        })
    }

    /// What can be said of a fragment without looking at its times.
    fn check_fragment(&self, fragment: &Fragment<'_>) -> Result<(), VideoError> {
        let first_frame = self.next_frame;
        let samples = &fragment.samples;
        if let Some(previous) = self.last_sequence
            && previous.checked_add(1) != Some(fragment.sequence)
        {
            return Err(VideoError::Sequence {
                previous,
                found: fragment.sequence,
            });
        }
        let end = self.chunk.frames.end;
        if first_frame >= end {
            let found = samples.len();
            return Err(VideoError::TooManyFrames { end, found });
        }
        let expected = (end - first_frame).min(self.chunk.gop_frames.into());
        if samples.len() as u64 != expected {
            return Err(VideoError::GopLength {
                first_frame,
                expected,
                found: samples.len(),
            });
        }
        if !samples.first().is_some_and(Sample::is_sync) {
            return Err(VideoError::NoSyncSample { first_frame });
        }
        if let Some(second) = samples.iter().skip(1).position(Sample::is_sync) {
            let index = second + 1;
            return Err(VideoError::ExtraSyncSample { first_frame, index });
        }
        let stated = samples.iter().map(|s| u64::from(s.size)).sum();
        if fragment.payload.len() as u64 != stated {
            return Err(VideoError::PayloadCut {
                first_frame,
                expected: stated,
                found: fragment.payload.len() as u64,
            });
        }
        Ok(())
    }
}

impl OpenSegment {
    fn new(span: SegmentSpan) -> Self {
        Self {
            span,
            writer: segment::start(),
            iframes: Vec::new(),
        }
    }

    fn finish(self) -> Result<Segment, VideoError> {
        let number = self.span.number;
        let bytes = self
            .writer
            .finish()
            .map_err(|source| VideoError::TooLarge { number, source })?;
        Ok(Segment {
            number,
            first_frame: self.span.frames.start,
            frames: self.span.frames.len(),
            bytes: Bytes::from(bytes),
            iframes: self.iframes,
        })
    }
}

fn check_plan(chunk: &VideoChunk) -> Result<(), PlanError> {
    plan::non_zero("timescale", chunk.timescale)?;
    plan::non_zero("frame duration", chunk.frame_ticks)?;
    plan::non_zero("GOP length", chunk.gop_frames)?;
    let gop_frames = u64::from(chunk.gop_frames);
    // One sequence number per GOP in 32 bits; then every time fits 64 bits many times over.
    let limit = chunk.total_frames.min(gop_frames * u64::from(u32::MAX));
    let end = chunk.frames.end;
    if end > limit {
        return Err(PlanError::BeyondTrack { end, limit });
    }
    let chunk_end = Some(end).filter(|end| *end != chunk.total_frames);
    let boundaries = chunk.segment_starts.iter().copied().chain(chunk_end);
    for frame in boundaries {
        if frame % gop_frames != 0 {
            return Err(PlanError::OffGrid { frame, gop_frames });
        }
    }
    Ok(())
}

fn sequence_number(chunk: &VideoChunk, first_frame: u64) -> u32 {
    let gop = first_frame / u64::from(chunk.gop_frames.max(1));
    u32::try_from(gop + 1).unwrap_or(u32::MAX)
}

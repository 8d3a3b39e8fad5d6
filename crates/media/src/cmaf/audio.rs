//! One audio chunk of one rung: ffmpeg's fragments in, finished segments out.
//!
//! The encoder's first packets are thrown away: the priming of the whole track (one packet), or
//! the pre-roll of a later chunk and its priming. What follows is numbered on the grid of AAC
//! frames, each `frame_ticks` long, with `tfdt` from 0 and no edit list; a segment is one `moof`
//! whose sequence number is the segment's. The first 11 ms of a track fade in: the price of there
//! being no edit list, which some players apply to one segment and not to the next.

use bytes::Bytes;
use domain::time::FrameRange;

use super::boxes::BoxError;
use super::fragment::{Fragment, Sample};
use super::moof::{self, NewFragment, NewSamples};
use super::plan::{self, PlanError, SegmentSpan, SegmentSpans};
use super::segment::{self, Segment};

/// What is to come out of one audio chunk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AudioChunk {
    /// Ticks that an audio frame lasts: 1024 for AAC-LC in a track whose timescale is its sample
    /// rate.
    pub frame_ticks: u32,
    /// Packets to drop at the start: 1 for the priming of a whole track, pre-roll + 1 for a later
    /// chunk.
    pub drop_packets: u32,
    /// Most packets that may follow the planned ones, and are dropped: 0 for a whole track, the
    /// overrun for a chunk that is not the last.
    pub spare_packets: u32,
    /// The chunk's audio frames, counted from the start of the track.
    pub frames: FrameRange,
    /// First audio frame of each segment in the chunk: ascending, the first where the chunk
    /// starts.
    pub segment_starts: Vec<u64>,
    /// Number, within the track and from 1, of the first of these segments.
    pub first_segment_number: u32,
}

/// What came out of a chunk that is complete.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AudioSummary {
    /// Audio frames packaged: all that were planned.
    pub frames: u64,
    /// Packets dropped behind them.
    pub spare: u32,
    /// Segments.
    pub segments: u32,
}

/// Why what the encoder wrote is not what the plan asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AudioError {
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
    /// A packet in the middle of the track does not last one audio frame: there is a gap, or the
    /// codec has another frame length.
    #[error("packet {packet} lasts {found} ticks instead of {expected}")]
    PacketDuration {
        /// Number of the packet in the encoder's output, from 0.
        packet: u64,
        /// Ticks of an audio frame.
        expected: u32,
        /// Ticks found.
        found: u32,
    },
    /// The encoder wrote more packets than planned and spare.
    #[error("more than {allowed} packets, dropped and spare ones included")]
    TooManyPackets {
        /// Most packets that may come.
        allowed: u64,
    },
    /// The encoder wrote fewer packets than planned.
    #[error("the chunk ends at audio frame {found} instead of {expected}")]
    FramesMissing {
        /// Planned end.
        expected: u64,
        /// One past the last audio frame that came.
        found: u64,
    },
    /// The fragment was handed in without all of its bytes.
    #[error("packet {packet} is cut short")]
    PayloadCut {
        /// Number of the packet in the encoder's output, from 0.
        packet: u64,
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

/// Makes the segments of one audio chunk. Holds one segment at a time.
#[derive(Debug)]
pub struct AudioPackager {
    chunk: AudioChunk,
    spans: SegmentSpans,
    open: Option<OpenSegment>,
    /// Packets seen, the dropped ones included.
    packets: u64,
    /// Audio frames packaged.
    kept: u64,
    /// A packet shorter than an audio frame, with its number; only the last may be.
    short: Option<(u64, u32)>,
    last_sequence: Option<u32>,
    segments: u32,
}

#[derive(Debug)]
struct OpenSegment {
    span: SegmentSpan,
    sizes: Vec<u32>,
    payload: Vec<u8>,
}

impl AudioPackager {
    /// A packager that has seen nothing yet.
    ///
    /// # Errors
    /// [`AudioError::Plan`] when the chunk's numbers contradict each other.
    pub fn new(chunk: AudioChunk) -> Result<Self, AudioError> {
        plan::non_zero("frame duration", chunk.frame_ticks)?;
        let limit = u64::MAX / u64::from(chunk.frame_ticks);
        let end = chunk.frames.end;
        if end > limit {
            return Err(PlanError::BeyondTrack { end, limit }.into());
        }
        let mut spans = SegmentSpans::new(
            chunk.frames,
            &chunk.segment_starts,
            chunk.first_segment_number,
        )?;
        let open = spans.advance().map(OpenSegment::new);
        Ok(Self {
            chunk,
            spans,
            open,
            packets: 0,
            kept: 0,
            short: None,
            last_sequence: None,
            segments: 0,
        })
    }

    /// Takes ffmpeg's next fragment, any number of packets, and gives the segments that it
    /// completes, in order.
    ///
    /// # Errors
    /// A variant of [`AudioError`]; the packager is of no use afterwards.
    pub fn push(&mut self, fragment: &Fragment<'_>) -> Result<Vec<Segment>, AudioError> {
        if let Some(previous) = self.last_sequence
            && previous.checked_add(1) != Some(fragment.sequence)
        {
            return Err(AudioError::Sequence {
                previous,
                found: fragment.sequence,
            });
        }
        self.last_sequence = Some(fragment.sequence);
        let mut finished = Vec::new();
        let mut payload = fragment.payload;
        for sample in &fragment.samples {
            let packet = self.packets;
            let (bytes, rest) = payload
                .split_at_checked(sample.size as usize)
                .ok_or(AudioError::PayloadCut { packet })?;
            payload = rest;
            self.check_duration(sample)?;
            self.packets += 1;
            finished.extend(self.take(packet, sample.size, bytes, fragment.track_id)?);
        }
        Ok(finished)
    }

    /// Ends the chunk.
    ///
    /// # Errors
    /// [`AudioError::FramesMissing`] when not every planned audio frame came.
    pub fn finish(self) -> Result<AudioSummary, AudioError> {
        let FrameRange { start, end } = self.chunk.frames;
        if self.kept != end - start {
            return Err(AudioError::FramesMissing {
                expected: end,
                found: start + self.kept,
            });
        }
        let spare = self.packets - self.kept - u64::from(self.chunk.drop_packets);
        Ok(AudioSummary {
            frames: self.kept,
            spare: u32::try_from(spare).unwrap_or(u32::MAX),
            segments: self.segments,
        })
    }

    /// One audio frame is one packet; ffmpeg cuts only the very last one short.
    fn check_duration(&mut self, sample: &Sample) -> Result<(), AudioError> {
        let expected = self.chunk.frame_ticks;
        if let Some((packet, found)) = self.short {
            return Err(AudioError::PacketDuration {
                packet,
                expected,
                found,
            });
        }
        if sample.duration < expected {
            self.short = Some((self.packets, sample.duration));
        }
        if sample.duration > expected {
            return Err(AudioError::PacketDuration {
                packet: self.packets,
                expected,
                found: sample.duration,
            });
        }
        Ok(())
    }

    /// Drops the packet or puts it where it belongs.
    fn take(
        &mut self,
        packet: u64,
        size: u32,
        bytes: &[u8],
        track_id: u32,
    ) -> Result<Option<Segment>, AudioError> {
        let dropped = u64::from(self.chunk.drop_packets);
        if packet < dropped {
            return Ok(None);
        }
        let Some(open) = self.open.as_mut() else {
            let planned = dropped + self.chunk.frames.len();
            let allowed = planned + u64::from(self.chunk.spare_packets);
            return if packet < allowed {
                Ok(None)
            } else {
                Err(AudioError::TooManyPackets { allowed })
            };
        };
        open.sizes.push(size);
        open.payload.extend_from_slice(bytes);
        self.kept += 1;
        if (open.sizes.len() as u64) < open.span.frames.len() {
            return Ok(None);
        }
        let next = self.spans.advance().map(OpenSegment::new);
        self.segments += 1;
        std::mem::replace(&mut self.open, next)
            .map(|open| open.finish(track_id, self.chunk.frame_ticks))
            .transpose()
    }
}

impl OpenSegment {
    fn new(span: SegmentSpan) -> Self {
        Self {
            span,
            sizes: Vec::new(),
            payload: Vec::new(),
        }
    }

    fn finish(self, track_id: u32, frame_ticks: u32) -> Result<Segment, AudioError> {
        let SegmentSpan { number, frames } = self.span;
        let mut writer = segment::start();
        moof::write(
            &mut writer,
            &NewFragment {
                sequence: number,
                track_id,
                tfdt: frames.start.saturating_mul(frame_ticks.into()),
                duration: frame_ticks,
                samples: NewSamples::Packets(&self.sizes),
                payload: &self.payload,
            },
        );
        let bytes = writer
            .finish()
            .map_err(|source| AudioError::TooLarge { number, source })?;
        Ok(Segment {
            number,
            first_frame: frames.start,
            frames: frames.len(),
            bytes: Bytes::from(bytes),
            iframes: Vec::new(),
        })
    }
}

//! The plan: everything that an encoder must know, decided once.
//!
//! A plan is a pure function of the job, the probe, the profile and the ffmpeg build. Each
//! encoder reads it and its own chunk, and nothing of its neighbours; that the pieces fit is a
//! property of the plan.

use serde::{Deserialize, Serialize};

use crate::audio::{AudioChunkRange, AudioTimeline};
use crate::codec::VideoCodec;
use crate::cost::{Capacity, EncodeWork, Worker};
use crate::ids::{AssetId, JobId};
use crate::ladder::{AudioRung, VideoRung, audio_ladder, video_ladder};
use crate::message::SegmentInput;
use crate::object::SourceObject;
use crate::profile::{CutChoice, Profile};
use crate::source::{Keyframe, Rotation, SourceProbe, VideoTrack};
use crate::time::{FrameRange, FrameRate, Rational};
use crate::timeline::Timeline;

/// Longest source that is planned, in seconds: a day.
pub const MAX_SECONDS: u32 = 24 * 3600;

/// Largest width or height of a source, in pixels.
pub const MAX_SIDE: u32 = 16_384;

/// Decides the presentation's end: sound that outlasts the picture by more than this is kept, and
/// the last frame is held. In seconds, 3/20.
fn held_frame_threshold() -> Rational {
    Rational::new(3, 20).unwrap_or(Rational::ZERO)
}

/// How far before its first frame an encoder starts to read, in output frames: 5/2 gives the
/// deinterlacer its neighbour.
fn lead_frames() -> Rational {
    Rational::new(5, 2).unwrap_or(Rational::ZERO)
}

/// The plan of one job; `plan.json` in the work bucket.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// The job.
    pub job: JobId,
    /// The asset it is for.
    pub asset: AssetId,
    /// The source, in the version that was probed.
    pub source: SourceObject,
    /// The profile, with every default filled in.
    pub profile: Profile,
    /// The ffmpeg build that must encode every chunk: another one gives other bytes.
    pub ffmpeg: String,
    /// The facts that the plan was made from.
    pub probe: SourceProbe,
    /// The output grid; of an asset without a picture, only a ruler for the segments.
    pub timeline: Timeline,
    /// Length of the presentation in seconds.
    pub duration: Rational,
    /// Time on the source's clock that becomes zero, in seconds.
    pub origin: Rational,
    /// The picture.
    pub video: Option<VideoPlan>,
    /// The sound.
    pub audio: Option<AudioPlan>,
}

/// How the picture is encoded.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct VideoPlan {
    /// How encoders get their part of the source.
    pub cut: CutMode,
    /// The rungs, tallest first.
    pub rungs: Vec<VideoRung>,
    /// Turn that makes the picture upright.
    pub rotation: Rotation,
    /// Whether fields are woven into frames first.
    pub deinterlace: bool,
}

/// How encoders get their part of the source, decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CutMode {
    /// The encoder seeks in the source.
    Range,
    /// The encoder reads a source segment from the work bucket.
    Copy,
}

/// How the sound is encoded.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AudioPlan {
    /// Stream index in the source.
    pub index: u32,
    /// ISO 639-2, or `und`.
    pub language: String,
    /// Output channels: 1 or 2.
    pub channels: u32,
    /// The sound's grid.
    pub timeline: AudioTimeline,
    /// The rungs, highest rate first.
    pub rungs: Vec<AudioRung>,
}

/// One encode chunk of the picture: a line of `chunks/video.json` and the input of encode-video.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EncodeChunk {
    /// The job.
    pub job: JobId,
    /// Number of the chunk, from 1.
    pub index: u32,
    /// Its frames on the output grid.
    pub frames: FrameRange,
    /// Where to start reading, in seconds on the container's own scale (`-ss`); none for the
    /// beginning.
    pub seek: Option<Rational>,
    /// Who encodes it. The same for all chunks of a job: their init segments must be equal, which
    /// those of different encoders are not.
    #[serde(default)]
    pub worker: Worker,
}

/// One audio chunk: an item of the audio Map and the input of encode-audio.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AudioChunk {
    /// The job.
    pub job: JobId,
    /// Number of the chunk, from 1.
    pub index: u32,
    /// Its audio frames and first segment.
    #[serde(flatten)]
    pub range: AudioChunkRange,
}

/// A source that no plan can be made for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Neither picture nor sound.
    #[error("the file has neither a picture nor a sound track")]
    WithoutTracks,
    /// Longer than [`MAX_SECONDS`].
    #[error("the file lasts {seconds} seconds, more than the {MAX_SECONDS} that are allowed")]
    TooLong {
        /// Its length.
        seconds: i128,
    },
    /// Wider or higher than [`MAX_SIDE`], or without a size.
    #[error("the picture has {width}x{height} pixels, allowed are 1 to {MAX_SIDE} each way")]
    Size {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
}

impl crate::Fault for PlanError {
    fn code(&self) -> crate::ErrorCode {
        match self {
            Self::WithoutTracks => crate::ErrorCode::SourceWithoutTracks,
            Self::TooLong { .. } | Self::Size { .. } => crate::ErrorCode::SourceTooLarge,
        }
    }
}

impl Plan {
    /// Decides everything for one job.
    ///
    /// # Errors
    /// [`PlanError`] when there is nothing to encode or too much of it.
    pub fn new(
        request: &SegmentInput,
        probe: SourceProbe,
        ffmpeg: impl Into<String>,
    ) -> Result<Self, PlanError> {
        let profile = request.profile.clone();
        let span = Span::of(&probe, &profile)?;
        let video = probe.video.as_ref().map(|track| VideoPlan {
            cut: cut_mode(profile.cut, probe.indexed),
            rungs: video_ladder(track, span.timeline.rate, &profile.video),
            rotation: track.rotation,
            deinterlace: track.interlaced,
        });
        let audio = probe.audio.first().map(|track| AudioPlan {
            index: track.index,
            language: track.language.clone().unwrap_or_else(|| "und".to_owned()),
            channels: track.channels.clamp(1, 2),
            timeline: AudioTimeline::new(span.duration),
            rungs: audio_ladder(track, video.is_none(), &profile.audio),
        });
        Ok(Self {
            job: request.job.clone(),
            asset: request.asset.clone(),
            source: request.source.clone(),
            profile,
            ffmpeg: ffmpeg.into(),
            timeline: span.timeline,
            duration: span.duration,
            origin: span.origin,
            video,
            audio,
            probe,
        })
    }

    /// The encode chunks of the picture; empty without one.
    ///
    /// `keyframes` are those of a source without an index, in any order; a source with an index
    /// has none and is sought by time. The longest chunk decides for all who encodes them.
    #[must_use]
    pub fn video_chunks(&self, keyframes: &[Keyframe], capacity: &Capacity) -> Vec<EncodeChunk> {
        let (Some(track), Some(video)) = (self.probe.video.as_ref(), self.video.as_ref()) else {
            return Vec::new();
        };
        let chunks = self.timeline.chunks(self.profile.segments_per_chunk);
        let longest = chunks.iter().map(|frames| frames.len()).max().unwrap_or(0);
        let worker = capacity.worker(&self.work(track, video, longest));
        chunks
            .into_iter()
            .zip(1..)
            .map(|(frames, index)| EncodeChunk {
                job: self.job.clone(),
                index,
                frames,
                seek: self.seek(track, frames.start, keyframes),
                worker,
            })
            .collect()
    }

    /// What it takes to encode `frames` frames in every rung.
    pub(crate) fn work(
        &self,
        track: &VideoTrack,
        video: &VideoPlan,
        frames: u64,
    ) -> EncodeWork<'_> {
        let area = |width: u32, height: u32| u64::from(width) * u64::from(height);
        let rungs = video.rungs.iter().map(|rung| area(rung.width, rung.height));
        EncodeWork {
            frames,
            source_pixels: area(track.width, track.height),
            rung_pixels: rungs.clone().sum(),
            largest_rung: rungs.max().unwrap_or(0),
            codec: VideoCodec::H264,
            preset: &self.profile.video.preset,
        }
    }

    /// The audio chunks; empty without sound.
    #[must_use]
    pub fn audio_chunks(&self) -> Vec<AudioChunk> {
        let Some(audio) = self.audio.as_ref() else {
            return Vec::new();
        };
        audio
            .timeline
            .chunks(&self.timeline, self.profile.audio.chunk_seconds)
            .into_iter()
            .zip(1..)
            .map(|(range, index)| AudioChunk {
                job: self.job.clone(),
                index,
                range,
            })
            .collect()
    }

    /// Where an encoder whose first frame is `start` begins to read.
    ///
    /// A container with an index finds the keyframe by itself. One without lands anywhere, so the
    /// seek aims a millisecond before the decode time of the last keyframe that is shown early
    /// enough.
    fn seek(&self, track: &VideoTrack, start: u64, keyframes: &[Keyframe]) -> Option<Rational> {
        if start == 0 {
            return None;
        }
        let lead = lead_frames() / self.timeline.rate.exact();
        let wanted = track.start() + self.timeline.time_of(start) - lead;
        let target = if self.probe.indexed {
            wanted
        } else {
            let before = |key: &&Keyframe| Rational::whole(key.pts) * track.time_base <= wanted;
            let key = keyframes.iter().filter(before).max()?;
            let millisecond = Rational::ticks(1, 1000);
            Rational::whole(key.dts.min(key.pts)) * track.time_base - millisecond
        };
        let seek = target - self.probe.start;
        (seek > Rational::ZERO).then_some(seek)
    }
}

/// When the presentation begins and ends.
struct Span {
    timeline: Timeline,
    duration: Rational,
    origin: Rational,
}

impl Span {
    fn of(probe: &SourceProbe, profile: &Profile) -> Result<Self, PlanError> {
        let sound = probe.audio.first();
        let Some(track) = probe.video.as_ref() else {
            let sound = sound.ok_or(PlanError::WithoutTracks)?;
            return Self::of_sound(sound.start, sound.end, profile);
        };
        check_size(track)?;
        let origin = track.start();
        let rate = FrameRate::snap(track.rate, track.constant_rate);
        let picture = track.duration();
        let sound = sound.map_or(Rational::ZERO, |sound| sound.end - origin);
        let end = if sound - picture > held_frame_threshold() {
            sound
        } else {
            picture
        };
        check_length(end)?;
        let frames = (end * rate.exact()).round().max(1);
        let frames = u64::try_from(frames).unwrap_or(1);
        let timeline = Timeline::new(rate, frames, profile.gops_per_segment);
        Ok(Self {
            duration: timeline.duration(),
            timeline,
            origin,
        })
    }

    fn of_sound(start: Rational, end: Rational, profile: &Profile) -> Result<Self, PlanError> {
        let duration = (end - start).max(Rational::ZERO);
        check_length(duration)?;
        let rate = FrameRate::AUDIO_GRID;
        let frames = u64::try_from((duration * rate.exact()).ceil()).unwrap_or(1);
        Ok(Self {
            timeline: Timeline::new(rate, frames, profile.gops_per_segment),
            duration,
            origin: start,
        })
    }
}

fn check_length(seconds: Rational) -> Result<(), PlanError> {
    if seconds > Rational::whole(MAX_SECONDS) {
        return Err(PlanError::TooLong {
            seconds: seconds.ceil(),
        });
    }
    Ok(())
}

fn check_size(track: &VideoTrack) -> Result<(), PlanError> {
    let (width, height) = (track.width, track.height);
    let allowed = 1..=MAX_SIDE;
    if allowed.contains(&width) && allowed.contains(&height) {
        return Ok(());
    }
    Err(PlanError::Size { width, height })
}

const fn cut_mode(choice: CutChoice, indexed: bool) -> CutMode {
    match (choice, indexed) {
        (CutChoice::Range, _) | (CutChoice::Auto, true) => CutMode::Range,
        (CutChoice::Copy, _) | (CutChoice::Auto, false) => CutMode::Copy,
    }
}

#[cfg(test)]
pub(crate) mod tests;

//! A job that was planned and done, without any media: for tests of what comes after the encoders.

use std::collections::BTreeMap;

use domain::audio::AAC_FRAME_SAMPLES;
use domain::ids::RungId;
use domain::job::{JobRecord, JobState};
use domain::message::SegmentInput;
use domain::object::{BucketName, ObjectKey, ObjectRef, SourceObject};
use domain::plan::{Plan, PlanError};
use domain::profile::Profile;
use domain::result::{
    AudioChunkResult, IFrameFacts, RungResult, SegmentFacts, Usage, VideoChunkResult,
};
use domain::source::{AudioTrack, Colour, Rotation, SourceProbe, VideoTrack};
use domain::time::{FrameRange, Rational};

/// Bytes of every sample segment.
pub const SEGMENT_BYTES: u64 = 1000;

/// The uploaded object of the sample job.
#[must_use]
pub fn source() -> SourceObject {
    SourceObject {
        object: ObjectRef {
            bucket: BucketName::new("uploads"),
            key: ObjectKey::new("ann/u1/film.mp4"),
        },
        version: None,
        etag: "d41d8cd98f00b204e9800998ecf8427e".to_owned(),
        size: 1_000_000,
    }
}

/// The record of the sample job, claimed.
#[must_use]
pub fn record() -> JobRecord {
    let request = SegmentInput::new(source(), Profile::default());
    JobRecord {
        job: request.job,
        asset: request.asset,
        owner: request.source.owner().to_owned(),
        source: request.source,
        profile: request.profile.name,
        state: JobState::Running,
        error: None,
    }
}

/// The facts of a 1080p source of so many frames at 25 frames per second, with stereo sound.
#[must_use]
pub fn probe(frames: u32) -> SourceProbe {
    let tick = Rational::ticks(1, 25);
    let sound = AudioTrack {
        index: 1,
        codec: "aac".to_owned(),
        sample_rate: 48_000,
        channels: 2,
        start: Rational::ZERO,
        end: Rational::whole(frames) * tick,
        language: None,
    };
    let picture = VideoTrack {
        index: 0,
        codec: "h264".to_owned(),
        width: 1920,
        height: 1080,
        pixel_format: "yuv420p".to_owned(),
        sample_aspect: Rational::ONE,
        rotation: Rotation::None,
        interlaced: false,
        colour: Colour::default(),
        time_base: tick,
        origin: 0,
        end: frames.into(),
        rate: Rational::whole(25),
        constant_rate: true,
    };
    SourceProbe {
        container: "mov,mp4,m4a,3gp,3g2,mj2".to_owned(),
        start: Rational::ZERO,
        indexed: true,
        video: Some(picture),
        audio: vec![sound],
        cover: None,
        tags: BTreeMap::new(),
    }
}

/// The plan for such a source, with encode chunks of two segments.
///
/// # Errors
/// [`PlanError`] for no frames at all or too many.
pub fn plan(frames: u32) -> Result<Plan, PlanError> {
    let profile = Profile {
        segments_per_chunk: 2,
        ..Profile::default()
    };
    let request = SegmentInput::new(source(), profile);
    Plan::new(&request, probe(frames), "8.1.2")
}

/// What encoders report that did all of the plan's picture as planned.
#[must_use]
pub fn video_results(plan: &Plan) -> Vec<VideoChunkResult> {
    let ticks = u64::from(plan.timeline.rate.frame_ticks());
    let gop = plan.timeline.gop_frames;
    let rungs: Vec<RungId> = plan
        .video
        .iter()
        .flat_map(|video| video.rungs.iter().map(|rung| rung.id.clone()))
        .collect();
    let segments: Vec<SegmentFacts> = numbered(&plan.timeline.segments(), ticks)
        .map(|mut facts| {
            facts.iframes = iframes(facts.frames, gop);
            facts
        })
        .collect();
    let chunks = plan.timeline.chunks(plan.profile.segments_per_chunk);
    (1..)
        .zip(chunks)
        .map(|(index, frames)| VideoChunkResult {
            index,
            frames,
            rungs: of_rungs(&rungs, &segments, frames, ticks),
            usage: Usage::default(),
        })
        .collect()
}

/// What encoders report that did all of the plan's sound as planned.
#[must_use]
pub fn audio_results(plan: &Plan) -> Vec<AudioChunkResult> {
    let Some(audio) = &plan.audio else {
        return Vec::new();
    };
    let rungs: Vec<RungId> = audio.rungs.iter().map(|rung| rung.id.clone()).collect();
    let segments = audio.timeline.segments(&plan.timeline);
    let segments: Vec<SegmentFacts> = numbered(&segments, AAC_FRAME_SAMPLES).collect();
    plan.audio_chunks()
        .into_iter()
        .map(|chunk| AudioChunkResult {
            index: chunk.index,
            frames: chunk.range.frames,
            rungs: of_rungs(&rungs, &segments, chunk.range.frames, AAC_FRAME_SAMPLES),
            usage: Usage::default(),
        })
        .collect()
}

fn numbered(segments: &[FrameRange], ticks: u64) -> impl Iterator<Item = SegmentFacts> {
    (1..)
        .zip(segments)
        .map(move |(number, frames)| SegmentFacts {
            number,
            start: frames.start * ticks,
            duration: frames.len() * ticks,
            frames: frames.len(),
            bytes: SEGMENT_BYTES,
            iframes: Vec::new(),
        })
}

fn iframes(frames: u64, gop: u64) -> Vec<IFrameFacts> {
    (0..frames.div_ceil(gop))
        .map(|index| IFrameFacts {
            offset: index * 100,
            length: 50,
            frames: gop.min(frames - index * gop),
        })
        .collect()
}

fn of_rungs(
    rungs: &[RungId],
    segments: &[SegmentFacts],
    chunk: FrameRange,
    ticks: u64,
) -> Vec<RungResult> {
    let inside = |facts: &&SegmentFacts| (chunk.start..chunk.end).contains(&(facts.start / ticks));
    let segments: Vec<SegmentFacts> = segments.iter().filter(inside).cloned().collect();
    rungs
        .iter()
        .map(|rung| RungResult {
            rung: rung.clone(),
            init_sha256: format!("{:0>64}", rung.as_str()),
            segments: segments.clone(),
        })
        .collect()
}

//! What a job will take, before anything is spent: time and money, from its plan.
//!
//! The picture follows the cost model of [`super`]; everything else is small beside it and is
//! counted with what `docs/figures.md` measured, rounded up. What a deployment costs by itself (a
//! database, logs) and what viewers cause (delivery) is no part of it.

use std::time::Duration;

use serde::Serialize;

use super::bill::{CONTAINER_VCPUS, Calls, Cost};
use super::prices::STORED_MB_MONTH;
use super::{Capacity, Worker};
use crate::plan::Plan;
use crate::source::Keyframe;
use crate::time::{BitsPerSecond, FrameRange, Rational};

/// What a deployment of the template has by default, with AWS Batch.
pub const DEFAULT_CAPACITY: Capacity = Capacity {
    batch: true,
    function_time: Duration::from_mins(15),
    function_memory: 3538,
};

/// Encode chunks that are worked on at once, by the state machine.
const CHUNKS_AT_ONCE: u64 = 500;
/// Until an invocation works: start, plan, the first bytes of the source.
const START_OF_FUNCTION: u64 = 1500;
/// Until a container works: Fargate finds room and loads the image.
const START_OF_CONTAINER: u64 = 90_000;
/// All other stages of a job one after another, in milliseconds.
const OTHER_STAGES: u64 = 10_000;
/// Sound that a CPU encodes in its own time: 30 s took 0.98 s.
const AUDIO_SPEED: u64 = 30;

/// What a job takes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Estimate {
    /// Encode chunks of the picture.
    pub video_chunks: u64,
    /// Chunks of the sound.
    pub audio_chunks: u64,
    /// Who encodes the picture.
    pub worker: Worker,
    /// CPU time of all encoders, in milliseconds.
    pub cpu_ms: u64,
    /// From the whole upload to the stream, in milliseconds.
    pub elapsed_ms: u64,
    /// The stream's size in bytes, if every rung were at its highest rate.
    pub largest_bytes: u64,
    /// What making it costs.
    pub cost: Cost,
    /// What keeping it costs each month at most, in micro-dollars.
    pub storage_micros: u64,
}

/// Milliseconds of one kind of invocations: the longest, and all together.
#[derive(Clone, Copy, Default)]
struct Work {
    longest: u64,
    all: u64,
    cpu: u64,
}

impl Estimate {
    /// What the job of this plan takes where there is this capacity.
    #[must_use]
    pub fn of(plan: &Plan, keyframes: &[Keyframe], capacity: &Capacity) -> Self {
        let chunks = plan.video_chunks(keyframes, capacity);
        let worker = chunks
            .first()
            .map_or(Worker::Function, |chunk| chunk.worker);
        let frames: Vec<FrameRange> = chunks.iter().map(|chunk| chunk.frames).collect();
        let video = picture(plan, &frames, worker, capacity);
        let audio = sound(plan);
        let counts = (frames.len() as u64, plan.audio_chunks().len() as u64);
        let segments = plan.timeline.segments().len() as u64;
        let rungs = rates(plan).count() as u64;
        let largest_bytes = largest(plan);
        let waves = counts.0.div_ceil(CHUNKS_AT_ONCE);
        Self {
            video_chunks: counts.0,
            audio_chunks: counts.1,
            worker,
            cpu_ms: video.cpu + audio.cpu,
            elapsed_ms: OTHER_STAGES + audio.longest.max(video.longest.saturating_mul(waves)),
            largest_bytes,
            cost: Cost::of(
                &Calls {
                    video_ms: video.all,
                    audio_ms: audio.all,
                    other_ms: OTHER_STAGES,
                    video_chunks: counts.0,
                    audio_chunks: counts.1,
                    worker,
                    segments: segments * rungs,
                },
                capacity,
            ),
            storage_micros: STORED_MB_MONTH.of(largest_bytes.div_ceil(1_000_000)),
        }
    }
}

fn picture(plan: &Plan, frames: &[FrameRange], worker: Worker, capacity: &Capacity) -> Work {
    let (Some(track), Some(video)) = (plan.probe.video.as_ref(), plan.video.as_ref()) else {
        return Work::default();
    };
    let mut sum = Work::default();
    for range in frames {
        let work = plan.work(track, video, range.len());
        let cpu = milliseconds(work.cpu());
        let (vcpus, start) = match worker {
            Worker::Function => (capacity.usable_vcpus(&work), START_OF_FUNCTION),
            Worker::Batch => {
                let vcpus = (1000 * CONTAINER_VCPUS).min(work.parallelism());
                (vcpus, START_OF_CONTAINER)
            }
        };
        let elapsed = start + cpu.saturating_mul(1000) / vcpus.max(1);
        sum.longest = sum.longest.max(elapsed);
        sum.all = sum.all.saturating_add(elapsed);
        sum.cpu = sum.cpu.saturating_add(cpu);
    }
    sum
}

fn sound(plan: &Plan) -> Work {
    let Some(audio) = plan.audio.as_ref() else {
        return Work::default();
    };
    let chunks = plan.audio_chunks().len() as u64;
    let heard = whole(plan.duration * Rational::whole(1000));
    let cpu = heard.saturating_mul(audio.rungs.len() as u64) / AUDIO_SPEED;
    Work {
        longest: START_OF_FUNCTION + cpu / chunks.max(1),
        all: START_OF_FUNCTION * chunks + cpu,
        cpu,
    }
}

/// The highest rate of each rung.
fn rates(plan: &Plan) -> impl Iterator<Item = BitsPerSecond> {
    let video = plan.video.iter().flat_map(|video| &video.rungs);
    let audio = plan.audio.iter().flat_map(|audio| &audio.rungs);
    let video = video.map(|rung| rung.max_rate);
    video.chain(audio.map(|rung| rung.bit_rate))
}

fn largest(plan: &Plan) -> u64 {
    let bits: u64 = rates(plan).map(|rate| rate.0).sum();
    whole(plan.duration * Rational::whole(bits) / Rational::whole(8))
}

fn whole(number: Rational) -> u64 {
    u64::try_from(number.ceil()).unwrap_or(0)
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;

//! The price of a job: of one that is planned, and of one that is done.

use serde::{Deserialize, Serialize};

use super::prices::{
    FARGATE_GB_MS, FARGATE_VCPU_MS, FUNCTION_CALL, FUNCTION_MB_MS, TRANSITION, WRITE,
};
use super::{Capacity, Worker};

/// vCPUs of the container that AWS Batch runs on Fargate, by the template.
pub(super) const CONTAINER_VCPUS: u64 = 16;
/// Its memory in GB.
const CONTAINER_GB: u64 = 32;
/// Memory of every stage but encode-video in MB, by the template; some have less.
const STAGE_MEMORY: u64 = 3072;
/// Calls of functions beside those for chunks.
const OTHER_CALLS: u64 = 5;
/// State transitions of a job, of a video chunk, and of an audio chunk.
const TRANSITIONS: (u64, u64, u64) = (14, 5, 3);
/// Objects beside segments: plan, results, playlists, pictures.
const OTHER_OBJECTS: u64 = 40;

/// What a job calls, and for how long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Calls {
    /// Running time of all encodes of the picture, in milliseconds.
    pub video_ms: u64,
    /// Running time of all encodes of the sound, in milliseconds.
    pub audio_ms: u64,
    /// Running time of all other stages, in milliseconds.
    pub other_ms: u64,
    /// Encode chunks of the picture.
    pub video_chunks: u64,
    /// Chunks of the sound.
    pub audio_chunks: u64,
    /// Who encodes the picture.
    pub worker: Worker,
    /// Segments of all renditions.
    pub segments: u64,
}

/// The price of a job by service, in micro-dollars of [`super::prices`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Cost {
    /// Functions.
    pub functions: u64,
    /// AWS Batch on Fargate.
    pub batch: u64,
    /// Step Functions.
    pub steps: u64,
    /// Requests to S3.
    pub requests: u64,
    /// All of it.
    pub total: u64,
}

impl Cost {
    /// What the calls cost with encoders of this capacity.
    #[must_use]
    pub fn of(calls: &Calls, capacity: &Capacity) -> Self {
        let stages = calls.audio_ms.saturating_add(calls.other_ms);
        let mut memory_time = stages.saturating_mul(STAGE_MEMORY);
        let mut batch = 0;
        match calls.worker {
            Worker::Function => {
                let memory = u64::from(capacity.function_memory);
                memory_time = memory_time.saturating_add(calls.video_ms.saturating_mul(memory));
            }
            Worker::Batch => {
                let time = calls.video_ms;
                batch = FARGATE_VCPU_MS.of(time.saturating_mul(CONTAINER_VCPUS))
                    + FARGATE_GB_MS.of(time.saturating_mul(CONTAINER_GB));
            }
        }
        let chunks = calls.video_chunks + calls.audio_chunks;
        let functions = FUNCTION_MB_MS.of(memory_time) + FUNCTION_CALL.of(chunks + OTHER_CALLS);
        let (job, video_chunk, audio_chunk) = TRANSITIONS;
        let transitions = job + calls.video_chunks * video_chunk + calls.audio_chunks * audio_chunk;
        let steps = TRANSITION.of(transitions);
        let requests = WRITE.of(calls.segments + chunks + OTHER_OBJECTS);
        Self {
            functions,
            batch,
            steps,
            requests,
            total: functions + batch + steps + requests,
        }
    }
}

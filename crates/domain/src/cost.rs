//! What an encode chunk costs, predicted, and who can carry it.
//!
//! CPU time is linear in frames and pixels: every frame is decoded once, at the source's size, and
//! encoded once in each rung, at the rung's. So
//!
//! `cpu = frames × (source pixels × `[`DECODE`]` + rung pixels × encode(codec, preset))`
//!
//! with coefficients in whole nanoseconds for each pixel, measured with the pinned ffmpeg on two
//! cores (`docs/figures.md`). They are for ordinary film; grain and motion at the same CRF cost up
//! to twice as much, and a source faster than the output grid is decoded up to twice. Both, and
//! cores that wait for each other, are what [`SAFETY`] is for. A wrong prediction costs money or a
//! retry, never a stream: the encoder stops before its own deadline.

pub mod bill;
pub mod estimate;
pub mod prices;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::codec::VideoCodec;

/// Decoding, in nanoseconds for each pixel of the source: 16 % of 90.2 CPU seconds for 750 frames
/// of 1080p, rounded up.
pub const DECODE: u64 = 10;

/// Scaling and encoding, in nanoseconds for each pixel of a rung, by the encoder's `-preset`.
///
/// The base is x264's `veryfast`: 84 % of 90.2 CPU seconds for 750 frames of the ladder 1080, 720,
/// 480, 240. All others are in proportion to it, from 100 frames of 720p. What lies between two
/// presets that were measured is taken for the slower one.
const ENCODE: [(VideoCodec, &str, u64); 19] = [
    (VideoCodec::H264, "ultrafast", 11),
    (VideoCodec::H264, "superfast", 20),
    (VideoCodec::H264, "veryfast", 29),
    (VideoCodec::H264, "faster", 56),
    (VideoCodec::H264, "fast", 82),
    (VideoCodec::H264, "medium", 104),
    (VideoCodec::H264, "slow", 142),
    (VideoCodec::H264, "slower", 226),
    (VideoCodec::H264, "veryslow", 379),
    (VideoCodec::Hevc, "ultrafast", 57),
    (VideoCodec::Hevc, "superfast", 107),
    (VideoCodec::Hevc, "veryfast", 107),
    (VideoCodec::Hevc, "faster", 146),
    (VideoCodec::Hevc, "fast", 146),
    (VideoCodec::Hevc, "medium", 146),
    (VideoCodec::Hevc, "slow", 381),
    (VideoCodec::Av1, "10", 29),
    (VideoCodec::Av1, "8", 58),
    (VideoCodec::Av1, "6", 108),
];

/// A preset that was not measured is taken for twice the slowest that was.
const UNMEASURED: u64 = 762;

/// An invocation is planned to be over after this part of its time, as a divisor.
pub const SAFETY: u64 = 2;

/// Memory for which Lambda gives one vCPU, in MB (AWS Lambda, "Configure function memory").
const MEMORY_OF_A_VCPU: u64 = 1769;

/// The work in an encode chunk, as far as its cost depends on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EncodeWork<'a> {
    /// Frames on the output grid.
    pub frames: u64,
    /// Pixels of a frame of the source.
    pub source_pixels: u64,
    /// Pixels of a frame in all rungs together.
    pub rung_pixels: u64,
    /// Pixels of a frame in the largest rung: one thread encodes it, and nothing is done sooner.
    pub largest_rung: u64,
    /// What is made.
    pub codec: VideoCodec,
    /// The encoder's `-preset`.
    pub preset: &'a str,
}

impl EncodeWork<'_> {
    /// CPU time, user and system, of encoding it in software.
    ///
    /// Never falls when frames or pixels grow.
    #[must_use]
    pub fn cpu(&self) -> Duration {
        Duration::from_nanos(self.frames.saturating_mul(self.frame_cpu()))
    }

    /// Most vCPUs that it keeps busy, in thousandths: an encoder has one thread, so all the rest is
    /// done when the largest rung is.
    #[must_use]
    pub fn parallelism(&self) -> u64 {
        let longest = self.largest_rung.saturating_mul(self.encode_coefficient());
        let vcpus = self.frame_cpu().saturating_mul(1000) / longest.max(1);
        vcpus.max(1000)
    }

    /// CPU nanoseconds for each frame.
    fn frame_cpu(&self) -> u64 {
        let decode = self.source_pixels.saturating_mul(DECODE);
        let encode = self.rung_pixels.saturating_mul(self.encode_coefficient());
        decode.saturating_add(encode)
    }

    fn encode_coefficient(&self) -> u64 {
        let known = ENCODE
            .iter()
            .find(|(codec, preset, _)| *codec == self.codec && *preset == self.preset);
        known.map_or(UNMEASURED, |&(_, _, coefficient)| coefficient)
    }
}

/// Who encodes a chunk.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Worker {
    /// The Lambda function encode-video.
    #[default]
    Function,
    /// The container heavy-encode on AWS Batch.
    Batch,
}

/// What the deployment has to encode with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Capacity {
    /// Whether chunks that are too much for a function may go to AWS Batch.
    pub batch: bool,
    /// Longest invocation of encode-video.
    pub function_time: Duration,
    /// Memory of encode-video in MB; vCPUs come with it.
    pub function_memory: u32,
}

impl Capacity {
    /// A deployment without AWS Batch: functions carry everything, as far as they get.
    pub const FUNCTIONS: Self = Self {
        batch: false,
        function_time: Duration::from_mins(15),
        function_memory: 10_240,
    };

    /// Who should carry the work: a function, unless it would need more than a [`SAFETY`]th of its
    /// time and there is AWS Batch.
    #[must_use]
    pub fn worker(&self, work: &EncodeWork<'_>) -> Worker {
        if self.batch && !self.fits_function(work) {
            Worker::Batch
        } else {
            Worker::Function
        }
    }

    /// Thousandths of a vCPU that the work uses in an invocation.
    fn usable_vcpus(&self, work: &EncodeWork<'_>) -> u64 {
        let given = u64::from(self.function_memory) * 1000 / MEMORY_OF_A_VCPU;
        given.min(work.parallelism())
    }

    /// Whether one invocation carries the work: `cpu × SAFETY ≤ time × vCPUs`, in thousandths of a
    /// vCPU.
    fn fits_function(&self, work: &EncodeWork<'_>) -> bool {
        let usable = self.usable_vcpus(work);
        let needed = work.cpu().as_millis() * u128::from(SAFETY) * 1000;
        needed <= self.function_time.as_millis() * u128::from(usable)
    }
}

#[cfg(test)]
mod tests;

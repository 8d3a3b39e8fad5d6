//! One record of figures for each invocation, as a log line that a log query can filter and sum.
//!
//! | field | unit | source |
//! |---|---|---|
//! | `stage`, `outcome` | name; `ok` or an error code | the bootstrap |
//! | `wall_ms`, `cold_start` | milliseconds; true or false | the bootstrap |
//! | `media_ms` | milliseconds of film that were worked on | the handler |
//! | `ffmpeg_cpu_ms` | milliseconds, user and system | the handler |
//! | `bytes_in`, `bytes_out` | bytes read from and written to storage | the handler |
//! | `real_time_factor_milli` | thousandths: 2000 is twice as fast as it plays | media / wall |

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A figure that a handler may report.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Metric {
    /// Film that was worked on, in milliseconds.
    MediaMs,
    /// CPU time of ffmpeg and ffprobe, in milliseconds.
    FfmpegCpuMs,
    /// Bytes read from storage.
    BytesIn,
    /// Bytes written to storage.
    BytesOut,
}

/// The figures of one invocation. Clones add to the same ones.
#[derive(Clone, Default, Debug)]
pub struct Metrics {
    figures: Arc<Figures>,
}

#[derive(Default, Debug)]
struct Figures {
    media_ms: AtomicU64,
    ffmpeg_cpu_ms: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
}

impl Metrics {
    /// Adds to a figure.
    pub fn add(&self, metric: Metric, amount: u64) {
        self.figure(metric).fetch_add(amount, Ordering::Relaxed);
    }

    /// What was added up so far.
    #[must_use]
    pub fn sum(&self, metric: Metric) -> u64 {
        self.figure(metric).load(Ordering::Relaxed)
    }

    fn figure(&self, metric: Metric) -> &AtomicU64 {
        match metric {
            Metric::MediaMs => &self.figures.media_ms,
            Metric::FfmpegCpuMs => &self.figures.ffmpeg_cpu_ms,
            Metric::BytesIn => &self.figures.bytes_in,
            Metric::BytesOut => &self.figures.bytes_out,
        }
    }

    /// Writes the record. A figure that nobody reported is left out.
    pub(crate) fn log(&self, stage: &str, outcome: &str, wall: Duration, cold_start: bool) {
        let reported = |metric| Some(self.sum(metric)).filter(|&sum| sum > 0);
        let wall_ms = u64::try_from(wall.as_millis()).unwrap_or(u64::MAX);
        let media_ms = reported(Metric::MediaMs);
        tracing::info!(
            target: "millrace::metrics",
            stage,
            outcome,
            wall_ms,
            cold_start,
            media_ms,
            ffmpeg_cpu_ms = reported(Metric::FfmpegCpuMs),
            bytes_in = reported(Metric::BytesIn),
            bytes_out = reported(Metric::BytesOut),
            real_time_factor_milli = media_ms.map(|media| media.saturating_mul(1000) / wall_ms.max(1)),
            "metrics"
        );
    }
}

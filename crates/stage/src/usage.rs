//! What a stage costs.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::result::Usage;

/// Measures one stage from its first to its last line.
#[derive(Debug)]
pub struct Meter {
    began: Instant,
    started: SystemTime,
    cpu: Duration,
}

impl Meter {
    /// Starts now.
    #[must_use]
    pub fn start() -> Self {
        Self {
            began: Instant::now(),
            started: SystemTime::now(),
            cpu: Duration::ZERO,
        }
    }

    /// Counts the CPU time of a process that ended.
    pub fn add_cpu(&mut self, cpu: Duration) {
        self.cpu += cpu;
    }

    /// What was used so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let since = self.started.duration_since(UNIX_EPOCH);
        Usage {
            ffmpeg_cpu_ms: millis(self.cpu),
            wall_ms: millis(self.began.elapsed()),
            started_ms: millis(since.unwrap_or_default()),
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

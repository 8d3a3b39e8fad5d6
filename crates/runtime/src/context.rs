//! What a stage knows about its invocation.

use std::time::Duration;

use tokio::time::Instant;

use crate::metrics::Metrics;
use crate::scratch::{Scratch, ScratchError};

/// The invocation, as a handler sees it.
#[derive(Clone, Debug)]
pub struct StageContext {
    /// When the work must be over and every child process gone. A margin lies between it and the
    /// moment when Lambda kills the function: see [`margin`].
    pub deadline: Instant,
    /// The invocation's id, as it is in Lambda's own log lines.
    pub request_id: String,
    /// Whether this is the process's first invocation.
    pub cold_start: bool,
    /// What the handler reports beside time and outcome.
    pub metrics: Metrics,
}

impl StageContext {
    /// An invocation that must be over by `deadline`.
    #[must_use]
    pub fn new(request_id: impl Into<String>, deadline: Instant) -> Self {
        Self {
            deadline,
            request_id: request_id.into(),
            cold_start: false,
            metrics: Metrics::default(),
        }
    }

    /// An invocation with ten minutes to go, for tests.
    #[must_use]
    pub fn for_tests() -> Self {
        Self::new("test", Instant::now() + Duration::from_mins(10))
    }

    /// Time until the deadline; zero when it is over.
    #[must_use]
    pub fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// A folder of this invocation's own, removed when it is dropped.
    ///
    /// # Errors
    /// [`ScratchError`] when it cannot be made.
    pub fn scratch(&self) -> Result<Scratch, ScratchError> {
        Scratch::new()
    }
}

/// What is kept back of an invocation's time, to stop children and to report the failure: a
/// tenth, but at least one second and at most ten.
#[must_use]
pub fn margin(time: Duration) -> Duration {
    (time / 10).clamp(Duration::from_secs(1), Duration::from_secs(10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_margin_follows_the_time() {
        let margins = [3, 60, 900].map(|seconds| margin(Duration::from_secs(seconds)).as_secs());
        assert_eq!(margins, [1, 6, 10]);
    }
}

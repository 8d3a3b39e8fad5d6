//! Who works on a job: attempts, leases and heartbeats, as pure functions.
//!
//! A job is worked on by one attempt at a time, an execution of the state machine. The attempt
//! holds a lease that its stages renew. Whoever finds the lease run out may take the job over;
//! every take-over counts the attempt up, and a stage of an earlier attempt stops when its next
//! heartbeat finds that out. The attempt's number is therefore the fence: clocks that differ make
//! a take-over early or late, never two attempts with one number.
//!
//! | step | allowed when | then |
//! |---|---|---|
//! | renew | the attempt is the current one, not cancelled, not released | the lease runs anew |
//! | release | the attempt is the current one | nobody holds the job; taken over at once |
//! | take over | the lease ran out | next attempt: to encode, or to record the end |
//! | cancel | the job runs | no renewal succeeds any more |
//! | try again | the job failed | next attempt, with a fresh budget of attempts |
//!
//! A store writes the outcome of a step only if the record is still the one that the step was
//! taken on (compare and set), so of many callers at once exactly one succeeds.

use serde::{Deserialize, Serialize};

/// Attempts of a job before it is given up.
pub const ATTEMPTS: u32 = 3;

/// How long a lease lasts without a heartbeat, in milliseconds. Longer than any pause between two
/// stages (a transition, a cold start); a longer one, such as a queue at Batch, is told from a
/// dead execution by asking Step Functions.
pub const LEASE_MS: u64 = 120_000;

/// Time between two heartbeats, in milliseconds: however many encoders of a job run at once, the
/// record is written no more often than this. A cancelled job is noticed as quickly.
pub const HEARTBEAT_MS: u64 = 3_000;

/// The lease of a running job.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Lease {
    /// Which attempt holds it, from 1.
    pub attempt: u32,
    /// The last attempt of the job's budget.
    pub last_attempt: u32,
    /// When it was renewed last, in milliseconds since the Unix epoch.
    pub heartbeat_ms: u64,
    /// When it runs out, in milliseconds since the Unix epoch; zero when it was released.
    pub expires_ms: u64,
    /// Whether somebody wants the job to stop.
    #[serde(default)]
    pub cancelled: bool,
}

/// Why an attempt must stop.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Lost {
    /// Another attempt works on the job, or the job has ended.
    #[error("another attempt works on the job, or it has ended")]
    Superseded,
    /// Somebody cancelled the job.
    #[error("the job was cancelled")]
    Cancelled,
}

impl crate::Fault for Lost {
    fn code(&self) -> crate::ErrorCode {
        match self {
            Self::Superseded => crate::ErrorCode::LeaseLost,
            Self::Cancelled => crate::ErrorCode::JobCancelled,
        }
    }
}

/// What an attempt that took a job over has to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Errand {
    /// Encode what is not done yet.
    Encode,
    /// Record that the job was cancelled.
    Cancel,
    /// Record that every attempt failed.
    GiveUp,
}

impl Lease {
    /// The lease of a job's first attempt.
    #[must_use]
    pub const fn first(now_ms: u64) -> Self {
        Self {
            attempt: 1,
            last_attempt: ATTEMPTS,
            heartbeat_ms: now_ms,
            expires_ms: now_ms.saturating_add(LEASE_MS),
            cancelled: false,
        }
    }

    /// A heartbeat of `attempt`. None when the last one is recent enough to stand.
    ///
    /// # Errors
    /// [`Lost`] when the attempt must stop.
    pub const fn renew(&self, attempt: u32, now_ms: u64) -> Result<Option<Self>, Lost> {
        if self.attempt != attempt || self.is_released() {
            return Err(Lost::Superseded);
        }
        if self.cancelled {
            return Err(Lost::Cancelled);
        }
        if now_ms < self.heartbeat_ms.saturating_add(HEARTBEAT_MS) {
            return Ok(None);
        }
        Ok(Some(self.held_from(now_ms)))
    }

    /// Gives the job back: the attempt failed in a way that another one may not.
    #[must_use]
    pub const fn release(self) -> Self {
        Self {
            expires_ms: 0,
            ..self
        }
    }

    /// Whether nobody holds the job at this time.
    #[must_use]
    pub const fn is_expired(&self, now_ms: u64) -> bool {
        self.expires_ms <= now_ms
    }

    /// Whether the attempt gave the job back.
    #[must_use]
    pub const fn is_released(&self) -> bool {
        self.expires_ms == 0
    }

    /// Whether a failed attempt is followed by another one.
    #[must_use]
    pub const fn may_go_on(&self) -> bool {
        !self.cancelled && self.attempt < self.last_attempt
    }

    /// The next attempt, and what for; none while the lease is held.
    #[must_use]
    pub const fn take_over(&self, now_ms: u64) -> Option<(Self, Errand)> {
        if !self.is_expired(now_ms) {
            return None;
        }
        let errand = if self.cancelled {
            Errand::Cancel
        } else if self.attempt < self.last_attempt {
            Errand::Encode
        } else {
            Errand::GiveUp
        };
        Some((self.next(now_ms), errand))
    }

    /// Wants the job to stop.
    #[must_use]
    pub const fn cancel(self) -> Self {
        Self {
            cancelled: true,
            ..self
        }
    }

    /// The next attempt of a job that had failed, with a fresh budget.
    #[must_use]
    pub const fn try_again(self, now_ms: u64) -> Self {
        Self {
            last_attempt: self.attempt.saturating_add(ATTEMPTS),
            cancelled: false,
            ..self.next(now_ms)
        }
    }

    /// The same lease, running from now on: for an attempt that is known to be alive.
    #[must_use]
    pub const fn held_from(self, now_ms: u64) -> Self {
        Self {
            heartbeat_ms: now_ms,
            expires_ms: now_ms.saturating_add(LEASE_MS),
            ..self
        }
    }

    const fn next(self, now_ms: u64) -> Self {
        Self {
            attempt: self.attempt.saturating_add(1),
            ..self.held_from(now_ms)
        }
    }
}

//! Answers for a piece of work: heartbeats while it lasts, then how it ended.
//!
//! Three things can end it, whichever comes first. The work itself; the state machine, which has
//! given up on this attempt and perhaps begun another, so that going on would only cost money; and
//! the machine, which is taken away. In the last two cases the work's future is dropped, which
//! kills the processes that it runs.

use std::pin::pin;
use std::process::{ExitCode, Termination};
use std::time::Duration;

use cloud::StoreError;
use cloud::task_callback::{Heard, TaskCallback};
use domain::{ErrorCode, Fault};
use runtime::Failure;
use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval, sleep};

/// Longest for the answer of a machine that is taken away. AWS Batch kills a container 30 s after
/// `SIGTERM`, and ten are all that Millrace takes.
const GRACE: Duration = Duration::from_secs(8);

/// Longest message in a cause, in characters; Step Functions takes causes of 32,768.
const LONGEST_MESSAGE: usize = 8000;

/// How a container ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// The work is done, and the state machine knows.
    Done,
    /// The work failed by this name, and the state machine knows.
    Failed(ErrorCode),
    /// The state machine has given up on this attempt.
    GivenUp,
    /// The work was done or failed, and the state machine could not be told: it will find out when
    /// it misses the heartbeats.
    Unheard,
}

impl Termination for Ended {
    /// Only what was done is a success of the Batch job too.
    fn report(self) -> ExitCode {
        match self {
            Self::Done => ExitCode::SUCCESS,
            Self::Failed(_) | Self::GivenUp | Self::Unheard => ExitCode::FAILURE,
        }
    }
}

/// The machine was taken away.
#[derive(Debug, thiserror::Error)]
#[error("the machine was taken away before the work was done")]
struct Interrupted;

impl Fault for Interrupted {
    fn code(&self) -> ErrorCode {
        ErrorCode::EncoderKilled
    }
}

/// Does the work and answers for it, with a heartbeat now and then `every` so often.
///
/// When `interrupted` is done, the work is stopped and its state is answered within ten seconds, by
/// a name that is tried again.
pub async fn supervise<C: TaskCallback>(
    callback: &C,
    every: Duration,
    work: impl Future<Output = Result<Value, Failure>>,
    interrupted: impl Future<Output = ()>,
) -> Ended {
    let mut interrupted = pin!(interrupted);
    // What loses the race is dropped with it.
    let outcome = tokio::select! {
        biased;
        () = &mut interrupted => None,
        () = heartbeats(callback, every) => {
            tracing::warn!("the state machine has given up on this attempt");
            return Ended::GivenUp;
        }
        outcome = work => Some(outcome),
    };
    let Some(outcome) = outcome else {
        let failure = Failure::of(&Interrupted);
        tracing::warn!(
            code = failure.code.name(),
            reason = failure.message,
            "interrupted"
        );
        return answer(callback, &Err(failure), sleep(GRACE)).await;
    };
    let too_long = async {
        interrupted.await;
        sleep(GRACE).await;
    };
    answer(callback, &outcome, too_long).await
}

/// Sends heartbeats for as long as anybody listens.
async fn heartbeats<C: TaskCallback>(callback: &C, every: Duration) {
    let mut beats = interval(every);
    // After a slow answer the next one is due later, not at once.
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beats.tick().await;
        match callback.heartbeat().await {
            Ok(Heard::Accepted) => {}
            Ok(Heard::GivenUp) => return,
            // The next one may come through; if none does, the state machine notices by itself.
            Err(error) => tracing::warn!(%error, "heartbeat not heard"),
        }
    }
}

/// Tells the state machine how the work ended, unless that takes too long.
async fn answer<C: TaskCallback>(
    callback: &C,
    outcome: &Result<Value, Failure>,
    too_long: impl Future<Output = ()>,
) -> Ended {
    let said = async {
        match outcome {
            Ok(output) => (callback.succeed(output).await, Ended::Done),
            Err(failure) => {
                let heard = callback.fail(failure.code.name(), &cause(failure)).await;
                (heard, Ended::Failed(failure.code))
            }
        }
    };
    let heard = tokio::select! {
        (heard, ended) = said => heard.map(|heard| (heard, ended)),
        () = too_long => Err(StoreError::Unavailable {
            action: "answer the state machine".to_owned(),
            source: "the time was over".into(),
        }),
    };
    match heard {
        Ok((Heard::Accepted, ended)) => ended,
        Ok((Heard::GivenUp, _)) => Ended::GivenUp,
        Err(error) => {
            tracing::error!(%error, "answer not heard");
            Ended::Unheard
        }
    }
}

/// A cause as Lambda writes it.
fn cause(failure: &Failure) -> String {
    let message: String = failure.message.chars().take(LONGEST_MESSAGE).collect();
    json!({ "errorType": failure.code.name(), "errorMessage": message }).to_string()
}

#[cfg(test)]
mod tests;

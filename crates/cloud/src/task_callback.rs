//! The way back to a state that waits for a task token.
//!
//! A state with `.waitForTaskToken` hands its token to a worker and goes on when the worker says
//! how it ended. Until then the worker sends heartbeats; a state that hears none for its
//! `HeartbeatSeconds` fails with `States.Timeout` and tries again.

use std::fmt;

use aws_sdk_sfn::config::http::HttpResponse;
use aws_sdk_sfn::error::{ProvideErrorMetadata, SdkError};
use serde_json::Value;

use crate::classify::classify;
use crate::error::StoreError;

/// Whether the state still waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Heard {
    /// It heard, and waits or goes on.
    Accepted,
    /// It has given up on this attempt: it timed out, was answered by somebody, or its execution
    /// was stopped. Nothing that this worker says or does matters any more.
    GivenUp,
}

/// Answers one waiting state.
pub trait TaskCallback: Send + Sync {
    /// Says that the work goes on.
    ///
    /// # Errors
    /// [`StoreError::Refused`] for a token that is none, and the faults that every call may have.
    fn heartbeat(&self) -> impl Future<Output = Result<Heard, StoreError>> + Send;

    /// Ends the state well with `output`, JSON of at most 256 KiB.
    ///
    /// # Errors
    /// As [`TaskCallback::heartbeat`].
    fn succeed(&self, output: &Value) -> impl Future<Output = Result<Heard, StoreError>> + Send;

    /// Ends the state with a named error, at most 256 characters, which its `Retry` and `Catch`
    /// match on, and a cause, at most 32,768 characters.
    ///
    /// # Errors
    /// As [`TaskCallback::heartbeat`].
    fn fail(
        &self,
        error: &str,
        cause: &str,
    ) -> impl Future<Output = Result<Heard, StoreError>> + Send;
}

/// What a waiting state gave out. Whoever has it can answer in the worker's name, so `Debug` does
/// not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct TaskToken(String);

impl TaskToken {
    /// The token as the state machine gave it.
    #[must_use]
    pub fn new(token: impl Into<String>) -> Self {
        Self(token.into())
    }
}

impl fmt::Debug for TaskToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TaskToken(…)")
    }
}

/// The state of AWS Step Functions that waits for one token.
#[derive(Clone, Debug)]
pub struct WaitingTask {
    client: aws_sdk_sfn::Client,
    token: TaskToken,
}

impl WaitingTask {
    /// The state that gave out `token`.
    #[must_use]
    pub const fn new(client: aws_sdk_sfn::Client, token: TaskToken) -> Self {
        Self { client, token }
    }
}

impl TaskCallback for WaitingTask {
    async fn heartbeat(&self) -> Result<Heard, StoreError> {
        let call = self.client.send_task_heartbeat().task_token(&self.token.0);
        heard(call.send().await, "send a heartbeat")
    }

    async fn succeed(&self, output: &Value) -> Result<Heard, StoreError> {
        let call = self.client.send_task_success().task_token(&self.token.0);
        let call = call.output(output.to_string());
        heard(call.send().await, "report success")
    }

    async fn fail(&self, error: &str, cause: &str) -> Result<Heard, StoreError> {
        let call = self.client.send_task_failure().task_token(&self.token.0);
        let call = call.error(error).cause(cause);
        heard(call.send().await, "report a failure")
    }
}

/// The three calls answer alike. `action` never names the token.
fn heard<T, E>(
    answer: Result<T, SdkError<E, HttpResponse>>,
    action: &str,
) -> Result<Heard, StoreError>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match answer {
        Ok(_) => Ok(Heard::Accepted),
        Err(error) if is_over(error.as_service_error().and_then(E::code)) => Ok(Heard::GivenUp),
        Err(error) => Err(classify(error, "the waiting state", action)),
    }
}

/// Whether an error code says that nobody waits any more.
fn is_over(code: Option<&str>) -> bool {
    matches!(code, Some("TaskTimedOut" | "TaskDoesNotExist"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_that_is_gone_is_no_error() {
        assert!(is_over(Some("TaskTimedOut")) && is_over(Some("TaskDoesNotExist")));
        assert!(!is_over(Some("InvalidToken")) && !is_over(None));
    }

    #[test]
    fn a_token_is_not_printed() {
        assert!(!format!("{:?}", TaskToken::new("secret")).contains("secret"));
    }
}

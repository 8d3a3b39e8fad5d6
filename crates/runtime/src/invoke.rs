//! One invocation of a stage, without Lambda.

use domain::{ErrorClass, ErrorCode, Fault};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;
use tracing::Instrument;

use crate::context::StageContext;
use crate::panics::caught;

/// Why an invocation failed: what Step Functions matches on, and what a person reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The fact's name.
    pub code: ErrorCode,
    /// What happened, to which file; one line.
    pub message: String,
    /// What lay below, for the log only.
    causes: Vec<String>,
}

impl Failure {
    /// The failure for an error, with all that lies below it.
    #[must_use]
    pub fn of(error: &impl Fault) -> Self {
        let mut causes = Vec::new();
        let mut below = error.source();
        while let Some(cause) = below {
            causes.push(cause.to_string());
            below = cause.source();
        }
        Self {
            causes,
            ..Self::new(error.code(), &error.to_string())
        }
    }

    fn new(code: ErrorCode, message: &str) -> Self {
        Self {
            code,
            message: message.split_whitespace().collect::<Vec<_>>().join(" "),
            causes: Vec::new(),
        }
    }

    /// Writes the one error line of an invocation.
    fn log(&self) {
        let class = match self.code.class() {
            ErrorClass::Retry => "retry",
            ErrorClass::Permanent => "permanent",
            ErrorClass::Bug => "bug",
        };
        tracing::error!(
            code = self.code.name(),
            class,
            reason = self.message,
            causes = self.causes.join(": "),
            "stage failed"
        );
    }
}

/// Runs one invocation: reads the input, calls the handler, logs start, end and metrics.
///
/// `payload` is the message as JSON. The handler's future is dropped when it runs past the
/// deadline by half of the margin, which kills the processes that it supervises.
///
/// # Errors
/// The handler's own failure; [`ErrorCode::InputInvalid`] for a payload that is no `I`;
/// [`ErrorCode::DeadlineNear`] past the deadline; [`ErrorCode::Internal`] when the handler
/// panicked or its output is no JSON.
pub async fn invoke<I, O, P, H, E>(
    stage: &'static str,
    ports: &P,
    handler: &H,
    payload: Value,
    context: &StageContext,
) -> Result<Value, Failure>
where
    I: DeserializeOwned,
    O: Serialize,
    E: Fault,
    H: AsyncFn(I, &P, &StageContext) -> Result<O, E>,
{
    reported(stage, context, run(ports, handler, payload, context)).await
}

/// Logs start, end and metrics of the work.
pub(crate) async fn reported(
    stage: &'static str,
    context: &StageContext,
    work: impl Future<Output = Result<Value, Failure>>,
) -> Result<Value, Failure> {
    let span = tracing::info_span!("invocation", stage, request_id = context.request_id);
    let started = Instant::now();
    let work = async {
        tracing::info!("stage started");
        let result = work.await;
        let wall = started.elapsed();
        match &result {
            Ok(_) => tracing::info!("stage done"),
            Err(failure) => failure.log(),
        }
        let failed = result.as_ref().err().map(|failure| failure.code.name());
        let outcome = failed.unwrap_or("ok");
        context
            .metrics
            .log(stage, outcome, wall, context.cold_start);
        result
    };
    work.instrument(span).await
}

async fn run<I, O, P, H, E>(
    ports: &P,
    handler: &H,
    payload: Value,
    context: &StageContext,
) -> Result<Value, Failure>
where
    I: DeserializeOwned,
    O: Serialize,
    E: Fault,
    H: AsyncFn(I, &P, &StageContext) -> Result<O, E>,
{
    let input: I = serde_path_to_error::deserialize(payload).map_err(|error| unreadable(&error))?;
    let grace = crate::context::margin(context.time_left()) / 2;
    let limit = context.deadline + grace;
    let work = tokio::time::timeout_at(limit, caught(handler(input, ports, context)));
    let output = match work.await {
        Err(_) => {
            let message = "the stage did not stop by its deadline";
            return Err(Failure::new(ErrorCode::DeadlineNear, message));
        }
        Ok(Err(panic)) => {
            let message = format!("the stage panicked: {panic}");
            return Err(Failure::new(ErrorCode::Internal, &message));
        }
        Ok(Ok(Err(error))) => return Err(Failure::of(&error)),
        Ok(Ok(Ok(output))) => output,
    };
    serde_json::to_value(output).map_err(|error| {
        Failure::new(
            ErrorCode::Internal,
            &format!("the output is no JSON: {error}"),
        )
    })
}

/// Says which field is wrong, and how.
fn unreadable(error: &serde_path_to_error::Error<serde_json::Error>) -> Failure {
    let path = error.path().to_string();
    let place = if path == "." {
        "the message".to_owned()
    } else {
        format!("`{path}`")
    };
    let message = format!("{place} is not what this stage takes: {}", error.inner());
    Failure::new(ErrorCode::InputInvalid, &message)
}

#[cfg(test)]
mod tests;

//! The Lambda bootstrap.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use domain::Fault;
use lambda_runtime::{Context, Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;

use crate::context::{StageContext, margin};
use crate::invoke::{Failure, invoke, reported};

/// The bootstrap lost Lambda's runtime API.
#[derive(Debug, thiserror::Error)]
#[error("lost Lambda's runtime API")]
pub struct ServeError(#[source] lambda_runtime::Error);

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        Self {
            error_type: failure.code.name().to_owned(),
            error_message: failure.message,
        }
    }
}

/// Answers invocations with `handler` until Lambda ends the process.
///
/// `ports` is made once, before the first invocation. Where that fails (a variable is not set),
/// every invocation is answered with that failure, so that its name reaches the state machine: a
/// process that ends instead would be known only as `Runtime.ExitError`.
///
/// A failure's code becomes the error's name, its message the error's message. An invocation's
/// deadline has [`margin`] taken off.
///
/// # Errors
/// [`ServeError`] when the runtime API does not answer.
///
/// # Panics
/// Outside of Lambda and its emulators, where the variables of the runtime API are not set.
pub async fn serve<I, O, P, H, E, W>(
    stage: &'static str,
    ports: impl Future<Output = Result<P, W>>,
    handler: H,
) -> Result<(), ServeError>
where
    I: DeserializeOwned,
    O: Serialize,
    E: Fault,
    W: Fault,
    H: AsyncFn(I, &P, &StageContext) -> Result<O, E>,
{
    let ports = ports.await.map_err(|error| Failure::of(&error));
    let cold_start = AtomicBool::new(true);
    let answer = async |event: LambdaEvent<Value>| -> Result<Value, Failure> {
        let (payload, context) = event.into_parts();
        let context = stage_context(context, cold_start.swap(false, Ordering::Relaxed));
        match &ports {
            Ok(ports) => invoke(stage, ports, &handler, payload, &context).await,
            Err(failure) => {
                let failed = std::future::ready(Err(failure.clone()));
                reported(stage, &context, failed).await
            }
        }
    };
    let answer = &answer;
    let service = service_fn(move |event| async move { answer(event).await });
    lambda_runtime::Runtime::new(service)
        .run()
        .await
        .map_err(ServeError)
}

/// Lambda's context in a handler's words.
fn stage_context(context: Context, cold_start: bool) -> StageContext {
    let time = context
        .deadline()
        .duration_since(SystemTime::now())
        .unwrap_or(Duration::ZERO);
    let time = time.saturating_sub(margin(time));
    StageContext {
        cold_start,
        ..StageContext::new(context.request_id, Instant::now() + time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ErrorCode;

    #[derive(Debug, thiserror::Error)]
    #[error("not a film")]
    struct NotMedia;

    impl Fault for NotMedia {
        fn code(&self) -> ErrorCode {
            ErrorCode::SourceNotMedia
        }
    }

    #[test]
    fn a_code_is_the_name_that_step_functions_sees() {
        let diagnostic = Diagnostic::from(Failure::of(&NotMedia));
        let seen = serde_json::to_value(diagnostic).unwrap();
        let expected = serde_json::json!({
            "errorType": "SourceNotMedia",
            "errorMessage": "not a film",
        });
        assert_eq!(seen, expected);
    }

    #[tokio::test]
    async fn the_deadline_comes_before_lambdas_own() {
        let mut context = Context::default();
        let in_a_minute = SystemTime::now() + Duration::from_mins(1);
        let since_epoch = in_a_minute.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        context.deadline = u64::try_from(since_epoch.as_millis()).unwrap();
        let left = stage_context(context, true).time_left();
        assert!((53..=54).contains(&left.as_secs()), "{left:?}");
    }
}

//! Why did the job fail? In the owner's words.

use cloud::StoreError;
use cloud::ports::{ListObjects, ReadObject};
use domain::job::JobError;
use domain::message::{CaughtError, SegmentInput};
use domain::result::StageFailure;
use domain::{ErrorClass, ErrorCode};
use serde_json::Value;
use stage::Work;

use crate::{Ports, UpdateMetadataError};

/// The reason to record: what was caught, if it is a code of ours; else what a stage left in the
/// work folder, a lasting failure before a passing one; else the platform's own word.
pub(crate) async fn explain<S, D, B>(
    request: &SegmentInput,
    caught: &CaughtError,
    ports: &Ports<S, D, B>,
    work: Work<'_, S>,
) -> Result<JobError, UpdateMetadataError>
where
    S: ReadObject + ListObjects,
{
    let file = request.source.object.key.file_name();
    if let Ok(code) = caught.error.parse() {
        return Ok(reason(code, file, &message_of(caught)));
    }
    if let Some(left) = left_behind(ports, work).await? {
        return Ok(reason(left.code, file, &left.message));
    }
    let message = format!("a stage ended as {}", caught.error);
    Ok(reason(ErrorCode::Internal, file, &message))
}

/// The failure that weighs most among those that stages left.
async fn left_behind<S, D, B>(
    ports: &Ports<S, D, B>,
    work: Work<'_, S>,
) -> Result<Option<StageFailure>, UpdateMetadataError>
where
    S: ReadObject + ListObjects,
{
    let folder = work.folder().failures();
    let entries = match ports.objects.list(&ports.work, &folder).await {
        Err(StoreError::NotFound { .. }) => return Ok(None),
        entries => entries?,
    };
    let mut heaviest: Option<StageFailure> = None;
    for entry in entries {
        let failure: StageFailure = work.read(entry.key).await?;
        let lasting = failure.code.class() != ErrorClass::Retry;
        if lasting {
            return Ok(Some(failure));
        }
        heaviest.get_or_insert(failure);
    }
    Ok(heaviest)
}

/// What the function said; Step Functions hands it on as JSON.
fn message_of(caught: &CaughtError) -> String {
    let cause: Option<Value> = serde_json::from_str(&caught.cause).ok();
    let message = cause.as_ref().and_then(|cause| cause.get("errorMessage"));
    match message.and_then(Value::as_str) {
        Some(message) => message.to_owned(),
        None => caught.cause.clone(),
    }
}

/// One line: what happened, to which file, and what to do.
fn reason(code: ErrorCode, file: &str, message: &str) -> JobError {
    let line = message.lines().next().unwrap_or_default().trim();
    let named = if line.contains(file) {
        line.to_owned()
    } else {
        format!("{file}: {line}")
    };
    JobError {
        code,
        message: format!("{named}; {}", code.advice()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_comes_out_of_lambda_s_json() {
        let caught = |cause: &str| CaughtError {
            error: "SourceEmpty".into(),
            cause: cause.into(),
        };
        let json = r#"{"errorMessage":"a.mp4: the file is empty","errorType":"SourceEmpty"}"#;
        assert_eq!(message_of(&caught(json)), "a.mp4: the file is empty");
        assert_eq!(message_of(&caught("plain")), "plain");
    }

    #[test]
    fn a_reason_names_the_file_once_and_says_what_to_do() {
        let error = reason(
            ErrorCode::SourceEmpty,
            "a.mp4",
            "a.mp4: the file is empty\nmore",
        );
        let advice = ErrorCode::SourceEmpty.advice();
        assert_eq!(error.message, format!("a.mp4: the file is empty; {advice}"));
        let error = reason(
            ErrorCode::Internal,
            "a.mp4",
            "a stage ended as States.Timeout",
        );
        assert!(error.message.starts_with("a.mp4: a stage ended"));
    }
}

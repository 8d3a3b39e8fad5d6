//! Which fact an error of the SDK is.

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::error::StoreError;

/// Error codes that pass by themselves. The SDK has retried them already.
const PASSING: [&str; 11] = [
    "InternalError",
    "InternalServerError",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TransactionInProgressException",
];

const MISSING: [&str; 7] = [
    "NoSuchBucket",
    "NoSuchKey",
    "NoSuchVersion",
    "NotFound",
    "QueueDoesNotExist",
    "ResourceNotFoundException",
    "StateMachineDoesNotExist",
];

const DENIED: [&str; 7] = [
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// The fact behind a failed call. `what` names the thing, `action` the attempt on it.
pub(crate) fn classify<E>(
    error: SdkError<E, HttpResponse>,
    what: impl Into<String>,
    action: impl Into<String>,
) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let code = error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code);
    let status = status(&error);
    let action = action.into();
    match fact(code, status) {
        Fact::Missing => StoreError::NotFound { what: what.into() },
        Fact::Denied => StoreError::Denied {
            action,
            source: Box::new(error),
        },
        Fact::Refused if is_answer(&error) => StoreError::Refused {
            action,
            source: Box::new(error),
        },
        Fact::Refused | Fact::Passing => StoreError::Unavailable {
            action,
            source: Box::new(error),
        },
    }
}

/// The HTTP status of the answer, where there was one.
pub(crate) fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error
        .raw_response()
        .map(|response| response.status().as_u16())
}

/// Whether the service answered, or the SDK could not even build the request.
fn is_answer<E>(error: &SdkError<E, HttpResponse>) -> bool {
    matches!(
        error,
        SdkError::ServiceError(_) | SdkError::ConstructionFailure(_)
    )
}

#[derive(PartialEq, Eq, Debug)]
enum Fact {
    Missing,
    Denied,
    Passing,
    Refused,
}

/// The code tells more than the status; a `HEAD` answer has no code.
fn fact(code: Option<&str>, status: Option<u16>) -> Fact {
    let one_of = |list: &[&str]| code.is_some_and(|code| list.contains(&code));
    if one_of(&MISSING) || status == Some(404) {
        Fact::Missing
    } else if one_of(&DENIED) || matches!(status, Some(401 | 403)) {
        Fact::Denied
    } else if one_of(&PASSING) || matches!(status, Some(408 | 409 | 429 | 500..)) {
        Fact::Passing
    } else {
        Fact::Refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_before_the_status() {
        assert_eq!(
            fact(Some("ResourceNotFoundException"), Some(400)),
            Fact::Missing
        );
        assert_eq!(fact(Some("AccessDeniedException"), Some(400)), Fact::Denied);
        assert_eq!(fact(Some("ThrottlingException"), Some(400)), Fact::Passing);
        assert_eq!(fact(Some("ValidationException"), Some(400)), Fact::Refused);
        assert_eq!(fact(Some("NeverHeardOf"), Some(503)), Fact::Passing);
        assert_eq!(fact(None, Some(404)), Fact::Missing);
        assert_eq!(fact(None, None), Fact::Refused);
    }
}

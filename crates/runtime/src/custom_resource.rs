//! A function behind a custom resource of `CloudFormation`: it is asked, and always answers.
//!
//! A stack whose custom resource stays silent waits until the resource's own timeout. So a failure
//! is told, too, with the error's name first, and time is kept for the reply. Lambda calls again
//! when the reply did not arrive, so what such a function does is idempotent.

mod reply;
mod request;

use domain::{ErrorCode, Fault};

use crate::context::StageContext;

pub use reply::{HttpsReplies, ReplyError, SendReply};
pub use request::{Attributes, Reply, Request, RequestType, ResponseUrl, Status};

/// The function's time is over.
#[derive(Debug, thiserror::Error)]
#[error("not done before the function's deadline")]
struct Late;

impl Fault for Late {
    fn code(&self) -> ErrorCode {
        ErrorCode::DeadlineNear
    }
}

/// Waits for the work that a request asks for, and tells `CloudFormation` how it went. Returns what
/// it told. `name` is the resource's own.
///
/// # Errors
/// [`ReplyError`] when the reply did not arrive.
pub async fn answer<R: SendReply, E: Fault>(
    request: &Request,
    name: &str,
    replies: &R,
    context: &StageContext,
    work: impl Future<Output = Result<Attributes, E>>,
) -> Result<Reply, ReplyError> {
    let time = context.time_left().saturating_sub(reply::REPLY_TIMEOUT);
    let outcome = match tokio::time::timeout(time, work).await {
        Ok(done) => done.map_err(|error| reason(&error)),
        Err(_) => Err(reason(&Late)),
    };
    if let Err(reason) = &outcome {
        tracing::error!(reason, "the custom resource failed");
    }
    let reply = request.reply(name, outcome);
    replies.send(&request.response_url, &reply).await?;
    Ok(reply)
}

/// One line for the stack's events: the error's name, what happened and why, what to do.
fn reason(error: &impl Fault) -> String {
    let mut reason = format!("{}: {error}", error.code());
    let mut below = std::error::Error::source(error);
    while let Some(cause) = below {
        reason = format!("{reason}: {cause}");
        below = cause.source();
    }
    format!("{reason}; {}", error.code().advice())
}

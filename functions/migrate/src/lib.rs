//! Prepares the relational core when a stack is deployed: a custom resource of `CloudFormation`.
//!
//! It connects as the user who owns the schema, brings the schema up to date and lets the
//! application's user work in it, before any function of the new version runs. The application
//! itself then needs no right to change the schema.
//!
//! Everything is idempotent: Lambda calls again when the reply did not arrive. What was migrated
//! stays when the stack is rolled back or deleted; the data outlives it. So a way back to an older
//! schema is a request with nothing to do, and every release works with the next one's schema.

mod owner;
mod reply;
mod request;

use cloud::StoreError;
use database::{DatabaseError, PrepareSchema, schema_version};
use domain::{ErrorCode, Fault};
use runtime::{ConfigError, StageContext};

pub use owner::{AsOwner, OwnerBySecret};
pub use reply::{HttpsReplies, ReplyError, SendReply};
pub use request::{Reply, Request, RequestType, ResponseUrl, Status};

/// What migrate may do.
#[derive(Debug)]
pub struct Ports<O, R> {
    /// Who owns the schema.
    pub owner: O,
    /// The way back to `CloudFormation`.
    pub replies: R,
}

/// The schema is not prepared, or nobody was told.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// A variable is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The owner's password could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The reply did not arrive.
    #[error(transparent)]
    Reply(#[from] ReplyError),
    /// The resource does not say who the application is.
    #[error("the resource's property User is no name of 1 to 63 bytes")]
    NoUser,
    /// The function was built from other migrations than the template is about.
    #[error("the template wants migration {wanted}, but this function has {built}: build it again")]
    OtherBuild {
        /// What the resource says.
        wanted: i64,
        /// What is compiled in.
        built: i64,
    },
    /// The resource does not say which migration it wants.
    #[error("the resource's property Version is no number")]
    NoVersion,
    /// The function's time is over.
    #[error("the database was not ready before the function's deadline")]
    Late,
}

impl Fault for MigrateError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Config(error) => error.code(),
            // Both are named by the template.
            Self::Store(StoreError::NotFound { .. }) | Self::OtherBuild { .. } => {
                ErrorCode::ConfigInvalid
            }
            Self::Store(error) => error.code(),
            Self::Database(error) => error.code(),
            Self::Reply(error) => error.code(),
            Self::NoUser | Self::NoVersion => ErrorCode::InputInvalid,
            Self::Late => ErrorCode::DeadlineNear,
        }
    }
}

/// Does what the request asks for, and tells `CloudFormation` how it went. Returns what it told.
///
/// A failure is told, too, with the error's name first: a stack whose custom resource stays silent
/// waits for an hour. Hence time is kept for the reply.
///
/// # Errors
/// [`MigrateError::Reply`] when the reply did not arrive.
pub async fn handle<O: AsOwner, R: SendReply>(
    request: Request,
    ports: &Ports<O, R>,
    context: &StageContext,
) -> Result<Reply, MigrateError> {
    let time = context.time_left().saturating_sub(reply::REPLY_TIMEOUT);
    let done = tokio::time::timeout(time, prepare(&request, &ports.owner)).await;
    let failure = match done {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(reason(&error)),
        Err(_) => Some(reason(&MigrateError::Late)),
    };
    if let Some(reason) = &failure {
        tracing::error!(reason, "the schema is not prepared");
    }
    let reply = request.reply(failure.as_deref());
    ports.replies.send(&request.response_url, &reply).await?;
    Ok(reply)
}

async fn prepare<O: AsOwner>(request: &Request, owner: &O) -> Result<(), MigrateError> {
    // The data outlives the stack.
    if request.request_type == RequestType::Delete || request.goes_back() {
        return Ok(());
    }
    let user = request.user().ok_or(MigrateError::NoUser)?;
    let wanted = request.version().ok_or(MigrateError::NoVersion)?;
    let built = schema_version();
    if wanted != built {
        return Err(MigrateError::OtherBuild { wanted, built });
    }
    let database = owner.as_owner().await?;
    Ok(database.prepare_schema(user).await?)
}

/// One line for the stack's events: the error's name, what happened and why, what to do.
fn reason(error: &MigrateError) -> String {
    let mut reason = format!("{}: {error}", error.code());
    let mut below = std::error::Error::source(error);
    while let Some(cause) = below {
        reason = format!("{reason}: {cause}");
        below = cause.source();
    }
    format!("{reason}; {}", error.code().advice())
}

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
mod wish;

use cloud::StoreError;
use database::{DatabaseError, PrepareSchema, schema_version};
use domain::{ErrorCode, Fault};
use runtime::custom_resource::{Attributes, Reply, ReplyError, Request, RequestType, SendReply};
use runtime::{ConfigError, StageContext, custom_resource};

pub use owner::{AsOwner, OwnerBySecret};

/// The resource's own name.
const NAME: &str = "millrace-schema";

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
        }
    }
}

/// Does what the request asks for, and tells `CloudFormation` how it went. Returns what it told.
///
/// # Errors
/// [`MigrateError::Reply`] when the reply did not arrive.
pub async fn handle<O: AsOwner, R: SendReply>(
    request: Request,
    ports: &Ports<O, R>,
    context: &StageContext,
) -> Result<Reply, MigrateError> {
    let work = prepare(&request, &ports.owner);
    let reply = custom_resource::answer(&request, NAME, &ports.replies, context, work).await?;
    Ok(reply)
}

async fn prepare<O: AsOwner>(request: &Request, owner: &O) -> Result<Attributes, MigrateError> {
    // The data outlives the stack.
    if request.request_type == RequestType::Delete || wish::goes_back(request) {
        return Ok(Attributes::new());
    }
    let user = wish::user(request).ok_or(MigrateError::NoUser)?;
    let wanted = wish::version(request).ok_or(MigrateError::NoVersion)?;
    let built = schema_version();
    if wanted != built {
        return Err(MigrateError::OtherBuild { wanted, built });
    }
    let database = owner.as_owner().await?;
    database.prepare_schema(user).await?;
    Ok(Attributes::new())
}

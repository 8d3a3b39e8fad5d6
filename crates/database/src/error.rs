//! What can go wrong between Millrace and PostgreSQL.

use std::path::PathBuf;

use domain::{ErrorCode, Fault};
use sqlx::migrate::MigrateError;

/// A call to the database that did not do what it should. What was begun is rolled back.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// No answer, or a passing fault: a lost connection, a deadlock, a server that restarts.
    #[error("the database gave no usable answer: {action}")]
    Unavailable {
        /// What was tried.
        action: String,
        /// Why it failed.
        #[source]
        source: sqlx::Error,
    },
    /// The server refused: a constraint, a grant, a password, a statement.
    #[error("the database refused: {action}")]
    Refused {
        /// What was tried.
        action: String,
        /// Why it failed.
        #[source]
        source: sqlx::Error,
    },
    /// The schema could not be brought up to date.
    #[error("the migrations do not fit the database")]
    Migration(#[source] MigrateError),
    /// No token could be signed for the connection.
    #[error("no credentials to sign a database token with")]
    Token(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The authorities that signed the server's certificate are not where they should be.
    #[error("MILLRACE_DATABASE_CA names {}, which is no file", .0.display())]
    NoAuthorities(PathBuf),
    /// A figure does not fit its column, or a row not its type.
    #[error("{what} does not fit: {value}")]
    Misfit {
        /// Which one.
        what: &'static str,
        /// The value.
        value: String,
    },
}

impl Fault for DatabaseError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Unavailable { .. } | Self::Token(_) => ErrorCode::DatabaseUnavailable,
            Self::NoAuthorities(_) => ErrorCode::ConfigInvalid,
            Self::Refused { .. } | Self::Migration(_) | Self::Misfit { .. } => {
                ErrorCode::DatabaseRefused
            }
        }
    }
}

impl DatabaseError {
    /// The fact behind an error of the driver.
    pub(crate) fn of(action: impl Into<String>, source: sqlx::Error) -> Self {
        let action = action.into();
        if is_passing(&source) {
            Self::Unavailable { action, source }
        } else {
            Self::Refused { action, source }
        }
    }

    /// The same for a migration.
    pub(crate) fn of_migration(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => {
                Self::of("migrate the schema", source)
            }
            error => Self::Migration(error),
        }
    }
}

/// Whether trying again can help. SQLSTATE classes: 08 connection, 40 rollback (deadlock,
/// serialisation), 53 resources, 55 a lock not got in time, 57 intervention (shutdown, start-up, timeout).
fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            ["08", "40", "53", "55", "57"]
                .iter()
                .any(|class| code.starts_with(class))
        }),
        // A certificate that is not trusted comes as malformed data.
        sqlx::Error::Io(error) => error.kind() != std::io::ErrorKind::InvalidData,
        sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}

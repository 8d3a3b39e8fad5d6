//! The owner of the schema, whose password somebody else keeps and renews.

use cloud::secret::ReadLogin;
use database::{Auth, Database, DatabaseConfig, PrepareSchema};
use runtime::config::DatabaseServer;

use crate::MigrateError;

/// The database, for whoever owns the schema.
pub trait AsOwner: Send + Sync {
    /// What the owner does there.
    type Database: PrepareSchema;

    /// The database as its owner. Asked for by each call: a failure is one of that call, which the
    /// stack is told of, and the password may be another one since the last.
    ///
    /// # Errors
    /// The store's, of the call that reads the password.
    fn as_owner(&self) -> impl Future<Output = Result<Self::Database, MigrateError>> + Send;
}

/// An owner who logs in with what a secret says.
#[derive(Clone, Debug)]
pub struct OwnerBySecret<S> {
    /// Where secrets are.
    pub secrets: S,
    /// The secret with the owner's name and password.
    pub secret: String,
    /// Where the database is.
    pub server: DatabaseServer,
}

impl<S: ReadLogin> AsOwner for OwnerBySecret<S> {
    type Database = Database;

    async fn as_owner(&self) -> Result<Database, MigrateError> {
        let login = self.secrets.login(&self.secret).await?;
        let server = self.server.clone();
        Ok(Database::lazy(DatabaseConfig {
            host: server.host,
            port: server.port,
            name: server.name,
            user: login.username,
            auth: Auth::Password(login.password),
            ca: server.ca,
        }))
    }
}

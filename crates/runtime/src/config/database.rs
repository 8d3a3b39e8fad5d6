//! How to reach the relational core.

use std::fmt;
use std::path::PathBuf;

use super::{
    Config, ConfigError, DATABASE_AUTH, DATABASE_CA, DATABASE_HOST, DATABASE_NAME,
    DATABASE_OWNER_SECRET, DATABASE_PASSWORD, DATABASE_PORT, DATABASE_USER,
};

/// A text that is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text. Never log it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(<redacted>)")
    }
}

/// How the function's role proves itself to PostgreSQL.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DatabaseAuth {
    /// A password: without TLS only on loopback.
    Password(Secret),
    /// A token that the function signs with its own AWS credentials, over TLS.
    Iam,
}

/// Where the database is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DatabaseServer {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Name of the database.
    pub name: String,
    /// Authorities that signed the server's certificate; none for the web's own.
    pub ca: Option<PathBuf>,
}

/// Where the database is, and who connects as the application.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DatabaseSettings {
    /// Where.
    pub server: DatabaseServer,
    /// Role that connects.
    pub user: String,
    /// How it proves itself.
    pub auth: DatabaseAuth,
}

impl Config {
    /// `MILLRACE_DATABASE_HOST`, `…_PORT`, `…_NAME` and `…_CA`.
    ///
    /// # Errors
    /// As [`Config`] says.
    pub fn database_server(&self) -> Result<DatabaseServer, ConfigError> {
        let port = self.text(DATABASE_PORT)?.parse().unwrap_or(0);
        if port == 0 {
            return Err(ConfigError::Malformed(DATABASE_PORT));
        }
        let ca = match self.set(DATABASE_CA) {
            Some(_) => Some(self.path(DATABASE_CA)?),
            None => None,
        };
        Ok(DatabaseServer {
            host: self.text(DATABASE_HOST)?,
            port,
            name: self.text(DATABASE_NAME)?,
            ca,
        })
    }

    /// The server, `MILLRACE_DATABASE_USER`, `…_AUTH` and `…_PASSWORD`.
    ///
    /// # Errors
    /// As [`Config`] says.
    pub fn database(&self) -> Result<DatabaseSettings, ConfigError> {
        let auth = match self.text(DATABASE_AUTH)?.as_str() {
            "iam" => DatabaseAuth::Iam,
            "password" => DatabaseAuth::Password(Secret(self.text(DATABASE_PASSWORD)?)),
            _ => return Err(ConfigError::Malformed(DATABASE_AUTH)),
        };
        Ok(DatabaseSettings {
            server: self.database_server()?,
            user: self.text(DATABASE_USER)?,
            auth,
        })
    }

    /// `MILLRACE_DATABASE_OWNER_SECRET`.
    ///
    /// # Errors
    /// As [`Config`] says.
    pub fn database_owner_secret(&self) -> Result<String, ConfigError> {
        self.checked(DATABASE_OWNER_SECRET, |arn| {
            arn.starts_with("arn:") && arn.contains(":secretsmanager:")
        })
    }
}

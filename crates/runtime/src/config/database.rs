//! How to reach the relational core.

use std::fmt;
use std::path::PathBuf;

use super::{
    Config, ConfigError, DATABASE_AUTH, DATABASE_CA, DATABASE_HOST, DATABASE_NAME,
    DATABASE_PASSWORD, DATABASE_PORT, DATABASE_USER,
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

/// The `MILLRACE_DATABASE_…` variables.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DatabaseSettings {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Name of the database.
    pub name: String,
    /// Role that connects.
    pub user: String,
    /// How it proves itself.
    pub auth: DatabaseAuth,
    /// Authorities that signed the server's certificate; none for the web's own.
    pub ca: Option<PathBuf>,
}

impl Config {
    /// All `MILLRACE_DATABASE_…` variables.
    ///
    /// # Errors
    /// As [`Config`] says.
    pub fn database(&self) -> Result<DatabaseSettings, ConfigError> {
        let port = self.text(DATABASE_PORT)?.parse().unwrap_or(0);
        if port == 0 {
            return Err(ConfigError::Malformed(DATABASE_PORT));
        }
        let auth = match self.text(DATABASE_AUTH)?.as_str() {
            "iam" => DatabaseAuth::Iam,
            "password" => DatabaseAuth::Password(Secret(self.text(DATABASE_PASSWORD)?)),
            _ => return Err(ConfigError::Malformed(DATABASE_AUTH)),
        };
        let ca = match self.set(DATABASE_CA) {
            Some(_) => Some(self.path(DATABASE_CA)?),
            None => None,
        };
        Ok(DatabaseSettings {
            host: self.text(DATABASE_HOST)?,
            port,
            name: self.text(DATABASE_NAME)?,
            user: self.text(DATABASE_USER)?,
            auth,
            ca,
        })
    }
}

//! What the API and its clients need to know.

use domain::upload::MAX_BYTES;

use super::{
    Config, ConfigError, MAX_UPLOAD_BYTES, OIDC_CLIENT, OIDC_DISCOVERY, OIDC_ISSUER, ORIGIN,
    SIGNING_KEY_GENERATION, SIGNING_KEY_ID, SIGNING_SECRET, STACK, Variable,
};

/// Who signs people in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The issuer of the tokens.
    pub issuer: String,
    /// Where its discovery document is.
    pub discovery: String,
    /// The client to sign in as.
    pub client: String,
}

impl Config {
    /// `MILLRACE_MAX_UPLOAD_BYTES`.
    ///
    /// # Errors
    /// As [`Config`] says.
    pub fn max_upload_bytes(&self) -> Result<u64, ConfigError> {
        let bytes = self.text(MAX_UPLOAD_BYTES)?.parse().ok();
        let bytes = bytes.filter(|bytes| (1..=MAX_BYTES).contains(bytes));
        bytes.ok_or(ConfigError::Malformed(MAX_UPLOAD_BYTES))
    }

    /// `MILLRACE_ORIGIN`, without a slash at its end.
    ///
    /// # Errors
    /// As [`Config`] says.
    pub fn origin(&self) -> Result<String, ConfigError> {
        let host = |url: &str| {
            let host = url.strip_prefix("https://");
            let host = host.or_else(|| url.strip_prefix("http://127.0.0.1:"));
            host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#']))
        };
        self.checked(ORIGIN, host)
    }

    /// `MILLRACE_SIGNING_SECRET`.
    ///
    /// # Errors
    /// As [`Config`] says.
    pub fn signing_secret(&self) -> Result<String, ConfigError> {
        self.checked(SIGNING_SECRET, |arn| arn.starts_with("arn:"))
    }

    /// `MILLRACE_SIGNING_KEY_GENERATION`.
    ///
    /// # Errors
    /// As [`Config`] says.
    pub fn signing_key_generation(&self) -> Result<u32, ConfigError> {
        let generation = self.text(SIGNING_KEY_GENERATION)?.parse().ok();
        let generation = generation.filter(|generation| *generation > 0);
        generation.ok_or(ConfigError::Malformed(SIGNING_KEY_GENERATION))
    }

    /// `MILLRACE_SIGNING_KEY_ID`.
    ///
    /// # Errors
    /// As [`Config`] says.
    pub fn signing_key_id(&self) -> Result<String, ConfigError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        self.checked(SIGNING_KEY_ID, |id| id.bytes().all(plain))
    }

    /// `MILLRACE_OIDC_ISSUER`, `MILLRACE_OIDC_DISCOVERY`, `MILLRACE_OIDC_CLIENT`.
    ///
    /// # Errors
    /// As [`Config`] says.
    pub fn identity(&self) -> Result<Identity, ConfigError> {
        Ok(Identity {
            issuer: self.url(OIDC_ISSUER)?,
            discovery: self.url(OIDC_DISCOVERY)?,
            client: self.text(OIDC_CLIENT)?,
        })
    }

    /// `MILLRACE_STACK`.
    ///
    /// # Errors
    /// As [`Config`] says.
    pub fn stack(&self) -> Result<String, ConfigError> {
        self.text(STACK)
    }

    fn url(&self, variable: Variable) -> Result<String, ConfigError> {
        self.checked(variable, |url| {
            url.starts_with("https://") || url.starts_with("http://127.0.0.1:")
        })
    }
}

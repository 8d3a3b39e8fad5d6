//! Passwords that a service keeps and renews, and texts that are secret.

use std::fmt;

use aws_sdk_secretsmanager::error::SdkError;
use aws_sdk_secretsmanager::operation::put_secret_value::PutSecretValueError;
use serde::Deserialize;

use crate::classify::classify;
use crate::error::StoreError;

/// A user of a database, as RDS writes its master into a secret. Not printed.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Login {
    /// The user's name.
    pub username: String,
    /// The user's password. Never log it.
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(<redacted>)")
    }
}

/// Reads logins.
pub trait ReadLogin: Send + Sync {
    /// The newest value of the secret. Ask each time: who keeps the secret may have renewed it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such secret, [`StoreError::Malformed`] when it is
    /// no JSON object with `username` and `password`, and the faults that every call may have.
    fn login(&self, secret: &str) -> impl Future<Output = Result<Login, StoreError>> + Send;
}

/// Reads secrets that are plain text.
pub trait ReadSecret: Send + Sync {
    /// A version of the secret. Never log it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such secret or no such version of it,
    /// [`StoreError::Malformed`] when it is no text, and the faults that every call may have.
    fn secret(
        &self,
        secret: &str,
        version: &str,
    ) -> impl Future<Output = Result<String, StoreError>> + Send;
}

/// Writes versions of secrets that stay as they are.
pub trait WriteSecretOnce: Send + Sync {
    /// Writes the text as a version that is not there yet. Of many callers at once exactly one writes:
    /// read again to know whose text it is. A version's name has 32 to 64 characters.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such secret, and the faults that every call may
    /// have.
    fn write_once(
        &self,
        secret: &str,
        version: &str,
        text: &str,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Secrets in AWS Secrets Manager. The role needs `secretsmanager:GetSecretValue` to read and
/// `secretsmanager:PutSecretValue` to write.
#[derive(Clone, Debug)]
pub struct SecretsManager {
    client: aws_sdk_secretsmanager::Client,
}

impl SecretsManager {
    /// The secrets that this client may read.
    #[must_use]
    pub const fn new(client: aws_sdk_secretsmanager::Client) -> Self {
        Self { client }
    }
}

impl SecretsManager {
    /// A version of the secret, or the newest one.
    async fn text(&self, secret: &str, version: Option<&str>) -> Result<String, StoreError> {
        let what = format!("secret {secret}");
        let answer = self
            .client
            .get_secret_value()
            .secret_id(secret)
            .set_version_id(version.map(str::to_owned))
            .send()
            .await;
        let answer = answer.map_err(|error| classify(error, &*what, format!("read {what}")))?;
        answer.secret_string.ok_or_else(|| StoreError::Malformed {
            what,
            source: "it should be text".into(),
        })
    }
}

impl ReadSecret for SecretsManager {
    async fn secret(&self, secret: &str, version: &str) -> Result<String, StoreError> {
        self.text(secret, Some(version)).await
    }
}

impl ReadLogin for SecretsManager {
    async fn login(&self, secret: &str) -> Result<Login, StoreError> {
        let text = self.text(secret, None).await?;
        login_of(&text).ok_or_else(|| StoreError::Malformed {
            what: format!("secret {secret}"),
            // The parser's own words would quote the secret.
            source: "it should be a JSON object with username and password".into(),
        })
    }
}

impl WriteSecretOnce for SecretsManager {
    async fn write_once(&self, secret: &str, version: &str, text: &str) -> Result<(), StoreError> {
        let what = format!("secret {secret}");
        let call = self
            .client
            .put_secret_value()
            .secret_id(secret)
            // Secrets Manager takes a version of a name once: again with the same text is no
            // change, and with another one it refuses.
            .client_request_token(version)
            .secret_string(text);
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_written(&error) => Ok(()),
            Err(error) => Err(classify(error, &*what, format!("write {what}"))),
        }
    }
}

fn is_written(error: &SdkError<PutSecretValueError>) -> bool {
    error
        .as_service_error()
        .is_some_and(PutSecretValueError::is_resource_exists_exception)
}

fn login_of(text: &str) -> Option<Login> {
    serde_json::from_str(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_of_rds_is_a_login() {
        let login = login_of(r#"{"password":"p\"1","username":"millrace_master"}"#).unwrap();
        assert_eq!(login.username, "millrace_master");
        assert_eq!(login.password, "p\"1");
        assert_eq!(login_of("p\"1"), None);
        assert_eq!(login_of(r#"{"password":"p"}"#), None);
    }

    #[test]
    fn a_login_is_not_printed() {
        let login = login_of(r#"{"password":"hunter2","username":"u"}"#).unwrap();
        assert!(!format!("{login:?}").contains("hunter2"));
    }
}

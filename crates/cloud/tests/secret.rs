//! The adapter of secrets against a server that answers as Secrets Manager does.

#![cfg(test)]

mod server;

use cloud::StoreError;
use cloud::secret::{ReadSecret as _, WriteSecretOnce as _};

use server::{clients, server};

const MISSING: &str = r#"{"__type":"ResourceNotFoundException","message":"no value"}"#;
const WRITTEN: &str = r#"{"__type":"ResourceExistsException","message":"another value"}"#;
const DENIED: &str = r#"{"__type":"AccessDeniedException","message":"no"}"#;

#[tokio::test]
async fn a_secret_is_read_and_one_without_a_text_is_missing() {
    let (endpoint, answered) = server("200 OK", r#"{"SecretString":"text"}"#);
    let secrets = clients(endpoint).await.secrets();
    assert_eq!(secrets.secret("s", "v").await.unwrap(), "text");
    let (target, call) = answered.join().unwrap();
    assert_eq!(target, "secretsmanager.GetSecretValue");
    assert_eq!(
        (&call["SecretId"], &call["VersionId"]),
        (&"s".into(), &"v".into())
    );

    let (endpoint, _answered) = server("400 Bad Request", MISSING);
    let secrets = clients(endpoint).await.secrets();
    let error = secrets.secret("s", "v").await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound { .. }), "{error:?}");
}

#[tokio::test]
async fn a_version_is_written_once_and_a_later_writer_has_nothing_to_do() {
    for (status, body) in [("200 OK", "{}"), ("400 Bad Request", WRITTEN)] {
        let (endpoint, answered) = server(status, body);
        let secrets = clients(endpoint).await.secrets();
        secrets.write_once("s", "v", "text").await.unwrap();
        let (target, call) = answered.join().unwrap();
        assert_eq!(target, "secretsmanager.PutSecretValue");
        assert_eq!(call["SecretString"], "text");
        assert_eq!(call["ClientRequestToken"], "v");
    }
}

#[tokio::test]
async fn who_may_not_write_is_told() {
    let (endpoint, _answered) = server("400 Bad Request", DENIED);
    let secrets = clients(endpoint).await.secrets();
    let error = secrets.write_once("s", "v", "text").await.unwrap_err();
    assert!(matches!(error, StoreError::Denied { .. }), "{error:?}");
}

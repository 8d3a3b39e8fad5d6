//! One key, however often it is asked for, and its private half in the secret alone.

#![cfg(test)]

use std::sync::Mutex;

use cloud::StoreError;
use cloud::secret::{ReadSecret, WriteSecretOnce};
use cloud::signing_key::SigningKey;
use runtime::StageContext;
use runtime::custom_resource::{Reply, ReplyError, Request, ResponseUrl, SendReply, Status};
use serde_json::json;
use signing_key::{Ports, handle};

const SECRET: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:signing-key";

/// One secret, and what another caller writes into it as soon as this one has looked.
#[derive(Default)]
struct Twin {
    text: Mutex<Option<String>>,
    quicker: Mutex<Option<String>>,
    is_gone: bool,
}

impl ReadSecret for Twin {
    async fn secret(&self, secret: &str) -> Result<String, StoreError> {
        assert_eq!(secret, SECRET);
        let seen = self.text.lock().unwrap().clone();
        if let Some(text) = self.quicker.lock().unwrap().take() {
            *self.text.lock().unwrap() = Some(text);
        }
        seen.ok_or_else(missing)
    }
}

impl WriteSecretOnce for Twin {
    async fn write_once(&self, secret: &str, text: &str) -> Result<(), StoreError> {
        assert_eq!(secret, SECRET);
        if self.is_gone {
            return Err(missing());
        }
        self.text.lock().unwrap().get_or_insert(text.to_owned());
        Ok(())
    }
}

fn missing() -> StoreError {
    let what = "secret signing-key".to_owned();
    StoreError::NotFound { what }
}

/// Remembers what was told.
#[derive(Default)]
struct Told(Mutex<Vec<Reply>>);

impl SendReply for Told {
    async fn send(&self, _: &ResponseUrl, reply: &Reply) -> Result<(), ReplyError> {
        self.0.lock().unwrap().push(reply.clone());
        Ok(())
    }
}

fn request(kind: &str) -> Request {
    let mut event: serde_json::Value =
        serde_json::from_str(include_str!("../../../events/signing-key.json")).unwrap();
    event["RequestType"] = json!(kind);
    event["ResourceProperties"]["Secret"] = json!(SECRET);
    serde_json::from_value(event).unwrap()
}

async fn ask(kind: &str, secrets: Twin) -> (Reply, Twin) {
    let replies = Told::default();
    let ports = Ports { secrets, replies };
    let reply = handle(request(kind), &ports, &StageContext::for_tests())
        .await
        .unwrap();
    let told = ports.replies.0.lock().unwrap().clone();
    assert_eq!(told, std::slice::from_ref(&reply));
    (reply, ports.secrets)
}

fn key_of(twin: &Twin) -> SigningKey {
    SigningKey::from_pem(twin.text.lock().unwrap().as_deref().unwrap()).unwrap()
}

#[tokio::test]
async fn the_first_call_makes_the_key_and_all_others_tell_of_it() {
    let (first, secrets) = ask("Create", Twin::default()).await;
    assert_eq!(first.status, Status::Success);
    assert_eq!(
        first.data["PublicKey"],
        key_of(&secrets).public_pem().unwrap()
    );
    for kind in ["Create", "Update"] {
        let text = secrets.text.lock().unwrap().clone();
        let (again, _) = ask(
            kind,
            Twin {
                text: Mutex::new(text),
                ..Twin::default()
            },
        )
        .await;
        assert_eq!(again.data, first.data);
    }
}

#[tokio::test]
async fn nothing_secret_is_told() {
    let (reply, secrets) = ask("Create", Twin::default()).await;
    let told = serde_json::to_string(&reply).unwrap();
    let private = secrets.text.lock().unwrap().clone().unwrap();
    assert!(!told.contains("PRIVATE"));
    for line in private.lines().filter(|line| !line.starts_with('-')) {
        assert!(!told.contains(line));
    }
}

#[tokio::test]
async fn of_two_calls_at_once_both_tell_of_the_same_key() {
    let other = SigningKey::generate().unwrap();
    let secrets = Twin {
        quicker: Mutex::new(Some(other.to_pem().unwrap())),
        ..Twin::default()
    };
    let (reply, _) = ask("Create", secrets).await;
    assert_eq!(reply.data["PublicKey"], other.public_pem().unwrap());
}

#[tokio::test]
async fn the_end_of_the_stack_touches_no_key() {
    let (reply, secrets) = ask("Delete", Twin::default()).await;
    assert_eq!(reply.status, Status::Success);
    assert!(secrets.text.lock().unwrap().is_none());
}

#[tokio::test]
async fn a_failure_is_told_with_its_name() {
    let gone = Twin {
        is_gone: true,
        ..Twin::default()
    };
    let strange = Twin {
        text: Mutex::new(Some("hunter2".to_owned())),
        ..Twin::default()
    };
    for (secrets, expected) in [
        (gone, "ConfigInvalid: secret signing-key does not exist"),
        (
            strange,
            "ConfigInvalid: the secret arn:aws:secretsmanager:eu-central-1:",
        ),
    ] {
        let (reply, _) = ask("Create", secrets).await;
        assert_eq!(reply.status, Status::Failed);
        let reason = reply.reason.unwrap();
        assert!(reason.starts_with(expected), "{reason}");
        assert!(!reason.contains("hunter2"));
    }
}

#[tokio::test]
async fn a_request_without_a_secret_is_answered() {
    let mut without = request("Create");
    without.resource_properties = json!({});
    let ports = Ports {
        secrets: Twin::default(),
        replies: Told::default(),
    };
    let reply = handle(without, &ports, &StageContext::for_tests())
        .await
        .unwrap();
    assert!(
        reply
            .reason
            .unwrap()
            .starts_with("InputInvalid: the resource's property Secret")
    );
}

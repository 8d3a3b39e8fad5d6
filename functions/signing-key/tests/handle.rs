//! One key for each generation, however often it is asked for, and its private half in the secret alone.

#![cfg(test)]

use std::collections::BTreeMap;
use std::sync::Mutex;

use cloud::StoreError;
use cloud::secret::{ReadSecret, WriteSecretOnce};
use cloud::signing_key::{SigningKey, version};
use runtime::StageContext;
use runtime::custom_resource::{Reply, ReplyError, Request, ResponseUrl, SendReply, Status};
use serde_json::json;
use signing_key::{Ports, handle};

const SECRET: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:signing-key";

/// The versions of one secret, and what another caller writes as soon as this one has looked.
#[derive(Default)]
struct Twin {
    texts: Mutex<BTreeMap<String, String>>,
    quicker: Mutex<Option<String>>,
    is_gone: bool,
}

impl ReadSecret for Twin {
    async fn secret(&self, secret: &str, version: &str) -> Result<String, StoreError> {
        assert_eq!(secret, SECRET);
        let mut texts = self.texts.lock().unwrap();
        let seen = texts.get(version).cloned();
        if let Some(text) = self.quicker.lock().unwrap().take() {
            texts.insert(version.to_owned(), text);
        }
        seen.ok_or_else(missing)
    }
}

impl WriteSecretOnce for Twin {
    async fn write_once(&self, secret: &str, version: &str, text: &str) -> Result<(), StoreError> {
        assert_eq!(secret, SECRET);
        if self.is_gone {
            return Err(missing());
        }
        let mut texts = self.texts.lock().unwrap();
        let version = texts.entry(version.to_owned());
        version.or_insert_with(|| text.to_owned());
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

fn request(kind: &str, generation: u32) -> Request {
    let mut event: serde_json::Value =
        serde_json::from_str(include_str!("../../../events/signing-key.json")).unwrap();
    event["RequestType"] = json!(kind);
    event["ResourceProperties"]["Secret"] = json!(SECRET);
    event["ResourceProperties"]["Generation"] = json!(generation.to_string());
    serde_json::from_value(event).unwrap()
}

async fn ask(kind: &str, secrets: Twin) -> (Reply, Twin) {
    ask_for(1, kind, secrets).await
}

async fn ask_for(generation: u32, kind: &str, secrets: Twin) -> (Reply, Twin) {
    let replies = Told::default();
    let ports = Ports { secrets, replies };
    let reply = handle(
        request(kind, generation),
        &ports,
        &StageContext::for_tests(),
    )
    .await
    .unwrap();
    let told = ports.replies.0.lock().unwrap().clone();
    assert_eq!(told, std::slice::from_ref(&reply));
    (reply, ports.secrets)
}

/// The public half of a generation's key.
fn public(twin: &Twin, generation: u32) -> String {
    let pem = twin.texts.lock().unwrap()[&version(generation)].clone();
    SigningKey::from_pem(&pem).unwrap().public_pem().unwrap()
}

#[tokio::test]
async fn the_first_call_makes_the_key_and_all_others_tell_of_it() {
    let (first, mut secrets) = ask("Create", Twin::default()).await;
    assert_eq!(first.status, Status::Success);
    assert_eq!(first.data["PublicKey"], public(&secrets, 1));
    assert_eq!(first.data["Generation"], "1");
    assert!(!first.data.contains_key("PreviousPublicKey"));
    for kind in ["Create", "Update"] {
        let again;
        (again, secrets) = ask(kind, secrets).await;
        assert_eq!(again.data, first.data);
    }
}

#[tokio::test]
async fn the_next_generation_is_another_key_beside_the_one_before() {
    let (first, secrets) = ask("Create", Twin::default()).await;
    let (second, secrets) = ask_for(2, "Update", secrets).await;
    assert_ne!(second.data["PublicKey"], first.data["PublicKey"]);
    assert_eq!(second.data["PreviousPublicKey"], first.data["PublicKey"]);
    assert_eq!(second.data["PreviousGeneration"], "1");
    let (back, secrets) = ask("Update", secrets).await;
    assert_eq!(back.data, first.data, "an update that is rolled back");
    let (again, secrets) = ask_for(2, "Update", secrets).await;
    assert_eq!(again.data, second.data);
    let (third, secrets) = ask_for(3, "Update", secrets).await;
    assert_eq!(third.data["PublicKey"], public(&secrets, 3));
    assert_eq!(third.data["PreviousPublicKey"], second.data["PublicKey"]);
}

#[tokio::test]
async fn a_stack_that_begins_with_a_later_generation_has_both_keys() {
    let (reply, secrets) = ask_for(7, "Create", Twin::default()).await;
    assert_eq!(reply.data["PublicKey"], public(&secrets, 7));
    assert_eq!(reply.data["PreviousPublicKey"], public(&secrets, 6));
}

#[tokio::test]
async fn nothing_secret_is_told() {
    let (reply, secrets) = ask("Create", Twin::default()).await;
    let told = serde_json::to_string(&reply).unwrap();
    let private = secrets.texts.lock().unwrap()[&version(1)].clone();
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
    assert!(secrets.texts.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_failure_is_told_with_its_name() {
    let gone = Twin {
        is_gone: true,
        ..Twin::default()
    };
    let strange = Twin {
        texts: Mutex::new(BTreeMap::from([(version(1), "hunter2".to_owned())])),
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
async fn a_request_that_lacks_something_is_answered() {
    for (properties, lacks) in [
        (json!({"Generation": "1"}), "Secret"),
        (json!({"Secret": SECRET}), "Generation"),
        (json!({"Secret": SECRET, "Generation": "0"}), "Generation"),
    ] {
        let mut without = request("Create", 1);
        without.resource_properties = properties;
        let ports = Ports {
            secrets: Twin::default(),
            replies: Told::default(),
        };
        let reply = handle(without, &ports, &StageContext::for_tests())
            .await
            .unwrap();
        let reason = reply.reason.unwrap();
        let expected = format!("InputInvalid: the resource's property {lacks}");
        assert!(reason.starts_with(&expected), "{reason}");
    }
}

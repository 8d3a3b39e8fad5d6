//! Whatever happens, the stack is told.

#![cfg(test)]

mod listener;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cloud::StoreError;
use database::{DatabaseError, PrepareSchema, schema_version};
use domain::{ErrorCode, Fault as _};
use migrate::{AsOwner, MigrateError, Ports, handle};
use runtime::StageContext;
use runtime::custom_resource::{HttpsReplies, Request, Status};
use serde_json::{Value, json};
use tokio::time::Instant;

use listener::{Listener, request};

/// A database that remembers for whom it was prepared, and may fail or never end.
#[derive(Clone, Default)]
struct Twin {
    users: Arc<Mutex<Vec<String>>>,
    behaviour: Behaviour,
}

#[derive(Clone, Copy, Default)]
enum Behaviour {
    #[default]
    Works,
    Fails,
    Hangs,
    LetsNobodyIn,
}

impl PrepareSchema for Twin {
    async fn prepare_schema(&self, user: &str) -> Result<(), DatabaseError> {
        match self.behaviour {
            Behaviour::Works => {
                self.users.lock().unwrap().push(user.to_owned());
                Ok(())
            }
            Behaviour::Fails => Err(DatabaseError::Misfit {
                what: "figure",
                value: "7".to_owned(),
            }),
            Behaviour::Hangs | Behaviour::LetsNobodyIn => std::future::pending().await,
        }
    }
}

impl AsOwner for Twin {
    type Database = Self;

    async fn as_owner(&self) -> Result<Self, MigrateError> {
        match self.behaviour {
            Behaviour::LetsNobodyIn => Err(MigrateError::Store(StoreError::NotFound {
                what: "secret master".to_owned(),
            })),
            _ => Ok(self.clone()),
        }
    }
}

fn ports(behaviour: Behaviour) -> Ports<Twin, HttpsReplies> {
    let owner = Twin {
        behaviour,
        ..Twin::default()
    };
    Ports {
        owner,
        replies: HttpsReplies::new().unwrap(),
    }
}

/// What the stack was told, and the handler's own answer, which must be the same.
async fn told(request: Request, ports: &Ports<Twin, HttpsReplies>, listener: Listener) -> Value {
    let context = StageContext::for_tests();
    let (reply, (head, body)) = tokio::join!(handle(request, ports, &context), listener.put());
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(serde_json::to_value(reply.unwrap()).unwrap(), body);
    assert!(head.starts_with("PUT /reply?X-Amz-Signature=s HTTP/1.1\r\n"));
    assert!(!head.to_lowercase().contains("content-type"), "{head}");
    body
}

#[tokio::test]
async fn the_stack_goes_on_when_the_schema_is_prepared() {
    let ports = ports(Behaviour::Works);
    for (kind, physical) in [("Create", None), ("Update", Some("known"))] {
        let listener = Listener::answering(200).await;
        let request = request(&listener, kind, "app", physical);
        assert_eq!(
            told(request, &ports, listener).await,
            json!({
                "Status": "SUCCESS",
                "PhysicalResourceId": physical.unwrap_or("millrace-schema"),
                "StackId": "stack",
                "RequestId": "request",
                "LogicalResourceId": "Schema",
            })
        );
    }
    assert_eq!(*ports.owner.users.lock().unwrap(), ["app", "app"]);
}

#[tokio::test]
async fn deleting_leaves_the_data_alone() {
    let ports = ports(Behaviour::Works);
    let listener = Listener::answering(200).await;
    let request = request(&listener, "Delete", "app", Some("known"));
    assert_eq!(told(request, &ports, listener).await["Status"], "SUCCESS");
    assert!(ports.owner.users.lock().unwrap().is_empty());
}

/// A rollback: what was migrated stays, and the version before works with it.
#[tokio::test]
async fn the_way_back_to_an_older_schema_has_nothing_to_do() {
    let ports = ports(Behaviour::Fails);
    let listener = Listener::answering(200).await;
    let mut request = request(&listener, "Update", "app", Some("known"));
    request.resource_properties = json!({"User": "app", "Version": "1"});
    request.old_resource_properties = json!({"User": "app", "Version": "2"});
    assert_eq!(told(request, &ports, listener).await["Status"], "SUCCESS");
    assert!(ports.owner.users.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_function_of_another_build_migrates_nothing() {
    let ports = ports(Behaviour::Works);
    let built = schema_version();
    for (version, reason) in [
        (
            json!((built + 1).to_string()),
            format!("ConfigInvalid: the template wants migration {}", built + 1),
        ),
        (
            json!("newest"),
            "InputInvalid: the resource's property Version".to_owned(),
        ),
    ] {
        let listener = Listener::answering(200).await;
        let mut request = request(&listener, "Create", "app", None);
        request.resource_properties = json!({"User": "app", "Version": version});
        let body = told(request, &ports, listener).await;
        assert_eq!(body["Status"], "FAILED");
        let said = body["Reason"].as_str().unwrap();
        assert!(said.starts_with(&reason), "{said}");
    }
    assert!(ports.owner.users.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_failure_is_told_with_its_name() {
    for (behaviour, user, reason) in [
        (
            Behaviour::Fails,
            "app",
            "DatabaseRefused: figure does not fit: 7; check the migrations",
        ),
        (
            Behaviour::Works,
            "",
            "InputInvalid: the resource's property User",
        ),
        (
            Behaviour::LetsNobodyIn,
            "app",
            "ConfigInvalid: secret master does not exist",
        ),
    ] {
        let listener = Listener::answering(200).await;
        let request = request(&listener, "Create", user, None);
        let body = told(request, &ports(behaviour), listener).await;
        assert_eq!(body["Status"], "FAILED");
        let said = body["Reason"].as_str().unwrap();
        assert!(said.starts_with(reason), "{said}");
    }
}

#[tokio::test]
async fn there_is_time_to_tell_that_the_time_is_over() {
    let listener = Listener::answering(200).await;
    let request = request(&listener, "Create", "app", None);
    let context = StageContext::new("r", Instant::now() + Duration::from_millis(10_200));
    let ports = ports(Behaviour::Hangs);
    let (reply, _) = tokio::join!(handle(request, &ports, &context), listener.put());
    let reply = reply.unwrap();
    assert_eq!(reply.status, Status::Failed);
    assert!(reply.reason.unwrap().starts_with("DeadlineNear: "));
}

#[tokio::test]
async fn a_reply_that_does_not_arrive_fails_the_invocation() {
    let ports = ports(Behaviour::Works);
    let context = StageContext::for_tests();
    for (status, code) in [
        (403, ErrorCode::StorageDenied),
        (503, ErrorCode::StorageUnavailable),
    ] {
        let listener = Listener::answering(status).await;
        let request = request(&listener, "Create", "app", None);
        let (reply, _) = tokio::join!(handle(request, &ports, &context), listener.put());
        let error = reply.unwrap_err();
        assert!(matches!(error, MigrateError::Reply(_)), "{error:?}");
        assert_eq!(error.code(), code);
    }
    let listener = Listener::answering(200).await;
    let request = request(&listener, "Create", "app", None);
    drop(listener);
    let error = handle(request, &ports, &context).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::StorageUnavailable, "{error:?}");
}

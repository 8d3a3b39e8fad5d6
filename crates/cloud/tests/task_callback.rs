//! The adapter of a waiting state against a server that answers as Step Functions does.

#![cfg(test)]

mod server;

use cloud::StoreError;
use cloud::task_callback::{Heard, TaskCallback, TaskToken};
use serde_json::json;

use server::{clients, server};

async fn task(endpoint: String) -> impl TaskCallback {
    let clients = clients(endpoint).await;
    clients.waiting_task(TaskToken::new("secret-token"))
}

#[tokio::test]
async fn each_answer_is_the_call_that_step_functions_knows() {
    let (endpoint, answered) = server("200 OK", "{}");
    let heard = task(endpoint).await.heartbeat().await.unwrap();
    assert_eq!(heard, Heard::Accepted);
    let expected = json!({ "taskToken": "secret-token" });
    let call = ("AWSStepFunctions.SendTaskHeartbeat".to_owned(), expected);
    assert_eq!(answered.join().unwrap(), call);

    let (endpoint, answered) = server("200 OK", "{}");
    let output = json!({ "job": "j1" });
    task(endpoint).await.succeed(&output).await.unwrap();
    let expected = json!({ "taskToken": "secret-token", "output": "{\"job\":\"j1\"}" });
    let call = ("AWSStepFunctions.SendTaskSuccess".to_owned(), expected);
    assert_eq!(answered.join().unwrap(), call);

    let (endpoint, answered) = server("200 OK", "{}");
    task(endpoint)
        .await
        .fail("SourceEmpty", "{}")
        .await
        .unwrap();
    let expected = json!({ "taskToken": "secret-token", "error": "SourceEmpty", "cause": "{}" });
    let call = ("AWSStepFunctions.SendTaskFailure".to_owned(), expected);
    assert_eq!(answered.join().unwrap(), call);
}

#[tokio::test]
async fn a_state_that_no_longer_waits_has_given_up() {
    for body in [
        r#"{"__type":"TaskTimedOut","message":"Task Timed Out"}"#,
        r#"{"__type":"com.amazonaws.swf.service.v2.model#TaskDoesNotExist"}"#,
    ] {
        let (endpoint, answered) = server("400 Bad Request", body);
        let heard = task(endpoint).await.heartbeat().await;
        assert_eq!(heard.unwrap(), Heard::GivenUp, "{body}");
        answered.join().unwrap();
    }
}

#[tokio::test]
async fn a_token_that_is_none_is_refused_and_never_shown() {
    let (endpoint, answered) = server("400 Bad Request", r#"{"__type":"InvalidToken"}"#);
    let error = task(endpoint).await.heartbeat().await.unwrap_err();
    assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
    assert!(!format!("{error:?} {error}").contains("secret-token"));
    answered.join().unwrap();
}

//! The adapter of a waiting state against a server that answers as Step Functions does.

#![cfg(test)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

use cloud::clients::Account;
use cloud::task_callback::{Heard, TaskCallback, TaskToken};
use cloud::{AwsClients, StoreError};
use serde_json::{Value, json};

/// Answers one call with `status` and `body`, and gives its target and body back.
fn server(status: &'static str, body: &'static str) -> (String, JoinHandle<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let answered = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let call = read_call(&stream);
        let length = body.len();
        write!(
            stream,
            "HTTP/1.1 {status}\r\ncontent-type: application/x-amz-json-1.0\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
        .unwrap();
        call
    });
    (endpoint, answered)
}

fn read_call(stream: &TcpStream) -> (String, Value) {
    let mut reader = BufReader::new(stream);
    let (mut target, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        match line.trim().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("x-amz-target") => {
                value.clone_into(&mut target);
            }
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().unwrap();
            }
            None if line.trim().is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (target, serde_json::from_slice(&body).unwrap())
}

async fn task(endpoint: String) -> impl TaskCallback {
    let account = Account {
        endpoint,
        region: "eu-central-1".to_owned(),
        access_key_id: "test".to_owned(),
        secret_access_key: "test".to_owned(),
    };
    let clients = AwsClients::at(&account).await;
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

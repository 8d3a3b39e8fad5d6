//! Every way in which a container may end.

use std::future::{pending, ready};
use std::sync::Arc;

use testkit::callback::{Call, RecordedCallback};

use super::*;

const EVERY: Duration = Duration::from_millis(20);

#[derive(Debug, thiserror::Error)]
#[error("film.mp4: the file is empty{}", "!".repeat(*.0))]
struct Empty(usize);

impl Fault for Empty {
    fn code(&self) -> ErrorCode {
        ErrorCode::SourceEmpty
    }
}

/// Work that takes some heartbeats' time.
async fn lasting(beats: u32, outcome: Result<Value, Failure>) -> Result<Value, Failure> {
    sleep(beats * EVERY).await;
    outcome
}

#[tokio::test]
async fn heartbeats_last_as_long_as_the_work() {
    let callback = RecordedCallback::default();
    let work = lasting(10, Ok(json!({ "job": "j1" })));
    let ended = supervise(&callback, EVERY, work, pending()).await;
    assert_eq!(ended, Ended::Done);
    let calls = callback.calls();
    let (last, beats) = calls.split_last().unwrap();
    assert_eq!(*last, Call::Success(json!({ "job": "j1" })));
    assert!(beats.iter().all(|call| *call == Call::Heartbeat));
    // One at once, then one in each interval; a busy machine may lose some.
    assert!((3..=11).contains(&beats.len()), "{}", beats.len());
}

#[tokio::test]
async fn a_failure_is_named_as_lambda_names_it() {
    let callback = RecordedCallback::default();
    let work = lasting(1, Err(Failure::of(&Empty(1))));
    let ended = supervise(&callback, EVERY, work, pending()).await;
    assert_eq!(ended, Ended::Failed(ErrorCode::SourceEmpty));
    let [Call::Failure { error, cause }] = &callback.answers()[..] else {
        panic!("{:?}", callback.calls());
    };
    assert_eq!(error, "SourceEmpty");
    let cause: Value = serde_json::from_str(cause).unwrap();
    let expected = json!({
        "errorType": "SourceEmpty",
        "errorMessage": "film.mp4: the file is empty!",
    });
    assert_eq!(cause, expected);
}

#[test]
fn a_cause_is_never_longer_than_step_functions_takes() {
    assert!(cause(&Failure::of(&Empty(100_000))).len() < 32_768);
}

#[tokio::test]
async fn work_that_nobody_waits_for_is_stopped() {
    let callback = RecordedCallback::giving_up_after(2);
    let process = Arc::new(());
    let held = Arc::clone(&process);
    let work = async move {
        pending::<()>().await;
        drop(held);
        Ok(json!({}))
    };
    let ended = supervise(&callback, EVERY, work, pending()).await;
    assert_eq!(ended, Ended::GivenUp);
    assert_eq!(Arc::strong_count(&process), 1, "the work lives on");
    assert_eq!(callback.calls(), vec![Call::Heartbeat; 2]);
}

#[tokio::test]
async fn work_that_ends_after_the_state_machine_gave_up_is_no_success() {
    let callback = RecordedCallback::giving_up_after(0);
    let ended = answer(&callback, &Ok(json!({})), pending()).await;
    assert_eq!(ended, Ended::GivenUp);
}

#[tokio::test]
async fn an_interruption_is_answered_with_a_name_that_is_tried_again() {
    let callback = RecordedCallback::default();
    let interrupted = sleep(EVERY);
    let ended = supervise(&callback, EVERY, pending(), interrupted).await;
    assert_eq!(ended, Ended::Failed(ErrorCode::EncoderKilled));
    assert_eq!(ErrorCode::EncoderKilled.class(), domain::ErrorClass::Retry);
    assert!(matches!(
        &callback.answers()[..],
        [Call::Failure { error, .. }] if error == "EncoderKilled"
    ));
}

#[tokio::test]
async fn heartbeats_that_are_lost_do_not_stop_the_work() {
    let callback = RecordedCallback::unreachable_for(2);
    let ended = supervise(&callback, EVERY, lasting(10, Ok(json!({}))), pending()).await;
    assert_eq!(ended, Ended::Done);
    let calls = callback.calls();
    assert_eq!(
        calls.first(),
        Some(&Call::Heartbeat),
        "a later one was heard"
    );
    assert_eq!(calls.last(), Some(&Call::Success(json!({}))));
}

#[tokio::test]
async fn an_answer_that_is_lost_is_no_success() {
    let callback = RecordedCallback::unreachable_for(9);
    let ended = supervise(&callback, EVERY, ready(Ok(json!({}))), pending()).await;
    assert_eq!(ended, Ended::Unheard);
}

/// A state machine that never answers.
struct Silent;

impl TaskCallback for Silent {
    async fn heartbeat(&self) -> Result<Heard, StoreError> {
        pending().await
    }

    async fn succeed(&self, _: &Value) -> Result<Heard, StoreError> {
        pending().await
    }

    async fn fail(&self, _: &str, _: &str) -> Result<Heard, StoreError> {
        pending().await
    }
}

#[tokio::test]
async fn an_interrupted_container_is_gone_within_ten_seconds() {
    let started = tokio::time::Instant::now();
    let working = supervise(&Silent, EVERY, pending(), sleep(EVERY));
    let answering = supervise(&Silent, EVERY, ready(Ok(json!({}))), sleep(EVERY));
    let ended = tokio::join!(working, answering);
    assert_eq!(ended, (Ended::Unheard, Ended::Unheard));
    assert!(started.elapsed() < Duration::from_secs(10));
}

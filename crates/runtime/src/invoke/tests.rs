//! What comes out of an invocation, for every way in which it may end.

use std::time::Duration;

use super::*;
use crate::metrics::Metric;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Input {
    chunk: Chunk,
}

#[derive(Deserialize)]
struct Chunk {
    index: u32,
}

#[derive(Serialize)]
struct Output {
    doubled: u32,
}

#[derive(Debug, thiserror::Error)]
#[error("cannot read\n  s3://b/k")]
struct Broken {
    #[source]
    source: std::fmt::Error,
}

impl Fault for Broken {
    fn code(&self) -> ErrorCode {
        ErrorCode::SourceDamaged
    }
}

#[derive(Clone, Copy)]
enum Behaviour {
    Double,
    Fail,
    Panic,
    Hang,
}

async fn handle(
    input: Input,
    behaviour: &Behaviour,
    context: &StageContext,
) -> Result<Output, Broken> {
    context.metrics.add(Metric::BytesIn, 5);
    match behaviour {
        Behaviour::Double => Ok(Output {
            doubled: 2 * input.chunk.index,
        }),
        Behaviour::Fail => Err(Broken {
            source: std::fmt::Error,
        }),
        Behaviour::Panic => panic!("at chunk {}", input.chunk.index),
        Behaviour::Hang => std::future::pending().await,
    }
}

async fn outcome(behaviour: Behaviour, payload: Value) -> Result<Value, Failure> {
    let context = StageContext::for_tests();
    invoke("test", &behaviour, &handle, payload, &context).await
}

fn chunk() -> Value {
    json!({ "chunk": { "index": 21 } })
}

#[tokio::test]
async fn the_output_is_json() {
    assert_eq!(
        outcome(Behaviour::Double, chunk()).await.unwrap(),
        json!({ "doubled": 42 })
    );
}

#[tokio::test]
async fn a_bad_input_names_the_field() {
    for (payload, message) in [
        (
            json!({ "chunk": { "index": "one" } }),
            "`chunk.index` is not what this stage takes: invalid type: string \"one\", expected u32",
        ),
        (
            json!({ "chunk": {} }),
            "`chunk` is not what this stage takes: missing field `index`",
        ),
        (
            json!([]),
            "the message is not what this stage takes: invalid length 0, expected struct Input with 1 element",
        ),
    ] {
        let failure = outcome(Behaviour::Double, payload).await.unwrap_err();
        assert_eq!(failure.code, ErrorCode::InputInvalid);
        assert_eq!(failure.message, message);
    }
}

#[tokio::test]
async fn a_fault_keeps_its_code_and_is_one_line() {
    let failure = outcome(Behaviour::Fail, chunk()).await.unwrap_err();
    assert_eq!(failure.code, ErrorCode::SourceDamaged);
    assert_eq!(failure.message, "cannot read s3://b/k");
    assert_eq!(failure.causes, [std::fmt::Error.to_string()]);
}

#[tokio::test]
async fn a_panic_is_a_bug_of_ours() {
    let failure = outcome(Behaviour::Panic, chunk()).await.unwrap_err();
    assert_eq!(failure.code, ErrorCode::Internal);
    assert_eq!(failure.message, "the stage panicked: at chunk 21");
}

#[tokio::test]
async fn a_handler_that_does_not_stop_is_dropped_past_its_deadline() {
    let started = Instant::now();
    let context = StageContext::new("test", started);
    let result = invoke("test", &Behaviour::Hang, &handle, chunk(), &context).await;
    assert_eq!(result.unwrap_err().code, ErrorCode::DeadlineNear);
    let waited = started.elapsed().as_millis();
    assert!((500..5000).contains(&waited), "{waited}");
    assert_eq!(context.time_left(), Duration::ZERO);
}

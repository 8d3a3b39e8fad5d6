//! Orders from the environment, over a folder instead of S3.

#![cfg(test)]

use std::future::pending;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use domain::message::SegmentInput;
use domain::object::{BucketName, ObjectKey, ObjectRef};
use domain::profile::Profile;
use domain::{ErrorCode, Fault};
use heavy_encode::{Ended, Order, run};
use runtime::Config;
use serde_json::{Value, json};
use testkit::callback::{Call, RecordedCallback};
use testkit::store::FolderStore;
use tokio::time::sleep;

/// What is set in every container.
const ENVIRONMENT: [(&str, &str); 2] = [
    ("MILLRACE_WORK_BUCKET", "work"),
    ("MILLRACE_MEDIA_BUCKET", "media"),
];

fn order(store: &FolderStore, more: &[(&str, &str)]) -> Order<FolderStore> {
    let pairs = ENVIRONMENT.iter().chain(more).copied();
    Order::read(&Config::from_pairs(pairs), store.clone(), "batch-job").unwrap()
}

/// Uploads a source of these bytes and gives the task that segments it.
fn segment_task(store: &FolderStore, bytes: &[u8]) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let object = ObjectRef {
        bucket: BucketName::new("uploads"),
        key: ObjectKey::new("ann/u1/film.mp4"),
    };
    let source = store.put_source(&object, file.path()).unwrap();
    json!({ "segment": SegmentInput::new(source, Profile::default()) }).to_string()
}

/// The one answer that the state machine got: error and cause.
fn failure(callback: &RecordedCallback) -> (String, Value) {
    match &callback.answers()[..] {
        [Call::Failure { error, cause }] => (error.clone(), serde_json::from_str(cause).unwrap()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_task_goes_to_the_stage_that_it_names() {
    let store = FolderStore::temporary().unwrap();
    let callback = RecordedCallback::default();
    let task = segment_task(&store, b"");
    let order = order(&store, &[("MILLRACE_TASK", &task)]);
    let ended = run(Ok(order), &callback, pending()).await;
    assert_eq!(ended, Ended::Failed(ErrorCode::SourceEmpty));
    let (error, cause) = failure(&callback);
    assert_eq!(error, "SourceEmpty");
    assert_eq!(cause["errorMessage"], "film.mp4: the file is empty");
}

#[tokio::test]
async fn a_chunk_that_nobody_planned_is_refused_by_encode_video() {
    let store = FolderStore::temporary().unwrap();
    let callback = RecordedCallback::default();
    let task = r#"{"encode":{"job":"j1","index":1,"frames":{"start":0,"end":1},"seek":null}}"#;
    let order = order(&store, &[("MILLRACE_TASK", task)]);
    let ended = run(Ok(order), &callback, pending()).await;
    assert_eq!(ended, Ended::Failed(ErrorCode::InputInvalid));
    let (_, cause) = failure(&callback);
    assert_eq!(
        cause["errorMessage"],
        "job j1 has no plan in the work bucket"
    );
}

#[tokio::test]
async fn what_is_no_task_is_said_to_the_state_machine() {
    let store = FolderStore::temporary().unwrap();
    for task in ["[]", "{\"sing\": {}}", "{\"encode\": 1}"] {
        let callback = RecordedCallback::default();
        let order = order(&store, &[("MILLRACE_TASK", task)]);
        run(Ok(order), &callback, pending()).await;
        assert_eq!(failure(&callback).0, "InputInvalid", "{task}");
    }
}

#[tokio::test]
async fn a_variable_that_is_missing_is_said_to_the_state_machine() {
    let store = FolderStore::temporary().unwrap();
    let callback = RecordedCallback::default();
    let order = Order::read(&Config::from_pairs(ENVIRONMENT), store, "batch-job");
    assert_eq!(order.as_ref().unwrap_err().code(), ErrorCode::ConfigInvalid);
    let ended = run(order, &callback, pending()).await;
    assert_eq!(ended, Ended::Failed(ErrorCode::ConfigInvalid));
    let message = failure(&callback).1["errorMessage"].clone();
    assert!(
        message
            .as_str()
            .unwrap()
            .starts_with("MILLRACE_TASK is not set")
    );
}

/// The process id that the stand-in for ffprobe writes when it runs.
async fn started(file: &Path) -> String {
    loop {
        match std::fs::read_to_string(file) {
            Ok(id) if id.ends_with('\n') => return id.trim().to_owned(),
            _ => sleep(Duration::from_millis(10)).await,
        }
    }
}

/// Whether a process is gone, or only waits to be reaped.
fn is_gone(id: &str) -> bool {
    std::fs::read(format!("/proc/{id}/cmdline"))
        .unwrap_or_default()
        .is_empty()
}

#[tokio::test]
async fn an_interruption_kills_what_runs() {
    let store = FolderStore::temporary().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (program, id) = (folder.path().join("ffprobe"), folder.path().join("id"));
    let script = format!("#!/bin/sh\necho $$ > {}\nexec sleep 600\n", id.display());
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let task = segment_task(&store, b"not empty");
    let program = program.to_str().unwrap();
    let tools = [
        ("MILLRACE_TASK", task.as_str()),
        ("MILLRACE_FFMPEG", program),
        ("MILLRACE_FFPROBE", program),
    ];
    let callback = RecordedCallback::default();
    let interrupted = async {
        let running = started(&id).await;
        assert!(!is_gone(&running));
    };
    let ended = run(Ok(order(&store, &tools)), &callback, interrupted).await;
    assert_eq!(ended, Ended::Failed(ErrorCode::EncoderKilled));
    assert_eq!(failure(&callback).0, "EncoderKilled");
    let running = started(&id).await;
    for _ in 0..200 {
        if is_gone(&running) {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("process {running} lives on");
}

//! Orders from the environment, over a folder instead of S3.

#![cfg(test)]

use std::future::pending;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cloud::lease;
use cloud::ports::{ClaimJob, UploadedAt};
use domain::job::JobRecord;
use domain::message::SegmentInput;
use domain::object::{BucketName, ObjectKey, ObjectRef};
use domain::profile::Profile;
use domain::{ErrorCode, Fault};
use heavy_encode::{Ended, Order, run};
use runtime::{Config, ConfigError};
use serde_json::{Value, json};
use testkit::callback::{Call, RecordedCallback};
use testkit::store::{FolderStore, MemoryDocuments};
use tokio::time::sleep;

/// What is set in every container.
const ENVIRONMENT: [(&str, &str); 2] = [
    ("MILLRACE_WORK_BUCKET", "work"),
    ("MILLRACE_MEDIA_BUCKET", "media"),
];

type OurOrder = Order<FolderStore, MemoryDocuments>;

fn read(
    store: &FolderStore,
    documents: MemoryDocuments,
    more: &[(&str, &str)],
) -> Result<OurOrder, ConfigError> {
    let pairs = ENVIRONMENT.iter().chain(more).copied();
    Order::read(
        &Config::from_pairs(pairs),
        store.clone(),
        documents,
        "batch-job",
    )
}

fn order(store: &FolderStore, stage: &str, input: &str) -> OurOrder {
    let task = [("MILLRACE_STAGE", stage), ("MILLRACE_INPUT", input)];
    read(store, MemoryDocuments::default(), &task).unwrap()
}

/// Uploads a source of these bytes and gives the input that segments it.
fn segment_input(store: &FolderStore, bytes: &[u8]) -> SegmentInput {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let object = ObjectRef {
        bucket: BucketName::new("uploads"),
        key: ObjectKey::new("ann/u1/film.mp4"),
    };
    let source = store.put_source(&object, file.path()).unwrap();
    SegmentInput::new(source, Profile::default())
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
    let input = json!(segment_input(&store, b"")).to_string();
    let order = order(&store, "segment", &input);
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
    let input = r#"{"job":"j1","index":1,"frames":{"start":0,"end":1},"seek":null}"#;
    let order = order(&store, "encode-video", input);
    let ended = run(Ok(order), &callback, pending()).await;
    assert_eq!(ended, Ended::Failed(ErrorCode::InputInvalid));
    let (_, cause) = failure(&callback);
    assert_eq!(
        cause["errorMessage"],
        "job j1 has no plan in the work bucket"
    );
}

#[tokio::test]
async fn what_is_no_input_is_said_to_the_state_machine() {
    let store = FolderStore::temporary().unwrap();
    for input in ["[]", "{\"sing\": {}}", "{"] {
        let callback = RecordedCallback::default();
        let order = order(&store, "encode-video", input);
        run(Ok(order), &callback, pending()).await;
        assert_eq!(failure(&callback).0, "InputInvalid", "{input}");
    }
}

#[tokio::test]
async fn a_variable_that_is_missing_is_said_to_the_state_machine() {
    let store = FolderStore::temporary().unwrap();
    let callback = RecordedCallback::default();
    let order = read(&store, MemoryDocuments::default(), &[]);
    assert_eq!(order.as_ref().unwrap_err().code(), ErrorCode::ConfigInvalid);
    let ended = run(order, &callback, pending()).await;
    assert_eq!(ended, Ended::Failed(ErrorCode::ConfigInvalid));
    let message = failure(&callback).1["errorMessage"].clone();
    assert!(
        message
            .as_str()
            .unwrap()
            .starts_with("MILLRACE_STAGE is not set")
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

/// A stand-in for ffprobe that sleeps, and the file that its process id will be in.
fn sleeper(folder: &Path) -> (PathBuf, PathBuf) {
    let (program, id) = (folder.join("ffprobe"), folder.join("id"));
    let script = format!("#!/bin/sh\necho $$ > {}\nexec sleep 600\n", id.display());
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    (program, id)
}

fn order_with(
    store: &FolderStore,
    documents: MemoryDocuments,
    input: &SegmentInput,
    program: &Path,
) -> OurOrder {
    let input = json!(input).to_string();
    let program = program.to_str().unwrap();
    let task = [
        ("MILLRACE_STAGE", "segment"),
        ("MILLRACE_INPUT", input.as_str()),
        ("MILLRACE_FFMPEG", program),
        ("MILLRACE_FFPROBE", program),
    ];
    read(store, documents, &task).unwrap()
}

#[tokio::test]
async fn a_cancelled_job_stops_its_container() {
    let store = FolderStore::temporary().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (program, id) = sleeper(folder.path());
    let input = segment_input(&store, b"not empty");
    let documents = MemoryDocuments::default();
    let record = JobRecord {
        job: input.job.clone(),
        ..testkit::sample::record()
    };
    documents.claim(&record, UploadedAt(1)).await.unwrap();
    let order = order_with(&store, documents.clone(), &input, &program);
    let callback = RecordedCallback::default();
    let cancelled = async {
        started(&id).await;
        assert!(lease::cancel(&documents, &input.job).await.unwrap());
    };
    let (ended, ()) = tokio::join!(run(Ok(order), &callback, pending()), cancelled);
    assert_eq!(ended, Ended::Failed(ErrorCode::JobCancelled));
    assert_eq!(failure(&callback).0, "JobCancelled");
}

#[tokio::test]
async fn an_interruption_kills_what_runs() {
    let store = FolderStore::temporary().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (program, id) = sleeper(folder.path());
    let input = segment_input(&store, b"not empty");
    let order = order_with(&store, MemoryDocuments::default(), &input, &program);
    let callback = RecordedCallback::default();
    let interrupted = async {
        let running = started(&id).await;
        assert!(!is_gone(&running));
    };
    let ended = run(Ok(order), &callback, interrupted).await;
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

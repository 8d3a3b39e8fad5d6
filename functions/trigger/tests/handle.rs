//! Trigger against twins of the cloud: one job, whatever S3 does.
#![cfg(test)]

use std::io::Write as _;

use aws_lambda_events::s3::S3Event;
use domain::job::JobState;
use domain::message::SegmentInput;
use domain::object::{BucketName, ObjectKey, ObjectRef, SourceObject};
use domain::{ErrorCode, Fault};
use runtime::StageContext;
use serde_json::{Value, json};
use testkit::store::{FailingStore, FolderStore, MemoryDocuments, RecordedExecutions};
use trigger::{Ports, handle};

type Twins = Ports<FolderStore, MemoryDocuments, RecordedExecutions>;

fn twins() -> Twins {
    Ports {
        objects: FolderStore::temporary().unwrap(),
        documents: MemoryDocuments::default(),
        executions: RecordedExecutions::default(),
    }
}

/// Puts an upload and gives the event that S3 sends for it.
fn upload(objects: &FolderStore, bytes: &[u8]) -> (SourceObject, Value) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let object = ObjectRef {
        bucket: BucketName::new("millrace-uploads"),
        key: ObjectKey::new("ann/u1/a film.mp4"),
    };
    let source = objects.put_source(&object, file.path()).unwrap();
    let mut event: Value =
        serde_json::from_str(include_str!("../../../events/trigger.json")).unwrap();
    let at = &mut event["Records"][0]["s3"]["object"];
    at["key"] = json!("ann/u1/a+film.mp4");
    at["eTag"] = json!(source.etag);
    at["size"] = json!(source.size);
    if let Some(version) = &source.version {
        at["versionId"] = json!(version);
    }
    (source, event)
}

fn parsed(event: &Value) -> S3Event {
    serde_json::from_value(event.clone()).unwrap()
}

#[tokio::test]
async fn an_upload_starts_one_execution_named_after_its_job() {
    let ports = twins();
    let (source, event) = upload(&ports.objects, b"film");
    let jobs = handle(parsed(&event), &ports, &StageContext::for_tests())
        .await
        .unwrap();
    let started = ports.executions.started();
    assert_eq!(started.len(), 1);
    assert_eq!(started[0].0, jobs[0].as_str());
    let input: SegmentInput = serde_json::from_value(started[0].1.clone()).unwrap();
    assert_eq!(input, SegmentInput::new(source, input.profile.clone()));
}

#[tokio::test]
async fn the_same_event_many_times_is_one_execution() {
    let ports = twins();
    let (_, event) = upload(&ports.objects, b"film");
    for _ in 0..10 {
        handle(parsed(&event), &ports, &StageContext::for_tests())
            .await
            .unwrap();
    }
    assert_eq!(ports.executions.started().len(), 1);
}

#[tokio::test]
async fn an_overwritten_upload_is_left_to_its_own_event() {
    let ports = twins();
    let (_, old) = upload(&ports.objects, b"film");
    let (_, new) = upload(&ports.objects, b"another film");
    let context = StageContext::for_tests();
    assert_eq!(handle(parsed(&old), &ports, &context).await.unwrap(), []);
    assert_eq!(
        handle(parsed(&new), &ports, &context).await.unwrap().len(),
        1
    );
}

#[tokio::test]
async fn a_call_that_dies_between_claim_and_start_is_mended_by_the_next() {
    let whole = twins();
    let (source, event) = upload(&whole.objects, b"film");
    let ports = Ports {
        objects: whole.objects.clone(),
        documents: whole.documents.clone(),
        executions: FailingStore::new(whole.executions.clone(), 1),
    };
    let context = StageContext::for_tests();
    let error = handle(parsed(&event), &ports, &context).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::StorageUnavailable);
    handle(parsed(&event), &ports, &context).await.unwrap();
    assert_eq!(whole.executions.started().len(), 1);
    let job = SegmentInput::new(source, domain::profile::Profile::default()).job;
    let record = cloud::ports::ReadDocuments::job(&whole.documents, &job)
        .await
        .unwrap();
    assert_eq!(record.unwrap().state, JobState::Running);
}

//! Trigger against twins of the cloud: one job, whatever S3 does.
#![cfg(test)]

use std::io::Write as _;
use std::time::{Duration, SystemTime};

use cloud::ports::{
    ClaimJob, DescribeExecution, DescribeSource, FindExpired, FindUnclaimed, KeepJob, KeepLibrary,
    KeepRound, ListSources, StartExecution,
};
use domain::ids::JobId;
use domain::job::JobState;
use domain::message::SegmentInput;
use domain::object::{BucketName, ObjectKey, ObjectRef, SourceObject};
use domain::{ErrorCode, Fault};
use runtime::StageContext;
use serde_json::{Value, json};
use testkit::store::{FailingStore, Faults, FolderStore, MemoryDocuments, RecordedExecutions};
use trigger::event::{Answer, Event};
use trigger::{Ports, TriggerError};

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

type Twins = Ports<FolderStore, MemoryDocuments, RecordedExecutions>;

fn twins() -> Twins {
    Ports {
        objects: FolderStore::temporary().unwrap(),
        documents: MemoryDocuments::default(),
        executions: RecordedExecutions::default(),
        uploads: BucketName::new("millrace-uploads"),
        look_back: 14 * DAY,
    }
}

async fn handle<S, D, E>(
    event: Event,
    ports: &Ports<S, D, E>,
    context: &StageContext,
) -> Result<Vec<JobId>, TriggerError>
where
    S: DescribeSource + ListSources,
    D: ClaimJob + KeepLibrary + KeepJob + FindExpired + FindUnclaimed + KeepRound,
    E: StartExecution + DescribeExecution,
{
    match trigger::handle(event, ports, context).await? {
        Answer::Jobs(jobs) => Ok(jobs),
        Answer::Batch(batch) => panic!("{batch:?}"),
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

fn parsed(event: &Value) -> Event {
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
        uploads: whole.uploads.clone(),
        look_back: whole.look_back,
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

/// The same upload as EventBridge and a queue tell of it.
fn other_ways(notification: &Value, source: &SourceObject) -> [Value; 2] {
    let announcement = json!({
        "version": "0",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "detail": {
            "bucket": {"name": source.object.bucket},
            "object": {
                "key": source.object.key,
                "size": source.size,
                "etag": source.etag,
                "version-id": source.version,
            },
        },
    });
    let message = json!({
        "Records": [{
            "messageId": "m1",
            "receiptHandle": "r1",
            "attributes": {"ApproximateReceiveCount": "1"},
            "eventSource": "aws:sqs",
            "body": notification.to_string(),
        }],
    });
    [announcement, message]
}

#[tokio::test]
async fn a_hundred_copies_through_all_three_ways_at_once_are_one_execution() {
    let ports = std::sync::Arc::new(twins());
    let (source, notification) = upload(&ports.objects, b"film");
    let [announcement, message] = other_ways(&notification, &source);
    let ways = [notification, announcement, message];
    let mut calls = tokio::task::JoinSet::new();
    for way in ways.iter().cycle().take(100) {
        let (ports, event) = (ports.clone(), parsed(way));
        calls
            .spawn(async move { trigger::handle(event, &ports, &StageContext::for_tests()).await });
    }
    for answer in calls.join_all().await {
        if let Answer::Batch(batch) = answer.unwrap() {
            assert_eq!(batch.batch_item_failures.len(), 0);
        }
    }
    assert_eq!(ports.executions.started().len(), 1);
}

#[tokio::test]
async fn a_message_that_fails_comes_again_alone() {
    let ports = twins();
    let (source, notification) = upload(&ports.objects, b"film");
    let [_, mut messages] = other_ways(&notification, &source);
    let mut bad = messages["Records"][0].clone();
    bad["messageId"] = json!("m2");
    bad["body"] = json!("nonsense");
    messages["Records"].as_array_mut().unwrap().push(bad);
    let answer = trigger::handle(parsed(&messages), &ports, &StageContext::for_tests()).await;
    let answer = serde_json::to_value(answer.unwrap()).unwrap();
    assert_eq!(
        answer,
        json!({"batchItemFailures": [{"itemIdentifier": "m2"}]})
    );
    assert_eq!(ports.executions.started().len(), 1);
}

#[tokio::test]
async fn a_folder_of_the_console_is_no_upload() {
    let ports = twins();
    let (_, mut event) = upload(&ports.objects, b"film");
    event["Records"][0]["s3"]["object"]["key"] = json!("ann/u1/");
    event["Records"][0]["s3"]["object"]["size"] = json!(0);
    let jobs = handle(parsed(&event), &ports, &StageContext::for_tests()).await;
    assert_eq!(jobs.unwrap(), []);
    assert_eq!(ports.executions.started(), []);
}

/// A claimed job whose lease ran out.
async fn abandoned(ports: &Twins) -> JobId {
    let (_, event) = upload(&ports.objects, b"film");
    let jobs = handle(parsed(&event), ports, &StageContext::for_tests()).await;
    let job = jobs.unwrap().remove(0);
    expire(ports, &job).await;
    job
}

async fn expire(ports: &Twins, job: &JobId) {
    let seen = ports.documents.load(job).await.unwrap().unwrap();
    let mut lease = seen.lease;
    lease.expires_ms = 1;
    assert!(
        ports
            .documents
            .swap(&seen, &seen.with_lease(lease))
            .await
            .unwrap()
    );
}

async fn sweep(ports: &Twins) -> Vec<JobId> {
    let event = parsed(&json!({"sweep": {}}));
    handle(event, ports, &StageContext::for_tests())
        .await
        .unwrap()
}

#[tokio::test]
async fn a_job_whose_execution_is_alive_is_held_for_it() {
    let ports = twins();
    let job = abandoned(&ports).await;
    assert_eq!(sweep(&ports).await, []);
    let lease = ports.documents.load(&job).await.unwrap().unwrap().lease;
    assert!(lease.attempt == 1 && !lease.is_expired(cloud::lease::now_ms()));
}

#[tokio::test]
async fn three_attempts_that_die_leave_a_verdict_and_a_retry_starts_anew() {
    let ports = twins();
    let job = abandoned(&ports).await;
    ports.executions.end(job.as_str());
    for attempt in 2..=4 {
        assert_eq!(sweep(&ports).await, std::slice::from_ref(&job));
        assert_eq!(sweep(&ports).await, [], "once is enough");
        let started = ports.executions.started();
        let (name, input) = started.last().unwrap();
        assert_eq!(*name, format!("{job}-{attempt}"));
        assert_eq!(input["attempt"], attempt);
        let verdict = (attempt == 4).then_some("AttemptsExhausted");
        assert_eq!(input["error"]["Error"].as_str(), verdict);
        ports.executions.end(name);
        expire(&ports, &job).await;
    }
    let retry = parsed(&json!({"retry": {"job": job}}));
    let refused = handle(retry, &ports, &StageContext::for_tests()).await;
    assert_eq!(
        refused.unwrap_err().code(),
        ErrorCode::InputInvalid,
        "it still runs"
    );
    let verdict = cloud::JobOutcome::Failed(domain::job::JobError {
        code: ErrorCode::AttemptsExhausted,
        message: "it died".to_owned(),
    });
    cloud::ports::FinishJob::finish(&ports.documents, &job, 4, &verdict)
        .await
        .unwrap()
        .unwrap();
    let retry = parsed(&json!({"retry": {"job": job}}));
    handle(retry, &ports, &StageContext::for_tests())
        .await
        .unwrap();
    let started = ports.executions.started();
    let (name, input) = started.last().unwrap();
    assert_eq!(
        (name.as_str(), &input["error"]),
        (format!("{job}-5").as_str(), &Value::Null)
    );
}

#[tokio::test]
async fn a_cancelled_job_that_nobody_works_on_is_recorded_as_such() {
    let ports = twins();
    let job = abandoned(&ports).await;
    ports.executions.end(job.as_str());
    let cancel = parsed(&json!({"cancel": {"job": job}}));
    handle(cancel, &ports, &StageContext::for_tests())
        .await
        .unwrap();
    assert_eq!(sweep(&ports).await, [job]);
    let started = ports.executions.started();
    assert_eq!(started.last().unwrap().1["error"]["Error"], "JobCancelled");
}

/// Puts an upload of which no event tells.
fn lost(ports: &Twins, name: &str, age: Duration) -> JobId {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(name.as_bytes()).unwrap();
    let object = ObjectRef {
        bucket: ports.uploads.clone(),
        key: ObjectKey::new(format!("eve/{name}.mp4")),
    };
    let source = ports.objects.put_source(&object, file.path()).unwrap();
    let stored = std::fs::File::options()
        .write(true)
        .open(ports.objects.path(&object));
    let uploaded = SystemTime::now() - age;
    stored.unwrap().set_modified(uploaded).unwrap();
    SegmentInput::new(source, domain::profile::Profile::default()).job
}

async fn sweep_all(ports: &Twins) -> Vec<JobId> {
    let event = parsed(&json!({"sweep": {"all": true}}));
    handle(event, ports, &StageContext::for_tests())
        .await
        .unwrap()
}

#[tokio::test]
async fn an_upload_whose_events_were_lost_is_found_once() {
    let ports = twins();
    let young = lost(&ports, "young", 4 * MINUTE);
    let old = lost(&ports, "old", 15 * DAY);
    let found = lost(&ports, "found", 6 * MINUTE);
    assert_eq!(sweep(&ports).await, std::slice::from_ref(&found));
    assert_eq!(ports.executions.started()[0].0, found.as_str());
    assert_eq!(sweep(&ports).await, [], "the next round is not due");
    let rest = std::collections::BTreeSet::from_iter(sweep_all(&ports).await);
    assert_eq!(rest, [young, old].into(), "all is all, but no job twice");
}

#[tokio::test]
async fn the_sweep_and_the_event_of_an_upload_make_one_job() {
    let ports = twins();
    let (_, event) = upload(&ports.objects, b"film");
    let found = sweep_all(&ports).await;
    let told = handle(parsed(&event), &ports, &StageContext::for_tests()).await;
    assert_eq!(told.unwrap(), found);
    assert_eq!(ports.executions.started().len(), 1);
}

#[tokio::test]
async fn what_has_ended_is_left_alone() {
    let ports = twins();
    let failed = lost(&ports, "failed", MINUTE);
    let cancelled = lost(&ports, "cancelled", MINUTE);
    assert_eq!(sweep_all(&ports).await.len(), 2);
    let cancel = parsed(&json!({"cancel": {"job": cancelled}}));
    handle(cancel, &ports, &StageContext::for_tests())
        .await
        .unwrap();
    for job in [failed, cancelled] {
        let verdict = cloud::JobOutcome::Failed(domain::job::JobError {
            code: ErrorCode::SourceDamaged,
            message: "it is damaged".to_owned(),
        });
        let finish = cloud::ports::FinishJob::finish(&ports.documents, &job, 1, &verdict);
        finish.await.unwrap().unwrap();
    }
    assert_eq!(sweep_all(&ports).await, []);
    assert_eq!(ports.executions.started().len(), 2);
}

/// A page of the twin has 100 uploads, and a sweep looks at five pages.
#[tokio::test]
async fn a_large_bucket_is_gone_through_in_several_sweeps() {
    let ports = twins();
    for number in 0..620 {
        lost(&ports, &format!("{number:03}"), 6 * MINUTE);
    }
    for found in [500, 120, 0] {
        assert_eq!(sweep(&ports).await.len(), found);
    }
    assert_eq!(ports.executions.started().len(), 620);
}

#[tokio::test]
async fn a_sweep_that_runs_out_of_time_leaves_the_rest_to_the_next() {
    let ports = twins();
    for name in ["a", "b", "c"] {
        lost(&ports, name, 6 * MINUTE);
    }
    let in_a_hurry = |left| {
        let deadline = tokio::time::Instant::now() + left;
        StageContext::new("test", deadline)
    };
    let event = || parsed(&json!({"sweep": {}}));
    let none = handle(event(), &ports, &in_a_hurry(Duration::from_secs(9))).await;
    assert_eq!(none.unwrap(), []);
    // Time runs out while the first job is started.
    let slow = Ports {
        objects: ports.objects.clone(),
        documents: ports.documents.clone(),
        executions: Slow(ports.executions.clone()),
        uploads: ports.uploads.clone(),
        look_back: ports.look_back,
    };
    let hurry = in_a_hurry(Duration::from_millis(10_100));
    let first = handle(event(), &slow, &hurry).await.unwrap();
    assert_eq!(first.len(), 1);
    assert_eq!(sweep(&ports).await.len(), 2);
    assert_eq!(ports.executions.started().len(), 3);
}

/// Executions that take a while to start.
struct Slow(RecordedExecutions);

impl StartExecution for Slow {
    async fn start(
        &self,
        name: &str,
        input: &Value,
    ) -> Result<cloud::ports::Started, cloud::StoreError> {
        tokio::time::sleep(Duration::from_millis(300)).await;
        self.0.start(name, input).await
    }
}

impl DescribeExecution for Slow {
    async fn is_running(&self, name: &str) -> Result<bool, cloud::StoreError> {
        self.0.is_running(name).await
    }
}

#[tokio::test]
async fn sweeps_at_once_start_each_job_once() {
    let ports = std::sync::Arc::new(twins());
    for number in 0..150 {
        lost(&ports, &format!("{number:03}"), 6 * MINUTE);
    }
    let mut sweeps = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let ports = ports.clone();
        sweeps.spawn(async move { sweep(&ports).await });
    }
    sweeps.join_all().await;
    assert_eq!(ports.executions.started().len(), 150);
}

#[tokio::test]
async fn a_sweep_that_fails_anywhere_loses_nothing() {
    for nth in 1..=12 {
        let whole = twins();
        lost(&whole, "a", 6 * MINUTE);
        lost(&whole, "b", 6 * MINUTE);
        let faults = Faults::before(nth);
        let ports = Ports {
            objects: FailingStore::sharing(whole.objects.clone(), &faults),
            documents: FailingStore::sharing(whole.documents.clone(), &faults),
            executions: FailingStore::sharing(whole.executions.clone(), &faults),
            uploads: whole.uploads.clone(),
            look_back: whole.look_back,
        };
        let event = parsed(&json!({"sweep": {}}));
        let failing = handle(event, &ports, &StageContext::for_tests()).await;
        if faults.calls() < nth {
            assert!(failing.is_ok() && nth > 8, "every call failed once");
        }
        sweep_all(&whole).await;
        let jobs = whole.executions.started().len();
        let claimed = whole.documents.expired(u64::MAX).await.unwrap().len();
        // One that was claimed and not started is the other sweep's, when its lease runs out.
        assert!(jobs == 2 || claimed == 2, "call {nth}");
    }
}

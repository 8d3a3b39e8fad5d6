//! Update-metadata against twins of the stores: "ready" and "failed", once, whatever happens.
#![cfg(test)]

mod changes;
mod twins;

use std::time::Duration;

use cloud::Content;
use cloud::lease::{cancel, release, take_over};
use cloud::ports::{
    DeletePrefix, KeepJob, KeepLibrary, KeepUploads, ListObjects, ReadDocuments, WriteObject,
};
use domain::job::JobState;
use domain::layout::{MediaFolder, WorkFolder};
use domain::object::{BucketName, ObjectKey, ObjectRef};
use domain::result::StageFailure;
use domain::{ErrorCode, Fault};

use twins::{Twins, caught};

#[tokio::test]
async fn a_job_whose_stages_are_done_becomes_ready_in_both_stores() {
    let twins = Twins::done().await;
    assert_eq!(twins.ends(None).await.unwrap(), JobState::Ready);
    let asset = twins
        .ports
        .documents
        .asset(&twins.plan.asset)
        .await
        .unwrap();
    let published = asset.unwrap().published.unwrap();
    assert_eq!(published.ffmpeg_cpu_ms, 300);
    assert_eq!(published.duration, twins.plan.duration);
    let cost = published.cost.unwrap();
    assert!(
        cost.functions > 0 && cost.steps > 0 && cost.batch == 0,
        "{cost:?}"
    );
    assert_eq!(
        *twins.ports.database.states.lock().unwrap(),
        [JobState::Ready]
    );
    assert!(
        twins.work().plan().await.is_err(),
        "the work folder is cleared"
    );
}

#[tokio::test]
async fn a_second_call_finds_the_job_ready() {
    let twins = Twins::done().await;
    twins.ends(None).await.unwrap();
    assert_eq!(twins.ends(None).await.unwrap(), JobState::Ready);
}

#[tokio::test]
async fn a_database_that_was_down_is_made_up_for_by_the_next_attempt() {
    let twins = Twins::done().await;
    *twins.ports.database.down.lock().unwrap() = 1;
    let error = twins.ends(None).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::DatabaseUnavailable);
    assert!(twins.work().plan().await.is_ok(), "nothing is cleared yet");
    assert_eq!(twins.ends(None).await.unwrap(), JobState::Ready);
    assert_eq!(
        *twins.ports.database.states.lock().unwrap(),
        [JobState::Ready]
    );
}

/// A crash between the two writes, after each of the ways in which a job ends, and then each of the
/// calls that may come next.
#[tokio::test]
async fn whoever_comes_after_a_crash_between_the_stores_makes_them_agree() {
    let damaged = || Some(caught("SourceDamaged", ""));
    let out_of_retries = || Some(caught("States.TaskFailed", ""));
    for (first, state) in [(None, JobState::Ready), (damaged(), JobState::Failed)] {
        for next in [first.clone(), out_of_retries()] {
            for cleared in [false, true] {
                let twins = Twins::done().await.last_attempt().await;
                *twins.ports.database.down.lock().unwrap() = 1;
                twins.ends(first.clone()).await.unwrap_err();
                assert_eq!(*twins.ports.database.asset.lock().unwrap(), None);
                let folder = WorkFolder(&twins.plan.job).prefix();
                if cleared {
                    let work = &twins.ports.work;
                    twins
                        .ports
                        .objects
                        .delete_prefix(work, &folder)
                        .await
                        .unwrap();
                }
                assert_eq!(twins.ends(next.clone()).await.unwrap(), state, "{next:?}");
                assert_eq!(twins.agreed().await.state, state, "{next:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_named_error_is_recorded_with_its_file_and_what_to_do() {
    let twins = Twins::claimed().await;
    let cause = r#"{"errorType":"SourceEmpty","errorMessage":"film.mp4: the file is empty"}"#;
    let state = twins
        .ends(Some(caught("SourceEmpty", cause)))
        .await
        .unwrap();
    assert_eq!(state, JobState::Failed);
    let reason = twins.reason().await;
    assert_eq!(reason.code, ErrorCode::SourceEmpty);
    assert!(
        reason
            .message
            .starts_with("film.mp4: the file is empty; upload")
    );
}

#[tokio::test]
async fn an_error_that_a_map_hides_is_found_where_its_child_left_it() {
    let twins = Twins::claimed().await.last_attempt().await;
    for (part, code) in [(1, ErrorCode::DeadlineNear), (2, ErrorCode::ChunkInvalid)] {
        let failure = StageFailure {
            stage: "encode-video".to_owned(),
            code,
            message: "what happened".to_owned(),
        };
        let key = WorkFolder(&twins.plan.job).failure("encode-video", part);
        twins.work().write(key, &failure).await.unwrap();
    }
    let hidden = caught("States.ExceedToleratedFailureThreshold", "");
    assert_eq!(twins.ends(Some(hidden)).await.unwrap(), JobState::Failed);
    assert_eq!(twins.reason().await.code, ErrorCode::ChunkInvalid);
}

#[tokio::test]
async fn a_stage_that_was_killed_is_recorded_as_the_platform_calls_it() {
    let twins = Twins::claimed().await.last_attempt().await;
    twins
        .ends(Some(caught("Lambda.Unknown", "killed")))
        .await
        .unwrap();
    let reason = twins.reason().await;
    assert_eq!(reason.code, ErrorCode::Internal);
    assert!(
        reason.message.contains("Lambda.Unknown"),
        "{}",
        reason.message
    );
}

#[tokio::test]
async fn a_failure_that_may_pass_gives_the_job_back() {
    let twins = Twins::claimed().await;
    let killed = || Some(caught("Lambda.Unknown", "killed"));
    assert_eq!(twins.ends(killed()).await.unwrap(), JobState::Running);
    let documents = &twins.ports.documents;
    let stored = documents.load(&twins.plan.job).await.unwrap().unwrap();
    assert!(stored.lease.is_released(), "for the sweep to find");
    assert_eq!(*twins.ports.database.states.lock().unwrap(), []);
}

#[tokio::test]
async fn an_attempt_that_was_taken_over_from_records_nothing() {
    let twins = Twins::done().await;
    let documents = &twins.ports.documents;
    assert!(release(documents, &twins.plan.job, 1).await.unwrap());
    let seen = documents.load(&twins.plan.job).await.unwrap().unwrap();
    take_over(documents, &seen).await.unwrap().unwrap();
    assert_eq!(twins.ends(None).await.unwrap(), JobState::Running);
    assert_eq!(*twins.ports.database.states.lock().unwrap(), []);
    assert!(
        twins.work().plan().await.is_ok(),
        "the next attempt needs it"
    );
}

#[tokio::test]
async fn a_cancelled_job_leaves_nothing_behind() {
    let twins = Twins::done().await;
    let (objects, plan) = (&twins.ports.objects, &twins.plan);
    let media = MediaFolder {
        asset: &plan.asset,
        job: &plan.job,
    };
    let segment = ObjectRef {
        bucket: twins.ports.media.clone(),
        key: ObjectKey::new(format!("{}v/1080p/00001.m4s", media.prefix())),
    };
    objects
        .write(&segment, b"segment".to_vec().into(), Content::VideoSegment)
        .await
        .unwrap();
    assert!(cancel(&twins.ports.documents, &plan.job).await.unwrap());
    let stopped = caught("JobCancelled", "");
    assert_eq!(twins.ends(Some(stopped)).await.unwrap(), JobState::Failed);
    assert_eq!(twins.reason().await.code, ErrorCode::JobCancelled);
    let left = objects.list(&segment.bucket, &media.prefix()).await;
    assert_eq!(left.unwrap(), []);
    assert!(twins.work().plan().await.is_err());
}

#[tokio::test]
async fn what_its_owner_gave_up_leaves_nothing_anywhere() {
    let twins = Twins::done().await;
    twins.entered().await;
    assert_eq!(twins.ends(None).await.unwrap(), JobState::Ready);
    let (objects, plan, documents) = (&twins.ports.objects, &twins.plan, &twins.ports.documents);
    let put = async |bucket: &BucketName, key: &ObjectKey| {
        let object = ObjectRef {
            bucket: bucket.clone(),
            key: key.clone(),
        };
        let body = b"bytes".to_vec().into();
        objects.write(&object, body, Content::Upload).await.unwrap();
        object
    };
    let source = put(&plan.source.object.bucket, &plan.source.object.key).await;
    let folder = format!("assets/{}/", plan.asset);
    let media = ObjectKey::new(format!("{folder}an-older-job/v/1.m4s"));
    let media = put(&twins.ports.media, &media).await;
    let neighbour = ObjectKey::new(format!("assets/{}0/j/1.m4s", plan.asset));
    let neighbour = put(&twins.ports.media, &neighbour).await;

    let upload = twins.uploaded().await;
    let unasked = twins.removes().await.unwrap_err();
    assert_eq!(unasked.code(), ErrorCode::InputInvalid, "nobody gave it up");
    assert!(objects.path(&media).exists());

    twins.given_up().await;
    for _ in 0..2 {
        twins.removes().await.unwrap();
        assert!(!objects.path(&source).exists() && !objects.path(&media).exists());
        assert!(objects.path(&neighbour).exists());
        assert_eq!(documents.entry(&plan.asset).await.unwrap(), None);
        assert_eq!(documents.asset(&plan.asset).await.unwrap(), None);
        assert_eq!(documents.job(&plan.job).await.unwrap(), None);
        assert_eq!(documents.upload(&upload).await.unwrap(), None);
        assert!(twins.ports.database.asset.lock().unwrap().is_none());
    }
}

#[tokio::test]
async fn a_removal_waits_for_its_job_to_stop() {
    let twins = Twins::done().await;
    twins.entered().await;
    twins.given_up().await;
    let early = twins
        .removes_within(Duration::from_millis(100))
        .await
        .unwrap_err();
    assert_eq!(early.code(), ErrorCode::DeadlineNear, "it is tried again");
    let documents = &twins.ports.documents;
    assert!(cancel(documents, &twins.plan.job).await.unwrap());
    let stopped = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        twins.ends(Some(caught("JobCancelled", ""))).await.unwrap();
    };
    let (removed, ()) = tokio::join!(twins.removes(), stopped);
    removed.unwrap();
    assert_eq!(documents.entry(&twins.plan.asset).await.unwrap(), None);
}

#[tokio::test]
async fn a_job_that_was_never_planned_is_no_ready_one() {
    let twins = Twins::claimed().await;
    let error = twins.ends(None).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InputInvalid);
}

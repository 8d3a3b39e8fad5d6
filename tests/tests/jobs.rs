//! Jobs on the local stack: killed, stopped, taken over, cancelled, failed, tried again, while real
//! encoders work on them.
#![cfg(test)]

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use client::Progress;
use cloud::Content;
use cloud::lease;
use cloud::ports::{
    DeletePrefix as _, FindSource as _, KeepJob as _, ListObjects as _, SourceFacts,
    WriteObject as _,
};
use domain::ErrorCode;
use domain::job::JobState;
use domain::layout::{MediaFolder, WorkFolder};
use domain::message::SegmentInput;
use domain::object::{ObjectKey, ObjectRef, SourceObject};
use domain::profile::Profile;
use e2e::clips::{self, FILM, SMALL};
use e2e::folders::differences;
use e2e::processes::Processes;
use e2e::stack::{Stack, eventually};
use serde_json::json;
use tempfile::TempDir;

/// A stage that is struck while it works.
struct Stage {
    /// The output that names its function.
    function: &'static str,
    /// Whether it is struck in the midst of its encoder's work; else as soon as its process lives.
    encodes: bool,
    /// How far the job has to be.
    reached: fn(&Progress) -> bool,
}

const STAGES: [Stage; 6] = [
    Stage {
        function: "SegmentFunction",
        encodes: true,
        reached: |_| true,
    },
    Stage {
        function: "EncodeAudioFunction",
        encodes: true,
        reached: |_| true,
    },
    Stage {
        function: "EncodeVideoFunction",
        encodes: true,
        reached: |progress| progress.video_done > 0,
    },
    Stage {
        function: "ThumbnailFunction",
        encodes: true,
        reached: |_| true,
    },
    Stage {
        function: "AssembleManifestFunction",
        encodes: false,
        reached: |_| true,
    },
    Stage {
        function: "UpdateMetadataFunction",
        encodes: false,
        reached: |_| true,
    },
];

impl Stage {
    /// Kills the stage, encoder and all, if this is the moment.
    async fn strike(&self, stack: &Stack, request: &SegmentInput) -> Result<bool> {
        let found = Processes::of(stack, self.function)?;
        let works = found.is_alive() && (found.encodes() || !self.encodes);
        if !works || !(self.reached)(&stack.client.progress(request).await?) {
            return Ok(false);
        }
        found.kill()?;
        Ok(true)
    }
}

/// What every finished encode chunk has published, as storage describes it.
async fn finished(
    stack: &Stack,
    request: &SegmentInput,
) -> Result<Vec<(SourceObject, SourceFacts)>> {
    let names = stack.client.names();
    let objects = stack.client.objects();
    let first = WorkFolder(&request.job).video_result(1);
    let (folder, _) = first.as_str().rsplit_once('/').context("a folder")?;
    let results = ObjectKey::new(format!("{folder}/"));
    let media = media(request).prefix();
    let media = ObjectKey::new(format!("{media}v/"));
    let published = objects.list(&names.media, &media).await?;
    let mut found = Vec::new();
    for result in objects.list(&names.work, &results).await? {
        let index: u64 = number(&result.key)?;
        let last = index * request.profile.segments_per_chunk;
        let first = last - request.profile.segments_per_chunk + 1;
        for entry in &published {
            if number(&entry.key).is_ok_and(|segment| (first..=last).contains(&segment)) {
                let object = ObjectRef {
                    bucket: names.media.clone(),
                    key: entry.key.clone(),
                };
                found.push(objects.find_source(&object).await?);
            }
        }
    }
    Ok(found)
}

/// The number that a result or a segment has for a name.
fn number(key: &ObjectKey) -> Result<u64> {
    let name = key.file_name().split('.').next().unwrap_or_default();
    Ok(name.parse()?)
}

fn media(request: &SegmentInput) -> MediaFolder<'_> {
    MediaFolder {
        asset: &request.asset,
        job: &request.job,
    }
}

/// Stops the job's execution, lets its lease run out, and sweeps until the next attempt works.
async fn owner_dies(stack: &Stack, request: &SegmentInput) -> Result<()> {
    let machine = stack.output("StateMachineArn")?;
    let machine = machine.replacen(":stateMachine:", ":execution:", 1);
    let execution = format!("{machine}:{}", request.job);
    let stop = json!({"executionArn": execution});
    stack.call("stepfunctions", "stop_execution", stop)?;
    let documents = stack.aws.documents(stack.client.names().table.clone());
    eventually("the next attempt", async || {
        let stored = documents.load(&request.job).await?.context("a record")?;
        if stored.lease.attempt > 1 {
            return Ok(Some(()));
        }
        let mut lease = stored.lease;
        lease.expires_ms = 1;
        documents.swap(&stored, &stored.with_lease(lease)).await?;
        stack.tell(&json!({"sweep": {}}))?;
        Ok(None)
    })
    .await
}

/// Jobs that may be tried until each stage of one was struck in the middle of its work: on a busy
/// machine a short stage is over before it is seen.
const TRIES: u32 = 5;

/// A job each of whose stages was struck, and the chunks that were done before an encoder was.
async fn struck_everywhere(
    stack: &Stack,
    film: &Path,
) -> Result<(SegmentInput, Vec<(SourceObject, SourceFacts)>)> {
    for number in 1..=TRIES {
        let key = ObjectKey::new(format!("eve/1-{number}/film.mp4"));
        if let Some(struck) = struck_job(stack, key, film).await? {
            return Ok(struck);
        }
    }
    bail!("{TRIES} jobs ended before each of their stages was struck")
}

/// The same with one job; none when it ended too early.
async fn struck_job(
    stack: &Stack,
    key: ObjectKey,
    film: &Path,
) -> Result<Option<(SegmentInput, Vec<(SourceObject, SourceFacts)>)>> {
    // What waits for work is not what is to be struck.
    for stage in &STAGES {
        let idle = Processes::of(stack, stage.function)?;
        if idle.is_alive() {
            idle.kill()?;
        }
    }
    let request = stack.client.upload(key, film).await?;
    let mut left: Vec<&Stage> = STAGES.iter().collect();
    let mut done = Vec::new();
    eventually("the right moment at every stage", async || {
        let record = stack.client.job(&request).await?;
        if record.is_some_and(|record| record.state != JobState::Running) {
            return Ok(Some(None));
        }
        for (at, stage) in left.iter().enumerate() {
            if stage.strike(stack, &request).await? {
                match stage.function {
                    "EncodeVideoFunction" => done = finished(stack, &request).await?,
                    "ThumbnailFunction" => owner_dies(stack, &request).await?,
                    _ => {}
                }
                left.remove(at);
                break;
            }
        }
        let struck = || Some((request.clone(), done.clone()));
        Ok(left.is_empty().then(struck))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_killed_at_every_stage_keeps_what_is_done_and_ends_with_the_same_bytes() {
    let stack = Stack::alone().await.unwrap();
    let folder = TempDir::new().unwrap();
    let film = clips::make(FILM, folder.path()).unwrap();
    let (request, done) = struck_everywhere(&stack, &film).await.unwrap();
    let struck = stack.ended(&request).await.unwrap();
    assert_eq!(struck.state, JobState::Ready, "{:?}", struck.error);
    let documents = stack.aws.documents(stack.client.names().table.clone());
    let stored = documents.load(&request.job).await.unwrap().unwrap();
    assert_eq!(stored.lease.attempt, 2, "the second attempt ended it");
    assert!(!done.is_empty());
    for before in done {
        let now = stack.client.objects().find_source(&before.0.object).await;
        assert_eq!(
            now.unwrap(),
            before,
            "a finished chunk is not encoded again"
        );
    }

    let (_, undisturbed) = stack.transcode("eve/2/film.mp4", &film).await.unwrap();
    let ours = stack.published(&struck).await.unwrap();
    let theirs = stack.published(&undisturbed).await.unwrap();
    let differ = differences(ours.path(), theirs.path()).unwrap();
    assert_eq!(differ, [] as [String; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_job_stops_within_seconds_leaves_nothing_and_can_be_tried_again() {
    let stack = Stack::connect().await.unwrap();
    let folder = TempDir::new().unwrap();
    let film = clips::make(FILM, folder.path()).unwrap();
    let key = ObjectKey::new("eve/3/film.mp4");
    let request = stack.client.upload(key, &film).await.unwrap();
    eventually("a first chunk", async || {
        let progress = stack.client.progress(&request).await?;
        Ok((progress.video_done > 0).then_some(()))
    })
    .await
    .unwrap();
    stack
        .tell(&json!({"cancel": {"job": request.job}}))
        .unwrap();
    let asset = stack.ended(&request).await.unwrap();
    assert_eq!(asset.state, JobState::Failed);
    assert_eq!(asset.error.unwrap().code, ErrorCode::JobCancelled);
    let work = WorkFolder(&request.job);
    let names = stack.client.names();
    eventually("an end of what it left", async || {
        let objects = stack.client.objects();
        let published = objects
            .list(&names.media, &media(&request).prefix())
            .await?;
        let working = objects.list(&names.work, &work.prefix()).await?;
        Ok((published.is_empty() && working.is_empty()).then_some(()))
    })
    .await
    .unwrap();

    let again = stack.tell(&json!({"retry": {"job": request.job}})).unwrap();
    assert_eq!(again, json!([request.job]));
    let asset = stack.ended(&request).await.unwrap();
    assert_eq!(asset.state, JobState::Ready, "{:?}", asset.error);
    let documents = stack.aws.documents(names.table.clone());
    let stored = documents.load(&request.job).await.unwrap().unwrap();
    assert_eq!(stored.lease.attempt, 2);
    assert!(!lease::release(&documents, &request.job, 1).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn three_failed_attempts_leave_a_reason_and_a_retry_without_the_cause_is_ready() {
    let stack = Stack::connect().await.unwrap();
    let folder = TempDir::new().unwrap();
    let clip = clips::make(SMALL, folder.path()).unwrap();
    let (objects, names) = (stack.client.objects(), stack.client.names());
    // The job that the upload is going to have, from another copy of the same bytes.
    let copy = stack.transcode("eve/4/copy.mp4", &clip).await.unwrap().0;
    let key = ObjectKey::new("eve/4/small.mp4");
    let mut source = copy.source;
    source.object.key = key.clone();
    let request = SegmentInput::new(source, Profile::default());
    let broken = ObjectRef {
        bucket: names.work.clone(),
        key: WorkFolder(&request.job).segment_result(),
    };
    let nonsense = Bytes::from_static(b"{\"half\": ");
    objects
        .write(&broken, nonsense, Content::Json)
        .await
        .unwrap();

    let uploaded = stack.client.upload(key, &clip).await.unwrap();
    assert_eq!(uploaded.job, request.job);
    let asset = eventually("the job's end", async || {
        stack.tell(&json!({"sweep": {}}))?;
        let record = stack.client.job(&request).await?;
        if record.is_none_or(|record| record.state == JobState::Running) {
            return Ok(None);
        }
        Ok(stack.client.asset(&request).await?)
    })
    .await
    .unwrap();
    assert_eq!(asset.state, JobState::Failed);
    let error = asset.error.unwrap();
    assert_eq!(error.code, ErrorCode::Internal);
    assert!(error.message.contains(broken.key.as_str()), "{error:?}");
    let documents = stack.aws.documents(names.table.clone());
    let stored = documents.load(&request.job).await.unwrap().unwrap();
    assert_eq!(stored.lease.attempt, 3);

    let work = WorkFolder(&request.job).prefix();
    objects.delete_prefix(&names.work, &work).await.unwrap();
    stack.tell(&json!({"retry": {"job": request.job}})).unwrap();
    let asset = stack.ended(&request).await.unwrap();
    assert_eq!(asset.state, JobState::Ready, "{:?}", asset.error);
}

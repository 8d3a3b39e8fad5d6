//! Jobs on the local stack: taken over, cancelled, tried again, while real encoders work on them.
#![cfg(test)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use cloud::lease;
use cloud::ports::{FindSource as _, KeepJob as _, ListObjects as _};
use domain::ErrorCode;
use domain::job::{AssetDocument, JobState};
use domain::layout::{MediaFolder, WorkFolder};
use domain::message::SegmentInput;
use domain::object::{ObjectKey, ObjectRef};
use e2e::clips;
use e2e::environment::shipped_clip;
use e2e::folders::differences;
use e2e::stack::Stack;
use tempfile::TempDir;

/// Longer than the sweep's interval and two encodes of the film.
const PATIENCE: Duration = Duration::from_mins(8);

/// The shipped clip many times over: several encode chunks, each of some seconds of work.
fn film(folder: &Path) -> Result<PathBuf> {
    let clip = shipped_clip();
    let clip = clip.to_str().context("a path that ffmpeg takes")?;
    clips::make_from(
        "film.mp4",
        &format!("-stream_loop 13 -i {clip} -c copy"),
        folder,
    )
}

/// Waits until `done` gives something.
async fn eventually<T>(what: &str, mut done: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let began = Instant::now();
    loop {
        if let Some(value) = done().await? {
            return Ok(value);
        }
        ensure!(began.elapsed() < PATIENCE, "{what} did not come");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn ended(stack: &Stack, request: &SegmentInput) -> Result<AssetDocument> {
    eventually("the job's end", async || {
        let record = stack.client.job(request).await?;
        if record.is_none_or(|record| record.state == JobState::Running) {
            return Ok(None);
        }
        Ok(stack.client.asset(request).await?)
    })
    .await
}

/// Uploads the film and waits for its first encoded chunk.
async fn half_done(stack: &Stack, key: &str, film: &Path) -> Result<SegmentInput> {
    let request = stack.client.upload(ObjectKey::new(key), film).await?;
    eventually("a first chunk", async || {
        let progress = stack.client.progress(&request).await?;
        Ok((progress.video_done > 0).then_some(()))
    })
    .await?;
    Ok(request)
}

/// Copies what an asset has published.
async fn published(stack: &Stack, asset: &AssetDocument) -> Result<TempDir> {
    let out = TempDir::new()?;
    let stream = asset.published.as_ref().context("nothing is published")?;
    stack.client.fetch(&stream.folder, out.path()).await?;
    Ok(out)
}

/// A segment of a chunk that has its result. Chunks end in any order.
async fn finished_segment(stack: &Stack, request: &SegmentInput) -> Result<ObjectRef> {
    let names = stack.client.names();
    let work = WorkFolder(&request.job);
    let first = work.video_result(1);
    let (folder, _) = first.as_str().rsplit_once('/').context("a folder")?;
    let results = ObjectKey::new(format!("{folder}/"));
    let results = stack.client.objects().list(&names.work, &results).await?;
    let name = results.first().context("no result")?.key.file_name();
    let index: u64 = name.trim_end_matches(".json").parse()?;
    let number = (index - 1) * request.profile.segments_per_chunk + 1;
    let media = MediaFolder {
        asset: &request.asset,
        job: &request.job,
    };
    Ok(ObjectRef {
        bucket: names.media.clone(),
        key: ObjectKey::new(format!("{}v/240p/{number:05}.m4s", media.prefix())),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_taken_over_keeps_what_is_done_and_ends_with_the_same_bytes() {
    let stack = Stack::connect().await.unwrap();
    let documents = stack.aws.documents(stack.client.names().table.clone());
    let folder = TempDir::new().unwrap();
    let film = film(folder.path()).unwrap();
    let disturbed = half_done(&stack, "eve/1/film.mp4", &film).await.unwrap();
    let done = finished_segment(&stack, &disturbed).await.unwrap();
    // What it holds is lost in the middle of the work: its stages stop, the sweep goes on.
    assert!(lease::release(&documents, &disturbed.job, 1).await.unwrap());
    let (_, before) = stack.client.objects().find_source(&done).await.unwrap();
    let taken_over = ended(&stack, &disturbed).await.unwrap();
    assert_eq!(taken_over.state, JobState::Ready, "{:?}", taken_over.error);
    let stored = documents.load(&disturbed.job).await.unwrap().unwrap();
    assert_eq!(stored.lease.attempt, 2, "the second attempt ended it");
    let (_, after) = stack.client.objects().find_source(&done).await.unwrap();
    assert_eq!(before, after, "a finished chunk is not encoded again");

    let (_, undisturbed) = stack.transcode("eve/2/film.mp4", &film).await.unwrap();
    let ours = published(&stack, &taken_over).await.unwrap();
    let theirs = published(&stack, &undisturbed).await.unwrap();
    let differ = differences(ours.path(), theirs.path()).unwrap();
    assert_eq!(differ, [] as [String; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_job_stops_within_seconds_leaves_nothing_and_can_be_tried_again() {
    let stack = Stack::connect().await.unwrap();
    let documents = stack.aws.documents(stack.client.names().table.clone());
    let folder = TempDir::new().unwrap();
    let film = film(folder.path()).unwrap();
    let request = half_done(&stack, "eve/3/film.mp4", &film).await.unwrap();
    assert!(lease::cancel(&documents, &request.job).await.unwrap());
    let asset = ended(&stack, &request).await.unwrap();
    assert_eq!(asset.state, JobState::Failed);
    assert_eq!(asset.error.unwrap().code, ErrorCode::JobCancelled);
    let media = MediaFolder {
        asset: &request.asset,
        job: &request.job,
    };
    let work = WorkFolder(&request.job);
    let names = stack.client.names();
    eventually("an end of what it left", async || {
        let objects = stack.client.objects();
        let published = objects.list(&names.media, &media.prefix()).await?;
        let working = objects.list(&names.work, &work.prefix()).await?;
        Ok((published.is_empty() && working.is_empty()).then_some(()))
    })
    .await
    .unwrap();

    // By hand, as an operator does; the sweep finds that nobody works on it yet.
    let again = lease::retry(&documents, &request.job)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(again.lease.attempt, 2);
    assert!(!lease::release(&documents, &request.job, 1).await.unwrap());
    assert!(lease::release(&documents, &request.job, 2).await.unwrap());
    let asset = ended(&stack, &request).await.unwrap();
    assert_eq!(asset.state, JobState::Ready, "{:?}", asset.error);
}

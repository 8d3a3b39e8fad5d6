//! Jobs on the stack where almost everything is heavy work: AWS Batch does it, under disturbances.
#![cfg(test)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use cloud::ports::KeepJob as _;
use domain::job::{AssetDocument, JobState};
use domain::message::SegmentInput;
use domain::object::ObjectKey;
use e2e::clips;
use e2e::containers::{Container, working_for};
use e2e::environment::shipped_clip;
use e2e::folders::differences;
use e2e::stack::Stack;
use tempfile::TempDir;

/// Longer than two silences, two encodes of the film, and the time that Batch gives a container.
const PATIENCE: Duration = Duration::from_mins(5);

/// The shipped clip many times over, in small: several encode chunks, each of some seconds of work.
fn film(folder: &Path, times: u32) -> Result<PathBuf> {
    let clip = shipped_clip();
    let clip = clip.to_str().context("a path that ffmpeg takes")?;
    let (again, size) = (times - 1, "scale=640:360");
    let recipe = format!(
        "-stream_loop {again} -i {clip} -vf {size} -c:v libx264 -preset ultrafast -g 50 -c:a copy"
    );
    clips::make_from("film.mp4", &recipe, folder)
}

/// Waits until `done` gives something.
async fn eventually<T>(what: &str, mut done: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let began = Instant::now();
    loop {
        if let Some(value) = done().await? {
            return Ok(value);
        }
        ensure!(began.elapsed() < PATIENCE, "{what} did not come");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The container that encodes a chunk, when ffmpeg has begun.
async fn encoding(request: &SegmentInput, index: u32) -> Result<Container> {
    let chunk = format!("\"index\":{index},");
    let container = eventually("a container", async || {
        let mut working = working_for(&request.job)?.into_iter();
        Ok(working.find(|one| one.stage == "encode-video" && one.input.contains(&chunk)))
    })
    .await?;
    tokio::time::sleep(Duration::from_millis(700)).await;
    Ok(container)
}

async fn ready(stack: &Stack, request: &SegmentInput) -> Result<AssetDocument> {
    let asset = eventually("the job's end", async || {
        let record = stack.client.job(request).await?;
        if record.is_none_or(|record| record.state == JobState::Running) {
            return Ok(None);
        }
        Ok(stack.client.asset(request).await?)
    })
    .await?;
    ensure!(asset.state == JobState::Ready, "{:?}", asset.error);
    Ok(asset)
}

async fn gone(container: &Container) -> Result<()> {
    eventually("the container's end", async || {
        Ok((!container.is_running()).then_some(()))
    })
    .await
}

/// Copies what an asset has published.
async fn published(stack: &Stack, asset: &AssetDocument) -> Result<TempDir> {
    let out = TempDir::new()?;
    let stream = asset.published.as_ref().context("nothing is published")?;
    stack.client.fetch(&stream.folder, out.path()).await?;
    Ok(out)
}

#[tokio::test(flavor = "multi_thread")]
async fn containers_that_die_make_the_bytes_of_functions_that_live() {
    let heavy = Stack::connect_heavy().await.unwrap();
    let folder = TempDir::new().unwrap();
    let film = film(folder.path(), 14).unwrap();
    let key = ObjectKey::new("eve/1/film.mp4");
    let request = heavy.client.upload(key, &film).await.unwrap();

    // One dies without a word; one is told that its machine goes.
    let died = encoding(&request, 1).await.unwrap();
    died.signal("KILL").unwrap();
    let told = encoding(&request, 2).await.unwrap();
    told.signal("TERM").unwrap();
    let disturbed = ready(&heavy, &request).await.unwrap();
    assert!(!died.is_running() && !told.is_running());
    let documents = heavy.aws.documents(heavy.client.names().table.clone());
    let stored = documents.load(&request.job).await.unwrap().unwrap();
    assert_eq!(stored.lease.attempt, 1, "each was tried again by itself");

    let said = heavy.said_by("heavy-encode").unwrap();
    let chunks_and_film = ["EncoderKilled", "\"stage\":\"segment\"", "stage done"];
    for word in chunks_and_film {
        assert!(said.contains(word), "{word}");
    }
    let functions = Stack::connect().await.unwrap();
    let (_, undisturbed) = functions.transcode("eve/9/film.mp4", &film).await.unwrap();
    let ours = published(&heavy, &disturbed).await.unwrap();
    let theirs = published(&functions, &undisturbed).await.unwrap();
    let differ = differences(ours.path(), theirs.path()).unwrap();
    assert_eq!(differ, [] as [String; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_is_silent_is_given_up_and_one_that_hangs_is_ended() {
    let heavy = Stack::connect_heavy().await.unwrap();
    let folder = TempDir::new().unwrap();
    let film = film(folder.path(), 4).unwrap();
    let key = ObjectKey::new("eve/2/film.mp4");
    let request = heavy.client.upload(key, &film).await.unwrap();

    // Both stand still: no heartbeat comes. One wakes up when nobody waits for it any more.
    let late = encoding(&request, 1).await.unwrap();
    late.signal("STOP").unwrap();
    let hanging = eventually("a second container", async || {
        let working = working_for(&request.job)?;
        Ok(working
            .into_iter()
            .find(|one| one != &late && one.stage == "encode-video"))
    })
    .await
    .unwrap();
    hanging.signal("STOP").unwrap();
    late.signal("CONT").unwrap();
    gone(&late).await.unwrap();

    // The third does it. The second never wakes up: AWS Batch ends it when its time is over.
    ready(&heavy, &request).await.unwrap();
    gone(&hanging).await.unwrap();
}

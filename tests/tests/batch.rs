//! Jobs on the stack where almost everything is heavy work: AWS Batch does it, under disturbances.
#![cfg(test)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use cloud::ports::KeepJob as _;
use domain::job::{AssetDocument, JobState};
use domain::message::SegmentInput;
use domain::object::ObjectKey;
use e2e::clips;
use e2e::containers::{Container, working_for};
use e2e::environment::shipped_clip;
use e2e::folders::differences;
use e2e::stack::{Stack, eventually};
use tempfile::TempDir;

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

/// A container that encodes, other than one that is known, when ffmpeg has begun. Chunks come in any
/// order.
async fn encoding(request: &SegmentInput, known: Option<&Container>) -> Result<Container> {
    let container = eventually("a container", async || {
        let mut working = working_for(&request.job)?.into_iter();
        Ok(working.find(|one| one.stage == "encode-video" && Some(one) != known))
    })
    .await?;
    tokio::time::sleep(Duration::from_millis(300)).await;
    Ok(container)
}

async fn ready(stack: &Stack, request: &SegmentInput) -> Result<AssetDocument> {
    let asset = stack.ended(request).await?;
    ensure!(asset.state == JobState::Ready, "{:?}", asset.error);
    Ok(asset)
}

async fn gone(container: &Container) -> Result<()> {
    eventually("the container's end", async || {
        Ok((!container.is_running()).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn containers_that_die_make_the_bytes_of_functions_that_live() {
    let heavy = Stack::connect_heavy().await.unwrap();
    let folder = TempDir::new().unwrap();
    let film = film(folder.path(), 14).unwrap();
    let key = ObjectKey::new("eve/1/film.mp4");
    let request = heavy.client.upload(key, &film).await.unwrap();

    // One dies without a word; one is told that its machine goes.
    let died = encoding(&request, None).await.unwrap();
    died.signal("KILL").unwrap();
    let told = encoding(&request, Some(&died)).await.unwrap();
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
    let ours = heavy.published(&disturbed).await.unwrap();
    let theirs = functions.published(&undisturbed).await.unwrap();
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
    let late = encoding(&request, None).await.unwrap();
    late.signal("STOP").unwrap();
    let hanging = encoding(&request, Some(&late)).await.unwrap();
    hanging.signal("STOP").unwrap();
    late.signal("CONT").unwrap();
    gone(&late).await.unwrap();

    // The third does it. The second never wakes up: AWS Batch ends it when its time is over.
    ready(&heavy, &request).await.unwrap();
    gone(&hanging).await.unwrap();
}

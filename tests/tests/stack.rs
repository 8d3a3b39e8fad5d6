//! The pipeline as it is deployed: the template, the state machine, the function binaries and the
//! policies, on the local stack.
#![cfg(test)]

use std::fs;
use std::time::{Duration, Instant};

use anyhow::Result;
use domain::ErrorCode;
use domain::job::JobState;
use domain::object::ObjectKey;
use e2e::clips::{self, UPRIGHT, sound};
use e2e::environment::shipped_clip;
use e2e::judges;
use e2e::stack::Stack;
use sqlx::Row;
use tempfile::TempDir;

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_becomes_a_stream_that_plays_everywhere() {
    let stack = Stack::connect().await.unwrap();
    let key = "ann/1/Été à 100% + more.mp4";
    let (request, asset) = stack.transcode(key, &shipped_clip()).await.unwrap();
    assert_eq!(asset.state, JobState::Ready, "{:?}", asset.error);
    assert_eq!(asset.title, "Été à 100% + more.mp4");
    assert_eq!(asset.owner, "ann");
    let published = asset.published.unwrap();
    assert_eq!(published.job, request.job);
    assert!(published.poster.is_some() && published.storyboard.is_some());

    let out = TempDir::new().unwrap();
    stack
        .client
        .fetch(&published.folder, out.path())
        .await
        .unwrap();
    judges::rules(out.path()).unwrap();
    judges::mpd_schema(out.path()).unwrap();
    judges::decode(out.path()).unwrap();
    judges::picture(out.path(), &shipped_clip()).unwrap();
    judges::storyboard(out.path(), &shipped_clip()).unwrap();
    for engine in ["hlsjs", "shaka-hls", "shaka-dash"] {
        judges::plays(out.path(), engine).unwrap();
    }

    let rows = relational(&stack, request.asset.as_str()).await.unwrap();
    assert_eq!(rows, (String::from("ann"), String::from("ready"), 4));
    let left = stack.client.progress(&request).await.unwrap();
    assert!(!left.is_planned(), "the work folder is cleared");
}

/// Owner, state and number of renditions of an asset in PostgreSQL.
async fn relational(stack: &Stack, asset: &str) -> Result<(String, String, i64)> {
    let pool = sqlx::PgPool::connect(&stack.description.database_url).await?;
    let row = sqlx::query(
        "select a.owner, a.state, count(r.*) from assets a \
         left join renditions r on r.job = a.published_job \
         where a.asset = $1 group by a.owner, a.state",
    )
    .bind(asset)
    .fetch_one(&pool)
    .await?;
    Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
}

/// Somebody holds the rows while the document is written: the stage gives up, as it would when it or
/// the server dies there. The execution goes on until both stores agree.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_does_not_answer_is_made_up_for() {
    let stack = Stack::connect().await.unwrap();
    let pool = sqlx::PgPool::connect(&stack.description.database_url)
        .await
        .unwrap();
    let clips = TempDir::new().unwrap();
    let file = clips::make(sound("late.wav"), clips.path()).unwrap();
    let mut holder = pool.begin().await.unwrap();
    sqlx::query("lock table assets in access exclusive mode")
        .execute(&mut *holder)
        .await
        .unwrap();
    let (request, asset) = stack.transcode("bob/5/late.wav", &file).await.unwrap();
    assert_eq!(asset.state, JobState::Ready, "{:?}", asset.error);
    // Longer than the server lets one of its statements wait.
    tokio::time::sleep(Duration::from_secs(16)).await;
    holder.rollback().await.unwrap();
    let began = Instant::now();
    let rows = loop {
        match relational(&stack, request.asset.as_str()).await {
            Ok(rows) => break rows,
            Err(error) => assert!(began.elapsed() < Duration::from_mins(1), "{error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let renditions = asset.published.unwrap().renditions.len();
    let renditions = i64::try_from(renditions).unwrap();
    assert_eq!(
        rows,
        (String::from("bob"), String::from("ready"), renditions)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sound_alone_becomes_a_stream_too() {
    let stack = Stack::connect().await.unwrap();
    let clips = TempDir::new().unwrap();
    let file = clips::make(sound("song.mp3"), clips.path()).unwrap();
    let (_, asset) = stack.transcode("bob/1/song.mp3", &file).await.unwrap();
    assert_eq!(asset.state, JobState::Ready, "{:?}", asset.error);
    let out = TempDir::new().unwrap();
    let published = asset.published.unwrap();
    stack
        .client
        .fetch(&published.folder, out.path())
        .await
        .unwrap();
    judges::rules(out.path()).unwrap();
    for engine in ["hlsjs", "shaka-hls", "shaka-dash"] {
        judges::plays(out.path(), engine).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_source_becomes_a_stream_without_sound() {
    let stack = Stack::connect().await.unwrap();
    let clips = TempDir::new().unwrap();
    let file = clips::make(UPRIGHT, clips.path()).unwrap();
    let (_, asset) = stack.transcode("bob/2/upright.mp4", &file).await.unwrap();
    assert_eq!(asset.state, JobState::Ready, "{:?}", asset.error);
    let renditions = asset.published.unwrap().renditions;
    let sizes: Vec<_> = renditions.iter().map(|r| (r.width, r.height)).collect();
    assert_eq!(sizes, [(Some(360), Some(640)), (Some(240), Some(426))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_uploads_end_with_one_named_error_each() {
    let stack = Stack::connect().await.unwrap();
    let folder = TempDir::new().unwrap();
    let whole = fs::read(shipped_clip()).unwrap();
    for (name, bytes, code) in [
        ("empty.mp4", &[][..], ErrorCode::SourceEmpty),
        (
            "notes+1 %.txt",
            &b"dear diary\n".repeat(500)[..],
            ErrorCode::SourceNotMedia,
        ),
        (
            "cut.mp4",
            &whole[..whole.len() / 2],
            ErrorCode::SourceTruncated,
        ),
    ] {
        let file = folder.path().join("upload");
        fs::write(&file, bytes).unwrap();
        let key = format!("bob/3/{name}");
        let (_, asset) = stack.transcode(&key, &file).await.unwrap();
        assert_eq!(asset.state, JobState::Failed);
        assert!(asset.published.is_none());
        let error = asset.error.unwrap();
        assert_eq!(error.code, code, "{error:?}");
        assert!(error.message.contains(name), "{error:?}");
        assert_eq!(error.message.lines().count(), 1, "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_upload_twice_is_one_job() {
    let stack = Stack::connect().await.unwrap();
    let clips = TempDir::new().unwrap();
    let file = clips::make(sound("twice.wav"), clips.path()).unwrap();
    let key = "bob/4/twice.wav";
    let (first, asset) = stack.transcode(key, &file).await.unwrap();
    let again = stack
        .client
        .upload(ObjectKey::new(key), &file)
        .await
        .unwrap();
    assert_eq!(again.job, first.job);
    let (_, unchanged) = stack.transcode(key, &file).await.unwrap();
    assert_eq!(unchanged, asset);
}

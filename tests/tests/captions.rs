//! Captions on the local stack: given after the film plays, in the stream some seconds later, and gone
//! when nobody wants them. No test of it encodes anything twice but the one that uploads again.
#![cfg(test)]

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use cloud::ports::ListObjects as _;
use domain::ids::AssetId;
use domain::job::JobState;
use domain::layout::media_prefix;
use domain::object::ObjectKey;
use e2e::clips::{self, CLOSED_GOP, SMALL};
use e2e::judges::{self, Expected};
use e2e::people::{Answer, Person};
use e2e::stack::{Stack, eventually};
use serde_json::Value;
use tempfile::TempDir;

const SUBRIP: &str = "1\r\n00:00:01,000 --> 00:00:02,500\r\nTom & <i>Jerry</i>\r\n\r\n\
    2\r\n00:00:05,000 --> 00:00:13,000\r\nover three segments\r\n";
const WEBVTT: &str = "WEBVTT\n\n00:20.000 --> 00:22.000 line:0\n[wind]\n\n\
    00:23.000 --> 00:59.000\nto the end\n";

/// What players should find of the two.
fn subrip(language: &str) -> Expected<'_> {
    Expected {
        language,
        kind: "subtitles",
        cues: vec![
            (1_000, 2_500, "Tom & Jerry"),
            (5_000, 13_000, "over three segments"),
        ],
    }
}

fn webvtt(language: &str) -> Expected<'_> {
    Expected {
        language,
        kind: "captions",
        cues: vec![(20_000, 22_000, "[wind]"), (23_000, 24_000, "to the end")],
    }
}

/// An asset of the stack's user.
struct Asset<'a> {
    stack: &'a Stack,
    owner: Person,
    id: String,
    key: String,
}

impl<'a> Asset<'a> {
    async fn ready(stack: &'a Stack, key: &str, film: &Path) -> Self {
        // No other run has uploaded this one, added to it, or removed it.
        let key = format!("{}/{}/{key}", stack.description.owner, std::process::id());
        let (request, document) = stack.transcode(&key, film).await.unwrap();
        assert_eq!(document.state, JobState::Ready, "{:?}", document.error);
        Self {
            stack,
            owner: stack.user().unwrap(),
            id: request.asset.to_string(),
            key,
        }
    }

    fn path(&self, rest: &str) -> String {
        format!("/api/assets/{}/{rest}", self.id)
    }

    async fn add(&self, caption: &str, media_type: &str, text: &str) -> Answer {
        let path = self.path(&format!("captions/{caption}"));
        let address = self.owner.address(&path);
        let token = format!("Bearer {}", self.owner.token());
        let headers = [("authorization", &*token), ("content-type", media_type)];
        let body = Bytes::copy_from_slice(text.as_bytes());
        let added = self.owner.send("PUT", &address, &headers, body).await;
        added.unwrap()
    }

    async fn playback(&self) -> Result<Value> {
        let answer = self.owner.ask("POST", &self.path("playback")).await?;
        answer.with_status(200)
    }

    /// Waits until all captions are in the stream; gives the names of both manifests.
    async fn delivered(&self) -> (String, String) {
        eventually("the captions in the stream", async || {
            let listed = self.owner.ask("GET", &self.path("captions")).await?;
            let listed = listed.with_status(200)?;
            let mut all = listed["captions"].as_array().into_iter().flatten();
            Ok(all.all(|caption| caption["playable"] == true).then_some(()))
        })
        .await
        .unwrap();
        let playback = self.playback().await.unwrap();
        let name = |of: &str| {
            let path = playback[of].as_str().unwrap();
            path.rsplit('/').next().unwrap().to_owned()
        };
        (name("hls"), name("dash"))
    }

    /// The stream, with the two manifests under the names that judges look for.
    async fn stream(&self) -> TempDir {
        let (hls, dash) = self.delivered().await;
        let playback = self.playback().await.unwrap();
        let path = playback["hls"].as_str().unwrap().trim_start_matches('/');
        let (folder, _) = path.rsplit_once('/').unwrap();
        let out = TempDir::new().unwrap();
        let folder = format!("{folder}/");
        let fetched = self.stack.client.fetch(&folder, out.path()).await;
        fetched.unwrap();
        for (captioned, plain) in [(hls, "index.m3u8"), (dash, "manifest.mpd")] {
            fs::copy(out.path().join(captioned), out.path().join(plain)).unwrap();
        }
        out
    }

    /// Keys of the asset in the media bucket that have a part.
    async fn keys_with(&self, part: &str) -> Result<Vec<String>> {
        let asset = AssetId::new(&*self.id)?;
        let media = &self.stack.client.names().media;
        let objects = self.stack.client.objects();
        let listed = objects.list(media, &media_prefix(&asset)).await?;
        let keys = listed.iter().map(|entry| entry.key.to_string());
        Ok(keys.filter(|key| key.contains(part)).collect())
    }
}

/// Players of both manifests find exactly these captions.
fn assert_seen(stream: &Path, expected: &[Expected<'_>]) {
    for (engine, manifest) in [
        ("hlsjs", "index.m3u8"),
        ("shaka-hls", "index.m3u8"),
        ("shaka-dash", "manifest.mpd"),
    ] {
        judges::captions(stream, manifest, engine, expected).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn captions_come_to_a_stream_that_plays_and_go_again() {
    let stack = Stack::connect().await.unwrap();
    let clips = TempDir::new().unwrap();
    let film = clips::make(CLOSED_GOP, clips.path()).unwrap();
    let asset = Asset::ready(&stack, "closed.mp4", &film).await;
    assert_eq!(asset.delivered().await.0, "index.m3u8", "no captions yet");
    let segments = asset.keys_with(".m4s").await.unwrap();

    // Two at once: none overwrites the other.
    let (german, english) = tokio::join!(
        asset.add("de", "application/x-subrip", SUBRIP),
        asset.add("en-gb?kind=captions&name=English", "text/vtt", WEBVTT),
    );
    german.with_status(200).unwrap();
    english.with_status(200).unwrap();
    let stream = asset.stream().await;
    judges::rules(stream.path()).unwrap();
    judges::mpd_schema(stream.path()).unwrap();
    assert_seen(stream.path(), &[subrip("de"), webvtt("en-GB")]);
    for engine in ["hlsjs", "shaka-dash"] {
        judges::plays(stream.path(), engine).unwrap();
    }

    // Another text in place of one, and the other dropped.
    let again = SUBRIP.replace("over three segments", "anderswo");
    let replaced = asset.add("de", "application/x-subrip", &again).await;
    replaced.with_status(200).unwrap();
    let dropped = asset.path("captions/en-GB?kind=captions");
    let dropped = asset.owner.ask("DELETE", &dropped).await.unwrap();
    assert_eq!(dropped.status, 204);
    let stream = asset.stream().await;
    let mut other = subrip("de");
    other.cues[1].2 = "anderswo";
    assert_seen(stream.path(), &[other]);
    eventually("what nobody wants to go", async || {
        Ok((asset.keys_with("/captions/").await?.len() == 1).then_some(()))
    })
    .await
    .unwrap();
    let now = asset.keys_with(".m4s").await.unwrap();
    assert_eq!(now, segments, "nothing was encoded again");
    let wrong = asset.add("fr", "text/vtt", "hello").await;
    assert_eq!(wrong.with_status(400).unwrap()["code"], "CaptionInvalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn captions_stay_when_the_film_is_uploaded_again_and_go_with_the_asset() {
    let stack = Stack::connect().await.unwrap();
    let clips = TempDir::new().unwrap();
    let film = clips::make(SMALL, clips.path()).unwrap();
    let asset = Asset::ready(&stack, "small.mp4", &film).await;
    let added = asset.add("de", "application/x-subrip", SUBRIP).await;
    added.with_status(200).unwrap();
    assert_eq!(asset.delivered().await.0, "index-1.m3u8");
    let first = asset.playback().await.unwrap()["hls"].clone();

    let other = clips::make_from(
        "other.mp4",
        &SMALL.arguments.replace("seed=1", "seed=2"),
        clips.path(),
    );
    let key = ObjectKey::new(&*asset.key);
    let request = stack.client.upload(key, &other.unwrap()).await.unwrap();
    stack.ended(&request).await.unwrap();
    let second = eventually("captions of the second job", async || {
        let playback = asset.playback().await?;
        let is_new = playback["job"] == request.job.as_str();
        let hls = playback["hls"].as_str().context("no playlist")?;
        Ok((is_new && hls.ends_with("/index-1.m3u8")).then(|| hls.to_owned()))
    });
    assert_ne!(
        first,
        *second.await.unwrap(),
        "each job has manifests of its own"
    );

    let path = format!("/api/assets/{}", asset.id);
    assert_eq!(asset.owner.ask("DELETE", &path).await.unwrap().status, 202);
    eventually("the asset to go", async || {
        let shown = asset.owner.ask("GET", &path).await?;
        Ok((shown.status == 404).then_some(()))
    })
    .await
    .unwrap();
    assert!(
        asset.keys_with("").await.unwrap().is_empty(),
        "nothing is left"
    );
}

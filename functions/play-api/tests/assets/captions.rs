//! Captions, from their files to what playback names.

use api::ProblemCode;
use api::asset::Asset;
use api::caption::{Caption, CaptionKind, Captions};
use api::playback::Playback;
use axum::http::{Method, StatusCode};
use cloud::ports::{KeepLibrary, NoteCaptions, ReadObject};
use domain::layout::caption_key;
use domain::object::{BucketName, ObjectRef};
use serde_json::Value;
use testkit::http::Answer;

use crate::twins::{Service, service};

const VTT: &str = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nGuten Tag.\n";
const SRT: &str = "1\n00:00:01,000 --> 00:00:02,000\nGuten Tag.\n";

async fn add(service: &Service, path: &str, file: &str) -> Answer {
    service
        .put("ann", path, "text/vtt; charset=utf-8", file.as_bytes())
        .await
}

async fn list(service: &Service, asset: &str) -> Vec<Caption> {
    let path = format!("/api/assets/{asset}/captions");
    let listed: Captions = service.get("ann", &path).await.read();
    listed.captions
}

#[tokio::test]
async fn a_caption_is_added_listed_replaced_and_dropped() {
    let service = service();
    let asset = service.ready("ann", "a.mp4", 1).await.asset.to_string();
    let path = format!("/api/assets/{asset}/captions");
    let added = add(&service, &format!("{path}/DE?name=Deutsch"), VTT).await;
    assert_eq!(added.status, StatusCode::OK);
    let added: Caption = added.read();
    assert_eq!(
        (&*added.language, added.kind),
        ("de", CaptionKind::Subtitles)
    );
    assert_eq!(
        (added.name.as_deref(), added.playable),
        (Some("Deutsch"), false)
    );

    add(&service, &format!("{path}/de?kind=captions"), VTT).await;
    let english = format!("{path}/en-gb");
    let subrip = service.put("ann", &english, "application/x-subrip", SRT.as_bytes());
    assert_eq!(subrip.await.status, StatusCode::OK);
    let listed = list(&service, &asset).await;
    let names: Vec<_> = listed.iter().map(|c| (&*c.language, c.kind)).collect();
    assert_eq!(
        names,
        [
            ("de", CaptionKind::Subtitles),
            ("de", CaptionKind::Captions),
            ("en-GB", CaptionKind::Subtitles)
        ]
    );
    let shown: Asset = service
        .get("ann", &format!("/api/assets/{asset}"))
        .await
        .read();
    assert_eq!((shown.captions, shown.version), (listed, 4));

    let again = add(
        &service,
        &format!("{path}/de"),
        &VTT.replace("Tag", "Abend"),
    )
    .await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(list(&service, &asset).await.len(), 3);
    let drop = async || {
        service
            .ask("ann", Method::DELETE, &format!("{path}/de"), Value::Null)
            .await
    };
    assert_eq!(drop().await.status, StatusCode::NO_CONTENT);
    assert_eq!(drop().await.code(), ProblemCode::CaptionNotFound);
    assert_eq!(list(&service, &asset).await.len(), 2);
}

#[tokio::test]
async fn the_text_is_there_before_anybody_hears_of_it_and_the_same_again_is_no_change() {
    let service = service();
    let asset = service.ready("ann", "a.mp4", 1).await.asset;
    let path = format!("/api/assets/{asset}/captions/de");
    for file in [VTT, &VTT.replace('\n', "\r\n"), SRT] {
        add(&service, &path, file).await;
        let stored = service.documents.entry(&asset).await.unwrap().unwrap();
        assert_eq!((stored.version, stored.entry.captions.revision), (2, 1));
        let object = ObjectRef {
            bucket: BucketName::new("media"),
            key: caption_key(&asset, &stored.entry.captions.list[0].id),
        };
        assert_eq!(service.objects.read(&object).await.unwrap(), VTT);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_file_is_said() {
    let service = service();
    let asset = service.ready("ann", "a.mp4", 1).await.asset;
    let path = |rest: &str| format!("/api/assets/{asset}/captions/{rest}");
    let wrong = add(&service, &path("de"), "WEBVTT\n\n00:01 --> soon\nx\n").await;
    assert_eq!(wrong.code(), ProblemCode::CaptionInvalid);
    let problem: api::Problem = wrong.read();
    assert!(
        problem.detail.starts_with("line 3: `00:01 --> soon`"),
        "{problem}"
    );
    let large = format!("{VTT}\nNOTE {}", "x".repeat(2 * 1024 * 1024));
    for (path, media_type, file, code) in [
        (path("de"), "text/vtt", "", ProblemCode::CaptionInvalid),
        (
            path("de"),
            "text/vtt",
            &*large,
            ProblemCode::CaptionTooLarge,
        ),
        (
            path("de"),
            "text/html",
            VTT,
            ProblemCode::CaptionTypeUnsupported,
        ),
        (path("de_DE"), "text/vtt", VTT, ProblemCode::RequestInvalid),
        (
            path("de?kind=karaoke"),
            "text/vtt",
            VTT,
            ProblemCode::RequestInvalid,
        ),
        (
            path("de?name=%20"),
            "text/vtt",
            VTT,
            ProblemCode::RequestInvalid,
        ),
        (
            "/api/assets/none/captions/de".to_owned(),
            "text/vtt",
            VTT,
            ProblemCode::AssetNotFound,
        ),
    ] {
        let refused = service.put("ann", &path, media_type, file.as_bytes()).await;
        assert_eq!(refused.code(), code, "{path}");
    }
    let other = service
        .put("bob", &path("de"), "text/vtt", VTT.as_bytes())
        .await;
    assert_eq!(other.code(), ProblemCode::AssetNotFound, "only its owner");
    assert!(list(&service, asset.as_str()).await.is_empty());
}

#[tokio::test]
async fn there_are_at_most_fifty() {
    let service = service();
    let asset = service.ready("ann", "a.mp4", 1).await.asset;
    let path = |n: u8| {
        let letter = |n: u8| char::from(b'a' + n);
        format!(
            "/api/assets/{asset}/captions/{}{}",
            letter(n / 10),
            letter(n % 10)
        )
    };
    for n in 0..50 {
        assert_eq!(add(&service, &path(n), VTT).await.status, StatusCode::OK);
    }
    let refused = add(&service, &path(50), VTT).await;
    assert_eq!(refused.code(), ProblemCode::TooManyCaptions);
    let replaced = add(&service, &path(7), &VTT.replace("Tag", "Abend")).await;
    assert_eq!(replaced.status, StatusCode::OK);
}

#[tokio::test]
async fn of_many_at_once_all_hold() {
    let service = service();
    let asset = service.ready("ann", "a.mp4", 1).await.asset;
    let path = |language| format!("/api/assets/{asset}/captions/{language}");
    let (de, fr, it) = (path("de"), path("fr"), path("it"));
    let (one, two, three) = tokio::join!(
        add(&service, &de, VTT),
        add(&service, &fr, VTT),
        add(&service, &it, VTT)
    );
    for added in [one, two, three] {
        assert_eq!(added.status, StatusCode::OK);
    }
    assert_eq!(list(&service, asset.as_str()).await.len(), 3);
}

#[tokio::test]
async fn playback_names_the_newest_manifests_that_there_are() {
    let service = service();
    let record = service.ready("ann", "a.mp4", 1).await;
    let asset = &record.asset;
    let playback = async || -> Playback {
        service
            .post("ann", &format!("/api/assets/{asset}/playback"))
            .await
            .read()
    };
    let path = format!("/api/assets/{asset}/captions/de");
    add(&service, &path, VTT).await;
    assert!(
        playback().await.hls.ends_with("/index.m3u8"),
        "not made yet"
    );
    assert!(!list(&service, asset.as_str()).await[0].playable);
    service
        .documents
        .note_captions(asset, &record.job, 1)
        .await
        .unwrap();
    let captioned = playback().await;
    assert!(
        captioned.hls.ends_with("/index-1.m3u8"),
        "{}",
        captioned.hls
    );
    assert!(
        captioned.dash.ends_with("/manifest-1.mpd"),
        "{}",
        captioned.dash
    );
    assert!(list(&service, asset.as_str()).await[0].playable);

    add(&service, &path, &VTT.replace("Tag", "Abend")).await;
    assert!(
        playback().await.hls.ends_with("/index-1.m3u8"),
        "the newest that is made"
    );
    service.ask("ann", Method::DELETE, &path, Value::Null).await;
    assert!(
        playback().await.hls.ends_with("/index.m3u8"),
        "nothing to show is shown at once"
    );
}

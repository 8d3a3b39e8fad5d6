//! play-api against twins of the cloud, asked as a client asks.
#![cfg(test)]

mod captions;
mod twins;

use api::asset::{Asset, AssetState, Assets, Kind, Stage, Visibility};
use api::playback::Playback;
use api::{ProblemCode, Settings};
use axum::http::{Method, StatusCode, header};
use cloud::Content;
use cloud::JobOutcome;
use cloud::lease::now_ms;
use cloud::ports::{KeepJob, WriteObject};
use domain::ErrorCode;
use domain::job::{JobRecord, Published};
use domain::layout::WorkFolder;
use domain::object::{BucketName, ObjectKey, ObjectRef};
use domain::result::{Picture, SegmentResult, Usage};
use serde_json::{Value, json};

use twins::{published, service};

#[tokio::test]
async fn an_owner_sees_what_is_hers_the_newest_first() {
    let service = service();
    service.ready("ann", "old.mp4", 1).await;
    service.failed("ann", "notes.txt", 2).await;
    service.upload("ann", "new.mp4", 3).await;
    service.ready("bob", "other.mp4", 4).await;
    let titles = service.names("ann", "").await;
    assert_eq!(titles, ["new", "notes", "old"]);
    assert_eq!(service.names("bob", "").await, ["other"]);
    assert!(service.names("cat", "").await.is_empty());
    let nobody = service.get("", "/api/assets").await;
    assert_eq!(nobody.code(), ProblemCode::Unauthorized);
}

#[tokio::test]
async fn an_asset_says_where_it_stands() {
    let service = service();
    let ready = service.ready("ann", "a.mp4", 1).await;
    let failed = service.failed("ann", "b.txt", 2).await;
    let running = service.upload("ann", "c.mp4", 3).await;
    let show = async |asset| -> Asset {
        service
            .get("ann", &format!("/api/assets/{asset}"))
            .await
            .read()
    };

    let shown = show(ready.asset).await;
    assert_eq!(
        (shown.state, shown.playable, shown.kind),
        (AssetState::Ready, true, Some(Kind::Video))
    );
    assert_eq!((shown.duration_ms, shown.height), (Some(5001), Some(720)));
    assert_eq!(shown.renditions.len(), 3);
    assert_eq!(shown.cost.unwrap().stages_ms, 7);

    let shown = show(failed.asset).await;
    assert_eq!((shown.state, shown.playable), (AssetState::Failed, false));
    let error = shown.error.unwrap();
    assert_eq!(error.code, ErrorCode::SourceNotMedia);
    assert_eq!(error.advice, ErrorCode::SourceNotMedia.advice());

    let shown = show(running.asset).await;
    assert_eq!(shown.state, AssetState::Processing);
    assert_eq!(shown.progress.unwrap().stage, Stage::Segment);
}

#[tokio::test]
async fn what_did_not_change_has_the_same_tag() {
    let service = service();
    let record = service.upload("ann", "a.mp4", 1).await;
    let with_poster = Published {
        poster: Some(Picture {
            path: "thumbs/poster.jpg".to_owned(),
            width: 2,
            height: 2,
        }),
        ..published(&record)
    };
    let stream = JobOutcome::Ready(Box::new(with_poster));
    service.end(&record.job, stream).await.unwrap();
    for path in [
        "/api/assets".to_owned(),
        format!("/api/assets/{}", record.asset),
    ] {
        let (first, second) = (
            service.get("ann", &path).await,
            service.get("ann", &path).await,
        );
        assert_ne!(first.body, second.body, "the poster is signed anew");
        assert_eq!(first.headers[header::ETAG], second.headers[header::ETAG]);
        let own = format!("/api/assets/{}", record.asset);
        let change = json!({"title": format!("for {path}")});
        service.ask("ann", Method::PATCH, &own, change).await;
        let third = service.get("ann", &path).await;
        assert_ne!(first.headers[header::ETAG], third.headers[header::ETAG]);
    }
}

#[tokio::test]
async fn progress_is_counted() {
    let service = service();
    let record = service.upload("ann", "c.mp4", 3).await;
    let folder = WorkFolder(&record.job);
    let write = async |key: ObjectKey, body: Value| {
        let object = ObjectRef {
            bucket: BucketName::new("work"),
            key,
        };
        let body = body.to_string().into();
        service
            .objects
            .write(&object, body, Content::Json)
            .await
            .unwrap();
    };
    let planned = SegmentResult {
        video_chunks: 4,
        audio_chunks: 1,
        usage: Usage {
            started_ms: now_ms() - 60_000,
            ..Usage::default()
        },
    };
    write(
        folder.segment_result(),
        serde_json::to_value(&planned).unwrap(),
    )
    .await;
    write(folder.video_result(2), json!({})).await;
    write(folder.audio_result(1), json!({})).await;
    let path = format!("/api/assets/{}", record.asset);
    let shown: Asset = service.get("ann", &path).await.read();
    let progress = shown.progress.unwrap();
    assert_eq!((progress.video_done, progress.video_planned), (1, 4));
    assert_eq!((progress.audio_done, progress.audio_planned), (1, 1));
    assert_eq!((progress.stage, progress.percent), (Stage::Encode, 26));
    let left = progress.remaining_ms.unwrap();
    assert!((180_000..=190_000).contains(&left), "{left}");
}

#[tokio::test]
async fn words_tags_and_states_find_assets() {
    let service = service();
    let beach = service.ready("ann", "Beach 2026.mp4", 1).await;
    service.ready("ann", "city.mp4", 2).await;
    service.failed("ann", "beach-notes.txt", 3).await;
    let path = format!("/api/assets/{}", beach.asset);
    let tags = json!({"tags": ["Summer"]});
    service.ask("ann", Method::PATCH, &path, tags).await;
    assert_eq!(
        service.names("ann", "?q=BEACH").await,
        ["beach-notes", "Beach 2026"]
    );
    assert_eq!(
        service.names("ann", "?q=beach+summer").await,
        ["Beach 2026"]
    );
    assert_eq!(service.names("ann", "?tag=Summer").await, ["Beach 2026"]);
    assert_eq!(service.names("ann", "?state=failed").await, ["beach-notes"]);
    assert_eq!(
        service.names("ann", "?q=beach&state=ready").await,
        ["Beach 2026"]
    );
    let wrong = service.get("ann", "/api/assets?state=gone").await;
    assert_eq!(wrong.code(), ProblemCode::RequestInvalid);
}

#[tokio::test]
async fn pages_have_every_asset_once() {
    let service = service();
    for n in 1..=150 {
        let name = if n % 3 == 0 {
            format!("third-{n}")
        } else {
            format!("f-{n}")
        };
        service.upload("ann", &name, n).await;
    }
    let mut titles = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/api/assets?q=third&limit=7{cursor}");
        let page: Assets = service.get("ann", &path).await.read();
        assert!(page.assets.len() <= 7);
        titles.extend(page.assets.into_iter().map(|asset| asset.title));
        match page.next {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let expected: Vec<_> = (1..=50).rev().map(|n| format!("third-{}", 3 * n)).collect();
    assert_eq!(titles, expected);
}

#[tokio::test]
async fn another_owners_asset_is_not_there() {
    let service = service();
    let record = service.failed("ann", "a.mp4", 1).await;
    let path = format!("/api/assets/{}", record.asset);
    for (method, path, body) in [
        (Method::GET, path.clone(), Value::Null),
        (Method::PATCH, path.clone(), json!({"title": "mine"})),
        (Method::POST, format!("{path}/retry"), Value::Null),
        (Method::POST, format!("{path}/playback"), Value::Null),
        (
            Method::GET,
            "/api/assets/no such id".replace(' ', "%20"),
            Value::Null,
        ),
    ] {
        let answer = service.ask("bob", method, &path, body).await;
        assert_eq!(answer.code(), ProblemCode::AssetNotFound, "{path}");
    }
    assert!(service.executions.started().is_empty());
}

#[tokio::test]
async fn an_owner_changes_the_version_that_she_saw() {
    let service = service();
    let record = service.ready("ann", "a.mp4", 1).await;
    let path = format!("/api/assets/{}", record.asset);
    let change = |title: &str| json!({"title": title, "visibility": "unlisted"});
    let method = Method::PATCH;
    let first = service
        .ask_with("ann", method.clone(), &path, change("one"), Some("\"v1\""))
        .await;
    let shown: Asset = first.read();
    assert_eq!(
        (&*shown.title, shown.visibility, shown.version),
        ("one", Visibility::Unlisted, 2)
    );
    assert_eq!(shown.state, AssetState::Ready);
    let late = service
        .ask_with("ann", method.clone(), &path, change("two"), Some("\"v1\""))
        .await;
    assert_eq!(late.code(), ProblemCode::PreconditionFailed);
    let any = service
        .ask("ann", method.clone(), &path, change("three"))
        .await;
    assert_eq!(any.read::<Asset>().title, "three");
    for wrong in [
        json!({"title": ""}),
        json!({"owner": "bob"}),
        json!({"visibility": "all"}),
    ] {
        let wrong = service.ask("ann", method.clone(), &path, wrong).await;
        assert_eq!(wrong.code(), ProblemCode::RequestInvalid);
    }
}

#[tokio::test]
async fn a_failed_asset_is_tried_again_once() {
    let service = service();
    let record = service.failed("ann", "a.mp4", 1).await;
    let path = format!("/api/assets/{}/retry", record.asset);
    let answer = service.post("ann", &path).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(answer.read::<Asset>().state, AssetState::Processing);
    assert_eq!(service.executions.started().len(), 1);
    assert_eq!(
        service.post("ann", &path).await.code(),
        ProblemCode::RetryRefused
    );
    let ready = service.ready("ann", "b.mp4", 1).await;
    let path = format!("/api/assets/{}/retry", ready.asset);
    assert_eq!(
        service.post("ann", &path).await.code(),
        ProblemCode::RetryRefused
    );
}

#[tokio::test]
async fn what_its_owner_gives_up_is_gone_for_all() {
    let service = service();
    let ready = service.ready("ann", "a.mp4", 1).await;
    let running = service.upload("ann", "b.mp4", 2).await;
    for record in [&ready, &running] {
        let path = format!("/api/assets/{}", record.asset);
        let change = json!({"visibility": "public"});
        service.ask("ann", Method::PATCH, &path, change).await;
        for _ in 0..2 {
            let answer = service.ask("ann", Method::DELETE, &path, Value::Null).await;
            assert_eq!(answer.status, StatusCode::ACCEPTED);
            assert_eq!(answer.read::<Asset>().state, AssetState::Deleting);
        }
        for (method, path) in [
            (Method::POST, format!("{path}/playback")),
            (Method::POST, format!("{path}/retry")),
            (Method::GET, format!("/api/public/assets/{}", record.asset)),
        ] {
            let answer = service.ask("ann", method, &path, Value::Null).await;
            assert_eq!(answer.code(), ProblemCode::AssetNotFound, "{path}");
        }
    }
    let started = service.executions.started();
    let inputs: Vec<_> = started.iter().map(|(_, input)| input.clone()).collect();
    let removal = |record: &JobRecord| json!({"remove": {"asset": record.asset}});
    assert_eq!(inputs, [removal(&ready), removal(&running)], "one for each");
    let job = service.documents.load(&running.job).await.unwrap().unwrap();
    assert!(job.lease.cancelled, "its job is told to stop");
}

#[tokio::test]
async fn only_what_is_ready_is_handed_out() {
    let service = service();
    let record = service.ready("ann", "a.mp4", 1).await;
    let answer = service
        .post("ann", &format!("/api/assets/{}/playback", record.asset))
        .await;
    let playback: Playback = answer.read();
    let folder = format!("/assets/{}/{}/", record.asset, record.job);
    assert_eq!(playback.hls, format!("{folder}index.m3u8"));
    assert_eq!(playback.dash, format!("{folder}manifest.mpd"));
    assert!(playback.expires_at.0 > now_ms() + 3_600_000);
    let cookies: Vec<_> = answer.headers.get_all(header::SET_COOKIE).iter().collect();
    assert_eq!(cookies.len(), 4);
    for (cookie, sent) in playback.cookies.iter().zip(cookies) {
        let sent = sent.to_str().unwrap();
        assert!(sent.starts_with(&format!("{}={};", cookie.name, cookie.value)));
        assert!(
            sent.contains(&format!("Path={folder};")),
            "for this stream alone: {sent}"
        );
        assert!(
            sent.contains("HttpOnly") && sent.contains("Secure"),
            "{sent}"
        );
        assert!(
            cookie.name == "CloudFront-Hash-Algorithm" || playback.query.contains(&cookie.value)
        );
    }
    for unready in [
        service.upload("ann", "b.mp4", 1).await,
        service.failed("ann", "c.mp4", 1).await,
    ] {
        let path = format!("/api/assets/{}/playback", unready.asset);
        assert_eq!(
            service.post("ann", &path).await.code(),
            ProblemCode::AssetNotReady
        );
    }
}

#[tokio::test]
async fn others_see_what_its_owner_opened_to_them() {
    let service = service();
    let record = service.ready("ann", "a.mp4", 1).await;
    let own = format!("/api/assets/{}", record.asset);
    let open = format!("/api/public/assets/{}", record.asset);
    for (visibility, listed, shown) in [
        ("private", 0, false),
        ("unlisted", 0, true),
        ("public", 1, true),
    ] {
        let change = json!({"visibility": visibility});
        service.ask("ann", Method::PATCH, &own, change).await;
        let list: Assets = service.get("", "/api/public/assets").await.read();
        assert_eq!(list.assets.len(), listed, "{visibility}");
        for answer in [
            service.get("", &open).await,
            service.post("", &format!("{open}/playback")).await,
        ] {
            assert_eq!(answer.status == StatusCode::OK, shown, "{visibility}");
            assert!(shown || answer.code() == ProblemCode::AssetNotFound);
        }
    }
    for (words, found) in [("a", 1), ("mp4", 0)] {
        let path = format!("/api/public/assets?q={words}");
        let list: Assets = service.get("", &path).await.read();
        assert_eq!(list.assets.len(), found, "the file's name is not searched");
    }
    let asset: Asset = service.get("", &open).await.read();
    assert_eq!((&*asset.file, asset.job, asset.cost), ("", None, None));
    let unready = service.upload("ann", "b.mp4", 1).await;
    let own = format!("/api/assets/{}", unready.asset);
    service
        .ask("ann", Method::PATCH, &own, json!({"visibility": "public"}))
        .await;
    let list: Assets = service.get("", "/api/public/assets").await.read();
    assert_eq!(list.assets.len(), 1, "what does not play is not shown");
}

#[tokio::test]
async fn a_client_learns_how_to_sign_in_before_it_has_a_token() {
    let service = service();
    let settings: Settings = service.get("", "/api/config").await.read();
    assert_eq!(settings.client_id, "page");
    let document: Value = service.get("", "/api/openapi.json").await.read();
    assert!(document.is_object());
}

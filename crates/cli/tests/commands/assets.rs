//! `ls`, `show`, `watch`, `play`, `set`, `retry` and `rm`.

use api::asset::{Asset, AssetState, Progress, Stage};

use crate::program::Person;
use crate::server::Answer;
use crate::stack::{SIGNATURE, Stack, asset};

async fn with_assets() -> (Stack, Person) {
    let stack = Stack::start().await;
    let person = Person::signed_in(&stack.origin);
    for (id, title, state) in [
        ("a1", "Sea", AssetState::Ready),
        ("a2", "Sand\x1b[2J", AssetState::Failed),
        ("a3", "Sun", AssetState::Processing),
    ] {
        stack.add(asset(id, title, state));
    }
    (stack, person)
}

#[tokio::test]
async fn assets_are_listed_page_by_page() {
    let (_stack, person) = with_assets().await;
    let said = person.run(&["ls"]).await;
    assert_eq!(said.output.lines().count(), 1);
    assert!(said.errors.contains("--all"), "{said:?}");
    let said = person.run(&["ls", "--all", "--json"]).await;
    let document = said.document();
    let titles: Vec<&str> = document["assets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|asset| asset["title"].as_str().unwrap())
        .collect();
    assert_eq!(titles, ["Sea", "Sand\x1b[2J", "Sun"]);
    assert_eq!(person.run(&["ls", "Sea"]).await.output.lines().count(), 1);
    assert!(!person.run(&["ls", "Sand"]).await.output.contains('\x1b'));
}

#[tokio::test]
async fn one_asset_is_shown_with_its_failure_and_what_to_do() {
    let (_stack, person) = with_assets().await;
    let said = person.run(&["show", "a2"]).await;
    assert_eq!(said.code, 0, "{said:?}");
    for words in [
        "failed (SourceNotMedia)",
        "no demuxer knows it",
        "upload a video",
    ] {
        assert!(said.output.contains(words), "{said:?}");
    }
    let document = person.run(&["show", "a1", "--json"]).await.document();
    assert_eq!(document["state"], "ready");
}

#[tokio::test]
async fn what_is_not_there_has_an_exit_code_of_its_own() {
    let (_stack, person) = with_assets().await;
    for arguments in [
        &["show", "a9"][..],
        &["watch", "a9"],
        &["play", "a9"],
        &["get", "a9"],
        &["retry", "a9"],
        &["rm", "a9", "--yes"],
        &["set", "a9", "--title", "x"],
        &["show", "../a1"],
    ] {
        let said = person.run(arguments).await;
        assert_eq!(said.code, 4, "{arguments:?}: {said:?}");
    }
    let error = person.run(&["show", "a9", "--json"]).await.document();
    assert_eq!(error["error"]["code"], "AssetNotFound");
    assert_eq!(error["error"]["message"], "there is no asset a9");
    assert_eq!(error["error"]["advice"], "look at the list of assets");
}

#[tokio::test]
async fn an_asset_is_watched_until_it_is_ready() {
    let (stack, person) = with_assets().await;
    let progress = |percent| Progress {
        stage: Stage::Encode,
        video_done: 1,
        video_planned: 4,
        audio_done: 0,
        audio_planned: 1,
        percent,
        remaining_ms: None,
    };
    let working = Asset {
        progress: Some(progress(25)),
        ..asset("a3", "Sun", AssetState::Processing)
    };
    let states = vec![working, asset("a3", "Sun", AssetState::Ready)];
    stack.inner().coming.insert("a3".into(), states.clone());
    let said = person.run(&["watch", "a3", "--json"]).await;
    assert_eq!(said.code, 0, "{said:?}");
    let documents = said.documents();
    assert_eq!(documents.len(), 2);
    assert_eq!(documents[0]["progress"]["percent"], 25);
    assert_eq!(documents[1]["state"], "ready");

    stack.inner().coming.insert("a3".into(), states);
    let said = person.run(&["watch", "a3"]).await;
    assert!(said.errors.contains("Sun: encode 25 %"), "{said:?}");
    assert!(said.output.contains("ready"), "{said:?}");
}

#[tokio::test]
async fn of_many_the_gravest_end_is_told() {
    let (_stack, person) = with_assets().await;
    let said = person.run(&["watch", "a1", "a2", "a9"]).await;
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.errors.contains("2 of 3 did not work"), "{said:?}");
    assert!(said.output.starts_with("a1 "), "{said:?}");
}

#[tokio::test]
async fn a_stream_has_a_signed_address() {
    let (stack, person) = with_assets().await;
    let address = format!("{}/assets/a1/j1/index.m3u8?{SIGNATURE}", stack.origin);
    let said = person.run(&["play", "a1"]).await;
    assert_eq!(said.output.trim_end(), address);
    let document = person.run(&["play", "a1", "--json"]).await.document();
    assert_eq!(document["hls"], address);
    assert_eq!(document["cookies"][0]["name"], "CloudFront-Policy");
    let said = person.run(&["play", "a3"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.errors.contains("wait until it is ready"), "{said:?}");
    let said = person.run(&["play", "a1", "--open"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.errors.contains("install mpv"), "{said:?}");
}

#[tokio::test]
async fn a_player_gets_the_cookies() {
    let (stack, mut person) = with_assets().await;
    let player = person.home().join("mpv");
    std::fs::write(&player, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&player, mode).unwrap();
    let path = format!("{}:/usr/bin:/bin", person.home().display());
    person.set("PATH", path);
    let said = person.run(&["play", "a1", "--open"]).await;
    let expected = format!(
        "--http-header-fields=Cookie: CloudFront-Policy=p\n{}/assets/a1/j1/index.m3u8\n",
        stack.origin
    );
    assert_eq!((said.code, said.output), (0, expected));
}

#[tokio::test]
async fn title_tags_and_visibility_are_changed() {
    let (stack, person) = with_assets().await;
    let arguments = [
        "set",
        "a1",
        "--title",
        "Lake",
        "--tag",
        "x",
        "--tag",
        "y",
        "--visibility",
        "unlisted",
    ];
    assert_eq!(person.run(&arguments).await.code, 0);
    let document = person.run(&["show", "a1", "--json"]).await.document();
    assert_eq!(document["title"], "Lake");
    assert_eq!(document["tags"], serde_json::json!(["x", "y"]));
    assert_eq!(document["visibility"], "unlisted");
    assert_eq!(person.run(&["set", "a1", "--no-tags"]).await.code, 0);
    assert!(stack.inner().assets["a1"].tags.is_empty());
    assert_eq!(person.run(&["set", "a1"]).await.code, 1);
}

#[tokio::test]
async fn only_what_failed_is_tried_again() {
    let (stack, person) = with_assets().await;
    let said = person.run(&["retry", "a2", "a1"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.errors.contains("a1: nothing failed"), "{said:?}");
    assert_eq!(stack.inner().assets["a2"].state, AssetState::Processing);
}

#[tokio::test]
async fn nothing_is_removed_without_a_yes() {
    let (stack, person) = with_assets().await;
    let said = person.run(&["rm", "a1"]).await;
    assert_eq!(said.code, 1);
    assert!(said.errors.contains("--yes"), "{said:?}");
    assert!(stack.inner().log.is_empty());
    let said = person.run(&["rm", "a1", "a2", "--yes"]).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(stack.inner().assets["a1"].state, AssetState::Deleting);
    let said = person.run(&["watch", "a1"]).await;
    assert_eq!(said.code, 4, "{said:?}");
}

#[tokio::test]
async fn a_passing_fault_is_waited_for_and_a_lasting_one_told() {
    let (stack, person) = with_assets().await;
    let busy = Answer::new(503, r#"{"message":"Service Unavailable"}"#);
    stack.fail("GET /api/assets/a1", 2, busy);
    assert_eq!(person.run(&["show", "a1"]).await.code, 0);
    assert_eq!(stack.count("GET /api/assets/a1"), 3);
    stack.fail("GET /api/assets/a1", 9, Answer::new(500, "broken"));
    let said = person.run(&["show", "a1", "--json"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert_eq!(said.document()["error"]["code"], "AnswerUnexpected");
    stack.heal();
    stack.fail("GET /api/assets/a1", 1, Answer::new(200, "<html>"));
    assert_eq!(person.run(&["show", "a1"]).await.code, 1);
}

//! `get`.

use std::path::Path;

use api::asset::AssetState;

use crate::program::Person;
use crate::server::Answer;
use crate::stack::{Stack, asset};

/// A stream as the pipeline publishes it, in small.
const STREAM: [(&str, &str); 12] = [
    (
        "index.m3u8",
        "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,URI=\"a/und-128k/index.m3u8\"\n#EXT-X-STREAM-INF:X=1\n\
         v/720p/index.m3u8\n#EXT-X-I-FRAME-STREAM-INF:URI=\"v/720p/iframes.m3u8\"\n",
    ),
    ("manifest.mpd", "<MPD/>"),
    (
        "v/720p/index.m3u8",
        "#EXT-X-MAP:URI=\"init.mp4\"\n#EXTINF:6,\n00001.m4s\n",
    ),
    (
        "v/720p/iframes.m3u8",
        "#EXT-X-MAP:URI=\"init.mp4\"\n#EXT-X-BYTERANGE:1@1\n00001.m4s\n",
    ),
    ("v/720p/init.mp4", "init"),
    ("v/720p/00001.m4s", "segment of picture"),
    (
        "a/und-128k/index.m3u8",
        "#EXT-X-MAP:URI=\"init.mp4\"\n#EXTINF:6,\n00001.m4s\n",
    ),
    ("a/und-128k/init.mp4", "init of sound"),
    ("a/und-128k/00001.m4s", "segment of sound"),
    ("thumbs/poster.jpg", "poster"),
    (
        "thumbs/storyboard.vtt",
        "WEBVTT\n\n0 --> 1\nstoryboard-001.jpg#xywh=0,0,1,1\n",
    ),
    ("thumbs/storyboard-001.jpg", "sheet"),
];

async fn published() -> (Stack, Person) {
    let stack = Stack::start().await;
    stack.add(asset("a1", "Sea", AssetState::Ready));
    for (path, text) in STREAM {
        put(&stack, path, text);
    }
    let person = Person::signed_in(&stack.origin);
    (stack, person)
}

fn put(stack: &Stack, path: &str, text: &str) {
    let path = format!("/assets/a1/j1/{path}");
    stack.inner().media.insert(path, text.as_bytes().to_vec());
}

fn assert_is_whole(folder: &Path) {
    for (path, text) in STREAM {
        assert_eq!(
            std::fs::read_to_string(folder.join(path)).unwrap(),
            text,
            "{path}"
        );
    }
}

#[tokio::test]
async fn all_that_playlists_name_is_copied_once() {
    let (stack, person) = published().await;
    let said = person.run(&["get", "a1", "--out", "copy", "--json"]).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert_is_whole(&person.home().join("copy"));
    let document = said.document();
    assert_eq!(document["files"], STREAM.len());
    let bytes: usize = STREAM.iter().map(|(_, text)| text.len()).sum();
    assert_eq!(document["bytes"], bytes);
    assert_eq!(stack.count("GET /assets/"), STREAM.len());
}

#[tokio::test]
async fn a_file_that_broke_off_is_fetched_again() {
    let (stack, person) = published().await;
    let short = Answer {
        withheld: 10,
        ..Answer::new(200, "segm")
    };
    stack.fail("GET /assets/a1/j1/v/720p/00001.m4s", 1, short.clone());
    let said = person.run(&["get", "a1"]).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(said.output, "a1/index.m3u8\n");
    assert_is_whole(&person.home().join("a1"));

    stack.fail("GET /assets/a1/j1/v/720p/00001.m4s", 9, short);
    let said = person.run(&["get", "a1", "--out", "other"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(!person.home().join("other/v/720p/00001.m4s").exists());
}

#[tokio::test]
async fn a_copy_goes_on_and_mends_what_has_another_length() {
    let (_stack, person) = published().await;
    assert_eq!(person.run(&["get", "a1"]).await.code, 0);
    let folder = person.home().join("a1");
    let segment = folder.join("v/720p/00001.m4s");
    std::fs::write(&segment, "damaged").unwrap();
    std::fs::remove_file(folder.join("manifest.mpd")).unwrap();
    let kept = std::fs::metadata(folder.join("thumbs/poster.jpg"))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!(person.run(&["get", "a1"]).await.code, 0);
    assert_is_whole(&folder);
    let after = std::fs::metadata(folder.join("thumbs/poster.jpg"))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!(kept, after);
}

#[tokio::test]
async fn a_stream_cannot_write_outside_of_its_folder() {
    let (stack, person) = published().await;
    put(&stack, "index.m3u8", "#EXTM3U\n../../escaped.m3u8\n");
    let said = person.run(&["get", "a1", "--out", "in/here"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.errors.contains("../../escaped.m3u8"), "{said:?}");
    assert!(!person.home().join("escaped.m3u8").exists());
}

#[tokio::test]
async fn two_streams_do_not_mix_in_one_folder() {
    let (stack, person) = published().await;
    stack.add(asset("a2", "Sand", AssetState::Ready));
    assert_eq!(person.run(&["get", "a1", "--out", "copy"]).await.code, 0);
    let said = person.run(&["get", "a2", "--out", "copy"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(
        said.errors.contains("copy has another stream in it"),
        "{said:?}"
    );
    assert_is_whole(&person.home().join("copy"));
}

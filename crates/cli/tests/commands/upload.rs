//! `upload`.

use std::path::PathBuf;
use std::time::Duration;

use api::asset::{AssetState, Visibility};

use crate::program::Person;
use crate::server::Answer;
use crate::stack::{PART, Stack, asset};

/// Bytes that differ everywhere, so that no part can stand for another.
fn bytes(length: u64) -> Vec<u8> {
    let words = (0..=length / 8)
        .flat_map(|number| (number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_le_bytes());
    words.take(usize::try_from(length).unwrap()).collect()
}

/// A film of three parts, the last one short.
fn film(person: &Person) -> (PathBuf, Vec<u8>) {
    let path = person.home().join("film.mp4");
    let content = bytes(2 * PART + 77);
    std::fs::write(&path, &content).unwrap();
    (path, content)
}

/// What storage has of an upload, joined.
fn joined(stack: &Stack, upload: &str) -> Vec<u8> {
    let inner = stack.inner();
    let parts = inner.parts.iter().filter(|((owner, _), _)| owner == upload);
    parts.flat_map(|(_, part)| part.clone()).collect()
}

#[tokio::test]
async fn a_file_arrives_whole_with_what_is_said_about_it() {
    let stack = Stack::start().await;
    let person = Person::signed_in(&stack.origin);
    let (_, content) = film(&person);
    let said = person
        .run(&[
            "upload", "film.mp4", "--title", "My film", "--tag", "sea", "--public", "--json",
        ])
        .await;
    assert_eq!(said.code, 0, "{said:?}");
    let document = said.document();
    assert_eq!(document["path"], "film.mp4");
    assert_eq!(
        (&document["asset"], &document["job"]),
        (&"a1".into(), &"j1".into())
    );
    assert_eq!(joined(&stack, "u1"), content);
    let inner = stack.inner();
    assert_eq!(inner.uploads["u1"].media_type, "video/mp4");
    let asset = &inner.assets["a1"];
    assert_eq!(
        (asset.title.as_str(), asset.visibility),
        ("My film", Visibility::Public)
    );
    assert_eq!(asset.tags, ["sea"]);
}

#[tokio::test]
async fn a_part_that_fails_or_whose_address_is_too_old_is_sent_again() {
    let stack = Stack::start().await;
    let person = Person::signed_in(&stack.origin);
    let (_, content) = film(&person);
    stack.fail("PUT /storage/u1/2", 1, Answer::new(503, "SlowDown"));
    stack.fail(
        "PUT /storage/u1/3",
        1,
        Answer::new(403, "Request has expired"),
    );
    let said = person.run(&["upload", "film.mp4"]).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(said.output, "a1  film.mp4\n");
    assert_eq!(joined(&stack, "u1"), content);
    assert_eq!(stack.count("PUT /storage/u1/2"), 2);
    assert_eq!(stack.count("POST /api/uploads/u1/parts"), 5);
}

#[tokio::test]
async fn parts_that_storage_lost_are_sent_again() {
    let stack = Stack::start().await;
    let person = Person::signed_in(&stack.origin);
    let (_, content) = film(&person);
    // Taken, as storage says, and not there afterwards.
    stack.fail("PUT /storage/u1/2", 1, Answer::new(200, ""));
    assert_eq!(person.run(&["upload", "film.mp4"]).await.code, 0);
    assert_eq!(joined(&stack, "u1"), content);
    assert_eq!(stack.count("POST /api/uploads/u1/complete"), 2);
}

#[tokio::test]
async fn a_client_that_was_killed_goes_on_where_it_left_off() {
    let stack = Stack::start().await;
    let person = Person::signed_in(&stack.origin);
    let (_, content) = film(&person);
    let hanging = Answer {
        hangs: true,
        ..Answer::new(200, "")
    };
    stack.fail("PUT /storage/u1/3", 1, hanging);
    let mut child = person.command(&["upload", "film.mp4"]).spawn().unwrap();
    while stack.inner().parts.len() < 2 || stack.count("PUT /storage/u1/3") < 1 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    child.kill().await.unwrap();
    stack.heal();
    stack.inner().log.clear();

    let said = person.run(&["upload", "film.mp4", "--json"]).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(said.document()["upload"], "u1");
    assert_eq!(joined(&stack, "u1"), content);
    assert_eq!(stack.count("PUT /storage/"), 1);
    assert_eq!(stack.count("PUT /storage/u1/3"), 1);

    // It has ended: the same file again is another upload.
    let said = person.run(&["upload", "film.mp4", "--json"]).await;
    assert_eq!(said.document()["upload"], "u2");
}

#[tokio::test]
async fn a_file_that_arrived_is_not_sent_again_because_its_tags_were_refused() {
    let stack = Stack::start().await;
    let person = Person::signed_in(&stack.origin);
    film(&person);
    stack.fail("PATCH /api/assets/a1", 1, Answer::new(500, ""));
    let arguments = ["upload", "film.mp4", "--tag", "sea"];
    assert_eq!(person.run(&arguments).await.code, 1);
    let said = person.run(&arguments).await;
    assert_eq!(
        (said.code, said.output.as_str()),
        (0, "a1  film.mp4\n"),
        "{said:?}"
    );
    assert_eq!(stack.count("PUT /storage/"), 3);
    assert_eq!(stack.inner().assets["a1"].tags, ["sea"]);
}

#[tokio::test]
async fn without_a_place_to_remember_it_an_upload_still_arrives() {
    let stack = Stack::start().await;
    let mut person = Person::signed_in(&stack.origin);
    film(&person);
    person.set("XDG_STATE_HOME", "/proc/nothing");
    let said = person.run(&["upload", "film.mp4"]).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.errors.contains("could not go on later"), "{said:?}");
}

#[tokio::test]
async fn with_a_checksum_an_upload_goes_on_after_everything_was_forgotten() {
    let stack = Stack::start().await;
    let person = Person::signed_in(&stack.origin);
    let (_, content) = film(&person);
    stack.fail("POST /api/uploads/u1/complete", 1, Answer::new(500, ""));
    let said = person.run(&["upload", "film.mp4", "--sha256"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    let other = Person::signed_in(&stack.origin);
    std::fs::write(other.home().join("film.mp4"), &content).unwrap();
    stack.inner().log.clear();
    let said = other
        .run(&["upload", "film.mp4", "--sha256", "--json"])
        .await;
    assert_eq!(said.document()["upload"], "u1");
    assert_eq!(stack.count("PUT /storage/"), 0);
}

#[tokio::test]
async fn an_upload_that_the_stack_forgot_begins_again() {
    let stack = Stack::start().await;
    let person = Person::signed_in(&stack.origin);
    film(&person);
    stack.fail("POST /api/uploads/u1/complete", 1, Answer::new(500, ""));
    assert_eq!(person.run(&["upload", "film.mp4"]).await.code, 1);
    stack.inner().parts.clear();
    stack.fail("GET /api/uploads/u1", 1, Answer::json(404, &problem()));
    let said = person.run(&["upload", "film.mp4", "--json"]).await;
    assert_eq!(said.document()["upload"], "u2");
}

fn problem() -> api::Problem {
    api::Problem::new(api::ProblemCode::UploadNotFound, "there is no upload u1")
}

#[tokio::test]
async fn a_folder_is_uploaded_and_a_bad_file_does_not_keep_the_others() {
    let stack = Stack::start().await;
    let person = Person::signed_in(&stack.origin);
    let folder = person.home().join("films/old");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, content) in [
        ("a.mp4", "a"),
        ("b.mkv", ""),
        ("c.flac", "c"),
        ("notes.txt", "n"),
    ] {
        std::fs::write(folder.join(name), content).unwrap();
    }
    let said = person.run(&["upload", "films", "--json"]).await;
    assert_eq!(said.code, 2, "{said:?}");
    let documents = said.documents();
    let arrived = documents
        .iter()
        .filter(|document| document["asset"].is_string());
    assert_eq!(arrived.count(), 2, "{documents:?}");
    let refused = documents
        .iter()
        .find(|document| document["of"].is_string())
        .unwrap();
    assert_eq!(refused["of"], "films/old/b.mkv");
    assert_eq!(refused["error"]["code"], "FileEmpty");
    assert_eq!(stack.inner().uploads.len(), 2);
}

#[tokio::test]
async fn standard_input_is_a_file_with_a_given_name() {
    let stack = Stack::start().await;
    let person = Person::signed_in(&stack.origin);
    let content = bytes(PART + 5);
    let arguments = ["upload", "-", "--name", "tape.ts"];
    let said = person.run_with_input(&arguments, &content).await;
    assert_eq!(
        (said.code, said.output.as_str()),
        (0, "a1  tape.ts\n"),
        "{said:?}"
    );
    assert!(said.errors.contains("temporary file"), "{said:?}");
    assert_eq!(joined(&stack, "u1"), content);
    let said = person.run_with_input(&["upload", "-"], &content).await;
    assert_eq!(said.code, 1);
    assert!(said.errors.contains("--name"), "{said:?}");
}

#[tokio::test]
async fn who_waits_is_told_how_it_ended() {
    let stack = Stack::start().await;
    let person = Person::signed_in(&stack.origin);
    film(&person);
    let failed = asset("a1", "film.mp4", AssetState::Failed);
    stack.inner().coming.insert("a1".into(), vec![failed]);
    let said = person
        .run(&["upload", "film.mp4", "--wait", "--quiet"])
        .await;
    assert_eq!((said.code, said.output.as_str()), (2, ""));
    assert!(said.errors.contains("no demuxer knows it"), "{said:?}");
    assert!(
        said.errors.contains("upload a video or audio file"),
        "{said:?}"
    );
}

#[tokio::test]
async fn what_does_not_fit_is_refused_before_anything_is_sent() {
    let stack = Stack::start().await;
    let person = Person::signed_in(&stack.origin);
    film(&person);
    std::fs::create_dir(person.home().join("empty")).unwrap();
    for arguments in [
        &["upload", "film.mp4", "film.mp4", "--title", "One"][..],
        &["upload", "empty"],
        &["upload", "nothing.mp4"],
        &["upload", "film.mp4", "--public", "--unlisted"],
        &["upload"],
    ] {
        let said = person.run(arguments).await;
        assert_eq!(said.code, 1, "{arguments:?}: {said:?}");
        assert!(
            said.output.is_empty() && said.errors.contains("error: "),
            "{said:?}"
        );
    }
    assert!(stack.inner().log.is_empty());
}

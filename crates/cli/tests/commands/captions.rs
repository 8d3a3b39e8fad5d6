//! `captions ls`, `captions add` and `captions rm`.

use api::asset::AssetState;

use crate::program::Person;
use crate::stack::{Stack, asset};

async fn with_a_file(text: &str) -> (Stack, Person, tempfile::NamedTempFile) {
    let stack = Stack::start().await;
    let person = Person::signed_in(&stack.origin);
    stack.add(asset("a1", "Sea", AssetState::Ready));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    (stack, person, file)
}

#[tokio::test]
async fn a_caption_is_added_listed_and_dropped() {
    let (stack, person, file) = with_a_file("WEBVTT\n").await;
    let path = file.path().to_str().unwrap();
    let add = ["captions", "add", "a1", path, "--language", "pt-BR"];
    let said = person.run(&add).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.output.contains("not yet in the stream"), "{said:?}");
    let more = [&add[..], &["--kind", "captions", "--name", "Hi", "--json"]].concat();
    let document = person.run(&more).await.document();
    assert_eq!(
        (&document["kind"], &document["name"]),
        (&"captions".into(), &"Hi".into())
    );
    let said = person.run(&["captions", "ls", "a1"]).await;
    let rows: Vec<_> = said.output.lines().collect();
    assert_eq!(rows.len(), 2, "{said:?}");
    assert!(rows.iter().all(|row| row.starts_with("pt-BR")), "{said:?}");
    let rm = ["captions", "rm", "a1", "--language", "pt-BR"];
    assert_eq!(person.run(&rm).await.code, 0);
    assert_eq!(stack.inner().assets["a1"].captions.len(), 1);
    let said = person.run(&rm).await;
    assert_eq!(said.code, 4, "there is none any more: {said:?}");
}

#[tokio::test]
async fn a_file_that_is_no_caption_is_told_with_its_line() {
    let (_stack, person, file) = with_a_file("hello").await;
    let path = file.path().to_str().unwrap();
    let said = person
        .run(&["captions", "add", "a1", path, "--language", "de"])
        .await;
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.errors.contains("line 1: no time span"), "{said:?}");
    let missing = [
        "captions",
        "add",
        "a1",
        "/none/at/all.srt",
        "--language",
        "de",
    ];
    let said = person.run(&missing).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.errors.contains("/none/at/all.srt"), "{said:?}");
}

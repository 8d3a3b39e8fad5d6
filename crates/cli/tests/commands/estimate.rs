//! `estimate`, `profile check`, `completions`. The first needs the real ffprobe, which
//! `MILLRACE_FFPROBE` names.

use std::path::Path;

use crate::program::Person;

fn clip() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.join("tests/media/bbb_720p_5s.mp4")
        .display()
        .to_string()
}

fn person() -> Person {
    let mut person = Person::new();
    person.set(
        "MILLRACE_FFPROBE",
        std::env::var("MILLRACE_FFPROBE").unwrap(),
    );
    person
}

#[tokio::test]
async fn a_film_is_priced_before_it_is_uploaded() {
    let person = person();
    let document = person
        .run(&["estimate", &clip(), "--json"])
        .await
        .document();
    let rungs: Vec<&str> = document["video"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rung| rung["id"].as_str().unwrap())
        .collect();
    assert_eq!(rungs, ["720p", "480p", "240p"]);
    assert_eq!(
        (&document["video_chunks"], &document["worker"]),
        (&1.into(), &"function".into())
    );
    assert!(
        (5000..5500).contains(&document["duration_ms"].as_u64().unwrap()),
        "{document}"
    );
    let cost = document["cost"]["total"].as_u64().unwrap();
    assert!((500..20_000).contains(&cost), "{document}");
    let said = person.run(&["estimate", &clip()]).await;
    for words in ["1280x720", "functions", "ready in", "$0.00", "us-east-1"] {
        assert!(said.output.contains(words), "{said:?}");
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_transcoded_is_found_out_for_nothing() {
    let person = person();
    std::fs::write(person.home().join("notes.txt"), "no film").unwrap();
    let said = person.run(&["estimate", "notes.txt", "--json"]).await;
    assert_eq!(said.code, 2, "{said:?}");
    assert_eq!(said.document()["error"]["code"], "SourceNotMedia");
    let said = person.run(&["estimate", "absent.mp4"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    let said = Person::new().run(&["estimate", &clip()]).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.errors.contains("--ffprobe"), "{said:?}");
}

#[tokio::test]
async fn a_profile_is_checked_with_line_and_column() {
    let person = Person::new();
    std::fs::write(person.home().join("p.json"), "{\n \"name\": 7}").unwrap();
    let said = person.run(&["profile", "check", "p.json"]).await;
    assert_eq!(said.code, 2, "{said:?}");
    assert!(
        said.errors.contains("p.json:2:10: invalid type"),
        "{said:?}"
    );
    let input = br#"{"name": "small", "video": {"short_sides": [480]}}"#;
    let said = person
        .run_with_input(&["profile", "check", "-", "--json"], input)
        .await;
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(said.document()["video"]["preset"], "veryfast");
}

#[tokio::test]
async fn every_shell_has_completions() {
    let person = Person::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let said = person.run(&["completions", shell]).await;
        assert!(
            said.code == 0 && said.output.contains("estimate"),
            "{shell}"
        );
    }
    assert_eq!(person.run(&["completions", "cmd"]).await.code, 1);
    assert_eq!(person.run(&["--help"]).await.code, 0);
}

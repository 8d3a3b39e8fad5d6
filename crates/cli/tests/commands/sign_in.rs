//! `login`, `logout`, and who is signed in where.

use std::fs;

use api::asset::AssetState;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::Child;

use crate::issuer::value;
use crate::program::Person;
use crate::server::Answer;
use crate::stack::{Stack, asset};

/// Makes the stack the local one of the person's folder.
fn describe(person: &Person, stack: &Stack, name: &str, password: &str) {
    let folder = person.home().join("target/local").join(name);
    fs::create_dir_all(&folder).unwrap();
    let description = json!({
        "name": name, "page": stack.origin, "endpoint": stack.origin, "user": "ann",
        "password": password, "ffprobe": "/nonexistent", "pid": std::process::id(),
    });
    fs::write(folder.join("stack.json"), description.to_string()).unwrap();
}

async fn with_asset() -> Stack {
    let stack = Stack::start().await;
    stack.add(asset("a1", "Sea", AssetState::Ready));
    stack
}

#[tokio::test]
async fn the_local_stack_is_the_default_and_signs_in_by_itself() {
    let stack = with_asset().await;
    let person = Person::new();
    describe(&person, &stack, "one", "secret");
    for _ in 0..2 {
        let said = person.run(&["show", "a1"]).await;
        assert_eq!(said.code, 0, "{said:?}");
    }
    // The second call had the token of the first one.
    assert_eq!(stack.count("POST /"), 1);
    let said = person.run(&["logout"]).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(person.run(&["show", "a1", "--stack", "one"]).await.code, 0);
    assert_eq!(stack.count("POST /"), 2);
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once() {
    let stack = with_asset().await;
    let person = Person::new();
    describe(&person, &stack, "dev", "secret");
    assert_eq!(person.run(&["login"]).await.code, 0);
    let refused = Answer::new(401, r#"{"message":"Unauthorized"}"#);
    stack.fail("GET /api/assets/a1", 1, refused.clone());
    assert_eq!(person.run(&["show", "a1"]).await.code, 0);
    assert_eq!(stack.count("POST /"), 2);
    stack.fail("GET /api/assets/a1", 9, refused);
    let said = person.run(&["show", "a1"]).await;
    assert_eq!(said.code, 3, "{said:?}");
    assert_eq!(stack.count("POST /"), 3);
}

#[tokio::test]
async fn who_is_not_signed_in_is_told_how() {
    let stack = with_asset().await;
    let mut person = Person::new();
    let said = person.run(&["ls"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.errors.contains("cargo xtask local up"), "{said:?}");
    person.set("MILLRACE_URL", &stack.origin);
    let said = person.run(&["ls", "--json"]).await;
    assert_eq!(said.code, 3, "{said:?}");
    assert_eq!(said.document()["error"]["code"], "SignedOut");
    assert!(said.errors.contains("millrace login"), "{said:?}");
    person.set("MILLRACE_TOKEN", "another token");
    assert_eq!(person.run(&["ls"]).await.code, 3);
}

#[tokio::test]
async fn a_wrong_password_is_no_session() {
    let stack = with_asset().await;
    let person = Person::new();
    describe(&person, &stack, "dev", "wrong");
    let said = person.run(&["login"]).await;
    assert_eq!(said.code, 3, "{said:?}");
    assert!(
        said.errors.contains("Incorrect username or password."),
        "{said:?}"
    );
    assert!(!said.errors.contains("wrong"), "{said:?}");
}

#[tokio::test]
async fn a_stack_that_does_not_answer_is_named() {
    let mut person = Person::signed_in("http://127.0.0.1:1");
    let said = person.run(&["rm", "a1", "--yes"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(
        said.errors.contains("127.0.0.1:1 cannot be reached"),
        "{said:?}"
    );
    person.set("MILLRACE_URL", "http://example.com");
    let said = person.run(&["ls"]).await;
    assert!(
        said.errors.contains("http is for this machine only"),
        "{said:?}"
    );
}

/// The address that the program asks to be opened in a browser, as its query.
async fn asked(child: &mut Child) -> String {
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some((_, query)) = line.split_once("/authorize?") {
            return query.to_owned();
        }
    }
    panic!("no address was printed");
}

/// Comes back from the browser.
async fn come_back(query: &str) -> String {
    let mut stream = TcpStream::connect("127.0.0.1:8976").await.unwrap();
    let request = format!("GET /callback?{query} HTTP/1.1\r\nHost: localhost:8976\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_browser_signs_in_and_the_token_is_refreshed_until_somebody_signs_out() {
    let stack = with_asset().await;
    let mut person = Person::new();
    person.set("MILLRACE_URL", &stack.origin);
    let mut login = person.command(&["login"]).spawn().unwrap();
    let query = asked(&mut login).await;
    assert_eq!(
        value(&query, "redirect_uri"),
        "http://localhost:8976/callback"
    );
    assert!(
        come_back("code=c1&state=guessed")
            .await
            .starts_with("HTTP/1.1 404")
    );
    let state = value(&query, "state");
    assert!(
        come_back(&format!("code=c1&state={state}"))
            .await
            .contains("signed in")
    );
    assert!(login.wait().await.unwrap().success());

    let forms = stack.inner().forms.clone();
    assert_eq!(forms.len(), 1);
    let verifier = value(&forms[0], "code_verifier");
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    assert_eq!(value(&query, "code_challenge"), challenge);

    for _ in 0..2 {
        assert_eq!(person.run(&["show", "a1"]).await.code, 0);
    }
    // The first token had ended, the refreshed one has not.
    assert_eq!(stack.inner().forms.len(), 2);
    assert_eq!(person.run(&["logout"]).await.code, 0);
    assert_eq!(value(&stack.inner().forms[2], "token"), "r1");
    assert_eq!(person.run(&["show", "a1"]).await.code, 3);
}

#[tokio::test]
async fn a_proxy_is_used_for_what_is_encrypted() {
    let proxy = Stack::start().await;
    let mut person = Person::signed_in("https://stack.invalid");
    person.set("HTTPS_PROXY", &proxy.origin);
    let said = person.run(&["rm", "a1", "--yes"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(proxy.count("CONNECT stack.invalid:443") > 0);
    let before = proxy.inner().log.len();
    person.set("NO_PROXY", "stack.invalid");
    assert_eq!(person.run(&["rm", "a1", "--yes"]).await.code, 1);
    assert_eq!(proxy.inner().log.len(), before);
}

//! Letters to a real server on loopback.
#![cfg(test)]

use deliver_webhook::post::{Internet, Letter, Post};
use domain::webhook::Outcome;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

fn letter(url: String) -> Letter {
    Letter {
        url,
        id: "e1".to_owned(),
        timestamp: 1_614_265_330,
        signatures: "v1,c2lnbmF0dXJl".to_owned(),
        body: r#"{"type":"asset.ready"}"#.to_owned(),
    }
}

/// A server that answers one request; gives its port, and what it was asked.
async fn answering(answer: &'static str) -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = String::new();
        while !asked.ends_with('}') {
            let mut some = [0; 4096];
            let read = stream.read(&mut some).await.unwrap();
            asked.push_str(std::str::from_utf8(&some[..read]).unwrap());
        }
        let answer = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
        asked
    });
    (port, asked)
}

async fn outcome_of(answer: &'static str) -> (Outcome, String) {
    let (port, asked) = answering(answer).await;
    let sender = Internet::new(true).unwrap();
    let letter = letter(format!("http://localhost:{port}/hook?a=1"));
    (sender.post(&letter).await, asked.await.unwrap())
}

#[tokio::test]
async fn a_letter_arrives_with_its_headers() {
    let (outcome, asked) = outcome_of("204 No Content").await;
    assert_eq!(outcome, Outcome::Delivered);
    assert!(asked.starts_with("POST /hook?a=1 HTTP/1.1\r\n"), "{asked}");
    for line in [
        "content-type: application/json",
        "webhook-id: e1",
        "webhook-timestamp: 1614265330",
        "webhook-signature: v1,c2lnbmF0dXJl",
    ] {
        assert!(asked.contains(&format!("{line}\r\n")), "{asked}");
    }
    assert!(asked.ends_with(r#"{"type":"asset.ready"}"#));
}

#[tokio::test]
async fn only_2xx_is_a_success_and_redirects_are_none() {
    for (answer, expected) in [
        ("200 OK", Outcome::Delivered),
        (
            "302 Found\r\nlocation: http://127.0.0.1:1/",
            Outcome::Refused(302),
        ),
        ("410 Gone", Outcome::Gone),
        ("500 Internal Server Error", Outcome::Refused(500)),
    ] {
        assert_eq!(outcome_of(answer).await.0, expected, "{answer}");
    }
}

#[tokio::test]
async fn nobody_there_is_said_so() {
    let sender = Internet::new(true).unwrap();
    let nobody = letter("http://127.0.0.1:1/".to_owned());
    let Outcome::Unanswered(reason) = sender.post(&nobody).await else {
        panic!("an answer");
    };
    assert!(reason.contains("refused"), "{reason}");
}

/// By name, by address in either version, and by ways of writing that only a resolver understands.
#[tokio::test]
async fn a_private_address_is_not_called() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let sender = Internet::new(false).unwrap();
    let refused = "the address is not on the internet";
    for (host, expected) in [
        ("localhost", refused),
        ("127.0.0.1", refused),
        ("[::1]", refused),
        ("2130706433", "invalid dns name"),
        ("0x7f.1", "invalid dns name"),
    ] {
        let outcome = sender
            .post(&letter(format!("https://{host}:{port}/")))
            .await;
        assert_eq!(outcome, Outcome::Unanswered(expected.to_owned()), "{host}");
    }
    let nobody = std::time::Duration::from_millis(50);
    assert!(
        tokio::time::timeout(nobody, listener.accept())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn plain_http_is_not_sent_over_the_internet() {
    let sender = Internet::new(false).unwrap();
    let outcome = sender.post(&letter("http://1.1.1.1/".to_owned())).await;
    assert!(matches!(outcome, Outcome::Unanswered(_)), "{outcome:?}");
}

//! deliver-webhook against twins of the cloud: what is sent, when it is sent again, and when not.
#![cfg(test)]

use std::sync::Mutex;
use std::time::Duration;

use cloud::lease::now_ms;
use cloud::ports::{FindWebhooks, KeepWebhooks};
use cloud::webhook_secret::WebhookSecret;
use deliver_webhook::Ports;
use deliver_webhook::post::{Letter, Post};
use domain::ids::WebhookId;
use domain::webhook::{OLD_SECRET_MS, Outcome, TRIES, Webhook};
use runtime::StageContext;
use runtime::queue::Messages;
use serde_json::{Value, json};
use testkit::store::{FailingStore, Faults, MemoryDocuments, Outbox};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Answers as it is told, and keeps what it got.
struct Receiver {
    outcome: Outcome,
    letters: Mutex<Vec<Letter>>,
}

impl Post for &Receiver {
    async fn post(&self, letter: &Letter) -> Outcome {
        self.letters.lock().unwrap().push(letter.clone());
        self.outcome.clone()
    }
}

struct World {
    documents: MemoryDocuments,
    queue: Outbox,
    receiver: Receiver,
}

/// The webhook of `events/deliver-webhook.json`.
fn webhook() -> Webhook {
    Webhook {
        id: WebhookId::new("w0000000000000000000000000").unwrap(),
        owner: "ann".to_owned(),
        url: "https://example.com/hook".to_owned(),
        events: Vec::new(),
        secret: SECRET.to_owned(),
        old_secret: None,
        created_ms: 1,
    }
}

async fn world(outcome: Outcome) -> World {
    world_with(&webhook(), outcome).await
}

async fn world_with(webhook: &Webhook, outcome: Outcome) -> World {
    let documents = MemoryDocuments::default();
    documents.add_webhook(webhook).await.unwrap();
    World {
        documents,
        queue: Outbox::default(),
        receiver: Receiver {
            outcome,
            letters: Mutex::default(),
        },
    }
}

/// The sample message, come for the `tries`th time.
fn sample(tries: u32) -> Value {
    let text = include_str!("../../../events/deliver-webhook.json");
    let mut event: Value = serde_json::from_str(text).unwrap();
    let count = &mut event["Records"][0]["attributes"]["ApproximateReceiveCount"];
    *count = json!(tries.to_string());
    event
}

impl World {
    /// Delivers; says how many messages come again.
    async fn deliver(&self, event: Value) -> usize {
        self.deliver_with(event, &Faults::before(0)).await
    }

    async fn deliver_with(&self, event: Value, faults: &Faults) -> usize {
        let ports = Ports {
            documents: FailingStore::sharing(self.documents.clone(), faults),
            queue: FailingStore::sharing(self.queue.clone(), faults),
            post: &self.receiver,
        };
        let messages: Messages = serde_json::from_value(event).unwrap();
        let answer = deliver_webhook::handle(messages, &ports, &StageContext::for_tests()).await;
        answer.unwrap().batch_item_failures.len()
    }

    fn letters(&self) -> Vec<Letter> {
        self.receiver.letters.lock().unwrap().clone()
    }

    async fn last(&self) -> Option<Outcome> {
        let stored = self.documents.webhook("ann", &webhook().id).await.unwrap();
        Some(stored?.last?.outcome)
    }
}

#[tokio::test]
async fn a_letter_is_signed_over_what_it_says() {
    let world = world(Outcome::Delivered).await;
    assert_eq!(world.deliver(sample(1)).await, 0);
    let letters = world.letters();
    let letter = letters.first().unwrap();
    assert_eq!(letter.url, webhook().url);
    assert_eq!(letter.id, "e0000000000000000000000000");
    let body: Value = serde_json::from_str(&letter.body).unwrap();
    assert_eq!(
        (&body["type"], &body["id"]),
        (&json!("asset.ready"), &json!(letter.id))
    );
    let secret = WebhookSecret::parse(SECRET).unwrap();
    let expected = secret.sign(&letter.id, letter.timestamp, &letter.body);
    assert_eq!(letter.signatures, expected);
    assert_eq!(world.last().await, Some(Outcome::Delivered));
}

/// For a day, so that a receiver can take over the new secret without losing a letter.
#[tokio::test]
async fn a_letter_is_signed_with_the_secret_before_too() {
    let new = "whsec_bmV3IHNlY3JldA==";
    for (renewed_ms, secrets) in [
        (now_ms(), &[new, SECRET][..]),
        (now_ms() - OLD_SECRET_MS, &[new]),
    ] {
        let mut webhook = webhook();
        webhook.renew(new.to_owned(), renewed_ms);
        let world = world_with(&webhook, Outcome::Delivered).await;
        assert_eq!(world.deliver(sample(1)).await, 0);
        let letters = world.letters();
        let letter = letters.first().unwrap();
        let expected: Vec<_> = secrets
            .iter()
            .map(|secret| WebhookSecret::parse(secret).unwrap())
            .map(|secret| secret.sign(&letter.id, letter.timestamp, &letter.body))
            .collect();
        assert_eq!(letter.signatures, expected.join(" "));
    }
}

#[tokio::test]
async fn a_failed_try_comes_again_later_and_later() {
    for outcome in [
        Outcome::Refused(302),
        Outcome::Unanswered("late".to_owned()),
    ] {
        let world = world(outcome.clone()).await;
        for tries in 1..=TRIES {
            assert_eq!(world.deliver(sample(tries)).await, 1);
        }
        let held = world.queue.held();
        // The last try is not held back: the queue gives the message up by itself.
        assert_eq!(held.len() + 1, TRIES as usize);
        assert_eq!(held[0].1, Duration::from_secs(5));
        assert!(held.is_sorted_by_key(|(_, wait)| *wait));
        assert_eq!(held[0].0, "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a");
        assert_eq!(world.last().await, Some(outcome));
        let letters = world.letters();
        assert!(letters.iter().all(|letter| letter.id == letters[0].id));
    }
}

#[tokio::test]
async fn nothing_goes_to_a_receiver_that_is_gone_or_dropped() {
    let world = world(Outcome::Gone).await;
    for _ in 0..2 {
        assert_eq!(world.deliver(sample(1)).await, 0);
    }
    assert_eq!(world.letters().len(), 1, "the first answer ended it");
    let id = webhook().id;
    let dropped = world.documents.drop_webhook("ann", &id).await;
    assert!(dropped.unwrap());
    assert_eq!(world.deliver(sample(1)).await, 0);
    assert_eq!(world.letters().len(), 1);
}

#[tokio::test]
async fn a_message_that_makes_no_sense_comes_again_alone() {
    let world = world(Outcome::Delivered).await;
    let mut event = sample(1);
    let mut bad = event["Records"][0].clone();
    bad["body"] = json!("nonsense");
    event["Records"].as_array_mut().unwrap().push(bad);
    assert_eq!(world.deliver(event).await, 1);
    assert_eq!(world.letters().len(), 1);
}

#[tokio::test]
async fn what_was_taken_is_not_sent_again_because_nobody_noted_it() {
    let world = world(Outcome::Delivered).await;
    // The first call reads the webhook, the second notes the delivery.
    assert_eq!(world.deliver_with(sample(1), &Faults::before(2)).await, 0);
    assert_eq!(world.last().await, None);
    assert_eq!(world.deliver_with(sample(1), &Faults::before(1)).await, 1);
    assert_eq!(world.letters().len(), 1);
}

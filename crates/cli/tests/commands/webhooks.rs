//! `webhook`, and what the stack in memory knows of it.

use api::event::EventType;
use api::webhook::{Delivery, NewWebhook, Webhook, WebhookChange, Webhooks};
use api::{Problem, ProblemCode, Timestamp};
use serde_json::json;

use crate::program::Person;
use crate::server::{Answer, Request};
use crate::stack::{Inner, Stack, problem};

const HOOK: &str = "https://example.com/hook";

impl Inner {
    pub(crate) fn webhook(
        &mut self,
        method: &str,
        path: &[&str],
        request: &Request,
    ) -> Result<Answer, Box<Problem>> {
        let webhooks = &mut self.webhooks;
        let place = path.first().map(|id| {
            let place = webhooks.iter().position(|webhook| webhook.id == *id);
            let detail = format!("there is no webhook {id}");
            place.ok_or_else(|| problem(ProblemCode::WebhookNotFound, &detail))
        });
        match (method, place.transpose()?, path) {
            ("GET", None, _) => {
                let webhooks = webhooks.clone();
                Ok(Answer::json(200, &Webhooks { webhooks }))
            }
            ("POST", None, _) => self.make_webhook(request),
            ("GET", Some(place), [_]) => Ok(Answer::json(200, &webhooks[place])),
            ("PATCH", Some(place), [_]) => {
                let change: WebhookChange = serde_json::from_slice(&request.body).unwrap();
                let webhook = &mut webhooks[place];
                webhook.url = change.url.unwrap_or_else(|| webhook.url.clone());
                webhook.events = change.events.unwrap_or_else(|| webhook.events.clone());
                webhook.enabled = change.enabled.unwrap_or(webhook.enabled);
                Ok(Answer::json(200, webhook))
            }
            ("POST", Some(place), [_, "secret"]) => {
                let webhook = &mut webhooks[place];
                webhook.old_secret_until = Some(Timestamp(1_700_000_000_000));
                let secret = Some("whsec_bmV3".to_owned());
                let renewed = Webhook {
                    secret,
                    ..webhook.clone()
                };
                Ok(Answer::json(200, &renewed))
            }
            ("DELETE", Some(place), [_]) => {
                webhooks.remove(place);
                Ok(Answer::new(204, ""))
            }
            _ => Err(problem(ProblemCode::NotFound, "there is nothing here")),
        }
    }

    fn make_webhook(&mut self, request: &Request) -> Result<Answer, Box<Problem>> {
        let new: NewWebhook = serde_json::from_slice(&request.body).unwrap();
        if !new.url.starts_with("https://") {
            let detail = "url: it should begin with https://";
            return Err(problem(ProblemCode::RequestInvalid, detail));
        }
        let webhook = Webhook {
            id: format!("w{}", self.webhooks.len() + 1),
            url: new.url,
            events: new
                .events
                .unwrap_or_else(|| vec![EventType::Created, EventType::Ready]),
            secret: None,
            old_secret_until: None,
            enabled: true,
            created_at: Timestamp(0),
            last_delivery: None,
        };
        self.webhooks.push(webhook.clone());
        let secret = Some("whsec_Zmlyc3Q=".to_owned());
        Ok(Answer::json(201, &Webhook { secret, ..webhook }))
    }
}

async fn with_a_webhook() -> (Stack, Person) {
    let stack = Stack::start().await;
    let person = Person::signed_in(&stack.origin);
    let said = person.run(&["webhook", "add", HOOK]).await;
    assert_eq!(said.code, 0, "{said:?}");
    (stack, person)
}

fn failed() -> Delivery {
    Delivery {
        event: "e1".to_owned(),
        kind: EventType::Ready,
        time: Timestamp(1_700_000_000_500),
        attempt: 3,
        delivered: false,
        error: Some("the receiver answered with 503\x1b[2J".to_owned()),
    }
}

#[tokio::test]
async fn a_new_webhook_is_told_with_its_secret_and_what_that_is_for() {
    let stack = Stack::start().await;
    let person = Person::signed_in(&stack.origin);
    let events = ["--event", "asset.ready", "--event", "asset.failed"];
    let said = person
        .run(&[&["webhook", "add", HOOK], &events[..]].concat())
        .await;
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.output.contains("secret      whsec_Zmlyc3Q="),
        "{said:?}"
    );
    assert!(said.errors.contains("shown this once"), "{said:?}");
    assert_eq!(
        stack.inner().webhooks[0].events,
        [EventType::Ready, EventType::Failed]
    );
    let document = person
        .run(&["webhook", "add", HOOK, "--json"])
        .await
        .document();
    assert_eq!(document["id"], "w2");
    assert_eq!(document["secret"], "whsec_Zmlyc3Q=");
}

#[tokio::test]
async fn what_cannot_be_a_webhook_is_refused() {
    let stack = Stack::start().await;
    let person = Person::signed_in(&stack.origin);
    let said = person.run(&["webhook", "add", "http://example.com"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(
        said.errors.contains("should begin with https://"),
        "{said:?}"
    );
    let asked = stack.count("POST");
    let said = person
        .run(&["webhook", "add", HOOK, "--event", "asset.exploded"])
        .await;
    assert_eq!((said.code, stack.count("POST")), (1, asked), "{said:?}");
    assert!(said.errors.contains("asset.ready"), "{said:?}");
}

#[tokio::test]
async fn too_many_webhooks_are_told_at_once() {
    let stack = Stack::start().await;
    let person = Person::signed_in(&stack.origin);
    let many = problem(
        ProblemCode::TooManyWebhooks,
        "there are 10 webhooks already",
    );
    stack.fail("POST /api/webhooks", 9, Answer::json(429, &many));
    let said = person.run(&["webhook", "add", HOOK]).await;
    assert_eq!(
        (said.code, stack.count("POST /api/webhooks")),
        (1, 1),
        "{said:?}"
    );
    assert!(said.errors.contains("drop one of them"), "{said:?}");
}

#[tokio::test]
async fn a_webhook_is_listed_and_shown_with_its_last_delivery() {
    let (stack, person) = with_a_webhook().await;
    let said = person.run(&["webhook", "ls"]).await;
    assert!(said.output.contains("enabled -"), "{said:?}");
    assert!(said.output.trim_end().ends_with(HOOK), "{said:?}");
    stack.inner().webhooks[0].last_delivery = Some(failed());
    let said = person.run(&["webhook", "ls"]).await;
    assert!(said.output.contains("enabled failed"), "{said:?}");
    let said = person.run(&["webhook", "show", "w1"]).await;
    for words in [
        "asset.created, asset.ready",
        "asset.ready at 2023-11-14T22:13:20Z, try 3: failed",
        "reason      the receiver answered with 503\u{fffd}",
    ] {
        assert!(said.output.contains(words), "{words}: {said:?}");
    }
    let listed = person.run(&["webhook", "ls", "--json"]).await.document();
    let shown = person
        .run(&["webhook", "show", "w1", "--json"])
        .await
        .document();
    assert_eq!(listed, json!({ "webhooks": [shown] }));
}

#[tokio::test]
async fn a_webhook_is_paused_resumed_and_changed() {
    let (stack, person) = with_a_webhook().await;
    let said = person.run(&["webhook", "set", "w1", "--pause"]).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.output.contains("paused"), "{said:?}");
    assert!(!stack.inner().webhooks[0].enabled);
    let change = [
        "--resume",
        "--to",
        "https://example.org",
        "--event",
        "asset.failed",
    ];
    let said = person
        .run(&[&["webhook", "set", "w1"], &change[..]].concat())
        .await;
    assert_eq!(said.code, 0, "{said:?}");
    let webhook = stack.inner().webhooks[0].clone();
    assert!(webhook.enabled && webhook.url == "https://example.org");
    assert_eq!(webhook.events, [EventType::Failed]);
    for wrong in [
        &["webhook", "set", "w1"][..],
        &["webhook", "set", "w1", "--pause", "--resume"],
    ] {
        assert_eq!(person.run(wrong).await.code, 1, "{wrong:?}");
    }
}

/// A renewal whose answer is lost is not tried again: that would end the secret in use.
#[tokio::test]
async fn a_secret_is_renewed_once() {
    let (stack, person) = with_a_webhook().await;
    let said = person.run(&["webhook", "renew", "w1"]).await;
    assert!(said.output.contains("secret      whsec_bmV3"), "{said:?}");
    assert!(
        said.output
            .contains("old secret  until 2023-11-14T22:13:20Z"),
        "{said:?}"
    );
    assert!(said.errors.contains("24 hours"), "{said:?}");
    let mut lost = Answer::new(200, "");
    lost.withheld = 5;
    stack.fail("POST /api/webhooks/w1/secret", 1, lost);
    let said = person.run(&["webhook", "renew", "w1"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert_eq!(stack.count("POST /api/webhooks/w1/secret"), 2);
}

#[tokio::test]
async fn no_webhook_is_dropped_without_a_yes() {
    let (stack, person) = with_a_webhook().await;
    let said = person.run(&["webhook", "rm", "w1"]).await;
    assert_eq!(said.code, 1);
    assert!(said.errors.contains("--yes"), "{said:?}");
    assert_eq!(stack.inner().webhooks.len(), 1);
    let said = person
        .run(&["webhook", "rm", "w1", "w9", "--yes", "--json"])
        .await;
    assert_eq!(said.code, 4, "{said:?}");
    let documents = said.documents();
    assert_eq!(documents[0]["url"], HOOK);
    assert_eq!(documents[1]["of"], "w9");
    assert_eq!(documents[1]["error"]["code"], "WebhookNotFound");
    assert!(stack.inner().webhooks.is_empty());
}

//! Webhooks of play-api against twins of the cloud, asked as a client asks.
#![cfg(test)]

use api::event::EventType;
use api::webhook::{Webhook, Webhooks};
use api::{ProblemCode, Settings};
use axum::Router;
use axum::http::{Method, StatusCode, header};
use cloud::lease::now_ms;
use cloud::ports::{FindWebhooks, NoteDelivery};
use cloud::signed_access::SignedAccess;
use cloud::signing_key::SigningKey;
use cloud::webhook_secret::WebhookSecret;
use domain::ids::{AssetId, EventId, WebhookId};
use domain::object::BucketName;
use domain::webhook::{Delivery, OLD_SECRET_MS, Outcome};
use play_api::{Ports, router};
use serde_json::{Value, json};
use service::finished;
use testkit::http::{Answer, ask};
use testkit::store::{FolderStore, MemoryDocuments, RecordedExecutions};

const HOOK: &str = "https://example.com/hook?a=1";

struct Service {
    router: Router,
    documents: MemoryDocuments,
}

fn service(private_webhooks: bool) -> Service {
    let documents = MemoryDocuments::default();
    let key = SigningKey::generate().unwrap().to_pem().unwrap();
    let router = router(Ports {
        objects: FolderStore::temporary().unwrap(),
        documents: documents.clone(),
        executions: RecordedExecutions::default(),
        work: BucketName::new("work"),
        media: BucketName::new("media"),
        access: SignedAccess::new("https://play.example", "K1", &key).unwrap(),
        is_secure: true,
        private_webhooks,
        settings: Settings {
            issuer: "https://issuer.example".to_owned(),
            discovery: "https://issuer.example/discovery".to_owned(),
            client_id: "page".to_owned(),
            scopes: vec!["openid".to_owned()],
            max_upload_bytes: 5,
            stack: "millrace".to_owned(),
        },
    });
    Service {
        router: finished(router),
        documents,
    }
}

impl Service {
    async fn ask(&self, who: &str, method: Method, path: &str, body: Value) -> Answer {
        ask(&self.router, who, method, path, body, &[]).await
    }

    async fn get(&self, who: &str, path: &str) -> Answer {
        self.ask(who, Method::GET, path, Value::Null).await
    }

    async fn make(&self, who: &str, wanted: Value) -> Answer {
        self.ask(who, Method::POST, "/api/webhooks", wanted).await
    }

    async fn made(&self, who: &str) -> Webhook {
        self.make(who, json!({ "url": HOOK })).await.read()
    }

    async fn listed(&self, who: &str) -> Vec<Webhook> {
        let listed: Webhooks = self.get(who, "/api/webhooks").await.read();
        listed.webhooks
    }
}

#[tokio::test]
async fn a_secret_is_shown_once() {
    let service = service(false);
    let wanted = json!({"url": HOOK, "events": ["asset.ready", "asset.failed", "asset.ready"]});
    let answer = service.make("ann", wanted).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let made: Webhook = answer.read();
    let path = format!("/api/webhooks/{}", made.id);
    assert_eq!(answer.headers[header::LOCATION], path.as_str());
    assert_eq!(made.events, [EventType::Ready, EventType::Failed]);
    assert!(WebhookSecret::parse(made.secret.as_deref().unwrap()).is_ok());

    let later = Webhook {
        secret: None,
        ..made
    };
    assert_eq!(service.get("ann", &path).await.read::<Webhook>(), later);
    assert_eq!(service.listed("ann").await, [later]);
}

#[tokio::test]
async fn a_webhook_without_a_wish_hears_of_everything() {
    let made = service(false).made("ann").await;
    assert_eq!(made.events.len(), 7);
    assert!(made.enabled && made.last_delivery.is_none());
}

#[tokio::test]
async fn another_owner_neither_sees_nor_drops_it() {
    let service = service(false);
    let made = service.made("ann").await;
    let path = format!("/api/webhooks/{}", made.id);
    assert_eq!(service.listed("bob").await, []);
    let secret = format!("{path}/secret");
    for (method, path) in [
        (Method::GET, &path),
        (Method::PATCH, &path),
        (Method::POST, &secret),
        (Method::DELETE, &path),
    ] {
        let refused = service.ask("bob", method, path, json!({})).await;
        assert_eq!(refused.code(), ProblemCode::WebhookNotFound);
    }
    let dropped = service.ask("ann", Method::DELETE, &path, Value::Null).await;
    assert_eq!(dropped.status, StatusCode::NO_CONTENT);
    for path in [path.as_str(), "/api/webhooks/a%20b"] {
        let refused = service.ask("ann", Method::DELETE, path, Value::Null).await;
        assert_eq!(refused.code(), ProblemCode::WebhookNotFound);
    }
}

#[tokio::test]
async fn an_owner_has_ten_at_most() {
    let service = service(false);
    for _ in 0..10 {
        service.made("ann").await;
    }
    let refused = service.make("ann", json!({ "url": HOOK })).await;
    assert_eq!(refused.code(), ProblemCode::TooManyWebhooks);
    service.made("bob").await;
}

#[tokio::test]
async fn what_cannot_be_called_is_refused() {
    let service = service(false);
    for wrong in [
        json!({"url": "http://example.com/"}),
        json!({"url": "ftp://example.com/"}),
        json!({"url": "https:///hook"}),
        json!({"url": "https://user:secret@example.com/"}),
        json!({"url": "https://example.com/#a"}),
        json!({"url": "example.com"}),
        json!({"url": "https://exa mple.com"}),
        json!({"url": format!("https://example.com/{}", "a".repeat(2000))}),
        json!({"url": HOOK, "events": []}),
        json!({"url": HOOK, "events": vec!["asset.ready"; 8]}),
        json!({"url": HOOK, "events": ["asset.exploded"]}),
        json!({"url": HOOK, "secret": "mine"}),
        json!({}),
    ] {
        let refused = service.make("ann", wrong.clone()).await;
        assert_eq!(refused.code(), ProblemCode::RequestInvalid, "{wrong}");
    }
    assert_eq!(service.listed("ann").await, []);
}

#[tokio::test]
async fn what_is_left_out_of_a_change_stays() {
    let service = service(false);
    let made = service.made("ann").await;
    let path = format!("/api/webhooks/{}", made.id);
    let mut expected = Webhook {
        secret: None,
        ..made
    };
    let hold = async |change: Value, expected: &Webhook| {
        let answer = service.ask("ann", Method::PATCH, &path, change).await;
        assert_eq!(answer.read::<Webhook>(), *expected);
        assert_eq!(service.get("ann", &path).await.read::<Webhook>(), *expected);
    };
    hold(json!({}), &expected).await;
    expected.enabled = false;
    hold(json!({"enabled": false}), &expected).await;
    expected.url = "https://example.org/".to_owned();
    hold(json!({"url": expected.url}), &expected).await;
    expected.events = vec![EventType::Failed];
    hold(json!({"events": ["asset.failed"]}), &expected).await;
    expected.enabled = true;
    hold(json!({"enabled": true}), &expected).await;
}

#[tokio::test]
async fn a_change_to_what_cannot_be_called_is_refused() {
    let service = service(false);
    let path = format!("/api/webhooks/{}", service.made("ann").await.id);
    for wrong in [
        json!({"url": "http://example.com/"}),
        json!({"events": []}),
        json!({"secret": "mine"}),
        json!({"enabled": "no"}),
    ] {
        let refused = service.ask("ann", Method::PATCH, &path, wrong.clone());
        assert_eq!(refused.await.code(), ProblemCode::RequestInvalid, "{wrong}");
    }
}

#[tokio::test]
async fn a_new_secret_is_shown_once_and_the_old_one_ends_in_a_day() {
    let service = service(false);
    let made = service.made("ann").await;
    let path = format!("/api/webhooks/{}", made.id);
    let renew = format!("{path}/secret");
    let renewed: Webhook = service
        .ask("ann", Method::POST, &renew, Value::Null)
        .await
        .read();
    assert_ne!(renewed.secret, made.secret);
    let lasts = renewed.old_secret_until.unwrap().0 - now_ms();
    assert!((OLD_SECRET_MS - 60_000..=OLD_SECRET_MS).contains(&lasts));
    let later = Webhook {
        secret: None,
        ..renewed.clone()
    };
    assert_eq!(service.get("ann", &path).await.read::<Webhook>(), later);

    let id = WebhookId::new(made.id.as_str()).unwrap();
    let stored = service
        .documents
        .webhook("ann", &id)
        .await
        .unwrap()
        .unwrap();
    let secrets: Vec<_> = stored.webhook.secrets_at(now_ms()).collect();
    assert_eq!(secrets, [renewed.secret.unwrap(), made.secret.unwrap()]);
}

#[tokio::test]
async fn plain_http_is_for_stacks_that_allow_it() {
    let wanted = json!({"url": "http://127.0.0.1:9000/hook"});
    let made = service(true).make("ann", wanted).await;
    assert_eq!(made.status, StatusCode::CREATED);
}

#[tokio::test]
async fn an_owner_sees_what_became_of_the_last_delivery() {
    let service = service(false);
    let made = service.made("ann").await;
    let path = format!("/api/webhooks/{}", made.id);
    let asset = AssetId::new("a1").unwrap();
    for (outcome, error, enabled) in [
        (Outcome::Delivered, None, true),
        (Outcome::Refused(503), Some("503"), true),
        (
            Outcome::Unanswered("no route".to_owned()),
            Some("no route"),
            true,
        ),
        (Outcome::Gone, Some("410"), false),
    ] {
        let delivery = Delivery {
            id: EventId::of(&asset, "1"),
            event: domain::event::EventType::Ready,
            at_ms: 5,
            attempt: 2,
            outcome,
        };
        let id = WebhookId::new(made.id.as_str()).unwrap();
        let noted = service.documents.note_delivery("ann", &id, &delivery);
        noted.await.unwrap();
        let shown: Webhook = service.get("ann", &path).await.read();
        let last = shown.last_delivery.unwrap();
        assert_eq!((last.attempt, last.delivered), (2, error.is_none()));
        let said = last.error.unwrap_or_default();
        assert!(said.contains(error.unwrap_or_default()), "{said}");
        assert_eq!(shown.enabled, enabled);
    }
    let again = service.ask("ann", Method::PATCH, &path, json!({"enabled": true}));
    assert!(
        again.await.read::<Webhook>().enabled,
        "what has ended can begin again"
    );
}

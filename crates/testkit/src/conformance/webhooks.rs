//! Guarantees of the ports behind webhooks.

use cloud::ports::{FindWebhooks, KeepWebhooks, NoteDelivery, StoredWebhook};
use domain::event::EventType;
use domain::ids::{AssetId, EventId, WebhookId};
use domain::webhook::{Delivery, MAX_WEBHOOKS, Outcome, Webhook};
use tokio::task::JoinSet;

use super::sure;

/// Every guarantee of webhooks. `unique` tells this run's owners from any other's.
pub async fn webhooks<D>(store: &D, unique: &str)
where
    D: FindWebhooks + KeepWebhooks + NoteDelivery + Clone + 'static,
{
    an_owner_has_webhooks_of_their_own(store, unique).await;
    an_owner_gets_no_more_than_there_may_be(store, unique).await;
    the_last_delivery_is_noted(store, unique).await;
    a_webhook_is_changed_as_it_was_seen(store, unique).await;
}

fn webhook(owner: &str, name: &str, created_ms: u64) -> Webhook {
    let id = WebhookId::new(format!("{owner}-{name}"));
    Webhook {
        id: id.unwrap_or_else(|error| panic!("{error}")),
        owner: owner.to_owned(),
        url: "https://example.com/hook".to_owned(),
        events: vec![EventType::Ready, EventType::Failed],
        secret: "whsec_c2VjcmV0".to_owned(),
        old_secret: None,
        created_ms,
    }
}

async fn add<D: KeepWebhooks>(store: &D, webhook: &Webhook) -> bool {
    sure("add a webhook", store.add_webhook(webhook).await)
}

async fn all<D: FindWebhooks>(store: &D, owner: &str) -> Vec<StoredWebhook> {
    sure("list webhooks", store.webhooks(owner).await)
}

async fn one<D: FindWebhooks>(store: &D, webhook: &Webhook) -> Option<StoredWebhook> {
    let found = store.webhook(&webhook.owner, &webhook.id).await;
    sure("read a webhook", found)
}

async fn note<D: NoteDelivery>(
    store: &D,
    webhook: &Webhook,
    attempt: u32,
    outcome: Outcome,
) -> Delivery {
    let asset = AssetId::new("a1").unwrap_or_else(|error| panic!("{error}"));
    let delivery = Delivery {
        id: EventId::of(&asset, "1"),
        event: EventType::Ready,
        at_ms: 5,
        attempt,
        outcome,
    };
    let noted = store.note_delivery(&webhook.owner, &webhook.id, &delivery);
    sure("note a delivery", noted.await);
    delivery
}

async fn swap<D: KeepWebhooks>(store: &D, next: &StoredWebhook) -> bool {
    sure("change a webhook", store.swap_webhook(next).await)
}

async fn an_owner_has_webhooks_of_their_own<D>(store: &D, unique: &str)
where
    D: FindWebhooks + KeepWebhooks,
{
    let (ann, bob) = (format!("{unique}-ann"), format!("{unique}-bob"));
    assert_eq!(all(store, &ann).await, [], "nobody has webhooks at first");
    let [newer, older] = [webhook(&ann, "b", 2), webhook(&ann, "a", 1)];
    assert!(add(store, &newer).await && add(store, &older).await);
    let listed = all(store, &ann).await;
    let listed: Vec<_> = listed.into_iter().map(|stored| stored.webhook).collect();
    assert_eq!(listed, [older.clone(), newer.clone()], "the oldest first");
    let fresh = StoredWebhook {
        webhook: older.clone(),
        enabled: true,
        version: 0,
        last: None,
    };
    assert_eq!(one(store, &older).await, Some(fresh));

    assert_eq!(all(store, &bob).await, []);
    let dropped = sure("drop", store.drop_webhook(&bob, &older.id).await);
    assert!(!dropped, "what is another's is not there");
    for there in [true, false] {
        let dropped = sure("drop", store.drop_webhook(&ann, &older.id).await);
        assert_eq!(dropped, there, "a webhook is dropped once");
    }
    assert_eq!(one(store, &older).await, None);
    assert_eq!(all(store, &ann).await.len(), 1);
}

async fn an_owner_gets_no_more_than_there_may_be<D>(store: &D, unique: &str)
where
    D: FindWebhooks + KeepWebhooks + Clone + 'static,
{
    let owner = format!("{unique}-many");
    let mut callers = JoinSet::new();
    for number in 0..MAX_WEBHOOKS + 2 {
        let (store, webhook) = (store.clone(), webhook(&owner, &number.to_string(), 1));
        callers.spawn(async move { add(&store, &webhook).await });
    }
    let added = callers.join_all().await;
    let added = added.into_iter().filter(|added| *added).count();
    assert_eq!(added, MAX_WEBHOOKS, "of many calls at once");
    let known = all(store, &owner).await;
    assert_eq!(known.len(), MAX_WEBHOOKS);
    let last = webhook(&owner, "last", 9);
    assert!(!add(store, &last).await, "there is no room");
    for gone in known.iter().take(1) {
        sure("drop", store.drop_webhook(&owner, &gone.webhook.id).await);
    }
    assert!(add(store, &last).await, "there is room again");
}

async fn the_last_delivery_is_noted<D>(store: &D, unique: &str)
where
    D: FindWebhooks + KeepWebhooks + NoteDelivery,
{
    let webhook = webhook(&format!("{unique}-noted"), "a", 1);
    note(store, &webhook, 1, Outcome::Delivered).await;
    assert_eq!(
        one(store, &webhook).await,
        None,
        "nothing is made by a note"
    );
    add(store, &webhook).await;
    for (attempt, outcome, enabled) in [
        (1, Outcome::Unanswered("no answer".to_owned()), true),
        (2, Outcome::Refused(500), true),
        (3, Outcome::Delivered, true),
        (1, Outcome::Gone, false),
        // It was under way when the other was answered.
        (1, Outcome::Delivered, false),
    ] {
        let delivery = note(store, &webhook, attempt, outcome).await;
        let stored = one(store, &webhook).await;
        let stored = stored.map(|stored| (stored.last, stored.enabled));
        assert_eq!(stored, Some((Some(delivery), enabled)));
    }
}

async fn a_webhook_is_changed_as_it_was_seen<D>(store: &D, unique: &str)
where
    D: FindWebhooks + KeepWebhooks + NoteDelivery,
{
    let webhook = webhook(&format!("{unique}-changed"), "a", 1);
    let mut next = StoredWebhook {
        webhook: webhook.clone(),
        enabled: false,
        version: 1,
        last: None,
    };
    assert!(!swap(store, &next).await, "nothing is made by a change");
    add(store, &webhook).await;
    next.webhook.events = vec![EventType::Removed];
    next.webhook.renew("whsec_bmV3".to_owned(), 5);
    assert!(swap(store, &next).await);
    assert!(!swap(store, &next).await, "of one version once");
    assert_eq!(one(store, &webhook).await.as_ref(), Some(&next));

    next.last = Some(note(store, &webhook, 1, Outcome::Delivered).await);
    next.version += 1;
    next.enabled = true;
    let unseen = StoredWebhook {
        last: None,
        ..next.clone()
    };
    assert!(swap(store, &unseen).await, "a delivery is no change");
    assert_eq!(one(store, &webhook).await, Some(next.clone()));

    note(store, &webhook, 1, Outcome::Gone).await;
    next.version += 1;
    assert!(!swap(store, &next).await, "the end of a webhook is one");
    next.version += 1;
    assert!(swap(store, &next).await);
    let enabled = one(store, &webhook).await.map(|stored| stored.enabled);
    assert_eq!(enabled, Some(true), "what has ended can begin again");
}

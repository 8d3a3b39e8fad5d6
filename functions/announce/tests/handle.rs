//! announce against twins of the cloud: what is told, to whom, and what happens when it is not.
#![cfg(test)]

use announce::{Batch, Ports};
use cloud::StoreError;
use cloud::finish::StoredJob;
use cloud::ports::{ClaimJob, KeepJob, KeepLibrary, KeepWebhooks, NoteDelivery, UploadedAt};
use domain::event::EventType;
use domain::ids::{AssetId, EventId, JobId, WebhookId};
use domain::job::{JobRecord, JobState};
use domain::library::LibraryEntry;
use domain::object::{BucketName, ObjectKey, ObjectRef, SourceObject};
use domain::webhook::{Delivery, Outcome, Webhook};
use runtime::StageContext;
use serde_json::{Value, json};
use testkit::store::{FailingStore, Faults, MemoryDocuments, Outbox};

struct World {
    documents: MemoryDocuments,
    outbox: Outbox,
}

/// The asset and the job of `events/announce.json`, as they are when the job is ready.
async fn world() -> World {
    let documents = MemoryDocuments::default();
    let source = SourceObject {
        object: ObjectRef {
            bucket: BucketName::new("millrace-uploads"),
            key: ObjectKey::new("ann/u1/film.mp4"),
        },
        version: None,
        etag: "d41d8cd98f00b204e9800998ecf8427e".to_owned(),
        size: 1_055_736,
    };
    let entry = LibraryEntry {
        asset: AssetId::new("a0000000000000000000000000").unwrap(),
        ..LibraryEntry::of(&source, 1)
    };
    let record = JobRecord {
        job: JobId::new("j0000000000000000000000000").unwrap(),
        asset: entry.asset.clone(),
        owner: "ann".to_owned(),
        source,
        profile: "default".to_owned(),
        state: JobState::Running,
        error: None,
    };
    documents.enter(&entry).await.unwrap();
    documents.claim(&record, UploadedAt(1)).await.unwrap();
    let order = StoredJob::claimed(record.clone(), UploadedAt(1), 1).order;
    let noted = documents.note_job(&record.asset, &record.job, &order);
    noted.await.unwrap();
    World {
        documents,
        outbox: Outbox::default(),
    }
}

impl World {
    async fn end_job(&self) {
        let job = JobId::new("j0000000000000000000000000").unwrap();
        let seen = self.documents.load(&job).await.unwrap().unwrap();
        let mut next = seen.clone();
        next.record.state = JobState::Ready;
        next.version += 1;
        assert!(self.documents.swap(&seen, &next).await.unwrap());
    }

    async fn listen(&self, name: &str, events: &[EventType]) -> WebhookId {
        let webhook = Webhook {
            id: WebhookId::new(name).unwrap(),
            owner: "ann".to_owned(),
            url: "https://example.com".to_owned(),
            events: events.to_vec(),
            secret: "whsec_c2VjcmV0".to_owned(),
            old_secret: None,
            created_ms: 1,
        };
        self.documents.add_webhook(&webhook).await.unwrap();
        webhook.id
    }

    async fn tell(&self, event: Value, faults: &Faults) -> Result<usize, announce::AnnounceError> {
        let ports = Ports {
            documents: FailingStore::sharing(self.documents.clone(), faults),
            bus: FailingStore::sharing(self.outbox.clone(), faults),
            queue: FailingStore::sharing(self.outbox.clone(), faults),
        };
        let batch: Batch = serde_json::from_value(event).unwrap();
        let told = announce::handle(batch, &ports, &StageContext::for_tests()).await?;
        Ok(told.events)
    }

    fn told(&self) -> Vec<EventType> {
        let published = self.outbox.published().into_iter();
        published.map(|(event, _)| event).collect()
    }
}

fn sample() -> Value {
    serde_json::from_str(include_str!("../../../events/announce.json")).unwrap()
}

/// The sample without the end of the job.
fn beginning() -> Value {
    let mut event = sample();
    event["Records"].as_array_mut().unwrap().truncate(2);
    event
}

/// The end of the job alone.
fn end() -> Value {
    let mut event = sample();
    event["Records"].as_array_mut().unwrap().drain(..2);
    event
}

#[tokio::test]
async fn an_assets_life_is_told_in_order_and_in_full() {
    let world = world().await;
    let none = Faults::before(0);
    assert_eq!(world.tell(beginning(), &none).await.unwrap(), 2);
    world.end_job().await;
    assert_eq!(world.tell(end(), &none).await.unwrap(), 1);
    let life = [EventType::Created, EventType::Processing, EventType::Ready];
    assert_eq!(world.told(), life);
    let (_, detail) = world.outbox.published().pop().unwrap();
    let detail: Value = serde_json::from_str(&detail).unwrap();
    let expected = json!({
        "id": detail["id"],
        "type": "asset.ready",
        "time": "2026-11-25T09:46:42Z",
        "asset": "a0000000000000000000000000",
        "job": "j0000000000000000000000000",
        "owner": "ann",
        "title": "film",
    });
    assert_eq!(detail, expected);
    assert_eq!(detail["id"].as_str().unwrap().len(), 27);
}

#[tokio::test]
async fn nothing_is_processing_that_has_ended() {
    let world = world().await;
    world.end_job().await;
    let none = Faults::before(0);
    world.tell(sample(), &none).await.unwrap();
    assert_eq!(world.told(), [EventType::Created, EventType::Ready]);
}

#[tokio::test]
async fn what_is_gone_is_not_ready() {
    let world = world().await;
    world.end_job().await;
    let asset = AssetId::new("a0000000000000000000000000").unwrap();
    world.documents.strike(&asset).await.unwrap();
    assert_eq!(world.tell(end(), &Faults::before(0)).await.unwrap(), 0);
}

#[tokio::test]
async fn each_webhook_hears_of_what_it_wants() {
    let world = world().await;
    world.end_job().await;
    let all = world.listen("all", &[]).await;
    let ready = world.listen("ready", &[EventType::Ready]).await;
    world.listen("failed", &[EventType::Failed]).await;
    let gone = world.listen("gone", &[]).await;
    let delivery = Delivery {
        id: EventId::of(&AssetId::new("a1").unwrap(), "1"),
        event: EventType::Ready,
        at_ms: 1,
        attempt: 1,
        outcome: Outcome::Gone,
    };
    let noted = world.documents.note_delivery("ann", &gone, &delivery);
    noted.await.unwrap();
    world.tell(end(), &Faults::before(0)).await.unwrap();
    let queued = world.outbox.queued();
    let to: Vec<_> = queued.iter().map(|order| order.webhook.clone()).collect();
    assert_eq!(to, [all, ready]);
    // What is sent is what is on the bus, byte for byte.
    let (_, detail) = world.outbox.published().pop().unwrap();
    assert!(queued.iter().all(|order| order.body == detail));
}

#[tokio::test]
async fn a_heartbeat_is_no_news() {
    let world = world().await;
    let mut event = end();
    let old = event["Records"][0]["dynamodb"]["OldImage"].clone();
    event["Records"][0]["dynamodb"]["NewImage"] = old;
    assert_eq!(world.tell(event, &Faults::before(0)).await.unwrap(), 0);
}

/// Whichever call fails, before or after it did its work: the next try tells what is left, and what
/// is told twice has the same id.
#[tokio::test]
async fn whatever_fails_everything_is_told_and_again_by_the_same_id() {
    let mut failures = 0;
    for nth in 1..20 {
        for faults in [Faults::before(nth), Faults::after(nth)] {
            let world = world().await;
            world.end_job().await;
            world.listen("all", &[]).await;
            if let Err(error) = world.tell(sample(), &faults).await {
                assert!(matches!(
                    error,
                    announce::AnnounceError::Store(StoreError::Unavailable { .. })
                ));
                failures += 1;
                world.tell(sample(), &Faults::before(0)).await.unwrap();
            }
            let mut bodies: Vec<_> = world.outbox.queued().into_iter().map(|o| o.body).collect();
            bodies.sort();
            bodies.dedup();
            assert_eq!(bodies.len(), 2, "created and ready, each with one id");
        }
    }
    assert!(failures > 10, "{failures}");
}

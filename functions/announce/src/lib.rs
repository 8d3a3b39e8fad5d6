//! Tells the world what happens to assets: reads the table's stream, puts events on the bus, and
//! sends them on their way to their owners' webhooks.
//!
//! A record that cannot be told fails the call. Lambda then tries again, with smaller and smaller
//! batches, until that record stands alone. So what comes after it waits, and nothing is told out of
//! order; what came before it may be told twice, with the same id.

use api::Timestamp;
use api::event::Event;
use cloud::StoreError;
use cloud::dynamodb::stream::StreamRecord;
use cloud::ports::{FindWebhooks, KeepLibrary, PublishEvent, QueueOrders, ReadDocuments};
use domain::event::{EntryImage, News};
use domain::ids::EventId;
use domain::webhook::Order;
use domain::{ErrorCode, Fault};
use runtime::StageContext;
use serde::{Deserialize, Serialize};

/// What announce may do.
#[derive(Debug)]
pub struct Ports<D, B, Q> {
    /// Library, job records and webhooks.
    pub documents: D,
    /// Where everybody may listen.
    pub bus: B,
    /// The way to webhooks.
    pub queue: Q,
}

/// Records of the table's stream, in their order.
#[derive(Debug, Deserialize)]
pub struct Batch {
    /// The records.
    #[serde(rename = "Records")]
    pub records: Vec<StreamRecord>,
}

/// What came of a batch.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Told {
    /// How many events it was.
    pub events: usize,
}

/// An event that was not told.
#[derive(Debug, thiserror::Error)]
pub enum AnnounceError {
    /// A call failed, or a record makes no sense.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The event is no JSON.
    #[error("event {id} is no JSON")]
    NoJson {
        /// The event.
        id: EventId,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

impl Fault for AnnounceError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Store(error) => error.code(),
            Self::NoJson { .. } => ErrorCode::Internal,
        }
    }
}

/// Tells of each write that is news.
///
/// # Errors
/// [`AnnounceError`] for the first write that could not be told.
pub async fn handle<D, B, Q>(
    batch: Batch,
    ports: &Ports<D, B, Q>,
    _: &StageContext,
) -> Result<Told, AnnounceError>
where
    D: ReadDocuments + KeepLibrary + FindWebhooks,
    B: PublishEvent,
    Q: QueueOrders,
{
    let mut events = 0;
    for record in &batch.records {
        if let Some(news) = news(record, &ports.documents).await? {
            tell(&news, record, ports).await?;
            events += 1;
        }
    }
    Ok(Told { events })
}

/// The news in a record, if it still is news.
async fn news<D>(record: &StreamRecord, documents: &D) -> Result<Option<News>, StoreError>
where
    D: ReadDocuments + KeepLibrary,
{
    let Some(news) = record.change()?.and_then(|change| change.news()) else {
        return Ok(None);
    };
    let Some(job) = news.about() else {
        return Ok(Some(news));
    };
    let Some(stored) = documents.entry(&news.asset).await? else {
        return Ok(None);
    };
    let Some(job) = documents.job(job).await? else {
        return Ok(None);
    };
    let entry = EntryImage {
        entry: stored.entry,
        job: stored.job,
    };
    Ok(news.holds(&entry, &job).then_some(News {
        title: Some(entry.entry.title),
        ..news
    }))
}

async fn tell<D, B, Q>(
    news: &News,
    record: &StreamRecord,
    ports: &Ports<D, B, Q>,
) -> Result<(), AnnounceError>
where
    D: FindWebhooks,
    B: PublishEvent,
    Q: QueueOrders,
{
    let id = EventId::of(&news.asset, record.sequence());
    let event = Event::of(news, &id, Timestamp(record.at_ms()));
    let body = serde_json::to_string(&event).map_err(|source| AnnounceError::NoJson {
        id: id.clone(),
        source,
    })?;
    ports.bus.publish(news.event, &body).await?;
    let webhooks = ports.documents.webhooks(&news.owner).await?;
    let listening = webhooks
        .into_iter()
        .filter(|stored| stored.enabled && stored.webhook.wants(news.event));
    let orders: Vec<_> = listening
        .map(|stored| Order {
            owner: news.owner.clone(),
            webhook: stored.webhook.id,
            id: id.clone(),
            event: news.event,
            body: body.clone(),
        })
        .collect();
    ports.queue.queue(&orders).await?;
    let (event, asset) = (news.event.name(), &news.asset);
    tracing::info!(%id, event, %asset, webhooks = orders.len(), "event told");
    Ok(())
}

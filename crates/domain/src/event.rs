//! What the world hears of an asset, worked out from the writes to the table.
//!
//! | write | event |
//! |---|---|
//! | an entry of the library is made | `asset.created` |
//! | an entry gets another job; a failed job runs again | `asset.processing` |
//! | a job becomes ready | `asset.ready` |
//! | a job becomes failed | `asset.failed` |
//! | an owner changes title, tags, visibility or captions | `asset.changed` |
//! | an owner gives the asset up | `asset.removing` |
//! | the entry is gone | `asset.removed` |
//!
//! Writes of one item are read in their order, those of two items are not: a job and the entry of
//! its asset are two. So what a job does is news only while it still holds ([`News::holds`]): the
//! job is the asset's newest, the asset is not being removed, and nothing is said to be processing
//! that has ended. What an owner hears therefore does not go backwards.

use serde::{Deserialize, Serialize};

use crate::ids::{AssetId, JobId};
use crate::job::{JobError, JobRecord, JobState};
use crate::library::LibraryEntry;

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum EventType {
    /// An upload is complete.
    #[serde(rename = "asset.created")]
    Created,
    /// A job runs.
    #[serde(rename = "asset.processing")]
    Processing,
    /// The stream is published.
    #[serde(rename = "asset.ready")]
    Ready,
    /// The newest job failed. An earlier stream keeps playing.
    #[serde(rename = "asset.failed")]
    Failed,
    /// Title, tags, visibility or captions are others.
    #[serde(rename = "asset.changed")]
    Changed,
    /// The owner gave the asset up.
    #[serde(rename = "asset.removing")]
    Removing,
    /// Nothing is left of it.
    #[serde(rename = "asset.removed")]
    Removed,
}

impl EventType {
    /// All of them, in the order of an asset's life.
    pub const ALL: [Self; 7] = [
        Self::Created,
        Self::Processing,
        Self::Ready,
        Self::Failed,
        Self::Changed,
        Self::Removing,
        Self::Removed,
    ];

    /// The name, as it is in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "asset.created",
            Self::Processing => "asset.processing",
            Self::Ready => "asset.ready",
            Self::Failed => "asset.failed",
            Self::Changed => "asset.changed",
            Self::Removing => "asset.removing",
            Self::Removed => "asset.removed",
        }
    }
}

/// An entry of the library, and the job that it has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EntryImage {
    /// What its owner says.
    pub entry: LibraryEntry,
    /// The asset's newest job.
    pub job: Option<JobId>,
}

/// One write to an item: what was there before, and what is there since.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// To an entry of the library.
    Entry(Option<EntryImage>, Option<EntryImage>),
    /// To the record of a job.
    Job(Option<JobRecord>, Option<JobRecord>),
}

/// What a write says about an asset.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct News {
    /// What happened.
    pub event: EventType,
    /// To which asset.
    pub asset: AssetId,
    /// Whose it is.
    pub owner: String,
    /// Which job it is about, where it is about one.
    pub job: Option<JobId>,
    /// Why the job failed.
    pub error: Option<JobError>,
    /// What the owner calls the asset, where the write has it.
    pub title: Option<String>,
}

impl Change {
    /// The news in a write; none in most of them.
    #[must_use]
    pub fn news(&self) -> Option<News> {
        match self {
            Self::Entry(before, after) => of_entry(before.as_ref(), after.as_ref()),
            Self::Job(before, after) => of_job(before.as_ref(), after.as_ref()?),
        }
    }
}

fn of_entry(before: Option<&EntryImage>, after: Option<&EntryImage>) -> Option<News> {
    let news = |event, image: &EntryImage| News {
        event,
        asset: image.entry.asset.clone(),
        owner: image.entry.owner.clone(),
        job: image.job.clone(),
        error: None,
        title: Some(image.entry.title.clone()),
    };
    let event = match (before, after) {
        (None, None) => return None,
        (Some(before), None) => return Some(news(EventType::Removed, before)),
        (None, Some(_)) => EventType::Created,
        (Some(before), Some(after)) if before.job != after.job => EventType::Processing,
        (Some(before), Some(after)) => of_owner(&before.entry, &after.entry)?,
    };
    Some(news(event, after?))
}

/// What an owner did.
fn of_owner(before: &LibraryEntry, after: &LibraryEntry) -> Option<EventType> {
    let said = |entry: &LibraryEntry| {
        let LibraryEntry {
            title,
            tags,
            visibility,
            captions,
            ..
        } = entry.clone();
        (title, tags, visibility, captions)
    };
    if after.removing {
        (!before.removing).then_some(EventType::Removing)
    } else {
        (said(before) != said(after)).then_some(EventType::Changed)
    }
}

fn of_job(before: Option<&JobRecord>, after: &JobRecord) -> Option<News> {
    let event = match (before?.state, after.state) {
        (before, after) if before == after => return None,
        (_, JobState::Running) => EventType::Processing,
        (_, JobState::Ready) => EventType::Ready,
        (_, JobState::Failed) => EventType::Failed,
    };
    Some(News {
        event,
        asset: after.asset.clone(),
        owner: after.owner.clone(),
        job: Some(after.job.clone()),
        error: after.error.clone(),
        title: None,
    })
}

impl News {
    /// The job that decides whether the news holds; none for what holds in any case.
    #[must_use]
    pub fn about(&self) -> Option<&JobId> {
        let of_job = [EventType::Processing, EventType::Ready, EventType::Failed];
        self.job.as_ref().filter(|_| of_job.contains(&self.event))
    }

    /// Whether news of a job holds, as entry and job are now.
    #[must_use]
    pub fn holds(&self, entry: &EntryImage, job: &JobRecord) -> bool {
        let is_newest = entry.job.as_ref() == Some(&job.job) && !entry.entry.removing;
        is_newest && (self.event != EventType::Processing || job.state == JobState::Running)
    }
}

#[cfg(test)]
mod tests;

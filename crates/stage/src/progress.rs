//! How far a job is: results that are there, against chunks that are planned.

use cloud::ports::{ListObjects, ReadObject};
use domain::ids::JobId;
use domain::layout::WorkFolder;
use domain::object::{BucketName, ObjectKey};
use domain::result::SegmentResult;

use crate::{Work, WorkError};

/// What is planned and what is done, counted.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Progress {
    /// When segment was done, in milliseconds since the Unix epoch; none before.
    pub planned_ms: Option<u64>,
    /// Encode chunks in the plan.
    pub video_chunks: u32,
    /// Encode chunks with a result.
    pub video_done: u32,
    /// Audio chunks in the plan.
    pub audio_chunks: u32,
    /// Audio chunks with a result.
    pub audio_done: u32,
    /// Whether thumbnails are made.
    pub thumbnails: bool,
    /// Whether manifests are published.
    pub manifests: bool,
}

impl Progress {
    /// Whether the job is planned: segment is done.
    #[must_use]
    pub const fn is_planned(&self) -> bool {
        self.planned_ms.is_some()
    }
}

/// How far a job is. Once it is ready its work folder is gone, and nothing is planned.
///
/// # Errors
/// [`WorkError`].
pub async fn of<S: ReadObject + ListObjects>(
    store: &S,
    bucket: &BucketName,
    job: &JobId,
) -> Result<Progress, WorkError> {
    let work = Work::new(store, bucket, job);
    let folder = WorkFolder(job);
    let results = ObjectKey::new(format!("{}results/", folder.prefix()));
    let keys = store.list(bucket, &results).await?;
    let has = |key: ObjectKey| keys.iter().any(|entry| entry.key == key);
    let count = |part: &str| {
        let under = format!("{results}{part}/");
        let done = keys
            .iter()
            .filter(|entry| entry.key.as_str().starts_with(&under));
        u32::try_from(done.count()).unwrap_or(u32::MAX)
    };
    if !has(folder.segment_result()) {
        return Ok(Progress::default());
    }
    let Some(segment) = work.find::<SegmentResult>(folder.segment_result()).await? else {
        return Ok(Progress::default());
    };
    Ok(Progress {
        planned_ms: Some(segment.usage.ended_ms()),
        video_chunks: segment.video_chunks,
        video_done: count("v"),
        audio_chunks: segment.audio_chunks,
        audio_done: count("a"),
        thumbnails: has(folder.thumbnail_result()),
        manifests: has(folder.manifest_result()),
    })
}

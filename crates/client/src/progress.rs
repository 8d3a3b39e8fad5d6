//! How far a job is: results that are there, against chunks that are planned.

use cloud::ports::{ListObjects, ReadObject};
use domain::ids::JobId;
use domain::layout::WorkFolder;
use domain::object::{BucketName, ObjectKey};
use domain::plan::Plan;
use stage::Work;

use crate::ClientError;

/// What is planned and what is done, counted.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Progress {
    /// Whether the job is planned: segment is done.
    pub planned: bool,
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

pub(crate) async fn of<S: ReadObject + ListObjects>(
    store: &S,
    bucket: &BucketName,
    job: &JobId,
) -> Result<Progress, ClientError> {
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
    let Some(plan) = work.find::<Plan>(folder.plan()).await? else {
        return Ok(Progress::default());
    };
    let length = |chunks: usize| u32::try_from(chunks).unwrap_or(u32::MAX);
    let video = plan.timeline.chunks(plan.profile.segments_per_chunk).len();
    Ok(Progress {
        planned: true,
        video_chunks: if plan.video.is_some() {
            length(video)
        } else {
            0
        },
        video_done: count("v"),
        audio_chunks: length(plan.audio_chunks().len()),
        audio_done: count("a"),
        thumbnails: has(folder.thumbnail_result()),
        manifests: has(folder.manifest_result()),
    })
}

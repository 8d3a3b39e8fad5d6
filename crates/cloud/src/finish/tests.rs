//! The table of rules, and every order in which the jobs of one asset may end.

use std::collections::BTreeMap;

use super::*;
use domain::ids::JobId;
use domain::message::SegmentInput;
use domain::object::{BucketName, ObjectKey, ObjectRef, SourceObject};
use domain::profile::Profile;
use domain::time::Rational;

fn job(uploaded: u64) -> StoredJob {
    let source = SourceObject {
        object: ObjectRef {
            bucket: BucketName::new("uploads"),
            key: ObjectKey::new("ann/u1/My film.mp4"),
        },
        version: None,
        etag: format!("e{uploaded}"),
        size: 1,
    };
    let request = SegmentInput::new(source.clone(), Profile::default());
    let record = JobRecord {
        job: request.job,
        asset: request.asset,
        owner: source.owner().to_owned(),
        source,
        profile: "default".to_owned(),
        state: JobState::Running,
        error: None,
    };
    StoredJob::claimed(record, UploadedAt(uploaded), 0)
}

fn ready(job: &StoredJob) -> JobOutcome {
    JobOutcome::Ready(Box::new(Published {
        job: job.record.job.clone(),
        folder: format!("assets/a/{}/", job.record.job),
        hls: "index.m3u8".to_owned(),
        dash: "manifest.mpd".to_owned(),
        duration: Rational::ONE,
        renditions: Vec::new(),
        poster: None,
        storyboard: None,
        tags: BTreeMap::new(),
        stage_ms: BTreeMap::new(),
        ffmpeg_cpu_ms: 0,
        cost: None,
    }))
}

fn failed() -> JobOutcome {
    JobOutcome::Failed(JobError {
        code: ErrorCode::SourceDamaged,
        message: "broken".to_owned(),
    })
}

/// A store of one asset.
#[derive(Clone, Default)]
struct Shelf {
    jobs: BTreeMap<JobId, StoredJob>,
    asset: Option<StoredAsset>,
}

impl Shelf {
    fn finish(&mut self, claimed: &StoredJob, outcome: &JobOutcome) -> Settlement {
        let stored = self
            .jobs
            .entry(claimed.record.job.clone())
            .or_insert_with(|| claimed.clone());
        let settlement = settle(stored, self.asset.as_ref(), 1, outcome);
        match &settlement {
            Settlement::Stale | Settlement::Unchanged => {}
            Settlement::Record(record) => stored.record = (**record).clone(),
            Settlement::Both(record, asset) => {
                stored.record = (**record).clone();
                self.asset = Some((**asset).clone());
            }
        }
        settlement
    }

    fn state(&self, job: &StoredJob) -> JobState {
        self.jobs[&job.record.job].record.state
    }

    fn document(&self) -> &AssetDocument {
        &self.asset.as_ref().unwrap().document
    }

    fn published(&self) -> Option<&JobId> {
        self.document().published.as_ref().map(|stream| &stream.job)
    }
}

#[test]
fn a_first_failure_makes_a_document_without_a_stream() {
    let (mut shelf, first) = (Shelf::default(), job(1));
    shelf.finish(&first, &failed());
    let document = shelf.document();
    assert_eq!(document.title, "My film.mp4");
    assert_eq!(document.state, JobState::Failed);
    assert_eq!(
        document.error.as_ref().unwrap().code,
        ErrorCode::SourceDamaged
    );
    assert_eq!(document.published, None);
}

#[test]
fn the_same_outcome_again_changes_nothing() {
    for outcome in [failed(), ready(&job(1))] {
        let (mut shelf, first) = (Shelf::default(), job(1));
        shelf.finish(&first, &outcome);
        assert_eq!(shelf.finish(&first, &outcome), Settlement::Unchanged);
    }
}

#[test]
fn a_failure_does_not_take_away_what_is_published() {
    let (mut shelf, first, second) = (Shelf::default(), job(1), job(2));
    shelf.finish(&first, &ready(&first));
    shelf.finish(&second, &failed());
    assert_eq!(shelf.document().state, JobState::Failed);
    assert_eq!(shelf.published(), Some(&first.record.job));
    assert_eq!(shelf.finish(&first, &failed()), Settlement::Unchanged);
}

#[test]
fn a_newer_stream_is_not_replaced_by_an_older_one() {
    let (mut shelf, first, second) = (Shelf::default(), job(1), job(2));
    shelf.finish(&second, &ready(&second));
    let before = shelf.asset.clone();
    shelf.finish(&first, &ready(&first));
    assert_eq!(shelf.asset, before);
    let record = &shelf.jobs[&first.record.job].record;
    assert_eq!(
        record.error.as_ref().unwrap().code,
        ErrorCode::SourceChanged
    );
}

#[test]
fn an_older_stream_is_better_than_none() {
    let (mut shelf, first, second) = (Shelf::default(), job(1), job(2));
    shelf.finish(&second, &failed());
    shelf.finish(&first, &ready(&first));
    assert_eq!(shelf.published(), Some(&first.record.job));
    assert_eq!(shelf.document().state, JobState::Failed);
    assert_eq!(shelf.document().job, second.record.job);
}

#[test]
fn a_failed_job_may_still_become_ready() {
    let (mut shelf, first) = (Shelf::default(), job(1));
    shelf.finish(&first, &failed());
    shelf.finish(&first, &ready(&first));
    assert_eq!(shelf.state(&first), JobState::Ready);
    assert_eq!(shelf.document().state, JobState::Ready);
    assert_eq!(shelf.document().error, None);
}

/// Every sequence of four outcomes over three jobs.
#[test]
fn no_order_of_outcomes_breaks_an_invariant() {
    let jobs = [job(1), job(2), job(3)];
    let moves: Vec<(usize, JobOutcome)> = (0..3)
        .flat_map(|index| [(index, ready(&jobs[index])), (index, failed())])
        .collect();
    let mut shelves = vec![Shelf::default()];
    for _ in 0..4 {
        let mut next = Vec::new();
        for shelf in &shelves {
            for (index, outcome) in &moves {
                let mut after = shelf.clone();
                after.finish(&jobs[*index], outcome);
                check(shelf, &after, &jobs);
                next.push(after);
            }
        }
        shelves = next;
    }
    assert_eq!(shelves.len(), 6_usize.pow(4));
}

fn check(before: &Shelf, after: &Shelf, jobs: &[StoredJob]) {
    let asset = after.asset.as_ref().unwrap();
    let place = |id: &JobId| jobs.iter().position(|job| job.record.job == *id).unwrap();
    let ended: Vec<usize> = after.jobs.keys().map(place).collect();
    let ready = |shelf: &Shelf| -> Vec<usize> {
        let ready = |job: &&StoredJob| job.record.state == JobState::Ready;
        shelf
            .jobs
            .values()
            .filter(ready)
            .map(|job| place(&job.record.job))
            .collect()
    };
    // The stream is that of the newest ready job, and what is ready stays ready.
    assert_eq!(after.published().map(place), ready(after).into_iter().max());
    assert!(ready(before).iter().all(|job| ready(after).contains(job)));
    // The document describes the newest job that ended.
    assert_eq!(Some(place(&asset.document.job)), ended.into_iter().max());
    assert_eq!(
        asset.document.state,
        after.jobs[&asset.document.job].record.state
    );
    assert_eq!(
        asset.document.error,
        after.jobs[&asset.document.job].record.error
    );
    // The revision tells every change.
    let revision = before.asset.as_ref().map_or(0, |asset| asset.revision);
    let changed = before.asset.as_ref().map(|a| &a.document) != Some(&asset.document);
    assert_eq!(asset.revision, revision + u64::from(changed));
}

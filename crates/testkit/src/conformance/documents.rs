//! Guarantees of the document ports and of the execution port.

use std::collections::{BTreeMap, BTreeSet};

use cloud::ports::{
    Claim, ClaimJob, FindExpired, FindUnclaimed, FinishJob, KeepJob, KeepRound, ReadDocuments,
    StartExecution, Started, UploadedAt,
};
use cloud::{Finished, JobOutcome, StoredJob};
use domain::ErrorCode;
use domain::ids::AssetId;
use domain::job::{JobError, JobRecord, JobState, Published};
use domain::message::SegmentInput;
use domain::object::{BucketName, ObjectKey, ObjectRef, SourceObject};
use domain::profile::Profile;
use domain::sweep::Round;
use domain::time::Rational;
use tokio::task::JoinSet;

use super::{refused, sure};

/// Callers at once, where a guarantee is about many.
const CALLERS: u64 = 12;

/// Every guarantee of the document ports. `unique` tells this run's jobs from any other's.
pub async fn documents<D>(store: &D, unique: &str)
where
    D: ClaimJob
        + ReadDocuments
        + FinishJob
        + KeepJob
        + FindExpired
        + FindUnclaimed
        + KeepRound
        + Clone
        + 'static,
{
    a_claim_is_made_once(store, unique).await;
    one_of_many_claims_is_the_first(store, unique).await;
    nobody_finishes_what_nobody_claimed(store, unique).await;
    an_end_is_written_once(store, unique).await;
    a_failure_keeps_what_is_published(store, unique).await;
    a_failed_job_may_become_ready(store, unique).await;
    a_late_result_is_superseded(store, unique).await;
    an_older_stream_is_better_than_none(store, unique).await;
    jobs_may_end_at_once(store, unique).await;
    one_of_many_swaps_is_made(store, unique).await;
    an_expired_job_is_found_until_it_ends(store, unique).await;
    an_earlier_attempt_changes_nothing(store, unique).await;
    a_cancelled_job_does_not_become_ready(store, unique).await;
    only_jobs_without_a_record_are_unclaimed(store, unique).await;
    one_of_many_sweeps_moves_a_round_on(store, unique).await;
}

/// The record of a job that was claimed before.
fn known(claim: Claim) -> Option<JobRecord> {
    match claim {
        Claim::New => None,
        Claim::Known(stored) => Some(stored.record),
    }
}

async fn loaded<D: KeepJob>(store: &D, record: &JobRecord) -> StoredJob {
    let stored = sure("load a job", store.load(&record.job).await);
    stored.unwrap_or_else(|| panic!("a claimed job is there"))
}

async fn one_of_many_swaps_is_made<D>(store: &D, unique: &str)
where
    D: ClaimJob + KeepJob + Clone + 'static,
{
    let record = claimed(store, unique, "swap", 1).await;
    let seen = loaded(store, &record).await;
    let mut swaps = JoinSet::new();
    for caller in 0..CALLERS {
        let (store, seen) = (store.clone(), seen.clone());
        swaps.spawn(async move {
            let lease = seen.lease.held_from(seen.lease.heartbeat_ms + caller + 1);
            let next = seen.with_lease(lease);
            (store.swap(&seen, &next).await, next)
        });
    }
    let mut made = Vec::new();
    for (swapped, next) in swaps.join_all().await {
        if sure("swap at once", swapped) {
            made.push(next);
        }
    }
    assert_eq!(made.len(), 1, "one of many swaps is made");
    let now = loaded(store, &record).await;
    assert_eq!(made.first(), Some(&now), "and it is what is stored");
}

async fn an_expired_job_is_found_until_it_ends<D>(store: &D, unique: &str)
where
    D: ClaimJob + KeepJob + FindExpired + FinishJob,
{
    let record = claimed(store, unique, "expired", 1).await;
    let lease = loaded(store, &record).await.lease;
    let found = async |now_ms: u64| {
        let jobs = sure("find expired jobs", store.expired(now_ms).await);
        jobs.iter().any(|job| job.record == record)
    };
    assert!(
        !found(lease.expires_ms - 1).await,
        "a held job is not found"
    );
    assert!(found(lease.expires_ms).await, "one that nobody holds is");
    finish(store, &record, &failed("broken")).await;
    assert!(!found(u64::MAX).await, "one that has ended is not");
}

async fn an_earlier_attempt_changes_nothing<D>(store: &D, unique: &str)
where
    D: ClaimJob + KeepJob + FinishJob + ReadDocuments,
{
    let record = claimed(store, unique, "stale", 1).await;
    let seen = loaded(store, &record).await;
    let (lease, _) = seen
        .lease
        .take_over(u64::MAX)
        .unwrap_or_else(|| panic!("it expires"));
    assert!(sure(
        "take over",
        store.swap(&seen, &seen.with_lease(lease)).await
    ));
    let late = store.finish(&record.job, 1, &failed("late")).await;
    assert_eq!(
        sure("finish late", late),
        None,
        "an earlier attempt changes nothing"
    );
    let state = sure("read it", store.job(&record.job).await).map(|job| job.state);
    assert_eq!(state, Some(JobState::Running));
    let own = store.finish(&record.job, 2, &ready(&record)).await;
    assert!(
        sure("finish", own).is_some(),
        "the current one ends the job"
    );
}

async fn a_cancelled_job_does_not_become_ready<D>(store: &D, unique: &str)
where
    D: ClaimJob + KeepJob + FinishJob + ReadDocuments,
{
    let record = claimed(store, unique, "cancelled", 1).await;
    let cancelled = cloud::lease::cancel(store, &record.job).await;
    assert!(sure("cancel", cancelled));
    let end = finish(store, &record, &ready(&record)).await;
    let code = end.record.error.map(|error| error.code);
    assert_eq!(
        code,
        Some(ErrorCode::JobCancelled),
        "it says why it is not ready"
    );
    assert_eq!(end.asset.published, None, "and nothing is published");
}

async fn only_jobs_without_a_record_are_unclaimed<D>(store: &D, unique: &str)
where
    D: ClaimJob + FindUnclaimed,
{
    // More than one request of DynamoDB takes, and one of them twice.
    let mut jobs: Vec<_> = (1..=250)
        .map(|version| record(unique, "unclaimed", version).job)
        .collect();
    jobs.extend(jobs.first().cloned());
    let mut expected: BTreeSet<_> = jobs.iter().cloned().collect();
    for version in [1, 100, 101, 250] {
        let known = claimed(store, unique, "unclaimed", version).await;
        expected.remove(&known.job);
    }
    let unclaimed = sure("find unclaimed jobs", store.unclaimed(&jobs).await);
    assert_eq!(unclaimed, expected, "a job is unclaimed without a record");
    let none = sure("find none", store.unclaimed(&[]).await);
    assert_eq!(none, BTreeSet::new(), "nothing asked, nothing found");
}

async fn one_of_many_sweeps_moves_a_round_on<D>(store: &D, unique: &str)
where
    D: KeepRound + Clone + 'static,
{
    let bucket = BucketName::new(format!("uploads-{unique}"));
    let begun = Round::of_everything(None, 1);
    for (version, after) in [(1, "ann/Käse + 100%.mp4"), (2, "z")] {
        let before = sure("read a round", store.round(&bucket).await);
        let before = before.unwrap_or_else(|| begun.clone());
        let next = before.done_to(Some(ObjectKey::new(after)));
        let mut swaps = JoinSet::new();
        for _ in 0..CALLERS {
            let (store, bucket, next) = (store.clone(), bucket.clone(), next.clone());
            swaps.spawn(async move { store.swap_round(&bucket, &next).await });
        }
        let swaps = swaps.join_all().await.into_iter();
        let made = swaps.filter(|swap| matches!(swap, Ok(true))).count();
        assert_eq!(made, 1, "one of many writes of version {version} is made");
        let now = sure("read it again", store.round(&bucket).await);
        assert_eq!(now, Some(next), "and it is what is stored");
    }
}

/// A job's record, the `version`th upload of the key `{unique}/{name}`.
fn record(unique: &str, name: &str, version: u64) -> JobRecord {
    let source = SourceObject {
        object: ObjectRef {
            bucket: BucketName::new("uploads"),
            key: ObjectKey::new(format!("ann/{unique}/{name} é.mp4")),
        },
        version: None,
        etag: format!("etag-{version}"),
        size: u64::MAX,
    };
    let request = SegmentInput::new(source, Profile::default());
    JobRecord {
        job: request.job,
        asset: request.asset,
        owner: request.source.owner().to_owned(),
        source: request.source,
        profile: request.profile.name,
        state: JobState::Running,
        error: None,
    }
}

pub(super) async fn claimed<D: ClaimJob>(
    store: &D,
    unique: &str,
    name: &str,
    version: u64,
) -> JobRecord {
    let record = record(unique, name, version);
    let claim = store.claim(&record, UploadedAt(1000 * version)).await;
    assert_eq!(sure("claim a job", claim), Claim::New, "a new job is new");
    record
}

fn ready(record: &JobRecord) -> JobOutcome {
    JobOutcome::Ready(Box::new(Published {
        job: record.job.clone(),
        folder: format!("assets/{}/{}/", record.asset, record.job),
        hls: "index.m3u8".to_owned(),
        dash: "manifest.mpd".to_owned(),
        duration: Rational::new(1001, 30).unwrap_or(Rational::ONE),
        renditions: Vec::new(),
        poster: None,
        storyboard: None,
        tags: BTreeMap::from([(String::new(), String::new())]),
        stage_ms: BTreeMap::from([("segment".to_owned(), 7)]),
        ffmpeg_cpu_ms: u64::MAX,
        cost: None,
    }))
}

fn failed(message: &str) -> JobOutcome {
    JobOutcome::Failed(JobError {
        code: ErrorCode::SourceDamaged,
        message: message.to_owned(),
    })
}

async fn finish<D: FinishJob>(store: &D, record: &JobRecord, outcome: &JobOutcome) -> Finished {
    let finished = sure("finish a job", store.finish(&record.job, 1, outcome).await);
    finished.unwrap_or_else(|| panic!("the first attempt holds the job"))
}

/// What the store holds is what the last finish returned.
async fn agrees<D: ReadDocuments>(store: &D, finished: &Finished) {
    let record = sure("read a job", store.job(&finished.record.job).await);
    assert_eq!(
        record.as_ref(),
        Some(&finished.record),
        "the record is what was returned"
    );
    let asset = sure("read an asset", store.asset(&finished.asset.asset).await);
    assert_eq!(
        asset.as_ref(),
        Some(&finished.asset),
        "the document is what was returned"
    );
}

async fn a_claim_is_made_once<D: ClaimJob + ReadDocuments>(store: &D, unique: &str) {
    let first = record(unique, "claim", 1);
    let unknown = sure("read an unknown job", store.job(&first.job).await);
    assert_eq!(unknown, None, "an unknown job has no record");
    let first = claimed(store, unique, "claim", 1).await;
    let again = sure("claim it again", store.claim(&first, UploadedAt(5)).await);
    assert_eq!(
        known(again),
        Some(first.clone()),
        "a known job is known, as it stands"
    );
    let read = sure("read it", store.job(&first.job).await);
    assert_eq!(read, Some(first.clone()), "a claim is a record");
    let asset = sure("read its asset", store.asset(&first.asset).await);
    assert_eq!(asset, None, "a claim alone is no document");
}

async fn one_of_many_claims_is_the_first<D>(store: &D, unique: &str)
where
    D: ClaimJob + Clone + 'static,
{
    let mut claims = JoinSet::new();
    for _ in 0..CALLERS {
        let (store, record) = (store.clone(), record(unique, "race", 1));
        claims.spawn(async move { store.claim(&record, UploadedAt(1)).await });
    }
    let mut first = 0;
    for claim in claims.join_all().await {
        first += u32::from(sure("claim at once", claim) == Claim::New);
    }
    assert_eq!(first, 1, "of many claims at once exactly one is the first");
}

async fn nobody_finishes_what_nobody_claimed<D>(store: &D, unique: &str)
where
    D: FinishJob + ReadDocuments,
{
    let never = record(unique, "never", 1);
    let finished = store.finish(&never.job, 1, &ready(&never)).await;
    refused!(finished, NotFound, "a job that nobody claimed has no end");
    let asset = sure("read its asset", store.asset(&never.asset).await);
    assert_eq!(asset, None, "and no asset");
}

async fn an_end_is_written_once<D>(store: &D, unique: &str)
where
    D: ClaimJob + ReadDocuments + FinishJob,
{
    let job = claimed(store, unique, "once", 1).await;
    let first = finish(store, &job, &ready(&job)).await;
    assert_eq!(first.record.state, JobState::Ready, "a ready job is ready");
    assert_eq!(first.asset.state, JobState::Ready, "and so is its asset");
    assert_eq!(
        first.asset.title, "once é.mp4",
        "a new asset has the name of its file"
    );
    assert_eq!(first.revision, 1, "a new asset has its first revision");
    agrees(store, &first).await;
    let again = finish(store, &job, &ready(&job)).await;
    assert_eq!(again, first, "the same end again changes nothing");
    let late = finish(store, &job, &failed("too late")).await;
    assert_eq!(late, first, "what is published stays ready");
    let again = sure("claim it again", store.claim(&job, UploadedAt(1)).await);
    assert_eq!(
        known(again),
        Some(first.record),
        "a later claim sees the end"
    );
}

async fn a_failure_keeps_what_is_published<D>(store: &D, unique: &str)
where
    D: ClaimJob + ReadDocuments + FinishJob,
{
    let first = claimed(store, unique, "keep", 1).await;
    let second = claimed(store, unique, "keep", 2).await;
    let before = finish(store, &first, &ready(&first)).await;
    let after = finish(store, &second, &failed("broken")).await;
    assert_eq!(
        after.asset.published, before.asset.published,
        "a failure keeps the stream"
    );
    assert_eq!(
        after.asset.state,
        JobState::Failed,
        "a failure is on the asset"
    );
    assert_eq!(after.asset.error, after.record.error, "with its reason");
    assert!(
        after.revision > before.revision,
        "a change is a new revision"
    );
    agrees(store, &after).await;
    let again = finish(store, &second, &failed("broken")).await;
    assert_eq!(again, after, "the same failure again changes nothing");
}

async fn a_failed_job_may_become_ready<D>(store: &D, unique: &str)
where
    D: ClaimJob + ReadDocuments + FinishJob,
{
    let job = claimed(store, unique, "retry", 1).await;
    let failure = finish(store, &job, &failed("broken")).await;
    assert_eq!(
        failure.asset.published, None,
        "a failed job publishes nothing"
    );
    let success = finish(store, &job, &ready(&job)).await;
    assert_eq!(
        success.asset.state,
        JobState::Ready,
        "a retried job may be ready"
    );
    assert_eq!(
        (&success.asset.error, &success.record.error),
        (&None, &None),
        "without reason"
    );
    agrees(store, &success).await;
}

async fn a_late_result_is_superseded<D>(store: &D, unique: &str)
where
    D: ClaimJob + ReadDocuments + FinishJob,
{
    // Claimed in the wrong order: events may overtake each other.
    let newer = claimed(store, unique, "late", 2).await;
    let older = claimed(store, unique, "late", 1).await;
    let published = finish(store, &newer, &ready(&newer)).await;
    for outcome in [ready(&older), failed("broken")] {
        let late = finish(store, &older, &outcome).await;
        assert_eq!(late.asset, published.asset, "a newer upload's stream stays");
        assert_eq!(late.revision, published.revision, "and nothing changed");
        assert_eq!(
            late.record.state,
            JobState::Failed,
            "the older job is not ready"
        );
        agrees(store, &late).await;
    }
}

async fn an_older_stream_is_better_than_none<D>(store: &D, unique: &str)
where
    D: ClaimJob + ReadDocuments + FinishJob,
{
    let older = claimed(store, unique, "better", 1).await;
    let newer = claimed(store, unique, "better", 2).await;
    finish(store, &newer, &failed("broken")).await;
    let late = finish(store, &older, &ready(&older)).await;
    let stream = late.asset.published.as_ref().map(|stream| &stream.job);
    assert_eq!(
        stream,
        Some(&older.job),
        "an older stream is better than none"
    );
    assert_eq!(
        late.asset.state,
        JobState::Failed,
        "the newest upload failed all the same"
    );
    assert_eq!(late.asset.job, newer.job, "and the document is about it");
    agrees(store, &late).await;
}

async fn jobs_may_end_at_once<D>(store: &D, unique: &str)
where
    D: ClaimJob + ReadDocuments + FinishJob + Clone + 'static,
{
    let mut jobs = Vec::new();
    for version in 1..=CALLERS {
        jobs.push(claimed(store, unique, "crowd", version).await);
    }
    let asset: AssetId = record(unique, "crowd", 1).asset;
    let newest = record(unique, "crowd", CALLERS).job;
    let mut revisions = Vec::new();
    // Contention may give up, as documented; what it leaves is tried again, as a stage would be.
    while !jobs.is_empty() {
        let mut ends = JoinSet::new();
        for job in jobs.drain(..) {
            let store = store.clone();
            ends.spawn(async move {
                let end = store.finish(&job.job, 1, &ready(&job)).await;
                (job, end)
            });
        }
        for (job, end) in ends.join_all().await {
            match end {
                Err(cloud::StoreError::Contended { .. }) => jobs.push(job),
                end => {
                    let end = sure("finish at once", end);
                    let end = end.filter(|end| end.record.state == JobState::Ready);
                    revisions.extend(end.map(|end| end.revision));
                }
            }
        }
    }
    revisions.sort_unstable();
    let changes: Vec<u64> = (1..=revisions.len() as u64).collect();
    assert_eq!(
        revisions, changes,
        "no change is lost, each has its revision"
    );
    let document = sure("read the asset", store.asset(&asset).await);
    let stream = document.and_then(|document| document.published);
    assert_eq!(
        stream.map(|stream| stream.job),
        Some(newest),
        "the newest upload wins any race"
    );
}

/// Every guarantee of the execution port. The state machine must exist; what it does is no matter.
pub async fn executions<E: StartExecution>(store: &E, unique: &str) {
    let name = format!("conformance-{unique}");
    let input = serde_json::json!({ "text": "é \"quoted\"" });
    let first = sure("start an execution", store.start(&name, &input).await);
    assert_eq!(first, Started::Started, "a new name is started");
    let other = serde_json::json!({ "other": 1 });
    let again = sure("start it again", store.start(&name, &other).await);
    assert_eq!(again, Started::AlreadyStarted, "a name is started once");
    let second = store.start(&format!("{name}-2"), &input).await;
    assert_eq!(
        sure("start another", second),
        Started::Started,
        "another name is another"
    );
}

//! The relational core on a real PostgreSQL: `MILLRACE_TEST_DATABASE_URL` names a server on which
//! databases and roles may be made. Every test makes one of its own. Those that connect by a token need
//! the Python of the local stack, too: `MILLRACE_PYTHON`.

#![cfg(test)]

mod constraints;
mod fixtures;
mod gate;
mod iam;
mod silence;

use database::{
    AssetRow, Database, DatabaseError, DescribeAsset, ReadAssets, RecordOutcome, RemoveAsset,
};
use domain::ids::{AssetId, JobId};
use domain::job::JobState;
use domain::{ErrorCode, Fault};

use fixtures::{Finished, NEEDS, at, count, finished, job, migrated, new_database, published, row};

const READY: JobState = JobState::Ready;
const FAILED: JobState = JobState::Failed;

#[tokio::test]
#[ignore = "needs PostgreSQL: MILLRACE_TEST_DATABASE_URL"]
async fn migrations_run_twice_and_at_once() {
    let (database, _) = new_database("migrate").await;
    let (one, two, three) =
        tokio::join!(database.migrate(), database.migrate(), database.migrate());
    for migrated in [one, two, three, database.migrate().await] {
        migrated.unwrap();
    }
    let unknown = AssetId::new("unknown").unwrap();
    assert_eq!(database.asset(&unknown).await.unwrap(), None);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: MILLRACE_TEST_DATABASE_URL"]
async fn an_outcome_reads_back_and_writing_it_again_changes_nothing() {
    let (database, mut connection) = migrated("again").await;
    let ready = finished((1, READY), (1, READY), Some(1));
    let stamps = "SELECT (SELECT max(updated_at)::text FROM assets) || (SELECT max(recorded_at)::text FROM jobs)";
    let mut seen = Vec::new();
    for _ in 0..2 {
        database.record(&ready.outcome()).await.unwrap();
        let stamps: String = sqlx::query_scalar(stamps)
            .fetch_one(&mut connection)
            .await
            .unwrap();
        seen.push((row(&database).await, stamps));
    }
    assert_eq!(seen[0], seen[1]);
    for (table, rows) in [
        ("owners", 1),
        ("assets", 1),
        ("jobs", 1),
        ("publications", 1),
        ("renditions", 3),
    ] {
        assert_eq!(count(&mut connection, table).await, rows, "{table}");
    }
    let asset = row(&database).await;
    assert_eq!(
        (asset.owner.as_str(), asset.title.as_str()),
        ("ann", "Käse \u{FFFD}.mp4")
    );
    assert_eq!(
        (asset.newest_job, asset.revision, asset.error),
        (job(1), 1, None)
    );
    let stream = asset.published.unwrap();
    assert_eq!((stream.job, stream.duration_ms), (job(1), 33_367));
    assert_eq!(stream.renditions, published(1).renditions);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: MILLRACE_TEST_DATABASE_URL"]
async fn a_failure_keeps_the_published_stream() {
    let (database, _) = migrated("keep").await;
    database
        .record(&finished((1, READY), (1, READY), Some(1)).outcome())
        .await
        .unwrap();
    let failure = at(2, finished((2, FAILED), (2, FAILED), Some(1)));
    database.record(&failure.outcome()).await.unwrap();
    let asset = row(&database).await;
    assert_eq!((asset.state, asset.newest_job), (FAILED, job(2)));
    assert_eq!(asset.error.unwrap().code, ErrorCode::SourceDamaged);
    assert_eq!(asset.published.unwrap().job, job(1));
}

#[tokio::test]
#[ignore = "needs PostgreSQL: MILLRACE_TEST_DATABASE_URL"]
async fn an_asset_goes_with_all_its_rows_and_no_others() {
    let (database, mut connection) = migrated("remove").await;
    for outcome in [
        finished((1, READY), (1, READY), Some(1)),
        at(2, finished((2, FAILED), (2, FAILED), Some(1))),
    ] {
        database.record(&outcome.outcome()).await.unwrap();
    }
    let asset = row(&database).await.asset;
    database
        .remove(&AssetId::new("another").unwrap())
        .await
        .unwrap();
    assert_eq!(
        row(&database).await.asset,
        asset,
        "another asset's removal takes nothing"
    );
    for _ in 0..2 {
        database.remove(&asset).await.unwrap();
        for table in ["assets", "jobs", "publications", "renditions"] {
            assert_eq!(count(&mut connection, table).await, 0, "{table}");
        }
    }
    assert_eq!(count(&mut connection, "owners").await, 1);
}

/// Three jobs end one after the other; their rows come in every order, some twice, some never.
#[tokio::test]
#[ignore = "needs PostgreSQL: MILLRACE_TEST_DATABASE_URL"]
async fn outcomes_may_come_late_out_of_order_or_never() {
    let history = [
        at(1, finished((3, FAILED), (3, FAILED), None)),
        at(2, finished((1, READY), (3, FAILED), Some(1))),
        at(3, finished((3, READY), (3, READY), Some(3))),
        at(3, finished((2, FAILED), (3, READY), Some(3))),
    ];
    let orders = [
        [0, 1, 2, 3],
        [3, 2, 1, 0],
        [2, 0, 3, 1],
        [1, 3, 0, 2],
        [3, 0, 3, 1],
        [2, 2, 0, 0],
    ];
    for (index, order) in orders.into_iter().enumerate() {
        let (database, mut connection) = migrated(&format!("order{index}")).await;
        for step in order {
            database.record(&history[step].outcome()).await.unwrap();
        }
        let asset = row(&database).await;
        assert_eq!(
            (asset.state, asset.revision, asset.error),
            (READY, 3, None),
            "{order:?}"
        );
        assert_eq!(asset.published.unwrap().renditions.len(), 3, "{order:?}");
        let ready = "jobs WHERE job = 'j3' AND state = 'ready' AND error_code IS NULL";
        assert_eq!(count(&mut connection, ready).await, 1, "{order:?}");
    }
}

/// Two titles and two ends of jobs, in every order of the titles: the newest title stays, whatever job
/// ends, and a row that is not there gets none.
#[tokio::test]
#[ignore = "needs PostgreSQL: MILLRACE_TEST_DATABASE_URL"]
async fn the_newest_title_stays() {
    let file = "Käse \u{FFFD}.mp4";
    for (index, titles) in [[2, 3], [3, 2], [3, 3]].into_iter().enumerate() {
        let (database, _) = migrated(&format!("title{index}")).await;
        let first = finished((1, READY), (1, READY), Some(1));
        let asset = first.asset.asset.clone();
        let describe = async |version: u64| {
            let title = format!("title {version}\0");
            database.describe(&asset, &title, version).await.unwrap();
        };
        describe(9).await;
        database.record(&first.outcome()).await.unwrap();
        assert_eq!(row(&database).await.title, file);
        for version in titles {
            describe(version).await;
        }
        assert_eq!(row(&database).await.title, "title 3\u{FFFD}", "{titles:?}");
        let second = at(2, finished((2, READY), (2, READY), Some(2)));
        database.record(&second.outcome()).await.unwrap();
        let asset = row(&database).await;
        assert_eq!((asset.revision, asset.title), (2, "title 3\u{FFFD}".into()));
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: MILLRACE_TEST_DATABASE_URL"]
async fn outcomes_may_come_at_once() {
    let (database, mut connection) = migrated("crowd").await;
    let history: Vec<Finished> = (1..=12)
        .map(|version| {
            at(
                version,
                finished((version, READY), (version, READY), Some(version)),
            )
        })
        .collect();
    let database = &database;
    let writes: Vec<_> = history
        .iter()
        .rev()
        .map(|finished| async move { database.record(&finished.outcome()).await })
        .collect();
    for written in futures_util::future::join_all(writes).await {
        written.unwrap();
    }
    let asset = row(database).await;
    assert_eq!((asset.revision, asset.newest_job), (12, job(12)));
    assert_eq!(count(&mut connection, "publications").await, 12);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: MILLRACE_TEST_DATABASE_URL"]
async fn an_owners_assets_come_in_pages() {
    let (database, _) = migrated("pages").await;
    for name in ["a3", "a1", "a2"] {
        let mut one = finished((1, FAILED), (1, FAILED), None);
        one.asset.asset = AssetId::new(name).unwrap();
        one.record.asset = one.asset.asset.clone();
        one.record.job = JobId::new(format!("j-{name}")).unwrap();
        one.asset.job = one.record.job.clone();
        database.record(&one.outcome()).await.unwrap();
    }
    let ids = |rows: Vec<AssetRow>| -> Vec<String> {
        rows.iter().map(|row| row.asset.to_string()).collect()
    };
    let first = database.assets_of("ann", None, 2).await.unwrap();
    let last = first.last().unwrap().asset.clone();
    assert_eq!(ids(first), ["a1", "a2"]);
    assert_eq!(
        ids(database.assets_of("ann", Some(&last), 2).await.unwrap()),
        ["a3"]
    );
    assert_eq!(
        ids(database.assets_of("bob", None, 2).await.unwrap()),
        [""; 0]
    );
}

/// What the outcome must not be able to say, and leaves no trace when it does.
#[tokio::test]
#[ignore = "needs PostgreSQL: MILLRACE_TEST_DATABASE_URL"]
async fn a_wrong_state_is_refused_whole() {
    let (database, mut connection) = migrated("wrong").await;
    let mut without_rendition = finished((1, READY), (1, READY), Some(1));
    without_rendition
        .asset
        .published
        .as_mut()
        .unwrap()
        .renditions
        .clear();
    let mut failed_without_reason = finished((1, FAILED), (1, FAILED), None);
    failed_without_reason.asset.error = None;
    let mut without_owner = finished((1, FAILED), (1, FAILED), None);
    without_owner.asset.owner.clear();
    let mut picture_without_size = finished((1, READY), (1, READY), Some(1));
    picture_without_size
        .asset
        .published
        .as_mut()
        .unwrap()
        .renditions[0]
        .width = None;
    for (name, wrong) in [
        (
            "ready without a stream",
            finished((1, READY), (1, READY), None),
        ),
        (
            "ready with another job's stream",
            finished((2, READY), (2, READY), Some(1)),
        ),
        (
            "failed, yet its stream is published",
            finished((1, FAILED), (1, FAILED), Some(1)),
        ),
        (
            "still running",
            finished((1, JobState::Running), (1, JobState::Running), None),
        ),
        ("no rendition", without_rendition),
        ("no reason", failed_without_reason),
        ("no owner", without_owner),
        ("picture without size", picture_without_size),
        (
            "no revision",
            at(0, finished((1, FAILED), (1, FAILED), None)),
        ),
    ] {
        let error = database.record(&wrong.outcome()).await.expect_err(name);
        assert!(
            matches!(error, DatabaseError::Refused { .. }),
            "{name}: {error:?}"
        );
        assert_eq!(error.code(), ErrorCode::DatabaseRefused);
        for table in ["owners", "assets", "jobs", "publications", "renditions"] {
            assert_eq!(count(&mut connection, table).await, 0, "{name}: {table}");
        }
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: MILLRACE_TEST_DATABASE_URL"]
async fn a_wrong_password_or_no_server_is_a_fact_of_its_own() {
    let lost = Database::from_url("postgres://u:p@127.0.0.1:1/none").unwrap();
    let error = lost.migrate().await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::DatabaseUnavailable, "{error:?}");
    let server = std::env::var("MILLRACE_TEST_DATABASE_URL").expect(NEEDS);
    let (server, _) = server.rsplit_once('/').expect(NEEDS);
    let absent = Database::from_url(&format!("{server}/millrace_test_absent")).unwrap();
    let error = absent.migrate().await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::DatabaseRefused, "{error:?}");
}

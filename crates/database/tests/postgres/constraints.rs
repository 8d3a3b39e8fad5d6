//! Wrong states, tried one by one, and the constraint that refuses each.

use database::RecordOutcome as _;
use domain::ErrorCode;
use domain::job::JobState::{Failed, Ready};
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::fixtures::{at, count, finished, migrated, new_database, row};

/// What the tables hold before each wrong statement: asset `a1`, published by `j1`, whose newest
/// job `j2` failed.
async fn filled(name: &str) -> PgConnection {
    let (database, connection) = migrated(name).await;
    for outcome in [
        finished((1, Ready), (1, Ready), Some(1)),
        at(2, finished((2, Failed), (2, Failed), Some(1))),
    ] {
        database.record(&outcome.outcome()).await.unwrap();
    }
    connection
}

/// The constraint that refuses the statements, which are one transaction; none when they may be.
async fn refusal(connection: &mut PgConnection, statements: &str) -> Option<String> {
    let mut transaction = connection.begin().await.unwrap();
    let all = format!("{statements}; SET CONSTRAINTS ALL IMMEDIATE");
    let done = sqlx::raw_sql(AssertSqlSafe(all));
    let error = done.execute(&mut *transaction).await.err();
    transaction.rollback().await.unwrap();
    let error = error?;
    let constraint = error
        .as_database_error()
        .and_then(|error| error.constraint());
    // A statement that is wrong in itself has none.
    Some(constraint.unwrap_or_else(|| panic!("{error}")).to_owned())
}

const WRONG: &[(&str, &str)] = &[
    // An asset, its newest job and what is published of it.
    (
        "asset_ready_when_newest_is_published",
        "UPDATE assets SET revision = 3, state = 'ready', error_code = NULL, error_message = NULL",
    ),
    (
        "asset_ready_when_newest_is_published",
        "UPDATE assets SET revision = 3, published_job = 'j2'",
    ),
    (
        "asset_failed_with_reason",
        "UPDATE assets SET revision = 3, error_code = NULL",
    ),
    (
        "asset_state_is_newest_jobs",
        "UPDATE assets SET revision = 3, newest_job = 'j9'",
    ),
    (
        "asset_publishes_its_own",
        "UPDATE assets SET revision = 3, published_job = 'j9'",
    ),
    (
        "asset_publishes_its_own",
        "DELETE FROM renditions; DELETE FROM publications",
    ),
    (
        "error_code_is_in_the_list",
        "UPDATE assets SET revision = 3, error_code = 'BadLuck'",
    ),
    ("asset_goes_forward", "UPDATE assets SET revision = 1"),
    ("asset_goes_forward", "UPDATE assets SET title = 'another'"),
    (
        "asset_goes_forward",
        "UPDATE assets SET revision = 3, entry_version = -1",
    ),
    (
        "asset_goes_forward",
        "UPDATE assets SET revision = 1, entry_version = 1",
    ),
    (
        "asset_goes_forward",
        "UPDATE assets SET entry_version = 1, owner = 'bob'",
    ),
    (
        "assets_entry_version_check",
        "INSERT INTO assets SELECT 'a3', owner, title, state, error_code, error_message, newest_job, published_job, revision, now(), -1 FROM assets",
    ),
    (
        "asset_goes_forward",
        "INSERT INTO owners VALUES ('bob'); UPDATE assets SET revision = 3, owner = 'bob'",
    ),
    (
        "assets_owner_fkey",
        "UPDATE assets SET revision = 3, owner = owner; DELETE FROM owners",
    ),
    (
        "assets_asset_check",
        "INSERT INTO assets SELECT 'a/1', owner, title, state, error_code, error_message, newest_job, published_job, revision FROM assets",
    ),
    ("owners_owner_check", "INSERT INTO owners VALUES ('')"),
    // A job and how it ended.
    (
        "job_failed_with_reason",
        "UPDATE jobs SET error_message = NULL WHERE job = 'j2'",
    ),
    (
        "job_failed_with_reason",
        "UPDATE jobs SET error_code = 'Internal', error_message = 'why' WHERE job = 'j1'",
    ),
    (
        "error_code_is_in_the_list",
        "UPDATE jobs SET error_code = 'BadLuck' WHERE job = 'j2'",
    ),
    (
        "jobs_state_check",
        "UPDATE jobs SET state = 'running', error_code = NULL, error_message = NULL WHERE job = 'j2'",
    ),
    (
        "job_keeps_what_is_known",
        "UPDATE jobs SET state = 'failed', error_code = 'Internal', error_message = 'why' WHERE job = 'j1'",
    ),
    ("job_keeps_what_is_known", "UPDATE jobs SET source_size = 1"),
    (
        "job_keeps_what_is_known",
        "UPDATE jobs SET source_version = NULL",
    ),
    ("job_keeps_what_is_known", "UPDATE jobs SET asset = 'a2'"),
    (
        "jobs_asset_fkey",
        "INSERT INTO jobs (job, asset, state) VALUES ('j3', 'a2', 'ready')",
    ),
    (
        "job_source_whole_or_unknown",
        "INSERT INTO jobs (job, asset, state, source_key) VALUES ('j3', 'a1', 'ready', 'k')",
    ),
    (
        "job_version_with_source",
        "INSERT INTO jobs (job, asset, state, source_version) VALUES ('j3', 'a1', 'ready', 'v')",
    ),
    (
        "job_source_has_a_name",
        "INSERT INTO jobs SELECT 'j3', asset, state, NULL, NULL, profile, source_bucket, '', source_version, source_etag, source_size FROM jobs WHERE job = 'j1'",
    ),
    (
        "job_ready_from_some_bytes",
        "INSERT INTO jobs SELECT 'j3', asset, state, NULL, NULL, profile, source_bucket, source_key, source_version, source_etag, 0 FROM jobs WHERE job = 'j1'",
    ),
    // A publication and its renditions.
    (
        "publication_of_ready_job",
        "INSERT INTO publications VALUES ('j2', 'a1', DEFAULT, 'f2/', 'h', 'd', 1); INSERT INTO renditions SELECT 'j2', rendition, position, kind, codec, width, height, bandwidth, average_bandwidth, segments, bytes FROM renditions",
    ),
    (
        "publication_has_renditions",
        "INSERT INTO jobs (job, asset, state) VALUES ('j3', 'a1', 'ready'); INSERT INTO publications VALUES ('j3', 'a1', DEFAULT, 'f3/', 'h', 'd', 1)",
    ),
    ("publication_has_renditions", "DELETE FROM renditions"),
    (
        "renditions_are_in_order",
        "DELETE FROM renditions WHERE position = 1",
    ),
    (
        "renditions_are_in_order",
        "INSERT INTO renditions SELECT job, 'late', 4, 'video', codec, width, height, bandwidth, average_bandwidth, segments, bytes FROM renditions WHERE position = 1",
    ),
    (
        "publication_never_changes",
        "UPDATE publications SET duration_ms = 1",
    ),
    (
        "publication_never_changes",
        "UPDATE renditions SET bytes = 1",
    ),
    (
        "publication_has_a_folder_of_its_own",
        "INSERT INTO publications (job, asset, folder, hls, dash, duration_ms) SELECT 'j3', asset, folder, hls, dash, 1 FROM publications",
    ),
    (
        "publication_paths_are_relative",
        "INSERT INTO publications VALUES ('j3', 'a1', DEFAULT, '/f/', 'h', 'd', 1)",
    ),
    (
        "publication_paths_are_relative",
        "INSERT INTO publications VALUES ('j3', 'a1', DEFAULT, 'f/', '', 'd', 1)",
    ),
    (
        "publications_folder_check",
        "INSERT INTO publications VALUES ('j3', 'a1', DEFAULT, 'f', 'h', 'd', 1)",
    ),
    (
        "rendition_has_size_when_picture",
        "INSERT INTO renditions VALUES ('j1', 'r', 4, 'audio', 'c', 1, 1, 1, 1, 1, 1)",
    ),
    (
        "rendition_has_a_codec",
        "INSERT INTO renditions VALUES ('j1', 'r', 4, 'audio', '', NULL, NULL, 1, 1, 1, 1)",
    ),
    (
        "renditions_segments_check",
        "INSERT INTO renditions VALUES ('j1', 'r', 4, 'audio', 'c', NULL, NULL, 1, 1, 0, 1)",
    ),
    (
        "renditions_kind_check",
        "INSERT INTO renditions VALUES ('j1', 'r', 4, 'subtitle', 'c', NULL, NULL, 1, 1, 1, 1)",
    ),
    (
        "renditions_job_position_key",
        "INSERT INTO renditions VALUES ('j1', 'r', 3, 'audio', 'c', NULL, NULL, 1, 1, 1, 1)",
    ),
];

/// What may be, so that the constraints are known not to refuse everything.
const RIGHT: &[&str] = &[
    "UPDATE assets SET revision = 3, title = 'another'",
    "UPDATE assets SET entry_version = 1, title = 'another'",
    "UPDATE assets SET revision = 3, state = 'ready', error_code = NULL, error_message = NULL, newest_job = 'j1'",
    "UPDATE jobs SET state = 'ready', error_code = NULL, error_message = NULL WHERE job = 'j2';
     UPDATE assets SET revision = 3, published_job = 'j1', newest_job = 'j1', state = 'ready', error_code = NULL, error_message = NULL",
    "UPDATE assets SET revision = 3, published_job = NULL; DELETE FROM renditions; DELETE FROM publications",
    "INSERT INTO renditions VALUES ('j1', 'r', 4, 'audio', 'c', NULL, NULL, 1, 1, 1, 1)",
];

#[tokio::test]
#[ignore = "needs PostgreSQL: MILLRACE_TEST_DATABASE_URL"]
async fn each_wrong_state_is_refused_by_its_constraint() {
    let mut connection = filled("states").await;
    for (constraint, statements) in WRONG {
        let refused = refusal(&mut connection, statements).await;
        assert_eq!(refused.as_deref(), Some(*constraint), "{statements}");
    }
    for statements in RIGHT {
        let refused = refusal(&mut connection, statements).await;
        assert_eq!(refused, None, "{statements}");
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: MILLRACE_TEST_DATABASE_URL"]
async fn every_code_of_the_closed_list_is_one_of_the_schema() {
    let mut connection = filled("codes").await;
    for code in ErrorCode::ALL {
        let update = format!("UPDATE jobs SET error_code = '{code}' WHERE job = 'j2'");
        assert_eq!(refusal(&mut connection, &update).await, None, "{code}");
    }
}

/// Rows that the first migration let in are there after the later ones, which several processes
/// run at once.
#[tokio::test]
#[ignore = "needs PostgreSQL: MILLRACE_TEST_DATABASE_URL"]
async fn a_filled_database_is_migrated_once_by_many() {
    let (database, url) = new_database("upgrade").await;
    let folder = tempfile::tempdir().unwrap();
    let first = "0001_core.sql";
    std::fs::copy(format!("migrations/{first}"), folder.path().join(first)).unwrap();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let old = Migrator::new(folder.path()).await.unwrap();
    old.run(&mut connection).await.unwrap();
    let ready = finished((1, Ready), (1, Ready), Some(1));
    database.record(&ready.outcome()).await.unwrap();

    let migrations = std::iter::repeat_with(|| database.migrate()).take(8);
    for migrated in futures_util::future::join_all(migrations).await {
        migrated.unwrap();
    }
    assert_eq!(row(&database).await.revision, 1);
    let files = std::fs::read_dir("migrations").unwrap().count();
    let applied = count(&mut connection, "_sqlx_migrations WHERE success").await;
    assert_eq!(usize::try_from(applied), Ok(files));
}

/// A database that another version migrated further, or whose migration was edited afterwards.
#[tokio::test]
#[ignore = "needs PostgreSQL: MILLRACE_TEST_DATABASE_URL"]
async fn a_schema_of_other_migrations_is_left_alone() {
    for (name, change) in [
        (
            "newer",
            "INSERT INTO _sqlx_migrations SELECT 9999, description, installed_on, success, checksum, execution_time FROM _sqlx_migrations WHERE version = 1",
        ),
        (
            "edited",
            "UPDATE _sqlx_migrations SET checksum = '\\x00' WHERE version = 1",
        ),
    ] {
        let (database, mut connection) = migrated(name).await;
        sqlx::raw_sql(AssertSqlSafe(change))
            .execute(&mut connection)
            .await
            .unwrap();
        let error = database.migrate().await.expect_err(name);
        assert!(
            matches!(error, database::DatabaseError::Migration(_)),
            "{name}: {error:?}"
        );
    }
}

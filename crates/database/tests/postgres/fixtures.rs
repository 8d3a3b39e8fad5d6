//! A database of its own for each test, and outcomes to write into it.

use std::collections::BTreeMap;

use database::{AssetRow, Database, Outcome, ReadAssets};
use domain::ErrorCode;
use domain::ids::{AssetId, JobId, RungId};
use domain::job::{AssetDocument, JobError, JobRecord, JobState, Published};
use domain::object::{BucketName, ObjectKey, ObjectRef, SourceObject};
use domain::result::{Rendition, RenditionKind};
use domain::time::Rational;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

pub(crate) const NEEDS: &str = "MILLRACE_TEST_DATABASE_URL names a PostgreSQL server";

/// A new database of this name, and its URL.
pub(crate) async fn new_database(name: &str) -> (Database, String) {
    let server = std::env::var("MILLRACE_TEST_DATABASE_URL").expect(NEEDS);
    let mut connection = PgConnection::connect(&server).await.expect(NEEDS);
    for statement in ["DROP DATABASE IF EXISTS", "CREATE DATABASE"] {
        let statement = AssertSqlSafe(format!("{statement} millrace_test_{name}"));
        sqlx::query(statement)
            .execute(&mut connection)
            .await
            .unwrap();
    }
    let (server, _) = server.rsplit_once('/').expect(NEEDS);
    let url = format!("{server}/millrace_test_{name}");
    (Database::from_url(&url).unwrap(), url)
}

pub(crate) async fn migrated(name: &str) -> (Database, PgConnection) {
    let (database, url) = new_database(name).await;
    database.migrate().await.unwrap();
    (database, PgConnection::connect(&url).await.unwrap())
}

pub(crate) async fn count(connection: &mut PgConnection, table: &str) -> i64 {
    let select = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
    sqlx::query_scalar(select)
        .fetch_one(connection)
        .await
        .unwrap()
}

/// What the document store may return.
pub(crate) struct Finished {
    pub(crate) record: JobRecord,
    pub(crate) asset: AssetDocument,
    pub(crate) revision: u64,
}

impl Finished {
    pub(crate) fn outcome(&self) -> Outcome<'_> {
        Outcome {
            record: &self.record,
            asset: &self.asset,
            revision: self.revision,
        }
    }
}

pub(crate) fn job(version: u64) -> JobId {
    JobId::new(format!("j{version}")).unwrap()
}

pub(crate) fn reason() -> JobError {
    JobError {
        code: ErrorCode::SourceDamaged,
        message: "broken\0".to_owned(),
    }
}

pub(crate) fn published(version: u64) -> Published {
    let rendition = |id: &str, kind, side: Option<u32>| Rendition {
        id: RungId::new(id).unwrap(),
        kind,
        codec: "avc1.64001f".to_owned(),
        width: side,
        height: side,
        bandwidth: 2_000_000,
        average_bandwidth: 1_000_000,
        segments: 7,
        bytes: 5_000_000_000,
    };
    Published {
        job: job(version),
        folder: format!("assets/a1/j{version}/"),
        hls: "index.m3u8".to_owned(),
        dash: "manifest.mpd".to_owned(),
        duration: Rational::new(1001, 30).unwrap(),
        renditions: vec![
            rendition("720p", RenditionKind::Video, Some(720)),
            rendition("240p", RenditionKind::Video, Some(240)),
            rendition("und-128k", RenditionKind::Audio, None),
        ],
        poster: None,
        storyboard: None,
        tags: BTreeMap::new(),
        stage_ms: BTreeMap::new(),
        ffmpeg_cpu_ms: 0,
        cost: None,
    }
}

/// Job `version` ended in `own`; the asset's newest job is `newest`, and `stream` is published.
pub(crate) fn finished(
    own: (u64, JobState),
    newest: (u64, JobState),
    stream: Option<u64>,
) -> Finished {
    let error = |state| (state == JobState::Failed).then(reason);
    let record = JobRecord {
        job: job(own.0),
        asset: AssetId::new("a1").unwrap(),
        owner: "ann".to_owned(),
        source: SourceObject {
            object: ObjectRef {
                bucket: BucketName::new("uploads"),
                key: ObjectKey::new("ann/u1/Käse \0.mp4"),
            },
            version: Some(format!("v{}", own.0)),
            etag: "e".to_owned(),
            size: 20_000_000_000,
        },
        profile: "default".to_owned(),
        state: own.1,
        error: error(own.1),
    };
    let asset = AssetDocument {
        asset: record.asset.clone(),
        job: job(newest.0),
        owner: "ann".to_owned(),
        title: "Käse \0.mp4".to_owned(),
        state: newest.1,
        error: error(newest.1),
        published: stream.map(published),
    };
    let revision = 1;
    Finished {
        record,
        asset,
        revision,
    }
}

pub(crate) fn at(revision: u64, finished: Finished) -> Finished {
    Finished {
        revision,
        ..finished
    }
}

pub(crate) async fn row(database: &Database) -> AssetRow {
    let asset = AssetId::new("a1").unwrap();
    database.asset(&asset).await.unwrap().unwrap()
}

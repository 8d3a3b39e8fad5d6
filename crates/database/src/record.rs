//! Writes how a job ended.

use domain::job::{AssetDocument, JobError, JobRecord, JobState, Published};
use domain::object::SourceObject;
use domain::result::{Rendition, RenditionKind};
use domain::time::Rational;
use sqlx::{PgConnection, Postgres, Transaction};

use crate::connect::Database;
use crate::error::DatabaseError;

/// What the document store holds after a job ended.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'a> {
    /// The job's record.
    pub record: &'a JobRecord,
    /// The asset's document.
    pub asset: &'a AssetDocument,
    /// Changes of the asset's document so far.
    pub revision: u64,
}

/// Writes outcomes.
pub trait RecordOutcome: Send + Sync {
    /// Writes owner, asset, job, publication and renditions in one transaction.
    ///
    /// Idempotent, and order does not matter: an outcome that was written leaves every row as it
    /// is, one with an older revision than the asset has adds only what its own job lacked, and a
    /// job that is ready stays ready.
    ///
    /// # Errors
    /// [`DatabaseError::Unavailable`] to be tried again; [`DatabaseError::Refused`] when the
    /// outcome breaks a constraint. Nothing was written then.
    fn record(
        &self,
        outcome: &Outcome<'_>,
    ) -> impl Future<Output = Result<(), DatabaseError>> + Send;
}

impl RecordOutcome for Database {
    async fn record(&self, outcome: &Outcome<'_>) -> Result<(), DatabaseError> {
        let job = &outcome.record.job;
        let action = format!("record the end of job {job}");
        let refused = |error| DatabaseError::of(&*action, error);
        let pool = self.pool().await?;
        let mut transaction = pool.begin().await.map_err(refused)?;
        let written = write(&mut transaction, outcome).await;
        match written {
            Ok(()) => transaction.commit().await.map_err(refused),
            Err(Unwritten::Statement(error)) => Err(refused(error)),
            Err(Unwritten::Misfit(error)) => Err(error),
        }
    }
}

/// Why a transaction was given up.
enum Unwritten {
    Statement(sqlx::Error),
    Misfit(DatabaseError),
}

impl From<sqlx::Error> for Unwritten {
    fn from(error: sqlx::Error) -> Self {
        Self::Statement(error)
    }
}

/// In the order owner, asset, jobs, so that outcomes at once wait for each other and never lock
/// crosswise. What the order leaves open is checked at commit.
async fn write(
    transaction: &mut Transaction<'_, Postgres>,
    outcome: &Outcome<'_>,
) -> Result<(), Unwritten> {
    let Outcome { record, asset, .. } = outcome;
    sqlx::query("INSERT INTO owners (owner) VALUES ($1) ON CONFLICT DO NOTHING")
        .bind(text(&asset.owner))
        .execute(&mut **transaction)
        .await?;
    write_asset(transaction, outcome).await?;
    let ended = |id| Job {
        id,
        asset: asset.asset.as_str(),
        state: JobState::Ready,
        error: None,
        source: None,
    };
    // What the asset's document tells of other jobs: their own outcomes may not have come yet.
    if let Some(published) = &asset.published {
        write_job(transaction, &ended(published.job.as_str())).await?;
        write_publication(transaction, asset, published).await?;
    }
    let newest = Job {
        state: asset.state,
        error: asset.error.as_ref(),
        ..ended(asset.job.as_str())
    };
    write_job(transaction, &newest).await?;
    let own = Job {
        state: record.state,
        error: record.error.as_ref(),
        source: Some((&record.source, &record.profile)),
        ..ended(record.job.as_str())
    };
    write_job(transaction, &own).await
}

/// A row that is there keeps its title: that of a document is the file's name for ever, and an owner
/// may have chosen another one.
async fn write_asset(
    connection: &mut PgConnection,
    outcome: &Outcome<'_>,
) -> Result<(), Unwritten> {
    let asset = outcome.asset;
    sqlx::query(
        "INSERT INTO assets (asset, owner, title, state, error_code, error_message, newest_job,
                             published_job, revision)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (asset) DO UPDATE SET
             state = excluded.state, error_code = excluded.error_code,
             error_message = excluded.error_message, newest_job = excluded.newest_job,
             published_job = excluded.published_job, revision = excluded.revision,
             updated_at = now()
         WHERE assets.revision < excluded.revision",
    )
    .bind(asset.asset.as_str())
    .bind(text(&asset.owner))
    .bind(text(&asset.title))
    .bind(state_name(asset.state))
    .bind(asset.error.as_ref().map(|error| error.code.name()))
    .bind(asset.error.as_ref().map(|error| text(&error.message)))
    .bind(asset.job.as_str())
    .bind(asset.published.as_ref().map(|stream| stream.job.as_str()))
    .bind(whole("revision", outcome.revision)?)
    .execute(connection)
    .await?;
    Ok(())
}

/// A row of `jobs`.
struct Job<'a> {
    id: &'a str,
    asset: &'a str,
    state: JobState,
    error: Option<&'a JobError>,
    source: Option<(&'a SourceObject, &'a String)>,
}

/// Adds the job, or what the row lacks. A ready job stays ready.
async fn write_job(connection: &mut PgConnection, row: &Job<'_>) -> Result<(), Unwritten> {
    let size = match row.source {
        Some((source, _)) => Some(whole("the source's size", source.size)?),
        None => None,
    };
    sqlx::query(
        "INSERT INTO jobs AS old (job, asset, state, error_code, error_message, profile,
                                  source_bucket, source_key, source_version, source_etag,
                                  source_size)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (job) DO UPDATE SET
             state = CASE old.state WHEN 'ready' THEN old.state ELSE excluded.state END,
             error_code =
                 CASE old.state WHEN 'ready' THEN old.error_code ELSE excluded.error_code END,
             error_message =
                 CASE old.state WHEN 'ready' THEN old.error_message ELSE excluded.error_message END,
             profile = COALESCE(old.profile, excluded.profile),
             source_bucket = COALESCE(old.source_bucket, excluded.source_bucket),
             source_key = COALESCE(old.source_key, excluded.source_key),
             source_version = COALESCE(old.source_version, excluded.source_version),
             source_etag = COALESCE(old.source_etag, excluded.source_etag),
             source_size = COALESCE(old.source_size, excluded.source_size)",
    )
    .bind(row.id)
    .bind(row.asset)
    .bind(state_name(row.state))
    .bind(row.error.map(|error| error.code.name()))
    .bind(row.error.map(|error| text(&error.message)))
    .bind(row.source.map(|(_, profile)| text(profile)))
    .bind(
        row.source
            .map(|(source, _)| text(source.object.bucket.as_str())),
    )
    .bind(
        row.source
            .map(|(source, _)| text(source.object.key.as_str())),
    )
    .bind(
        row.source
            .and_then(|(source, _)| source.version.as_deref().map(text)),
    )
    .bind(row.source.map(|(source, _)| text(&source.etag)))
    .bind(size)
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds a stream and its renditions, if it is not there.
async fn write_publication(
    connection: &mut PgConnection,
    asset: &AssetDocument,
    stream: &Published,
) -> Result<(), Unwritten> {
    let milliseconds = (stream.duration * Rational::whole(1000)).round();
    let milliseconds =
        i64::try_from(milliseconds).map_err(|_| misfit("duration", &milliseconds))?;
    let added = sqlx::query(
        "INSERT INTO publications (job, asset, folder, hls, dash, duration_ms)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
    )
    .bind(stream.job.as_str())
    .bind(asset.asset.as_str())
    .bind(text(&stream.folder))
    .bind(text(&stream.hls))
    .bind(text(&stream.dash))
    .bind(milliseconds)
    .execute(&mut *connection)
    .await?;
    if added.rows_affected() == 0 {
        return Ok(());
    }
    for (position, rendition) in (1_i32..).zip(&stream.renditions) {
        write_rendition(connection, stream.job.as_str(), position, rendition).await?;
    }
    Ok(())
}

async fn write_rendition(
    connection: &mut PgConnection,
    job: &str,
    position: i32,
    rendition: &Rendition,
) -> Result<(), Unwritten> {
    let pixels = |side: Option<u32>| {
        side.map(|side| i32::try_from(side).map_err(|_| misfit("size of a picture", &side)))
            .transpose()
    };
    sqlx::query(
        "INSERT INTO renditions (job, rendition, position, kind, codec, width, height, bandwidth,
                                 average_bandwidth, segments, bytes)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(job)
    .bind(rendition.id.as_str())
    .bind(position)
    .bind(match rendition.kind {
        RenditionKind::Video => "video",
        RenditionKind::Audio => "audio",
    })
    .bind(text(&rendition.codec))
    .bind(pixels(rendition.width)?)
    .bind(pixels(rendition.height)?)
    .bind(whole("bandwidth", rendition.bandwidth)?)
    .bind(whole("average bandwidth", rendition.average_bandwidth)?)
    .bind(whole("segments", rendition.segments)?)
    .bind(whole("bytes", rendition.bytes)?)
    .execute(connection)
    .await?;
    Ok(())
}

/// PostgreSQL's text has no NUL; an object's key may have one.
pub(crate) fn text(text: &str) -> String {
    text.replace('\0', "\u{FFFD}")
}

/// A state's name in the schema. `running` is none there, and refused by it.
fn state_name(state: JobState) -> &'static str {
    match state {
        JobState::Running => "running",
        JobState::Ready => "ready",
        JobState::Failed => "failed",
    }
}

fn whole(what: &'static str, value: u64) -> Result<i64, Unwritten> {
    i64::try_from(value).map_err(|_| misfit(what, &value))
}

fn misfit(what: &'static str, value: &impl ToString) -> Unwritten {
    Unwritten::Misfit(DatabaseError::Misfit {
        what,
        value: value.to_string(),
    })
}

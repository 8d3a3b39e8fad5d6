//! Reads assets and what is published of them.

use domain::ids::{AssetId, JobId, RungId};
use domain::job::{JobError, JobState};
use domain::result::{Rendition, RenditionKind};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::connect::Database;
use crate::error::DatabaseError;

/// Most assets that one call lists.
const MAX_PAGE: u32 = 1000;

/// An asset as the relational core knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AssetRow {
    /// The asset.
    pub asset: AssetId,
    /// Its owner.
    pub owner: String,
    /// What a person calls it.
    pub title: String,
    /// How its newest job ended.
    pub state: JobState,
    /// Why it failed.
    pub error: Option<JobError>,
    /// Its newest job.
    pub newest_job: JobId,
    /// What players get.
    pub published: Option<PublicationRow>,
    /// Changes of the asset's document when the row was written.
    pub revision: u64,
}

/// A published stream as the relational core knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicationRow {
    /// The job that made it.
    pub job: JobId,
    /// Folder in the media bucket, ending in `/`.
    pub folder: String,
    /// Path of the multivariant playlist under the folder.
    pub hls: String,
    /// Path of the MPD under the folder.
    pub dash: String,
    /// Length in milliseconds, rounded.
    pub duration_ms: u64,
    /// Every rendition, video first, each kind from the highest rate down.
    pub renditions: Vec<Rendition>,
}

/// Reads assets.
pub trait ReadAssets: Send + Sync {
    /// One asset; none for an unknown one.
    ///
    /// # Errors
    /// The faults that every call may have.
    fn asset(
        &self,
        asset: &AssetId,
    ) -> impl Future<Output = Result<Option<AssetRow>, DatabaseError>> + Send;

    /// The assets of an owner, by id: at most `limit` (and at most 1,000) of those after `after`.
    ///
    /// # Errors
    /// The faults that every call may have.
    fn assets_of(
        &self,
        owner: &str,
        after: Option<&AssetId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<AssetRow>, DatabaseError>> + Send;
}

macro_rules! select_assets {
    ($rest:literal) => {
        concat!(
            "SELECT assets.asset, owner, title, state, error_code, error_message, newest_job,
                    revision, publications.job, folder, hls, dash, duration_ms
             FROM assets LEFT JOIN publications ON publications.job = assets.published_job ",
            $rest
        )
    };
}

impl ReadAssets for Database {
    async fn asset(&self, asset: &AssetId) -> Result<Option<AssetRow>, DatabaseError> {
        let select = sqlx::query(select_assets!("WHERE assets.asset = $1")).bind(asset.as_str());
        let rows = self.rows("read an asset", select).await?;
        Ok(self.with_renditions(&rows).await?.pop())
    }

    async fn assets_of(
        &self,
        owner: &str,
        after: Option<&AssetId>,
        limit: u32,
    ) -> Result<Vec<AssetRow>, DatabaseError> {
        let select = sqlx::query(select_assets!(
            "WHERE owner = $1 AND assets.asset > $2 ORDER BY assets.asset LIMIT $3"
        ))
        .bind(owner.replace('\0', "\u{FFFD}"))
        .bind(after.map_or("", AssetId::as_str))
        .bind(i64::from(limit.min(MAX_PAGE)));
        let rows = self.rows("list an owner's assets", select).await?;
        self.with_renditions(&rows).await
    }
}

type Select<'q> = sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>;

impl Database {
    async fn rows(&self, action: &str, select: Select<'_>) -> Result<Vec<PgRow>, DatabaseError> {
        let rows = select.fetch_all(self.pool().await?).await;
        rows.map_err(|error| DatabaseError::of(action, error))
    }

    /// The assets of the rows, each with its renditions. A publication never changes, so reading
    /// it after the asset mixes nothing.
    async fn with_renditions(&self, rows: &[PgRow]) -> Result<Vec<AssetRow>, DatabaseError> {
        let mut assets = rows.iter().map(read_asset).collect::<Result<Vec<_>, _>>()?;
        let jobs: Vec<String> = assets
            .iter()
            .filter_map(|asset| Some(asset.published.as_ref()?.job.to_string()))
            .collect();
        let select = sqlx::query(
            "SELECT job, rendition, kind, codec, width, height, bandwidth, average_bandwidth,
                    segments, bytes
             FROM renditions WHERE job = ANY($1) ORDER BY job, position",
        )
        .bind(jobs);
        for row in self.rows("read renditions", select).await? {
            let job: String = get(&row, "job")?;
            let rendition = read_rendition(&row)?;
            assets
                .iter_mut()
                .filter_map(|asset| asset.published.as_mut())
                .filter(|published| published.job.as_str() == job)
                .for_each(|published| published.renditions.push(rendition.clone()));
        }
        Ok(assets)
    }
}

fn read_asset(row: &PgRow) -> Result<AssetRow, DatabaseError> {
    let state: String = get(row, "state")?;
    let published: Option<String> = get(row, "job")?;
    let error: Option<String> = get(row, "error_code")?;
    Ok(AssetRow {
        asset: id("asset", AssetId::new(get::<String>(row, "asset")?))?,
        owner: get(row, "owner")?,
        title: get(row, "title")?,
        state: match state.as_str() {
            "ready" => JobState::Ready,
            _ => JobState::Failed,
        },
        error: match error {
            None => None,
            Some(code) => Some(JobError {
                code: code.parse().map_err(|_| misfit("error code", &code))?,
                message: get(row, "error_message")?,
            }),
        },
        newest_job: id("job", JobId::new(get::<String>(row, "newest_job")?))?,
        published: match published {
            None => None,
            Some(job) => Some(PublicationRow {
                job: id("job", JobId::new(job))?,
                folder: get(row, "folder")?,
                hls: get(row, "hls")?,
                dash: get(row, "dash")?,
                duration_ms: whole(row, "duration_ms")?,
                renditions: Vec::new(),
            }),
        },
        revision: whole(row, "revision")?,
    })
}

fn read_rendition(row: &PgRow) -> Result<Rendition, DatabaseError> {
    let kind: String = get(row, "kind")?;
    let pixels = |column| -> Result<Option<u32>, DatabaseError> {
        let side: Option<i32> = get(row, column)?;
        Ok(side.and_then(|side| u32::try_from(side).ok()))
    };
    Ok(Rendition {
        id: id("rendition", RungId::new(get::<String>(row, "rendition")?))?,
        kind: match kind.as_str() {
            "video" => RenditionKind::Video,
            _ => RenditionKind::Audio,
        },
        codec: get(row, "codec")?,
        width: pixels("width")?,
        height: pixels("height")?,
        bandwidth: whole(row, "bandwidth")?,
        average_bandwidth: whole(row, "average_bandwidth")?,
        segments: whole(row, "segments")?,
        bytes: whole(row, "bytes")?,
    })
}

fn get<'r, T>(row: &'r PgRow, column: &str) -> Result<T, DatabaseError>
where
    T: sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    row.try_get(column)
        .map_err(|error| DatabaseError::of(format!("read column {column}"), error))
}

fn whole(row: &PgRow, column: &'static str) -> Result<u64, DatabaseError> {
    let value: i64 = get(row, column)?;
    u64::try_from(value).map_err(|_| misfit(column, &value))
}

fn id<T>(what: &'static str, id: Result<T, domain::ids::InvalidId>) -> Result<T, DatabaseError> {
    id.map_err(|error| misfit(what, &error))
}

fn misfit(what: &'static str, value: &impl ToString) -> DatabaseError {
    DatabaseError::Misfit {
        what,
        value: value.to_string(),
    }
}

//! Writes what an owner says about an asset.

use domain::ids::AssetId;

use crate::connect::Database;
use crate::error::DatabaseError;
use crate::record::text;

/// Describes assets.
pub trait DescribeAsset: Send + Sync {
    /// Writes the title that an asset has since its owner's change number `version`.
    ///
    /// Idempotent, and order does not matter: an older change than the row knows is ignored. So is an
    /// asset without a row, which its first job makes when it ends.
    ///
    /// # Errors
    /// [`DatabaseError::Unavailable`] to be tried again; [`DatabaseError::Refused`] where the schema
    /// is older than this. Nothing was written then.
    fn describe(
        &self,
        asset: &AssetId,
        title: &str,
        version: u64,
    ) -> impl Future<Output = Result<(), DatabaseError>> + Send;
}

impl DescribeAsset for Database {
    async fn describe(
        &self,
        asset: &AssetId,
        title: &str,
        version: u64,
    ) -> Result<(), DatabaseError> {
        let version = i64::try_from(version).map_err(|_| DatabaseError::Misfit {
            what: "version of an entry",
            value: version.to_string(),
        })?;
        sqlx::query(
            "UPDATE assets SET title = $2, entry_version = $3, updated_at = now()
             WHERE asset = $1 AND entry_version < $3",
        )
        .bind(asset.as_str())
        .bind(text(title))
        .bind(version)
        .execute(self.pool().await?)
        .await
        .map_err(|error| DatabaseError::of(&*format!("describe asset {asset}"), error))?;
        Ok(())
    }
}

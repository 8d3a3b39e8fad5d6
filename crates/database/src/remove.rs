//! Removes an asset.

use domain::ids::AssetId;

use crate::connect::Database;
use crate::error::DatabaseError;

/// Removes assets.
pub trait RemoveAsset: Send + Sync {
    /// Deletes every row about the asset, in one transaction. Nothing happens where there is none.
    ///
    /// # Errors
    /// [`DatabaseError::Unavailable`] to be tried again; [`DatabaseError::Refused`] where the schema
    /// is older than this. Nothing was deleted then.
    fn remove(&self, asset: &AssetId) -> impl Future<Output = Result<(), DatabaseError>> + Send;
}

impl RemoveAsset for Database {
    async fn remove(&self, asset: &AssetId) -> Result<(), DatabaseError> {
        let pool = self.pool().await?;
        sqlx::query("SELECT remove_asset($1)")
            .bind(asset.as_str())
            .execute(pool)
            .await
            .map_err(|error| DatabaseError::of(&*format!("remove asset {asset}"), error))?;
        Ok(())
    }
}

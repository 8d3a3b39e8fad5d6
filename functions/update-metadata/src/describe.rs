//! What an owner says about an asset reaches the relational core.
//!
//! A change starts this, and so does the end of a job, after the asset's row was written: whichever
//! comes second finds both the row and the change.

use cloud::ports::KeepLibrary;
use database::DescribeAsset;
use domain::ids::AssetId;

use crate::{Ports, UpdateMetadataError};

/// Writes what the library says now, which may be more than what this was called for. Nothing for an
/// asset that is being removed, or was.
pub(crate) async fn describe<S, D, B>(
    asset: &AssetId,
    ports: &Ports<S, D, B>,
) -> Result<(), UpdateMetadataError>
where
    D: KeepLibrary,
    B: DescribeAsset,
{
    let Some(stored) = ports.documents.entry(asset).await? else {
        return Ok(());
    };
    if !stored.entry.removing {
        let title = &stored.entry.title;
        ports
            .database
            .describe(asset, title, stored.version)
            .await?;
    }
    Ok(())
}

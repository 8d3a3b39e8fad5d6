//! The relational core in PostgreSQL: owners, assets, renditions and how jobs ended.
//!
//! DynamoDB's documents are the truth, and the rows here follow them. An [`Outcome`] is what the
//! document store returned when a job ended, with the revision of the asset's document; writing it
//! again, late, or out of order leaves the rows as the newest revision wants them. So a crash
//! between the two stores is healed by the stage's own retry.
//!
//! The schema is in `migrations/`, with the constraints that make wrong states impossible.

mod connect;
mod describe;
mod error;
mod prepare;
mod read;
mod record;
mod remove;

pub use connect::{Auth, Database, DatabaseConfig, schema_version};
pub use describe::DescribeAsset;
pub use error::DatabaseError;
pub use prepare::PrepareSchema;
pub use read::{AssetRow, PublicationRow, ReadAssets};
pub use record::{Outcome, RecordOutcome};
pub use remove::RemoveAsset;

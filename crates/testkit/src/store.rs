//! Twins of the cloud for tests: a folder for S3, memory for DynamoDB, lists for Step Functions and messages,
//! and a wrapper that fails a chosen call of any of them.
//!
//! [`crate::conformance`] holds them to the guarantees of [`cloud::ports`].

mod documents;
mod failing;
mod folder;
mod library;
mod parts;
mod webhooks;

pub use documents::{MemoryDocuments, RecordedExecutions};
pub use failing::{FailingStore, Faults};
pub use folder::FolderStore;
pub use webhooks::Outbox;

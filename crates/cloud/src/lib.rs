//! Storage, documents and executions: ports, and their adapters for AWS.
//!
//! A function sees only the [`ports`] that it needs; [`clients::AwsClients`] makes the adapters in
//! `main.rs`. The twins that stand in for them in tests are in `testkit`, and one conformance
//! suite there holds both to the same guarantees.

pub mod clients;
pub mod content;
pub mod dynamodb;
pub mod encoded_key;
pub mod error;
pub mod event_bus;
pub mod finish;
pub mod lease;
pub mod outputs;
pub mod ports;
pub mod queue;
pub mod random;
pub mod s3;
pub mod secret;
pub mod signed_access;
pub mod signed_url;
pub mod signing_key;
pub mod start;
pub mod step_functions;
pub mod task_callback;
pub mod webhook_secret;

mod attribute;
mod classify;

pub use clients::AwsClients;
pub use content::Content;
pub use error::StoreError;
pub use finish::{Finished, JobOutcome, StoredJob};
pub use lease::LeaseError;
pub use signed_url::SignedUrl;

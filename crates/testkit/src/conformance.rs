//! One suite for every store: each guarantee of [`cloud::ports`] as a function that fails loudly.
//!
//! It runs against the twins in this crate's own tests, and against S3, DynamoDB and Step
//! Functions of the emulator in the end-to-end tests. A guarantee that only AWS can show is not
//! here.

#![expect(
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a suite reports by panicking, as the tests that call it do"
)]

mod documents;
mod fetch;
mod library;
mod objects;
mod parts;
mod webhooks;

pub use documents::{documents, executions};
pub use library::library;
pub use objects::{ObjectPlace, SOURCE_BODY, SOURCE_BODY_MD5, missing_bucket, objects};
pub use parts::parts;
pub use webhooks::webhooks;

use cloud::StoreError;

/// The value, or a panic that says what should have worked.
fn sure<T>(what: &str, result: Result<T, StoreError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{what}: {}", chain(&error)),
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(cause) = below {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        below = cause.source();
    }
    text
}

/// Holds a result to be the error of one variant.
macro_rules! refused {
    ($result:expr, $variant:ident, $guarantee:literal) => {
        match $result {
            Err(cloud::StoreError::$variant { .. }) => {}
            other => panic!(concat!($guarantee, ": {:?}"), other),
        }
    };
}
use refused;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{FolderStore, MemoryDocuments, RecordedExecutions};
    use domain::object::{BucketName, ObjectKey, ObjectRef};

    #[tokio::test]
    async fn a_folder_keeps_every_promise_of_the_object_ports() {
        let store = FolderStore::temporary().unwrap();
        let file = store.root().join("body");
        std::fs::write(&file, SOURCE_BODY).unwrap();
        let object = ObjectRef {
            bucket: BucketName::new("b"),
            key: ObjectKey::new("any"),
        };
        let place = ObjectPlace {
            bucket: object.bucket.clone(),
            prefix: "suite".to_owned(),
            source_etag: store.put_source(&object, &file).unwrap().etag,
        };
        objects(&store, &place).await;
        parts(&store, &place).await;
    }

    #[tokio::test]
    async fn memory_keeps_every_promise_of_the_document_ports() {
        documents(&MemoryDocuments::default(), "t").await;
        library(&MemoryDocuments::default(), "t").await;
        webhooks(&MemoryDocuments::default(), "t").await;
    }

    #[tokio::test]
    async fn a_list_keeps_every_promise_of_the_execution_port() {
        executions(&RecordedExecutions::default(), "t").await;
    }
}

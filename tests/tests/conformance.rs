//! The adapters keep the promises of the ports on the emulator, as the twins do in memory.
#![cfg(test)]

use cloud::StoreError;
use cloud::ports::FindSource;
use domain::object::{ObjectKey, ObjectRef};
use e2e::stack::Stack;
use testkit::conformance::{self, ObjectPlace, SOURCE_BODY_MD5};

#[tokio::test(flavor = "multi_thread")]
async fn s3_keeps_every_promise_of_the_object_ports() {
    let stack = Stack::connect().await.unwrap();
    let place = ObjectPlace {
        bucket: stack.client.names().work.clone(),
        prefix: "conformance".to_owned(),
        source_etag: SOURCE_BODY_MD5.to_owned(),
    };
    conformance::objects(stack.client.objects(), &place).await;
    conformance::parts(stack.client.objects(), &place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dynamodb_keeps_every_promise_of_the_document_ports() {
    let stack = Stack::connect().await.unwrap();
    let documents = stack.aws.documents(stack.client.names().table.clone());
    conformance::documents(&documents, "conformance").await;
    conformance::library(&documents, "conformance").await;
    conformance::webhooks(&documents, "conformance").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absent_source_is_not_found() {
    let stack = Stack::connect().await.unwrap();
    let object = ObjectRef {
        bucket: stack.client.names().uploads.clone(),
        key: ObjectKey::new("nobody/1/nothing.mp4"),
    };
    let found = stack.client.objects().find_source(&object).await;
    assert!(matches!(found, Err(StoreError::NotFound { .. })));
}

//! Lambda bootstrap of caption.

// The futures of a handler over the SDK nest deeper than the compiler looks by default.
#![recursion_limit = "512"]

use caption::Ports;
use cloud::clients::AwsClients;
use cloud::dynamodb::DynamoDocuments;
use cloud::s3::S3Store;
use runtime::{Config, ConfigError, ServeError};

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    runtime::logging::init();
    // The SDK's start-up alone is a future of 60 KB: on the heap.
    Box::pin(runtime::serve("caption", ports(), caption::handle)).await
}

async fn ports() -> Result<Ports<S3Store, DynamoDocuments>, ConfigError> {
    let config = Config::from_env();
    let aws = AwsClients::from_env().await;
    Ok(Ports {
        objects: aws.objects(),
        media: config.media_bucket()?,
        documents: aws.documents(config.table()?),
    })
}

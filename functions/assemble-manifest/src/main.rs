//! Lambda bootstrap of assemble-manifest.

// The futures of a handler over the SDK nest deeper than the compiler looks by default.
#![recursion_limit = "512"]

use assemble_manifest::Ports;
use cloud::clients::AwsClients;
use cloud::s3::S3Store;
use runtime::{Config, ConfigError, ServeError};
use stage::Buckets;

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    runtime::logging::init();
    // The SDK's start-up alone is a future of 60 KB: on the heap.
    Box::pin(runtime::serve(
        "assemble-manifest",
        ports(),
        assemble_manifest::handle,
    ))
    .await
}

async fn ports() -> Result<Ports<S3Store>, ConfigError> {
    let config = Config::from_env();
    Ok(Ports {
        buckets: Buckets {
            work: config.work_bucket()?,
            media: config.media_bucket()?,
        },
        objects: AwsClients::from_env().await.objects(),
    })
}

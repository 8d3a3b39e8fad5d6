//! Lambda bootstrap of segment.

// The futures of a handler over the SDK nest deeper than the compiler looks by default.
#![recursion_limit = "512"]

use cloud::clients::AwsClients;
use cloud::s3::S3Store;
use ffmpeg::Tools;
use runtime::{Config, ConfigError, ServeError};
use segment::Ports;

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    runtime::logging::init();
    // The SDK's start-up alone is a future of 60 KB: on the heap.
    Box::pin(runtime::serve("segment", ports(), segment::handle)).await
}

async fn ports() -> Result<Ports<S3Store>, ConfigError> {
    let config = Config::from_env();
    Ok(Ports {
        work: config.work_bucket()?,
        tools: Tools::new(config.ffmpeg()?, config.ffprobe()?),
        objects: AwsClients::from_env().await.objects(),
    })
}

//! Lambda bootstrap of encode-video.

// The futures of a handler over the SDK nest deeper than the compiler looks by default.
#![recursion_limit = "512"]

use cloud::clients::AwsClients;
use cloud::s3::S3Store;
use encode_video::Ports;
use ffmpeg::Tools;
use runtime::{Config, ConfigError, ServeError};
use stage::Buckets;

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    runtime::logging::init();
    // The SDK's start-up alone is a future of 60 KB: on the heap.
    Box::pin(runtime::serve(
        "encode-video",
        ports(),
        encode_video::handle,
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
        tools: Tools::new(config.ffmpeg()?, config.ffprobe()?),
        objects: AwsClients::from_env().await.objects(),
    })
}

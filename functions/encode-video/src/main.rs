//! Lambda bootstrap of encode-video.

// The futures of a handler over the SDK nest deeper than the compiler looks by default.
#![recursion_limit = "512"]

use cloud::clients::AwsClients;
use cloud::dynamodb::DynamoDocuments;
use cloud::s3::S3Store;
use encode_video::Ports;
use ffmpeg::Tools;
use runtime::{Config, ConfigError, ServeError};
use stage::{Buckets, Leased};

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    runtime::logging::init();
    // The SDK's start-up alone is a future of 60 KB: on the heap.
    Box::pin(runtime::serve(
        "encode-video",
        ports(),
        encode_video::leased,
    ))
    .await
}

type Ours = Leased<Ports<S3Store>, DynamoDocuments>;

async fn ports() -> Result<Ours, ConfigError> {
    let config = Config::from_env();
    let aws = AwsClients::from_env().await;
    let ports = Ports {
        buckets: Buckets {
            work: config.work_bucket()?,
            media: config.media_bucket()?,
        },
        tools: Tools::new(config.ffmpeg()?, config.ffprobe()?),
        objects: aws.objects(),
    };
    Ok(Leased::new(ports, aws.documents(config.table()?)))
}

//! Lambda bootstrap of segment.

// The futures of a handler over the SDK nest deeper than the compiler looks by default.
#![recursion_limit = "512"]

use cloud::clients::AwsClients;
use cloud::dynamodb::DynamoDocuments;
use cloud::s3::S3Store;
use ffmpeg::Tools;
use runtime::{Config, ConfigError, ServeError};
use segment::Ports;
use stage::Leased;

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    runtime::logging::init();
    // The SDK's start-up alone is a future of 60 KB: on the heap.
    Box::pin(runtime::serve("segment", ports(), segment::leased)).await
}

type Ours = Leased<Ports<S3Store>, DynamoDocuments>;

async fn ports() -> Result<Ours, ConfigError> {
    let config = Config::from_env();
    let aws = AwsClients::from_env().await;
    let ports = Ports {
        work: config.work_bucket()?,
        tools: Tools::new(config.ffmpeg()?, config.ffprobe()?),
        capacity: config.capacity()?,
        objects: aws.objects(),
    };
    Ok(Leased::new(ports, aws.documents(config.table()?)))
}

//! Lambda bootstrap of encode-audio.

// The futures of a handler over the SDK nest deeper than the compiler looks by default.
#![recursion_limit = "512"]

use cloud::clients::AwsClients;
use cloud::dynamodb::DynamoDocuments;
use cloud::s3::S3Store;
use domain::message::StageDone;
use domain::plan::AudioChunk;
use encode_audio::Ports;
use ffmpeg::Tools;
use runtime::{Config, ConfigError, ServeError, StageContext};
use stage::{Buckets, EncodeError, Leased, LeasedError};

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    runtime::logging::init();
    // The SDK's start-up alone is a future of 60 KB: on the heap.
    Box::pin(runtime::serve("encode-audio", ports(), leased)).await
}

type Ours = Leased<Ports<S3Store>, DynamoDocuments>;

/// The stage, as long as its job's lease is held.
async fn leased(
    input: AudioChunk,
    ours: &Ours,
    context: &StageContext,
) -> Result<StageDone, LeasedError<EncodeError>> {
    let job = input.job.clone();
    let work = Box::pin(encode_audio::handle(input, &ours.ports, context));
    Box::pin(ours.work(&job, work)).await
}

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

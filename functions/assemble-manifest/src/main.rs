//! Lambda bootstrap of assemble-manifest.

// The futures of a handler over the SDK nest deeper than the compiler looks by default.
#![recursion_limit = "512"]

use assemble_manifest::{AssembleError, Ports};
use cloud::clients::AwsClients;
use cloud::dynamodb::DynamoDocuments;
use cloud::s3::S3Store;
use domain::message::{JobInput, StageDone};
use runtime::{Config, ConfigError, ServeError, StageContext};
use stage::{Buckets, Leased, LeasedError};

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    runtime::logging::init();
    // The SDK's start-up alone is a future of 60 KB: on the heap.
    Box::pin(runtime::serve("assemble-manifest", ports(), leased)).await
}

type Ours = Leased<Ports<S3Store>, DynamoDocuments>;

/// The stage, as long as its job's lease is held.
async fn leased(
    input: JobInput,
    ours: &Ours,
    context: &StageContext,
) -> Result<StageDone, LeasedError<AssembleError>> {
    let job = input.job.clone();
    let work = Box::pin(assemble_manifest::handle(input, &ours.ports, context));
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
        objects: aws.objects(),
    };
    Ok(Leased::new(ports, aws.documents(config.table()?)))
}

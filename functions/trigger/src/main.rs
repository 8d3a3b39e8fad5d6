//! Lambda bootstrap of trigger.

// The futures of a handler over the SDK nest deeper than the compiler looks by default.
#![recursion_limit = "512"]

use cloud::clients::AwsClients;
use cloud::dynamodb::DynamoDocuments;
use cloud::s3::S3Store;
use cloud::step_functions::StepFunctions;
use runtime::{Config, ConfigError, ServeError};
use trigger::Ports;

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    runtime::logging::init();
    // The SDK's start-up alone is a future of 60 KB: on the heap.
    Box::pin(runtime::serve("trigger", ports(), trigger::handle)).await
}

async fn ports() -> Result<Ports<S3Store, DynamoDocuments, StepFunctions>, ConfigError> {
    let config = Config::from_env();
    let aws = AwsClients::from_env().await;
    Ok(Ports {
        objects: aws.objects(),
        documents: aws.documents(config.table()?),
        executions: aws.executions(config.state_machine()?),
        uploads: config.uploads_bucket()?,
        look_back: config.sweep_look_back()?,
    })
}

//! Lambda bootstrap of announce.

// The futures of a handler over the SDK nest deeper than the compiler looks by default.
#![recursion_limit = "512"]

use announce::Ports;
use cloud::clients::AwsClients;
use cloud::dynamodb::DynamoDocuments;
use cloud::event_bus::EventBus;
use cloud::queue::Queue;
use runtime::{Config, ConfigError, ServeError};

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    runtime::logging::init();
    // The SDK's start-up alone is a future of 60 KB: on the heap.
    Box::pin(runtime::serve("announce", ports(), announce::handle)).await
}

async fn ports() -> Result<Ports<DynamoDocuments, EventBus, Queue>, ConfigError> {
    let config = Config::from_env();
    let aws = AwsClients::from_env().await;
    Ok(Ports {
        documents: aws.documents(config.table()?),
        bus: aws.event_bus(config.event_bus()?),
        queue: aws.queue(config.webhooks_queue()?),
    })
}

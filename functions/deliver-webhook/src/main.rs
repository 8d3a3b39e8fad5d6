//! Lambda bootstrap of deliver-webhook.

// The futures of a handler over the SDK nest deeper than the compiler looks by default.
#![recursion_limit = "512"]

use cloud::clients::AwsClients;
use cloud::dynamodb::DynamoDocuments;
use cloud::queue::Queue;
use deliver_webhook::Ports;
use deliver_webhook::post::Internet;
use domain::{ErrorCode, Fault};
use runtime::{Config, ConfigError, ServeError};

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    runtime::logging::init();
    // The SDK's start-up alone is a future of 60 KB: on the heap.
    Box::pin(runtime::serve(
        "deliver-webhook",
        ports(),
        deliver_webhook::handle,
    ))
    .await
}

/// Why the function cannot deliver.
#[derive(Debug, thiserror::Error)]
enum SetupError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("TLS does not start")]
    Tls(#[from] rustls::Error),
}

impl Fault for SetupError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Config(error) => error.code(),
            Self::Tls(_) => ErrorCode::Internal,
        }
    }
}

async fn ports() -> Result<Ports<DynamoDocuments, Queue, Internet>, SetupError> {
    let config = Config::from_env();
    let aws = AwsClients::from_env().await;
    Ok(Ports {
        documents: aws.documents(config.table()?),
        queue: aws.queue(config.webhooks_queue()?),
        post: Internet::new(config.private_webhooks()?)?,
    })
}

//! Entry point of the AWS Batch container.

// The futures of a handler over the SDK nest deeper than the compiler looks by default.
#![recursion_limit = "512"]

use cloud::clients::AwsClients;
use cloud::task_callback::TaskToken;
use heavy_encode::{Ended, Order};
use runtime::{Config, ConfigError};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> Ended {
    runtime::logging::init();
    // The SDK's start-up alone is a future of 60 KB: on the heap.
    match Box::pin(serve()).await {
        Ok(ended) => ended,
        Err(error) => {
            // Without a token there is nobody to be told.
            tracing::error!(%error, "no task to answer");
            Ended::Unheard
        }
    }
}

async fn serve() -> Result<Ended, ConfigError> {
    let config = Config::from_env();
    let token = TaskToken::new(config.task_token()?);
    let interrupted = terminated();
    let clients = AwsClients::from_env().await;
    let callback = clients.waiting_task(token);
    let id = std::env::var("AWS_BATCH_JOB_ID").unwrap_or_default();
    let order = config.table().and_then(|table| {
        let documents = clients.documents(table);
        Order::read(&config, clients.objects(), documents, &id)
    });
    Ok(heavy_encode::run(order, &callback, interrupted).await)
}

/// Done at `SIGTERM`, which AWS Batch sends before it takes a machine away and when a job is
/// terminated. Listens from the call on, not from the first poll.
fn terminated() -> impl Future<Output = ()> {
    let signals = signal(SignalKind::terminate());
    async {
        match signals {
            Ok(mut signals) => {
                signals.recv().await;
            }
            Err(error) => {
                tracing::warn!(%error, "cannot listen for SIGTERM");
                std::future::pending::<()>().await;
            }
        }
    }
}

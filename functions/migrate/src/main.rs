//! Lambda bootstrap of migrate.

// The futures of a handler over the SDK nest deeper than the compiler looks by default.
#![recursion_limit = "512"]

use cloud::clients::AwsClients;
use cloud::secret::SecretsManager;
use migrate::{MigrateError, OwnerBySecret, Ports};
use runtime::custom_resource::HttpsReplies;
use runtime::{Config, ServeError};

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    runtime::logging::init();
    // The SDK's start-up alone is a future of 60 KB: on the heap.
    Box::pin(runtime::serve("migrate", ports(), migrate::handle)).await
}

async fn ports() -> Result<Ports<OwnerBySecret<SecretsManager>, HttpsReplies>, MigrateError> {
    let config = Config::from_env();
    Ok(Ports {
        owner: OwnerBySecret {
            secrets: AwsClients::from_env().await.secrets(),
            secret: config.database_owner_secret()?,
            server: config.database_server()?,
        },
        replies: HttpsReplies::new()?,
    })
}

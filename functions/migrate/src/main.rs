//! Lambda bootstrap of migrate.

// The futures of a handler over the SDK nest deeper than the compiler looks by default.
#![recursion_limit = "512"]

use cloud::clients::AwsClients;
use database::{Auth, Database, DatabaseConfig};
use migrate::{HttpsReplies, MigrateError, Ports};
use runtime::config::DatabaseAuth;
use runtime::{Config, ServeError};

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    runtime::logging::init();
    // The SDK's start-up alone is a future of 60 KB: on the heap.
    Box::pin(runtime::serve("migrate", ports(), migrate::handle)).await
}

async fn ports() -> Result<Ports<Database, HttpsReplies>, MigrateError> {
    let settings = Config::from_env().database()?;
    let auth = match settings.auth {
        DatabaseAuth::Password(password) => Auth::Password(password.reveal().to_owned()),
        DatabaseAuth::Iam => Auth::IamToken(AwsClients::from_env().await.sdk_config().clone()),
    };
    Ok(Ports {
        database: Database::lazy(DatabaseConfig {
            host: settings.host,
            port: settings.port,
            name: settings.name,
            user: settings.user,
            auth,
            ca: settings.ca,
        }),
        replies: HttpsReplies::new()?,
    })
}

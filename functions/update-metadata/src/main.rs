//! Lambda bootstrap of update-metadata.

// The futures of a handler over the SDK nest deeper than the compiler looks by default.
#![recursion_limit = "512"]

use cloud::clients::AwsClients;
use cloud::dynamodb::DynamoDocuments;
use cloud::s3::S3Store;
use database::{Auth, Database, DatabaseConfig};
use runtime::config::DatabaseAuth;
use runtime::{Config, ConfigError, ServeError};
use update_metadata::Ports;

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    runtime::logging::init();
    // The SDK's start-up alone is a future of 60 KB: on the heap.
    Box::pin(runtime::serve(
        "update-metadata",
        ports(),
        update_metadata::handle,
    ))
    .await
}

async fn ports() -> Result<Ports<S3Store, DynamoDocuments, Database>, ConfigError> {
    let config = Config::from_env();
    let aws = AwsClients::from_env().await;
    let settings = config.database()?;
    let auth = match settings.auth {
        DatabaseAuth::Password(password) => Auth::Password(password.reveal().to_owned()),
        DatabaseAuth::Iam => Auth::IamToken(aws.sdk_config().clone()),
    };
    let server = settings.server;
    let database = DatabaseConfig {
        host: server.host,
        port: server.port,
        name: server.name,
        user: settings.user,
        auth,
        ca: server.ca,
    };
    Ok(Ports {
        objects: aws.objects(),
        work: config.work_bucket()?,
        media: config.media_bucket()?,
        documents: aws.documents(config.table()?),
        // Connected by the first call, so that a database that is down at a cold start fails that
        // call and not the process.
        database: Database::lazy(database),
    })
}

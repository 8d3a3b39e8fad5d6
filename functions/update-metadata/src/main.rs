//! Lambda bootstrap of update-metadata.

// The futures of a handler over the SDK nest deeper than the compiler looks by default.
#![recursion_limit = "512"]

use cloud::clients::AwsClients;
use cloud::dynamodb::DynamoDocuments;
use cloud::s3::S3Store;
use database::{Auth, Database, DatabaseConfig};
use domain::{ErrorCode, Fault};
use runtime::config::DatabaseAuth;
use runtime::{Config, ConfigError, ServeError};
use update_metadata::{Ports, UpdateMetadataError};

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    runtime::logging::init();
    runtime::serve("update-metadata", ports(), update_metadata::handle).await
}

/// The function cannot start.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Update(#[from] UpdateMetadataError),
}

impl Fault for StartError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Config(error) => error.code(),
            Self::Update(error) => error.code(),
        }
    }
}

async fn ports() -> Result<Ports<S3Store, DynamoDocuments, Database>, StartError> {
    let config = Config::from_env();
    let aws = AwsClients::from_env().await;
    let settings = config.database()?;
    let auth = match settings.auth {
        DatabaseAuth::Password(password) => Auth::Password(password.reveal().to_owned()),
        DatabaseAuth::Iam => Auth::IamToken(aws.sdk_config().clone()),
    };
    let database = DatabaseConfig {
        host: settings.host,
        port: settings.port,
        name: settings.name,
        user: settings.user,
        auth,
        ca: settings.ca,
    };
    let database = Database::connect(database).await;
    let database = database.map_err(UpdateMetadataError::from)?;
    let migrated = database.migrate().await;
    migrated.map_err(UpdateMetadataError::from)?;
    Ok(Ports {
        objects: aws.objects(),
        work: config.work_bucket()?,
        documents: aws.documents(config.table()?),
        database,
    })
}

//! Lambda bootstrap of play-api.

// The futures of a handler over the SDK nest deeper than the compiler looks by default.
#![recursion_limit = "512"]

use axum::Router;
use cloud::StoreError;
use cloud::clients::AwsClients;
use cloud::secret::ReadSecret as _;
use cloud::signed_access::SignedAccess;
use cloud::signing_key;
use domain::{ErrorCode, Fault};
use play_api::{Ports, router};
use runtime::{Config, ConfigError};
use service::ServeError;

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    service::serve(configured()).await
}

/// Why the function cannot answer.
#[derive(Debug, thiserror::Error)]
enum SetupError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Key(#[from] StoreError),
}

impl Fault for SetupError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Config(error) => error.code(),
            Self::Key(error) => error.code(),
        }
    }
}

async fn configured() -> Result<Router, SetupError> {
    let config = Config::from_env();
    let aws = AwsClients::from_env().await;
    let secrets = aws.secrets();
    let version = signing_key::version(config.signing_key_generation()?);
    let key = secrets.secret(&config.signing_secret()?, &version).await?;
    let access = SignedAccess::new(config.origin()?, config.signing_key_id()?, &key)?;
    let identity = config.identity()?;
    Ok(router(Ports {
        objects: aws.objects(),
        documents: aws.documents(config.table()?),
        executions: aws.executions(config.state_machine()?),
        work: config.work_bucket()?,
        media: config.media_bucket()?,
        access,
        is_secure: config.origin()?.starts_with("https://"),
        private_webhooks: config.private_webhooks()?,
        settings: api::Settings {
            issuer: identity.issuer,
            discovery: identity.discovery,
            client_id: identity.client,
            scopes: ["openid", "email", "profile"].map(str::to_owned).to_vec(),
            max_upload_bytes: config.max_upload_bytes()?,
            stack: config.stack()?,
        },
    }))
}

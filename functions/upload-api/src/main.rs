//! Lambda bootstrap of upload-api.

// The futures of a handler over the SDK nest deeper than the compiler looks by default.
#![recursion_limit = "512"]

use cloud::clients::AwsClients;
use runtime::{Config, ConfigError};
use service::ServeError;
use upload_api::{Ports, router};

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    service::serve(async {
        let config = Config::from_env();
        let aws = AwsClients::from_env().await;
        Ok::<_, ConfigError>(router(Ports {
            objects: aws.objects(),
            documents: aws.documents(config.table()?),
            executions: aws.executions(config.state_machine()?),
            bucket: config.uploads_bucket()?,
            max_bytes: config.max_upload_bytes()?,
        }))
    })
    .await
}

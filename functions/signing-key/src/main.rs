//! Lambda bootstrap of signing-key.

// The futures of a handler over the SDK nest deeper than the compiler looks by default.
#![recursion_limit = "512"]

use cloud::clients::AwsClients;
use cloud::secret::SecretsManager;
use runtime::ServeError;
use runtime::custom_resource::HttpsReplies;
use signing_key::{Ports, SigningKeyError};

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    runtime::logging::init();
    // The SDK's start-up alone is a future of 60 KB: on the heap.
    Box::pin(runtime::serve("signing-key", ports(), signing_key::handle)).await
}

async fn ports() -> Result<Ports<SecretsManager, HttpsReplies>, SigningKeyError> {
    Ok(Ports {
        secrets: AwsClients::from_env().await.secrets(),
        replies: HttpsReplies::new()?,
    })
}

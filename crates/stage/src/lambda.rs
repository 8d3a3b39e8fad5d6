//! A stage as a Lambda function.

use cloud::clients::AwsClients;
use cloud::s3::S3Store;
use domain::Fault;
use domain::message::OfJob;
use runtime::{Config, ConfigError, ServeError, StageContext};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Leased;

/// Answers Lambda's invocations of a stage with its handler, each as long as its job's lease is
/// held.
///
/// `ports` makes what the stage may do of the environment and the storage.
///
/// # Errors
/// [`ServeError`], as [`runtime::serve`].
///
/// # Panics
/// Outside of Lambda and its emulators, as [`runtime::serve`].
pub async fn serve<I, O, P, E, H>(
    stage: &'static str,
    ports: impl FnOnce(&Config, S3Store) -> Result<P, ConfigError>,
    handler: H,
) -> Result<(), ServeError>
where
    I: DeserializeOwned + OfJob,
    O: Serialize,
    E: Fault,
    H: AsyncFn(I, &P, &StageContext) -> Result<O, E>,
{
    runtime::logging::init();
    let leased = async {
        let config = Config::from_env();
        let aws = AwsClients::from_env().await;
        let ports = ports(&config, aws.objects())?;
        Ok::<_, ConfigError>(Leased::new(ports, aws.documents(config.table()?)))
    };
    let answer = async |input: I, ours: &Leased<P, _>, context: &StageContext| {
        ours.call(&handler, input, context).await
    };
    // The SDK's start-up alone is a future of 60 KB: on the heap.
    Box::pin(runtime::serve(stage, leased, answer)).await
}

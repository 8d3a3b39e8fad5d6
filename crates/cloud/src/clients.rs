//! The connection to AWS: one configuration, and an adapter for each thing a function asks for.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig, retry::RetryConfig};
use aws_sdk_s3::config::Credentials;

use crate::dynamodb::DynamoDocuments;
use crate::event_bus::EventBus;
use crate::outputs::StackOutputs;
use crate::queue::Queue;
use crate::s3::S3Store;
use crate::secret::SecretsManager;
use crate::step_functions::StepFunctions;
use crate::task_callback::{TaskToken, WaitingTask};

/// A host that does not accept within this time is taken for dead.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Longest wait for an answer's headers. A request of 16 MiB, the largest that is made, must fit:
/// 4.5 Mbit/s.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest for one try, the answer's body not counted.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(40);
/// Longest for a call with all its retries.
const OPERATION_TIMEOUT: Duration = Duration::from_mins(2);
/// Tries for one call.
const ATTEMPTS: u32 = 5;
/// Wait before the first retry, at most; it doubles from there.
const FIRST_BACKOFF: Duration = Duration::from_millis(200);
/// Longest wait between two tries.
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// Where a stack is and whose it is.
#[derive(Clone)]
pub struct Account {
    /// Base URL of every service.
    pub endpoint: String,
    /// The region's name.
    pub region: String,
    /// Public half of the key.
    pub access_key_id: String,
    /// Secret half of the key.
    pub secret_access_key: String,
}

/// Makes the adapters. Cheap to keep for the life of a process; connections are made on first use.
#[derive(Clone, Debug)]
pub struct AwsClients {
    config: SdkConfig,
}

impl AwsClients {
    /// Reads region, credentials and endpoint as the SDK does by itself (`AWS_REGION`,
    /// `AWS_ENDPOINT_URL`, …), and sets what it leaves open: timeouts, of which it has none, and
    /// retries. The SDK's behaviour is pinned, so that an update changes nothing unseen.
    pub async fn from_env() -> Self {
        Self::load(aws_config::defaults(BehaviorVersion::v2026_01_12())).await
    }

    /// Connects to a stack that the environment does not name: the local one.
    pub async fn at(account: &Account) -> Self {
        let credentials = Credentials::new(
            account.access_key_id.as_str(),
            account.secret_access_key.as_str(),
            None,
            None,
            "millrace",
        );
        let loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .endpoint_url(account.endpoint.as_str())
            .region(Region::new(account.region.clone()))
            .credentials_provider(credentials);
        Self::load(loader).await
    }

    /// Sets what the SDK leaves open.
    async fn load(loader: ConfigLoader) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(OPERATION_TIMEOUT)
            .build();
        let retries = RetryConfig::standard()
            .with_max_attempts(ATTEMPTS)
            .with_initial_backoff(FIRST_BACKOFF)
            .with_max_backoff(MAX_BACKOFF);
        let config = loader
            .timeout_config(timeouts)
            .retry_config(retries)
            .load()
            .await;
        Self { config }
    }

    /// The configuration, for an adapter in another crate.
    #[must_use]
    pub fn sdk_config(&self) -> &SdkConfig {
        &self.config
    }

    /// Objects in S3.
    #[must_use]
    pub fn objects(&self) -> S3Store {
        S3Store::new(aws_sdk_s3::Client::new(&self.config))
    }

    /// Documents in a table of DynamoDB.
    #[must_use]
    pub fn documents(&self, table: impl Into<String>) -> DynamoDocuments {
        DynamoDocuments::new(aws_sdk_dynamodb::Client::new(&self.config), table)
    }

    /// Executions of the state machine with this ARN.
    #[must_use]
    pub fn executions(&self, state_machine: impl Into<String>) -> StepFunctions {
        StepFunctions::new(aws_sdk_sfn::Client::new(&self.config), state_machine)
    }

    /// Events on the bus of this name.
    #[must_use]
    pub fn event_bus(&self, name: impl Into<String>) -> EventBus {
        EventBus::new(aws_sdk_eventbridge::Client::new(&self.config), name)
    }

    /// Messages of the queue at this URL.
    #[must_use]
    pub fn queue(&self, url: impl Into<String>) -> Queue {
        Queue::new(aws_sdk_sqs::Client::new(&self.config), url)
    }

    /// Secrets in Secrets Manager.
    #[must_use]
    pub fn secrets(&self) -> SecretsManager {
        SecretsManager::new(aws_sdk_secretsmanager::Client::new(&self.config))
    }

    /// What stacks in CloudFormation say about themselves.
    #[must_use]
    pub fn stack_outputs(&self) -> StackOutputs {
        StackOutputs::new(aws_sdk_cloudformation::Client::new(&self.config))
    }

    /// The state that waits for this token.
    #[must_use]
    pub fn waiting_task(&self, token: TaskToken) -> WaitingTask {
        WaitingTask::new(aws_sdk_sfn::Client::new(&self.config), token)
    }
}

//! Executions in AWS Step Functions.

use aws_sdk_sfn::operation::start_execution::StartExecutionError;
use serde_json::Value;

use crate::classify::classify;
use crate::error::StoreError;
use crate::ports::{StartExecution, Started};

/// Starts executions of one state machine.
#[derive(Clone, Debug)]
pub struct StepFunctions {
    client: aws_sdk_sfn::Client,
    state_machine: String,
}

impl StepFunctions {
    /// The executions of the state machine with this ARN.
    #[must_use]
    pub fn new(client: aws_sdk_sfn::Client, state_machine: impl Into<String>) -> Self {
        Self {
            client,
            state_machine: state_machine.into(),
        }
    }
}

impl StartExecution for StepFunctions {
    async fn start(&self, name: &str, input: &Value) -> Result<Started, StoreError> {
        let answer = self
            .client
            .start_execution()
            .state_machine_arn(&self.state_machine)
            .name(name)
            .input(input.to_string())
            .send()
            .await;
        match answer {
            Ok(_) => Ok(Started::Started),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(StartExecutionError::is_execution_already_exists) =>
            {
                Ok(Started::AlreadyStarted)
            }
            Err(error) => {
                let action = format!("start execution {name} of {}", self.state_machine);
                let what = format!("state machine {}", self.state_machine);
                Err(classify(error, what, action))
            }
        }
    }
}

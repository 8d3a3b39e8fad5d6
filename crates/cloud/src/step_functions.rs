//! Executions in AWS Step Functions.

use aws_sdk_sfn::operation::describe_execution::DescribeExecutionError;
use aws_sdk_sfn::operation::start_execution::StartExecutionError;
use aws_sdk_sfn::types::ExecutionStatus;
use serde_json::Value;

use crate::classify::classify;
use crate::error::StoreError;
use crate::ports::{DescribeExecution, StartExecution, Started};

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

impl StepFunctions {
    /// The ARN of an execution: that of its state machine with another kind, and its name.
    fn execution(&self, name: &str) -> String {
        let machine = self
            .state_machine
            .replacen(":stateMachine:", ":execution:", 1);
        format!("{machine}:{name}")
    }
}

impl DescribeExecution for StepFunctions {
    async fn is_running(&self, name: &str) -> Result<bool, StoreError> {
        let answer = self
            .client
            .describe_execution()
            .execution_arn(self.execution(name))
            .send()
            .await;
        match answer {
            Ok(known) => Ok(*known.status() == ExecutionStatus::Running),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(DescribeExecutionError::is_execution_does_not_exist) =>
            {
                Ok(false)
            }
            Err(error) => {
                let action = format!("look at execution {name} of {}", self.state_machine);
                Err(classify(error, format!("execution {name}"), action))
            }
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

//! What a deployed stack says about itself.

use aws_sdk_cloudformation::error::ProvideErrorMetadata as _;
use aws_sdk_cloudformation::types::Stack;

use crate::classify::classify;
use crate::error::StoreError;

/// Outputs of stacks in CloudFormation. The role needs `cloudformation:DescribeStacks`.
#[derive(Clone, Debug)]
pub struct StackOutputs {
    client: aws_sdk_cloudformation::Client,
}

impl StackOutputs {
    /// The stacks that this client may describe.
    #[must_use]
    pub const fn new(client: aws_sdk_cloudformation::Client) -> Self {
        Self { client }
    }

    /// One output of a stack.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such stack, or it has no such output, and the
    /// faults that every call may have.
    pub async fn output(&self, stack: &str, name: &str) -> Result<String, StoreError> {
        let answer = self.client.describe_stacks().stack_name(stack).send().await;
        let answer = answer.map_err(|error| {
            // CloudFormation has no code of its own for it.
            let service = error.as_service_error();
            let message = service.and_then(|error| error.message());
            if message.is_some_and(|message| message.contains("does not exist")) {
                return StoreError::NotFound {
                    what: format!("stack {stack}"),
                };
            }
            classify(
                error,
                format!("stack {stack}"),
                format!("describe stack {stack}"),
            )
        })?;
        let outputs = answer.stacks().iter().flat_map(Stack::outputs);
        let mut wanted = outputs.filter(|output| output.output_key() == Some(name));
        let value = wanted.find_map(|output| output.output_value());
        value
            .map(str::to_owned)
            .ok_or_else(|| StoreError::NotFound {
                what: format!("output {name} of stack {stack}"),
            })
    }
}

//! Services of the local stack, as an operator or another producer of events calls them.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::environment::{root, variable};
use crate::stack::Stack;

/// A service, an operation, and its arguments: as botocore names them.
pub type Call = (&'static str, &'static str, Value);

impl Stack {
    /// Makes the calls, many at once, and gives their answers in the same order; an error of a
    /// service is the answer `{"error": code}`.
    ///
    /// # Errors
    /// When the calls cannot be made.
    pub fn calls(&self, calls: &[Call]) -> Result<Vec<Value>> {
        let order = self.description.order(calls);
        let mut process = Command::new(variable("MILLRACE_PYTHON")?)
            .arg(root().join("tests/cloud/calls.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut input = process.stdin.take().context("no standard input")?;
        input.write_all(order.to_string().as_bytes())?;
        drop(input);
        let output = process.wait_with_output()?;
        ensure!(output.status.success(), "calls.py: {}", output.status);
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Makes one call.
    ///
    /// # Errors
    /// When it cannot be made, or is answered with an error.
    pub fn call(
        &self,
        service: &'static str,
        operation: &'static str,
        arguments: Value,
    ) -> Result<Value> {
        let answers = self.calls(&[(service, operation, arguments)])?;
        let answer = answers.into_iter().next().context("no answer")?;
        ensure!(answer.get("error").is_none(), "{operation}: {answer}");
        Ok(answer)
    }

    /// The call that hands an event to trigger.
    ///
    /// # Errors
    /// When the stack has no such function.
    pub fn telling(&self, event: &Value) -> Result<Call> {
        let function = self.output("TriggerFunction")?;
        let arguments = json!({"FunctionName": function, "Payload": event.to_string()});
        Ok(("lambda", "invoke", arguments))
    }

    /// Hands an event to trigger and gives its answer.
    ///
    /// # Errors
    /// When trigger fails.
    pub fn tell(&self, event: &Value) -> Result<Value> {
        let (service, operation, arguments) = self.telling(event)?;
        let answer = self.call(service, operation, arguments)?;
        ensure!(answer.get("errorType").is_none(), "trigger: {answer}");
        Ok(answer)
    }
}

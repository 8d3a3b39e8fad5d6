//! What storage tells of an upload, and what came of it.

#![expect(
    clippy::indexing_slicing,
    reason = "the samples have what is filled in"
)]

use anyhow::{Context as _, Result};
use domain::ids::JobId;
use domain::object::SourceObject;
use serde_json::{Value, json};

use crate::environment::root;
use crate::stack::Stack;

/// The upload as S3 tells a function of it, and as EventBridge does.
///
/// # Errors
/// When the samples of events cannot be read.
pub fn told_of(source: &SourceObject) -> Result<[Value; 2]> {
    let sample = |name| {
        let path = root().join("events").join(name);
        let text = std::fs::read_to_string(path)?;
        Ok::<Value, anyhow::Error>(serde_json::from_str(&text)?)
    };
    let mut notification = sample("trigger.json")?;
    let at = &mut notification["Records"][0]["s3"];
    at["bucket"]["name"] = json!(source.object.bucket);
    at["object"]["key"] = json!(source.object.key);
    at["object"]["eTag"] = json!(source.etag);
    at["object"]["size"] = json!(source.size);
    let mut announcement = sample("trigger-eventbridge.json")?;
    let at = &mut announcement["detail"];
    at["bucket"]["name"] = json!(source.object.bucket);
    at["object"]["key"] = json!(source.object.key);
    at["object"]["etag"] = json!(source.etag);
    at["object"]["size"] = json!(source.size);
    Ok([notification, announcement])
}

impl Stack {
    /// Names of the executions that were started for a job.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub fn executions(&self, job: &JobId) -> Result<Vec<String>> {
        let all = json!({"stateMachineArn": self.output("StateMachineArn")?, "maxResults": 1000});
        let all = self.call("stepfunctions", "list_executions", all)?;
        let all = all["executions"].as_array().context("a list")?.iter();
        let names = all.filter_map(|execution| execution["name"].as_str());
        let ours = names.filter(|name| name.starts_with(job.as_str()));
        Ok(ours.map(str::to_owned).collect())
    }
}

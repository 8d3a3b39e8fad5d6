//! What `CloudFormation` asks of a custom resource, and what it is told.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Most characters of a reason. A reply may have 4,096 bytes (custom resource response objects).
const MAX_REASON: usize = 800;

/// Why the function is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
pub enum RequestType {
    /// The stack gets the resource.
    Create,
    /// A property of the resource is another one.
    Update,
    /// The stack, or a stack that could not be made, loses the resource.
    Delete,
}

/// Where a reply goes: a presigned URL, which is as good as a password and so is never printed.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct ResponseUrl(String);

impl ResponseUrl {
    /// The URL. Never log it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ResponseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseUrl(<redacted>)")
    }
}

/// A custom resource's request ("Custom resource request objects" in the `CloudFormation` guide).
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Request {
    /// Why.
    pub request_type: RequestType,
    /// Where the reply goes.
    #[serde(rename = "ResponseURL")]
    pub response_url: ResponseUrl,
    /// The stack.
    pub stack_id: String,
    /// This request.
    pub request_id: String,
    /// The resource's name in the template.
    pub logical_resource_id: String,
    /// The resource's own name; none before it was created.
    pub physical_resource_id: Option<String>,
    /// What the template says of the resource. Read late: a request with wrong properties still has
    /// to be answered, or the stack waits for an hour.
    #[serde(default)]
    pub resource_properties: Value,
    /// What the template said before, of an update.
    #[serde(default)]
    pub old_resource_properties: Value,
}

impl Request {
    /// What the template says of the resource under this name, if that is a text. Numbers are:
    /// `CloudFormation` makes a text of each.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&str> {
        self.resource_properties.get(name)?.as_str()
    }

    /// What the template said before.
    #[must_use]
    pub fn old_property(&self, name: &str) -> Option<&str> {
        self.old_resource_properties.get(name)?.as_str()
    }

    /// The reply: what the resource is like, or why there is none. `name` is the resource's own for
    /// as long as it exists: another one would be a replacement.
    #[must_use]
    pub fn reply(&self, name: &str, outcome: Result<Attributes, String>) -> Reply {
        let (status, reason, data) = match outcome {
            Ok(attributes) => (Status::Success, None, attributes),
            Err(reason) => (Status::Failed, Some(reason), Attributes::new()),
        };
        let known = self.physical_resource_id.clone();
        Reply {
            status,
            reason: reason.map(|reason| reason.chars().take(MAX_REASON).collect()),
            physical_resource_id: known.unwrap_or_else(|| name.to_owned()),
            stack_id: self.stack_id.clone(),
            request_id: self.request_id.clone(),
            logical_resource_id: self.logical_resource_id.clone(),
            data,
        }
    }
}

/// What the template reads from the resource by `Fn::GetAtt`. Nothing secret: it shows it.
pub type Attributes = BTreeMap<&'static str, String>;

/// How it went.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// The stack goes on.
    Success,
    /// The stack rolls back.
    Failed,
}

/// A custom resource's reply ("Custom resource response objects" in the `CloudFormation` guide).
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Reply {
    /// How it went.
    pub status: Status,
    /// Why it failed; the stack's events show it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The resource's own name.
    pub physical_resource_id: String,
    /// As in the request.
    pub stack_id: String,
    /// As in the request.
    pub request_id: String,
    /// As in the request.
    pub logical_resource_id: String,
    /// What the template may read.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub data: Attributes,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Request {
        serde_json::from_str(include_str!("../../../../events/migrate.json")).unwrap()
    }

    #[test]
    fn the_event_of_the_documentation_reads() {
        let request = request();
        assert_eq!(request.request_type, RequestType::Create);
        assert_eq!(request.property("User"), Some("millrace"));
        assert_eq!(request.property("Nothing"), None);
        assert_eq!(request.old_property("User"), None);
        assert_eq!(request.physical_resource_id, None);
    }

    #[test]
    fn the_signed_url_is_not_printed() {
        let request = request();
        assert!(request.response_url.reveal().contains("Signature"));
        assert!(!format!("{request:?}").contains("Signature"));
    }

    #[test]
    fn a_reply_fits_into_its_limit_and_keeps_the_resources_name() {
        let reply = request().reply("name", Err("\u{1F3AC}".repeat(5000)));
        assert!(serde_json::to_vec(&reply).unwrap().len() <= 4096);
        assert_eq!(reply.physical_resource_id, "name");
        let known = Request {
            physical_resource_id: Some("known".to_owned()),
            ..request()
        };
        let reply = known.reply("name", Ok(Attributes::new()));
        assert_eq!(reply.physical_resource_id, "known");
    }

    #[test]
    fn only_what_the_resource_is_like_is_told_of_success() {
        let attributes = Attributes::from([("PublicKey", "key".to_owned())]);
        let reply = serde_json::to_value(request().reply("name", Ok(attributes))).unwrap();
        assert_eq!(reply["Status"], "SUCCESS");
        assert_eq!(reply["Data"], serde_json::json!({"PublicKey": "key"}));
        assert_eq!(reply.get("Reason"), None);
    }
}

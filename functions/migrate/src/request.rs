//! What `CloudFormation` asks of a custom resource, and what it is told.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The resource's own name, for as long as it exists: another one would be a replacement.
const PHYSICAL_ID: &str = "millrace-schema";
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
    /// The database user that the application connects as: property `User`, 1 to 63 bytes.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        let user = self.resource_properties.get("User")?.as_str()?;
        (1..=63).contains(&user.len()).then_some(user)
    }

    /// The number of the newest migration that the schema is to have: property `Version`.
    #[must_use]
    pub fn version(&self) -> Option<i64> {
        version_in(&self.resource_properties)
    }

    /// Whether an older version is to come after a newer one: a stack that is rolled back, or an
    /// older release.
    #[must_use]
    pub fn goes_back(&self) -> bool {
        let before = version_in(&self.old_resource_properties);
        before.is_some() && before > self.version()
    }

    /// The reply: success, or why not.
    #[must_use]
    pub fn reply(&self, failure: Option<&str>) -> Reply {
        Reply {
            status: match failure {
                None => Status::Success,
                Some(_) => Status::Failed,
            },
            reason: failure.map(|reason| reason.chars().take(MAX_REASON).collect()),
            physical_resource_id: self
                .physical_resource_id
                .clone()
                .unwrap_or_else(|| PHYSICAL_ID.to_owned()),
            stack_id: self.stack_id.clone(),
            request_id: self.request_id.clone(),
            logical_resource_id: self.logical_resource_id.clone(),
        }
    }
}

/// `CloudFormation` makes a text of every number.
fn version_in(properties: &Value) -> Option<i64> {
    properties.get("Version")?.as_str()?.parse().ok()
}

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
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Request {
        serde_json::from_str(include_str!("../../../events/migrate.json")).unwrap()
    }

    #[test]
    fn the_event_of_the_documentation_reads() {
        let request = request();
        assert_eq!(request.request_type, RequestType::Create);
        assert_eq!(request.user(), Some("millrace"));
        assert_eq!(request.version(), Some(database::schema_version()));
        assert_eq!(request.physical_resource_id, None);
    }

    #[test]
    fn a_user_is_a_name_that_postgresql_keeps_whole() {
        let with = |user: Value| Request {
            resource_properties: serde_json::json!({ "User": user }),
            ..request()
        };
        assert_eq!(with("u".repeat(63).into()).user().map(str::len), Some(63));
        for wrong in ["".into(), "u".repeat(64).into(), 7.into(), Value::Null] {
            assert_eq!(with(wrong).user(), None);
        }
    }

    #[test]
    fn only_from_a_newer_version_to_an_older_one_is_back() {
        let from_to = |old: Value, new: &str| Request {
            resource_properties: serde_json::json!({ "Version": new }),
            old_resource_properties: old,
            ..request()
        };
        let version = |version: &str| serde_json::json!({ "Version": version });
        assert!(from_to(version("10"), "9").goes_back());
        assert!(!from_to(version("9"), "10").goes_back());
        assert!(!from_to(version("9"), "9").goes_back());
        assert!(!from_to(Value::Null, "9").goes_back());
    }

    #[test]
    fn the_signed_url_is_not_printed() {
        let request = request();
        assert!(request.response_url.reveal().contains("Signature"));
        assert!(!format!("{request:?}").contains("Signature"));
    }

    #[test]
    fn a_reply_fits_into_its_limit_and_keeps_the_resources_name() {
        let reply = request().reply(Some(&"\u{1F3AC}".repeat(5000)));
        assert!(serde_json::to_vec(&reply).unwrap().len() <= 4096);
        assert_eq!(reply.physical_resource_id, "millrace-schema");
        let known = Request {
            physical_resource_id: Some("known".to_owned()),
            ..request()
        };
        assert_eq!(known.reply(None).physical_resource_id, "known");
    }
}

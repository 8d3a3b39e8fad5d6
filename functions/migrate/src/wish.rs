//! What the template says of the schema.

use runtime::custom_resource::Request;

/// The database user that the application connects as: property `User`, 1 to 63 bytes.
pub(crate) fn user(request: &Request) -> Option<&str> {
    let user = request.property("User")?;
    (1..=63).contains(&user.len()).then_some(user)
}

/// The number of the newest migration that the schema is to have: property `Version`.
pub(crate) fn version(request: &Request) -> Option<i64> {
    request.property("Version")?.parse().ok()
}

/// Whether an older version is to come after a newer one: a stack that is rolled back, or an older
/// release.
pub(crate) fn goes_back(request: &Request) -> bool {
    let before: Option<i64> = request
        .old_property("Version")
        .and_then(|version| version.parse().ok());
    before.is_some() && before > version(request)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn request() -> Request {
        serde_json::from_str(include_str!("../../../events/migrate.json")).unwrap()
    }

    #[test]
    fn the_event_of_the_documentation_reads() {
        assert_eq!(user(&request()), Some("millrace"));
        assert_eq!(version(&request()), Some(database::schema_version()));
    }

    #[test]
    fn a_user_is_a_name_that_postgresql_keeps_whole() {
        let with = |user: Value| Request {
            resource_properties: json!({ "User": user }),
            ..request()
        };
        assert_eq!(user(&with("u".repeat(63).into())).map(str::len), Some(63));
        for wrong in ["".into(), "u".repeat(64).into(), 7.into(), Value::Null] {
            assert_eq!(user(&with(wrong)), None);
        }
    }

    #[test]
    fn only_from_a_newer_version_to_an_older_one_is_back() {
        let from_to = |old: Value, new: &str| Request {
            resource_properties: json!({ "Version": new }),
            old_resource_properties: old,
            ..request()
        };
        let version = |version: &str| json!({ "Version": version });
        assert!(goes_back(&from_to(version("10"), "9")));
        assert!(!goes_back(&from_to(version("9"), "10")));
        assert!(!goes_back(&from_to(version("9"), "9")));
        assert!(!goes_back(&from_to(Value::Null, "9")));
    }
}

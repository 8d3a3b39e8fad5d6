//! The description of the whole API, from the code of both functions.

#![expect(
    clippy::indexing_slicing,
    reason = "what is not in the document is made"
)]

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};
use utoipa::PartialSchema as _;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Info, License, OpenApi};

const ABOUT: &str = "Uploads in, streams out. Errors are problems (RFC 9457) with a code of a closed \
                     list; those of API Gateway itself have only a message.";

/// What `docs/openapi.json` should say.
///
/// # Errors
/// When the document cannot be written as JSON.
pub fn document() -> Result<Value> {
    let mut whole: OpenApi = upload_api::document();
    whole.merge(play_api::document());
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("An access token of the issuer that /api/config names"));
    let components = whole.components.get_or_insert_default();
    components.add_security_scheme("token", SecurityScheme::Http(token.build()));
    let message = api::problem::Message::schema();
    components.schemas.insert("Message".to_owned(), message);
    let mut info = Info::new("Millrace", env!("CARGO_PKG_VERSION"));
    info.description = Some(ABOUT.to_owned());
    info.license = Some(License::new("Apache-2.0"));
    whole.info = info;
    let mut whole = serde_json::to_value(&whole)?;
    let paths = whole["paths"].as_object_mut().context("there are paths")?;
    for item in paths.values_mut().filter_map(Value::as_object_mut) {
        for (method, operation) in item {
            complete(method, operation).with_context(|| operation.to_string())?;
        }
    }
    Ok(whole)
}

/// Adds what is the same for every operation, so that none has to say it.
fn complete(method: &str, operation: &mut Value) -> Option<()> {
    let responses = operation["responses"].as_object_mut()?;
    for status in ["4XX", "5XX"] {
        refused(responses, status);
    }
    if method == "get" {
        tagged(responses)?;
    }
    let given = operation.get_mut("parameters");
    let mut parameters = given.map_or_else(|| json!([]), Value::take);
    let list = parameters.as_array_mut()?;
    for parameter in list.iter_mut().filter(|each| each["in"] == "path") {
        parameter["schema"]["pattern"] = json!("^[A-Za-z0-9_-]{1,64}$");
    }
    if method == "get" {
        let known = "Tags of answers that the client has";
        let schema = json!({"type": "string"});
        list.push(json!({"name": "If-None-Match", "in": "header", "description": known, "schema": schema}));
    }
    if !list.is_empty() {
        operation["parameters"] = parameters;
    }
    Some(())
}

/// A refusal is a problem, or API Gateway's own.
fn refused(responses: &mut Map<String, Value>, status: &str) {
    let plain = || json!({"description": "Refused"});
    let response = responses.entry(status).or_insert_with(plain);
    for (media_type, schema) in [
        ("application/problem+json", "Problem"),
        ("application/json", "Message"),
    ] {
        let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
        response["content"][media_type] = json!({"schema": schema});
    }
}

/// Who has an answer does not get it again.
fn tagged(responses: &mut Map<String, Value>) -> Option<()> {
    let tag = json!({"description": "Of this answer", "schema": {"type": "string"}});
    responses.get_mut("200")?["headers"]["ETag"] = tag.clone();
    let unchanged = json!({"description": "The client has it", "headers": {"ETag": tag}});
    responses.insert("304".to_owned(), unchanged);
    Some(())
}

//! The description of the whole API, from the code of both functions.

use anyhow::Result;
use serde_json::{Value, json};
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

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
    let mut json = serde_json::to_value(&whole)?;
    json["info"] = json!({
        "title": "Millrace",
        "description": "Uploads in, streams out. Errors are problems (RFC 9457) with a code of a closed list.",
        "version": env!("CARGO_PKG_VERSION"),
        "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
    });
    Ok(json)
}

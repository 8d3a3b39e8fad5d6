//! The description of the whole API, from the code of both functions.

use anyhow::Result;
use serde_json::Value;
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
    let mut info = Info::new("Millrace", env!("CARGO_PKG_VERSION"));
    info.description = Some(ABOUT.to_owned());
    info.license = Some(License::new("Apache-2.0"));
    whole.info = info;
    Ok(serde_json::to_value(&whole)?)
}

//! The API is what its description says.
#![cfg(test)]

use std::path::Path;

use e2e::openapi::document;

/// With `UPDATE_OPENAPI=1` it writes the file instead.
#[test]
fn the_description_is_that_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    let mut said = serde_json::to_string_pretty(&document().unwrap()).unwrap();
    said.push('\n');
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&path, &said).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(
        written == said,
        "docs/openapi.json is old: run this test with UPDATE_OPENAPI=1"
    );
}

//! Lambda bootstrap of assemble-manifest.

// The futures of a handler over the SDK nest deeper than the compiler looks by default.
#![recursion_limit = "512"]

use assemble_manifest::{Ports, handle};
use runtime::ServeError;

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    stage::serve("assemble-manifest", Ports::configured, handle).await
}

//! Lambda bootstrap of thumbnail.

// The futures of a handler over the SDK nest deeper than the compiler looks by default.
#![recursion_limit = "512"]

use runtime::ServeError;
use thumbnail::{Ports, handle};

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    stage::serve("thumbnail", Ports::configured, handle).await
}

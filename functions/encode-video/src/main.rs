//! Lambda bootstrap of encode-video.

// The futures of a handler over the SDK nest deeper than the compiler looks by default.
#![recursion_limit = "512"]

use encode_video::{Ports, handle};
use runtime::ServeError;

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    stage::serve("encode-video", Ports::configured, handle).await
}

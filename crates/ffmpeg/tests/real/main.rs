//! Tests with the real ffmpeg. `MILLRACE_FFMPEG` and `MILLRACE_FFPROBE` name the programs.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail loudly"
)]

mod audio;
mod chunks;
mod http;
mod pictures;
mod probe;
mod runner;
mod support;

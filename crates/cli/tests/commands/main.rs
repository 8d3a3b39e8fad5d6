//! The program itself, against a stack that is served in this process: an API that keeps to
//! `crates/api`, and storage that takes parts and gives streams.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail loudly"
)]

mod assets;
mod captions;
mod copy;
mod estimate;
mod issuer;
mod program;
mod server;
mod sign_in;
mod stack;
mod upload;
mod webhooks;

//! What tests share: twins of the cloud, and the suite that holds twins and cloud to the same
//! guarantees. A dev-dependency only.

pub mod callback;
pub mod conformance;
#[expect(clippy::panic, reason = "a test that cannot ask has failed")]
pub mod http;
pub mod sample;
pub mod store;

//! Around every HTTP function: who asks, what a wrong request is told, entity tags, and the
//! bootstrap that turns a router into a Lambda function behind API Gateway.
//!
//! A handler knows nothing of Lambda: the same router answers in a test.

pub mod body;
pub mod etag;
pub mod owner;
pub mod paging;
pub mod refusal;

mod serve;

pub use body::{Body, Query};
pub use owner::{Owner, Subject};
pub use refusal::Refusal;
pub use serve::{ServeError, finished, serve};

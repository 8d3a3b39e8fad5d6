//! Around every stage: configuration, logs, metrics, deadline, and the bootstrap that turns a
//! handler into a Lambda function.
//!
//! A handler is `async fn handle(input, &ports, &StageContext) -> Result<output, impl Fault>` and
//! knows nothing of Lambda: [`invoke`] runs it the same way in a test, in the local runner and,
//! under [`serve`], in Lambda.

pub mod config;
pub mod context;
pub mod custom_resource;
pub mod logging;
pub mod metrics;
pub mod queue;
pub mod scratch;
pub mod tls;

mod invoke;
mod panics;
mod serve;

pub use config::{Config, ConfigError};
pub use context::StageContext;
pub use invoke::{Failure, invoke};
pub use metrics::{Metric, Metrics};
pub use scratch::{Scratch, ScratchError};
pub use serve::{ServeError, serve};

//! JSON log lines on standard output, one for each event.

use std::str::FromStr;

use tracing::Level;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::LOG;

/// Starts to log, as `MILLRACE_LOG` says. Called again, it does nothing.
///
/// The fields of an event are at the top of its line, beside `timestamp`, `level`, `target` and
/// `message`; those of its span, with stage and request id, are under `span`. A panic is such a
/// line too, with its place and reason; what becomes of it is for whoever catches it to say.
pub fn init() {
    let wanted = std::env::var(LOG.name).ok();
    let (targets, understood) = match wanted.as_deref().map(Targets::from_str) {
        None => (defaults(), true),
        Some(Ok(targets)) => (targets, true),
        Some(Err(_)) => (defaults(), false),
    };
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_filter(quiet(targets));
    if tracing_subscriber::registry()
        .with(lines)
        .try_init()
        .is_err()
    {
        return;
    }
    if !understood {
        tracing::warn!(
            variable = LOG.name,
            shape = LOG.shape,
            "log level not understood"
        );
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let reason = crate::panics::message(panic.payload());
        tracing::warn!(place, reason, "panicked");
    }));
}

fn defaults() -> Targets {
    Targets::new().with_default(Level::INFO)
}

/// Lambda's runtime logs each failure a second time, without its code.
fn quiet(targets: Targets) -> Targets {
    targets.with_target("lambda_runtime::layers", LevelFilter::OFF)
}

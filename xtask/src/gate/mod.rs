//! `cargo xtask test`: everything that must hold before a change lands, in one command.
//!
//! It sets up what is missing, then runs one step after the other, what is cheap and likely to
//! fail first. A step that fails does not stop the others, unless they stand on it. In the end
//! there is a line for each step with its time and the CPU it took.

mod browser;
mod cdk;
mod described;
mod end_to_end;
mod interrupt;
mod outfit;
mod report;
mod steps;
mod tests;
mod web;

use std::fs::{self, File};
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use self::report::Report;
use crate::ui;
use crate::workspace::Workspace;

/// What `cargo xtask test` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Run only these parts
    #[arg(long, value_enum, value_delimiter = ',', value_name = "PART,…")]
    only: Vec<Part>,
}

/// A part of the gate, in the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Formatting
    Fmt,
    /// State machine, template, spelling
    Gates,
    /// The CDK app: its tests, cdk-nag, and that it deploys what the SAM template does
    Cdk,
    /// The page: its types and tests, and how it does in a browser
    Web,
    /// Lints, warnings denied
    Clippy,
    /// Unit and property tests, and the tests of the local stack
    Unit,
    /// The pipeline from end to end on a stack of its own, judged by players and parsers
    E2e,
}

/// Whether this is a run that nobody watches: what can't be checked there has failed.
fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true" || value == "1")
}

/// Runs the gate.
///
/// # Errors
/// When it can't run at all. A step that fails is no error: it is in the summary, and in the
/// exit code.
#[expect(
    clippy::needless_pass_by_value,
    reason = "all commands take their arguments alike"
)]
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    let logs = workspace.root().join("target/gate");
    fs::create_dir_all(&logs).with_context(|| format!("cannot make {}", logs.display()))?;
    // Two gates would share the stack and the logs.
    let lock = File::create(logs.join("lock"))?;
    if lock.try_lock().is_err() {
        ui::note("another `cargo xtask test` is running here: waiting for it");
        lock.lock().context("cannot lock target/gate")?;
    }

    let mut report = Report::new(logs)?;
    steps::run(&workspace, &mut report, |part| {
        args.only.is_empty() || args.only.contains(&part)
    });
    Ok(report.conclude())
}

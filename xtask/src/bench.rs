//! `cargo xtask bench`: what the pipeline costs against one ffmpeg command.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};

use crate::setup::Tools;
use crate::workspace::Workspace;

/// Print the pipeline's CPU time beside that of one ffmpeg command
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A video file; without one, the clip that ships with the project
    file: Option<PathBuf>,
}

/// Runs the comparison; it prints and judges nothing.
///
/// # Errors
/// When the tools can't be installed, or the example does not build or run.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    let tools = Tools::ensure(&workspace)?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["run", "--quiet", "--locked", "--example", "cost", "--"])
        .args(args.file.map(std::path::absolute).transpose()?)
        .current_dir(workspace.root())
        .env("MILLRACE_FFMPEG", &tools.ffmpeg)
        .env("MILLRACE_FFPROBE", &tools.ffprobe);
    let status = command.status().context("cannot start cargo")?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

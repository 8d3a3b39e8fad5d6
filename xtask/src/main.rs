//! Development commands: `cargo xtask demo`, `cargo xtask test`, `cargo xtask local up`.
//!
//! Each command sets up what it needs by itself: a Python environment with the emulator, ffmpeg
//! and PostgreSQL in `target/tools`, the function binaries in the target folder, and a stack in
//! `target/local`. Nothing is installed outside the checkout.

mod bench;
mod demo;
mod functions;
mod gate;
mod local;
mod node;
mod package;
mod page;
mod process;
mod setup;
mod ui;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Development commands of Millrace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Transcode a file on the local stack and say where to play it
    Demo(demo::Args),
    /// Check everything: format, lints, tests, the pipeline from end to end
    Test(gate::Args),
    /// Print what the pipeline costs against one ffmpeg command
    Bench(bench::Args),
    /// Build what a deployment needs: the functions' packages and the layer
    Package(package::Args),
    /// Start, stop and list local stacks
    #[command(subcommand)]
    Local(local::Command),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Demo(args) => demo::run(&args),
        Command::Test(args) => gate::run(args),
        Command::Bench(args) => bench::run(args),
        Command::Package(args) => package::run(&args),
        Command::Local(command) => local::run(&command),
    };
    result.unwrap_or_else(|error| {
        ui::error(&error);
        ExitCode::FAILURE
    })
}

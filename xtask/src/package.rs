//! `cargo xtask package`: what a deployment needs that is not in the repository, for one processor
//! architecture: a package for each function, the layer with ffmpeg, and for one region the layer
//! with RDS's authorities.
//!
//! Both templates find them where they are put: `target/lambda/NAME/bootstrap`,
//! `layers/ffmpeg/bin`, `layers/rds-ca`.

mod elf;

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail, ensure};

use self::elf::Executable;
use crate::functions;
use crate::page;
use crate::setup::{self, Tools};
use crate::ui::{self, Step};
use crate::workspace::Workspace;

/// Lambda's limit for a function and its layers together, unpacked.
const LARGEST: u64 = 250 * 1024 * 1024;

/// The minor version of glibc 2 in Amazon Linux 2023.
const GLIBC_MINOR: u32 = 34;

/// A container, not a function: `infra/batch/Dockerfile` builds it.
const CONTAINER: &str = "heavy-encode";

/// What `cargo xtask package` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The processor of the functions, as the templates' parameter of that name
    #[arg(long, value_enum, default_value = "arm64")]
    architecture: Architecture,
    /// The region of the database, whose authorities are downloaded and checked by hash; without it
    /// that layer stays as it is
    #[arg(long)]
    region: Option<String>,
}

/// A processor architecture by the name that AWS gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Architecture {
    #[value(name = "arm64")]
    Arm64,
    #[value(name = "x86_64")]
    X86_64,
}

impl Architecture {
    const fn name(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86_64 => "x86_64",
        }
    }

    /// cargo-lambda's option for it.
    const fn option(self) -> &'static str {
        match self {
            Self::Arm64 => "--arm64",
            Self::X86_64 => "--x86-64",
        }
    }

    /// Rust's name for it on Linux.
    const fn target(self) -> &'static str {
        match self {
            Self::Arm64 => "aarch64-unknown-linux-gnu",
            Self::X86_64 => "x86_64-unknown-linux-gnu",
        }
    }

    /// Its number in an ELF header (System V ABI, `e_machine`).
    const fn machine(self) -> u16 {
        match self {
            Self::Arm64 => 183,
            Self::X86_64 => 62,
        }
    }
}

/// Builds functions and layer, and looks whether Lambda will take them.
///
/// # Errors
/// When something does not build, or would not run on Lambda.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    let architecture = args.architecture;
    has_standard_library(architecture)?;
    let names = names(&workspace)?;
    build_functions(&workspace, architecture, &names)?;
    fill_layer(&workspace, architecture)?;
    match &args.region {
        Some(region) => fill_authorities(&workspace, region)?,
        None => ui::note("no --region: layers/rds-ca stays as it is"),
    }
    page::build(&workspace, &Tools::ensure(&workspace)?)?;
    let layer = check_layer(&workspace, architecture)?;
    ui::line(format!("layer ffmpeg  {:>6.1} MB", megabytes(layer)));
    for name in &names {
        let size = check_function(&workspace, architecture, name, layer)?;
        ui::line(format!("{name:<18} {:>6.1} MB", megabytes(size)));
    }
    ui::line(format!(
        "next: sam deploy --guided --template infra/sam/template.yaml \
         --parameter-overrides Architecture={}",
        architecture.name()
    ));
    ui::line("or, with CDK: infra/cdk/README.md");
    Ok(ExitCode::SUCCESS)
}

/// All functions that Lambda runs.
fn names(workspace: &Workspace) -> Result<Vec<String>> {
    let names = functions::names(workspace)?.into_iter();
    Ok(names.filter(|name| name != CONTAINER).collect())
}

/// The one thing that is not set up here: a toolchain is the user's own.
fn has_standard_library(architecture: Architecture) -> Result<()> {
    let target = architecture.target();
    let output = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", target])
        .output()
        .context("cannot start rustc")?;
    let folder = String::from_utf8(output.stdout).context("rustc names no folder")?;
    ensure!(
        Path::new(folder.trim()).is_dir(),
        "Rust's standard library for {target} is missing: run `rustup target add {target}`"
    );
    Ok(())
}

fn build_functions(
    workspace: &Workspace,
    architecture: Architecture,
    names: &[String],
) -> Result<()> {
    let packaging = setup::environment(workspace, "infra/requirements.txt", "cargo-lambda")?;
    let bin = packaging.join("bin");
    let mut path = vec![bin.clone()];
    path.extend(std::env::split_paths(
        &std::env::var_os("PATH").unwrap_or_default(),
    ));
    let mut command = Command::new(bin.join("cargo-lambda"));
    command
        .args(["lambda", "build", "--release", "--locked"])
        .arg(architecture.option())
        .args(names.iter().flat_map(|name| ["--package", name]))
        // It looks for zig as a module of the first Python in there.
        .env("PATH", std::env::join_paths(path)?)
        .current_dir(workspace.root());
    perform("building the functions", &mut command)
}

fn fill_layer(workspace: &Workspace, architecture: Architecture) -> Result<()> {
    let tools = Tools::ensure(workspace)?;
    let mut command = Command::new(&tools.python);
    command
        .arg("layers/ffmpeg/build.py")
        .args(["--architecture", architecture.name()])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(workspace.root());
    perform("filling the layer", &mut command)
}

fn fill_authorities(workspace: &Workspace, region: &str) -> Result<()> {
    let tools = Tools::ensure(workspace)?;
    let mut command = Command::new(&tools.python);
    command
        .arg("layers/rds-ca/build.py")
        .args(["--region", region])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(workspace.root());
    perform("fetching RDS's authorities", &mut command)
}

fn perform(what: &str, command: &mut Command) -> Result<()> {
    let step = Step::start(what);
    let status = command
        .status()
        .with_context(|| format!("{what}: {command:?}"))?;
    if !status.success() {
        bail!("{what} failed: {status}");
    }
    step.done(what);
    Ok(())
}

/// The layer's size in bytes.
fn check_layer(workspace: &Workspace, architecture: Architecture) -> Result<u64> {
    let folder = workspace.root().join("layers/ffmpeg/bin");
    let mut size = 0;
    for program in ["ffmpeg", "ffprobe"] {
        let executable = Executable::read(&folder.join(program))?;
        fits(&executable, architecture)?;
        size += executable.size();
    }
    Ok(size)
}

/// The function's size in bytes.
fn check_function(
    workspace: &Workspace,
    architecture: Architecture,
    name: &str,
    layer: u64,
) -> Result<u64> {
    let folder = workspace.root().join("target/lambda").join(name);
    let executable = Executable::read(&folder.join("bootstrap"))?;
    fits(&executable, architecture)?;
    let size = executable.size();
    ensure!(
        size + layer <= LARGEST,
        "{name} has {:.1} MB with its layer; Lambda takes {:.1} MB",
        megabytes(size + layer),
        megabytes(LARGEST)
    );
    Ok(size)
}

/// Whether a program runs on Lambda's processors and system.
fn fits(executable: &Executable, architecture: Architecture) -> Result<()> {
    let path = executable.path().display();
    ensure!(
        executable.machine() == architecture.machine(),
        "{path} is not for {}",
        architecture.name()
    );
    if let Some(minor) = executable.newest_glibc() {
        ensure!(
            minor <= GLIBC_MINOR,
            "{path} needs glibc 2.{minor}, Lambda has 2.{GLIBC_MINOR}"
        );
    }
    Ok(())
}

/// Only for people.
#[expect(
    clippy::cast_precision_loss,
    reason = "sizes below a petabyte are exact"
)]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1024.0 / 1024.0
}

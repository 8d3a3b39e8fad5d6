//! The Rust tests: by nextest where it is, else one test binary after the other.
//!
//! The whole workspace is built either way, and what runs is chosen afterwards: a package that is
//! built alone gets other features, and with them most of its dependencies again.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;

use super::interrupt::Interrupt;
use super::report::{self, Output};
use super::steps::cargo;

/// The manifest of the crate `e2e`: its tests need a stack.
const END_TO_END: &str = "tests/Cargo.toml";

/// Those tests, and the ones of `database` that need a PostgreSQL server.
const END_TO_END_FILTER: &str = "package(e2e) | binary(postgres)";

/// Which tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Selection {
    /// All that need no stack.
    Unit,
    /// Those that do.
    EndToEnd,
}

/// Environment variables for the tests.
pub(super) type Variables = Vec<(&'static str, PathBuf)>;

/// Runs them; their output goes to the terminal.
///
/// # Errors
/// When one fails, or there is none.
pub(super) fn run(
    root: &Path,
    selection: Selection,
    variables: &Variables,
    interrupt: &Interrupt,
) -> Result<()> {
    if has_nextest(root) {
        let mut command = cargo(root);
        command.args([
            "nextest",
            "run",
            "--workspace",
            "--locked",
            "--no-fail-fast",
        ]);
        command.args(match selection {
            Selection::Unit => ["--status-level=fail", "-E", "not package(e2e)"],
            Selection::EndToEnd => ["--status-level=pass", "-E", END_TO_END_FILTER],
        });
        if selection == Selection::EndToEnd {
            // Tests that need a server are ignored where there is none.
            command.arg("--run-ignored=all");
        }
        command.envs(variables.iter().cloned());
        let status = report::run(&mut command, Output::Live, Path::new(""), interrupt)?;
        ensure!(status.success(), "nextest ended with {status}");
        return Ok(());
    }

    let binaries: Vec<TestBinary> = test_binaries(root)?
        .into_iter()
        .filter(|binary| {
            let needs_stack = binary.manifest_path == root.join(END_TO_END);
            needs_stack == (selection == Selection::EndToEnd)
        })
        .collect();
    ensure!(!binaries.is_empty(), "there is no test to run");
    let mut failed = Vec::new();
    for binary in binaries {
        let folder = binary
            .manifest_path
            .parent()
            .context("a manifest lies in no folder")?;
        let mut command = Command::new(&binary.executable);
        command
            .current_dir(folder)
            // As cargo does it.
            .env("CARGO_MANIFEST_DIR", folder)
            .envs(variables.iter().cloned());
        let status = report::run(&mut command, Output::Live, Path::new(""), interrupt)?;
        if !status.success() {
            failed.push(binary.executable.display().to_string());
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        bail!("tests failed in {}", failed.join(", "))
    }
}

fn has_nextest(root: &Path) -> bool {
    let mut command = cargo(root);
    command
        .args(["nextest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
        .stdin(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[derive(Debug)]
struct TestBinary {
    executable: PathBuf,
    manifest_path: PathBuf,
}

/// One line of `cargo --message-format=json`, as far as it matters here.
#[derive(Debug, Deserialize)]
struct Message {
    #[serde(default)]
    executable: Option<PathBuf>,
    #[serde(default)]
    manifest_path: PathBuf,
    #[serde(default)]
    profile: Profile,
}

#[derive(Debug, Default, Deserialize)]
struct Profile {
    #[serde(default)]
    test: bool,
}

fn test_binaries(root: &Path) -> Result<Vec<TestBinary>> {
    let output = cargo(root)
        .args([
            "test",
            "--workspace",
            "--locked",
            "--no-run",
            "--quiet",
            "--message-format=json",
        ])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    ensure!(output.status.success(), "the tests do not compile");
    let text = String::from_utf8(output.stdout).context("cargo does not write UTF-8")?;
    let mut binaries = Vec::new();
    for line in text.lines() {
        let message: Message = serde_json::from_str(line).context("cargo writes another JSON")?;
        if let (true, Some(executable)) = (message.profile.test, message.executable) {
            binaries.push(TestBinary {
                executable,
                manifest_path: message.manifest_path,
            });
        }
    }
    Ok(binaries)
}

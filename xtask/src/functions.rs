//! The function binaries that a local stack runs.

use std::process::Command;
use std::time::UNIX_EPOCH;

use anyhow::{Context as _, Result, bail};

use crate::ui::Step;
use crate::workspace::Workspace;

/// The names of all functions: those of the folders under `functions/`, of the packages, and of
/// the binaries.
///
/// # Errors
/// When the folder can't be read.
pub(crate) fn names(workspace: &Workspace) -> Result<Vec<String>> {
    let folder = workspace.root().join("functions");
    let entries =
        std::fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.join("Cargo.toml").is_file()
            && let Some(name) = path.file_name().and_then(|name| name.to_str())
        {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Builds all binaries as development builds. When nothing changed this takes half a second.
///
/// All of the workspace at once: a package built alone gets other features, and with them most
/// dependencies again. After `cargo build --workspace --all-targets`, as the tests do it, there
/// is nothing left to compile.
///
/// # Errors
/// When a crate does not compile; cargo has said why on standard error.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let step = Step::start("building the functions");
    let status = Command::new(cargo)
        .args(["build", "--workspace", "--bins", "--locked", "--quiet"])
        .current_dir(workspace.root())
        .stdin(std::process::Stdio::null())
        .status()
        .context("cannot start cargo")?;
    if !status.success() {
        bail!("the functions do not compile");
    }
    step.done("functions built");
    Ok(())
}

/// A text that changes whenever one of the binaries is built again. Reads no binary.
///
/// # Errors
/// When a binary is not there.
pub(crate) fn fingerprint(workspace: &Workspace) -> Result<String> {
    let mut lines = Vec::new();
    for name in names(workspace)? {
        let path = workspace.binaries().join(&name);
        let metadata = std::fs::metadata(&path)
            .with_context(|| format!("there is no function binary {}", path.display()))?;
        let modified = metadata.modified()?.duration_since(UNIX_EPOCH)?.as_nanos();
        lines.push(format!("{} {} {modified}", path.display(), metadata.len()));
    }
    Ok(lines.join("\n"))
}

//! The page: `web/dist` from what is in `web`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use crate::node::{Node, quietly};
use crate::setup::{Tools, hex};
use crate::ui::{self, Step};
use crate::workspace::Workspace;

/// What the page is made of.
const SOURCES: [&str; 7] = [
    "build.mjs",
    "icon.svg",
    "index.html",
    "package-lock.json",
    "src",
    "styles",
    "tsconfig.json",
];

/// Builds the page where it is not built from what is there now. Without it a stack works all the
/// same, so whoever wants only the stack is told and goes on.
pub(crate) fn build_if_possible(workspace: &Workspace, tools: &Tools) {
    if let Err(error) = build(workspace, tools) {
        ui::note(format!("the page is not built: {error:#}"));
    }
}

/// Builds the page, with the packages that it is made of.
///
/// # Errors
/// When there is no Node.js, a package can't be had, or the page does not build.
pub(crate) fn build(workspace: &Workspace, tools: &Tools) -> Result<()> {
    let web = workspace.root().join("web");
    let marker = web.join("dist/.built");
    let sources = fingerprint(&web)?;
    if fs::read_to_string(&marker).is_ok_and(|built| built == sources) {
        return Ok(());
    }
    let step = Step::start("building the page");
    let node = Node::ensure(workspace, tools)?;
    node.install_into(&web)?;
    let mut command = Command::new(&node.program);
    quietly(command.arg("build.mjs").current_dir(&web))?;
    fs::write(marker, sources)?;
    step.done("page built");
    Ok(())
}

fn fingerprint(web: &Path) -> Result<String> {
    let mut files = Vec::new();
    for source in SOURCES {
        collect(&web.join(source), &mut files)?;
    }
    files.sort();
    let mut hash = Sha256::new();
    for path in files {
        let content = fs::read(&path);
        let content = content.with_context(|| format!("cannot read {}", path.display()))?;
        hash.update(path.as_os_str().as_encoded_bytes());
        hash.update(Sha256::digest(content));
    }
    Ok(hex(&hash.finalize()))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            collect(&entry?.path(), files)?;
        }
    } else {
        files.push(path.to_owned());
    }
    Ok(())
}

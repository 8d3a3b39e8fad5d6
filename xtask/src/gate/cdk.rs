//! The CDK app: compiled, tested, synthesised offline, and held equal to the SAM template.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::report::{Output, Report};
use crate::node::{Node, quietly};
use crate::setup::Tools;
use crate::workspace::Workspace;

/// What cfn-lint says of every role that the CDK makes: it names dependencies twice.
const TOLD_TWICE: &str = "W3005";

/// Runs all that judges the app. What fails first spares the rest.
pub(super) fn run(workspace: &Workspace, report: &mut Report, tools: &Tools, node: &Node) {
    let app = workspace.root().join("infra/cdk");
    let templates = workspace.root().join("target/gate/cdk");
    let installed = report.step("cdk packages", Output::OnFailure, |_| {
        node.install_into(&app)
    });
    if installed.is_none() {
        report.skip("cdk", "no packages");
        return;
    }
    let mut compile = Command::new(&node.program);
    compile.arg("node_modules/typescript/bin/tsc");
    let compiled = report.command("cdk build", Output::OnFailure, compile.current_dir(&app));
    if !compiled {
        report.skip("cdk", "it does not compile");
        return;
    }
    report.step("cdk tests", Output::OnFailure, |_| test(node, &app));
    let mut synthesise = Command::new(&node.program);
    synthesise
        .arg("build/bin/templates.js")
        .arg(workspace.root())
        .arg(&templates);
    let named = "cdk templates";
    if !report.command(named, Output::OnFailure, synthesise.current_dir(&app)) {
        report.skip("cdk and sam", "there is nothing to compare");
        return;
    }
    report.step("cdk lint", Output::OnFailure, |_| lint(tools, &templates));
    let mut compare = Command::new(&tools.python);
    compare
        .args(["-m", "unittest", "compare.test_compare"])
        .env("PYTHONPATH", workspace.root().join("local"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("MILLRACE_CDK_TEMPLATES", &templates)
        // SAM asks for one when it expands a template; nothing is called.
        .env("AWS_DEFAULT_REGION", "eu-west-1")
        .current_dir(workspace.root().join("infra"));
    report.command("cdk and sam", Output::OnFailure, &mut compare);
    let mut deploy = Command::new(&tools.python);
    deploy
        .args(["-m", "unittest", "tests.test_cdk"])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("MILLRACE_NODE", &node.program)
        .current_dir(workspace.root().join("local"));
    report.command("cdk deployed", Output::OnFailure, &mut deploy);
}

fn test(node: &Node, app: &Path) -> Result<()> {
    let tests = files(&app.join("build/test"), ".test.js")?;
    let mut command = Command::new(&node.program);
    command.arg("--test").args(tests).current_dir(app);
    quietly(&mut command)
}

fn lint(tools: &Tools, templates: &Path) -> Result<()> {
    let mut all: Vec<OsString> = Vec::new();
    for entry in fs::read_dir(templates)? {
        let folder = entry?.path();
        if folder.is_dir() {
            all.extend(files(&folder, ".template.json")?);
        }
    }
    let mut command = Command::new(tools.program("cfn-lint"));
    command
        .args(["--ignore-checks", TOLD_TWICE, "--"])
        .args(all);
    quietly(&mut command)
}

/// The files of a folder whose names end like this.
fn files(folder: &Path, ending: &str) -> Result<Vec<OsString>> {
    let entries = fs::read_dir(folder);
    let entries = entries.with_context(|| format!("cannot list {}", folder.display()))?;
    let paths = entries.flatten().map(|entry| entry.path());
    let wanted = |path: &PathBuf| path.to_string_lossy().ends_with(ending);
    Ok(paths.filter(wanted).map(PathBuf::into_os_string).collect())
}

//! The API against its description.

use std::path::Path;
use std::process::Command;

use super::report::{Output, Report};
use crate::setup::{Tools, environment};
use crate::workspace::Workspace;

const REQUIREMENTS: &str = "tests/api/requirements.txt";

/// Asks the API of a stack for all that its description allows, and for what it does not.
pub(super) fn run(workspace: &Workspace, report: &mut Report, tools: &Tools, stack: &Path) {
    const NAME: &str = "api as described";
    let installed = report.step("schemathesis", Output::OnFailure, |_| {
        environment(workspace, REQUIREMENTS, "schemathesis")
    });
    let Some(installed) = installed else {
        report.skip(NAME, "there is no schemathesis");
        return;
    };
    let mut command = Command::new(&tools.python);
    command
        .arg("tests/api/described.py")
        .arg(stack)
        .arg(installed.join("bin/schemathesis"))
        .arg(workspace.root().join("target/gate/api"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(workspace.root());
    report.command(NAME, Output::OnFailure, &mut command);
}

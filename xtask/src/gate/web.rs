//! The page: compiled, tested, and tried in a browser against a small Millrace of its own.

use std::path::Path;
use std::process::Command;

use super::report::{Output, Report};
use crate::node::Node;
use crate::page;
use crate::setup::Tools;
use crate::workspace::Workspace;

/// Runs all that judges the page. What fails first spares the rest.
pub(super) fn run(
    workspace: &Workspace,
    report: &mut Report,
    tools: &Tools,
    node: &Node,
    chromium: Option<&Path>,
) {
    let web = workspace.root().join("web");
    let installed = report.step("page packages", Output::OnFailure, |_| {
        node.install_into(&web)
    });
    if installed.is_none() {
        report.skip("page", "no packages");
        return;
    }
    let run = |report: &mut Report, name: &str, arguments: &[&str]| {
        let mut command = Command::new(&node.program);
        command.args(arguments).current_dir(&web);
        report.command(name, Output::OnFailure, &mut command)
    };
    run(report, "page types", &["node_modules/typescript/bin/tsc"]);
    run(report, "page unit tests", &["test.mjs"]);
    let built = report.step("page build", Output::OnFailure, |_| {
        page::build(workspace, tools)
    });
    let (Some(()), Some(chromium)) = (built, chromium) else {
        report.skip("page in a browser", "there is no page, or no browser");
        return;
    };
    let mut command = playwright(node, &web, chromium);
    command.env("MILLRACE_FFMPEG", &tools.ffmpeg);
    report.command("page in a browser", Output::OnFailure, &mut command);
}

/// Playwright with the page's tests.
pub(super) fn playwright(node: &Node, web: &Path, chromium: &Path) -> Command {
    let mut command = Command::new(&node.program);
    command
        .args(["node_modules/@playwright/test/cli.js", "test"])
        .env("MILLRACE_CHROMIUM", chromium)
        .current_dir(web);
    command
}

//! The steps of the gate, in their order.

use std::path::Path;
use std::process::Command;

use super::outfit::Outfit;
use super::report::{Output, Report};
use super::tests::{self, Selection, Variables};
use super::{Part, cdk, end_to_end, web};
use crate::setup::Tools;
use crate::workspace::Workspace;

/// Runs the parts that `wants` asks for.
pub(super) fn run(workspace: &Workspace, report: &mut Report, wants: impl Fn(Part) -> bool) {
    let root = workspace.root();
    if wants(Part::Fmt) {
        let mut command = cargo(root);
        command.args(["fmt", "--all", "--check"]);
        report.command("fmt", Output::OnFailure, &mut command);
    }
    let outfit = Outfit::ensure(workspace, report, &wants);
    if wants(Part::Gates) {
        gates(root, report, &outfit);
    }
    if wants(Part::Cdk) {
        match (&outfit.tools, &outfit.node) {
            (Some(tools), Some(node)) => cdk::run(workspace, report, tools, node),
            _ => report.skip("cdk", "no Python tools or no Node.js"),
        }
    }
    if wants(Part::Web) {
        match (&outfit.tools, &outfit.node) {
            (Some(tools), Some(node)) => {
                web::run(workspace, report, tools, node, outfit.chromium.as_deref());
            }
            _ => report.skip("page", "no Python tools or no Node.js"),
        }
    }
    if wants(Part::Clippy) {
        let mut command = cargo(root);
        command
            .args(["clippy", "--workspace", "--all-targets", "--locked"])
            .args(["--quiet", "--", "--deny=warnings"]);
        report.command("clippy", Output::OnFailure, &mut command);
    }
    let (unit, end_to_end) = (wants(Part::Unit), wants(Part::E2e));
    if !unit && !end_to_end {
        return;
    }
    let mut command = cargo(root);
    command.args([
        "build",
        "--workspace",
        "--all-targets",
        "--locked",
        "--quiet",
    ]);
    let built = report.command("build", Output::OnFailure, &mut command);
    if unit {
        unit_tests(root, report, built, outfit.tools.as_ref());
    }
    if end_to_end {
        end_to_end::run(workspace, report, built, &outfit);
    }
}

/// Cargo, as this process was started by it.
pub(super) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

/// What can be judged without running anything.
fn gates(root: &Path, report: &mut Report, outfit: &Outfit) {
    match (&outfit.node, &outfit.judges) {
        (Some(node), Some(judges)) => {
            let mut command = Command::new(&node.program);
            command
                .arg("tests/gates/asl.mjs")
                .arg("statemachine/transcode.asl.json")
                .env("MILLRACE_NODE_MODULES", judges)
                .current_dir(root);
            report.command("state machine", Output::OnFailure, &mut command);
        }
        _ => report.skip("state machine", "no Node.js packages"),
    }
    let Some(tools) = &outfit.tools else {
        report.skip("template", "no Python tools");
        report.skip("spelling", "no Python tools");
        return;
    };
    let mut command = Command::new(tools.program("cfn-lint"));
    command.arg("infra/sam/template.yaml").current_dir(root);
    report.command("template", Output::OnFailure, &mut command);

    let mut command = Command::new(tools.program("typos"));
    report.command("spelling", Output::OnFailure, command.current_dir(root));
}

fn unit_tests(root: &Path, report: &mut Report, built: bool, tools: Option<&Tools>) {
    let variables = tools.map(tool_variables).unwrap_or_default();
    if built {
        report.step("unit tests", Output::Live, |interrupt| {
            tests::run(root, Selection::Unit, &variables, interrupt)
        });
    } else {
        report.skip("unit tests", "the build failed");
    }
    let Some(tools) = tools else {
        report.skip("local stack tests", "no Python tools");
        return;
    };
    let mut command = Command::new(&tools.python);
    command
        .args([
            "-m",
            "unittest",
            "discover",
            "--start-directory",
            "local/tests",
        ])
        .args(["--top-level-directory", "local"])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .envs(variables)
        .current_dir(root);
    report.command("local stack tests", Output::OnFailure, &mut command);
}

/// What tests that run tools are told.
pub(super) fn tool_variables(tools: &Tools) -> Variables {
    vec![
        ("MILLRACE_PYTHON", tools.python.clone()),
        ("MILLRACE_FFMPEG", tools.ffmpeg.clone()),
        ("MILLRACE_FFPROBE", tools.ffprobe.clone()),
    ]
}

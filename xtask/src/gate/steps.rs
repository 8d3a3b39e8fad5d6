//! The steps of the gate, in their order.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::report::{Output, Report};
use super::tests::{self, Selection, Variables};
use super::{Part, browser, cdk, is_ci, web};
use crate::local::{Stack, Wanted};
use crate::node::Node;
use crate::page;
use crate::setup::Tools;
use crate::ui;
use crate::workspace::Workspace;

/// The stack of the end-to-end tests; other stacks of this checkout are left alone.
const STACK: &str = "test";

/// A stack beside it on which functions are too small for almost everything, so that even short
/// clips are heavy work, and on which silence is noticed soon.
const HEAVY_STACK: &str = "test-heavy";
const HEAVY_PARAMETERS: [&str; 5] = [
    "HeavyEncoder=cpu",
    "SegmentSeconds=1",
    "EncoderSeconds=2",
    "HeavySeconds=60",
    "HeavyHeartbeatSeconds=12",
];

/// Runs the parts that `wants` asks for.
pub(super) fn run(workspace: &Workspace, report: &mut Report, wants: impl Fn(Part) -> bool) {
    let root = workspace.root();
    if wants(Part::Fmt) {
        let mut command = cargo(root);
        report.command(
            "fmt",
            Output::OnFailure,
            command.args(["fmt", "--all", "--check"]),
        );
    }

    let needs_tools = [Part::Gates, Part::Cdk, Part::Web, Part::Unit, Part::E2e]
        .into_iter()
        .any(&wants);
    let tools = needs_tools
        .then(|| {
            report.step("python tools", Output::OnFailure, |_| {
                Tools::ensure(workspace)
            })
        })
        .flatten();
    let node = tools
        .as_ref()
        .filter(|_| {
            [Part::Gates, Part::Cdk, Part::Web, Part::E2e]
                .into_iter()
                .any(&wants)
        })
        .and_then(|tools| {
            report.step("node", Output::OnFailure, |_| {
                Node::ensure(workspace, tools)
            })
        });
    let judges = node
        .as_ref()
        .filter(|_| wants(Part::Gates) || wants(Part::E2e))
        .and_then(|node| {
            report.step("node packages", Output::OnFailure, |_| {
                node.judges(workspace)
            })
        });
    let chromium = (wants(Part::Web) || wants(Part::E2e))
        .then(|| chromium(report))
        .flatten();
    if wants(Part::Gates) {
        gates(
            root,
            report,
            tools.as_ref(),
            node.as_ref().zip(judges.as_ref()),
        );
    }

    if wants(Part::Cdk) {
        match (&tools, &node) {
            (Some(tools), Some(node)) => cdk::run(workspace, report, tools, node),
            _ => report.skip("cdk", "no Python tools or no Node.js packages"),
        }
    }

    if wants(Part::Web) {
        match (&tools, &node) {
            (Some(tools), Some(node)) => {
                web::run(workspace, report, tools, node, chromium.as_deref());
            }
            _ => report.skip("page", "no Python tools or no Node.js"),
        }
    }

    if wants(Part::Clippy) {
        let mut command = cargo(root);
        command.args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--quiet",
        ]);
        report.command(
            "clippy",
            Output::OnFailure,
            command.args(["--", "--deny=warnings"]),
        );
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
        unit_tests(root, report, built, tools.as_ref());
    }
    if end_to_end {
        let browser = Browser {
            node: node.as_ref(),
            judges: judges.as_deref(),
            chromium: chromium.as_deref(),
        };
        end_to_end_tests(workspace, report, built, tools.as_ref(), &browser);
    }
}

/// Cargo, as this process was started by it.
pub(super) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

/// What can be judged without running anything.
fn gates(root: &Path, report: &mut Report, tools: Option<&Tools>, node: Option<(&Node, &PathBuf)>) {
    match node {
        Some((node, judges)) => {
            let mut command = Command::new(&node.program);
            command
                .arg("tests/gates/asl.mjs")
                .arg("statemachine/transcode.asl.json")
                .env("MILLRACE_NODE_MODULES", judges)
                .current_dir(root);
            report.command("state machine", Output::OnFailure, &mut command);
        }
        None => report.skip("state machine", "no Node.js packages"),
    }
    let Some(tools) = tools else {
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

fn tool_variables(tools: &Tools) -> Variables {
    vec![
        ("MILLRACE_PYTHON", tools.python.clone()),
        ("MILLRACE_FFMPEG", tools.ffmpeg.clone()),
        ("MILLRACE_FFPROBE", tools.ffprobe.clone()),
    ]
}

/// What plays and dissects.
struct Browser<'a> {
    node: Option<&'a Node>,
    judges: Option<&'a Path>,
    chromium: Option<&'a Path>,
}

fn end_to_end_tests(
    workspace: &Workspace,
    report: &mut Report,
    built: bool,
    tools: Option<&Tools>,
    browser: &Browser<'_>,
) {
    const NAME: &str = "end-to-end tests";
    let (true, Some(tools), Some(node), Some(judges)) =
        (built, tools, browser.node, browser.judges)
    else {
        report.skip(NAME, "what they need has failed");
        return;
    };
    let mut variables = tool_variables(tools);
    variables.push(("MILLRACE_NODE", node.program.clone()));
    variables.push(("MILLRACE_NODE_MODULES", judges.to_owned()));
    if let Some(chromium) = browser.chromium {
        variables.push(("MILLRACE_CHROMIUM", chromium.to_owned()));
    }
    let stacks = report.step("stacks", Output::Live, |_| {
        let heavy = HEAVY_PARAMETERS.map(str::to_owned);
        let heavy = Wanted {
            name: HEAVY_STACK,
            parameters: &heavy,
        };
        let plain = OwnStack::up(workspace, tools, &Wanted::plain(STACK))?;
        Ok((plain, OwnStack::up(workspace, tools, &heavy)?))
    });
    let Some((stack, heavy)) = stacks else {
        report.skip(NAME, "there is no stack");
        return;
    };
    variables.push(("MILLRACE_STACK", stack.description()));
    variables.push(("MILLRACE_HEAVY_STACK", heavy.description()));
    variables.push(("MILLRACE_TEST_DATABASE_URL", stack.database_url()));
    report.step(NAME, Output::Live, |interrupt| {
        tests::run(workspace.root(), Selection::EndToEnd, &variables, interrupt)
    });
    watch_on_page(workspace, report, tools, browser, &stack);
}

/// What a new user does: signs in on the stack's page, uploads a film, and watches it.
fn watch_on_page(
    workspace: &Workspace,
    report: &mut Report,
    tools: &Tools,
    browser: &Browser<'_>,
    stack: &OwnStack<'_>,
) {
    const NAME: &str = "page on the stack";
    let (Some(node), Some(chromium), Some(stack)) =
        (browser.node, browser.chromium, stack.stack.as_ref())
    else {
        report.skip(NAME, "there is no browser");
        return;
    };
    let web = workspace.root().join("web");
    let ready = report.step("page", Output::OnFailure, |_| {
        node.install_into(&web)?;
        page::build(workspace, tools)
    });
    if ready.is_none() {
        report.skip(NAME, "there is no page");
        return;
    }
    let mut command = web::playwright(node, &web, chromium);
    command
        .arg("watch.spec.ts")
        .env("MILLRACE_FFMPEG", &tools.ffmpeg)
        .env("MILLRACE_WEB_URL", &stack.page)
        .env("MILLRACE_WEB_USER", &stack.user)
        .env("MILLRACE_WEB_PASSWORD", &stack.password);
    report.command(NAME, Output::OnFailure, &mut command);
}

/// Chromium's path. Without one the browser tests are left out, which nobody would see in CI.
fn chromium(report: &mut Report) -> Option<PathBuf> {
    if is_ci() {
        return report.step("browser", Output::OnFailure, |_| browser::ensure());
    }
    match browser::ensure() {
        Ok(path) => Some(path),
        Err(error) => {
            report.skip("browser", format!("{error:#}; nothing is played"));
            None
        }
    }
}

/// A fresh stack that goes with this value, whatever happens.
#[derive(Debug)]
struct OwnStack<'a> {
    workspace: &'a Workspace,
    stack: Option<Stack>,
}

impl<'a> OwnStack<'a> {
    fn up(workspace: &'a Workspace, tools: &Tools, wanted: &Wanted<'_>) -> Result<Self> {
        // Of a run that was killed: its content must not be met again.
        if let Some(left) = Stack::find(workspace, wanted.name)? {
            left.down(workspace)?;
        }
        let stack = Stack::up_built(workspace, tools, wanted)?;
        Ok(Self {
            workspace,
            stack: Some(stack),
        })
    }
}

impl OwnStack<'_> {
    /// The file that says how to reach it.
    fn description(&self) -> PathBuf {
        let name = self.stack.as_ref().map(|stack| stack.name.as_str());
        let folder = self.workspace.stacks().join(name.unwrap_or_default());
        folder.join("stack.json")
    }

    /// Its PostgreSQL server, with the right to create databases.
    fn database_url(&self) -> PathBuf {
        let url = self.stack.as_ref().map(|stack| stack.database_url.clone());
        url.unwrap_or_default().into()
    }
}

impl Drop for OwnStack<'_> {
    fn drop(&mut self) {
        if let Some(stack) = self.stack.take()
            && let Err(error) = stack.down(self.workspace)
        {
            ui::error(&error);
        }
    }
}

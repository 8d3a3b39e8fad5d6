//! The pipeline from end to end, on stacks of the gate's own.

use std::path::PathBuf;

use anyhow::Result;

use super::outfit::Outfit;
use super::report::{Output, Report};
use super::steps::tool_variables;
use super::tests::{self, Selection};
use super::{described, web};
use crate::local::{Stack, Wanted};
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

/// Runs the end-to-end tests on stacks of their own.
pub(super) fn run(workspace: &Workspace, report: &mut Report, built: bool, outfit: &Outfit) {
    const NAME: &str = "end-to-end tests";
    let (true, Some(tools), Some(node), Some(judges)) =
        (built, &outfit.tools, &outfit.node, &outfit.judges)
    else {
        report.skip(NAME, "what they need has failed");
        return;
    };
    let mut variables = tool_variables(tools);
    variables.push(("MILLRACE_NODE", node.program.clone()));
    variables.push(("MILLRACE_NODE_MODULES", judges.clone()));
    if let Some(chromium) = &outfit.chromium {
        variables.push(("MILLRACE_CHROMIUM", chromium.clone()));
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
    described::run(workspace, report, tools, &stack.description());
    watch_on_page(workspace, report, outfit, &stack);
}

/// What a new user does: signs in on the stack's page, uploads a film, and watches it.
fn watch_on_page(
    workspace: &Workspace,
    report: &mut Report,
    outfit: &Outfit,
    stack: &OwnStack<'_>,
) {
    const NAME: &str = "page on the stack";
    let (Some(tools), Some(node), Some(chromium), Some(stack)) =
        (&outfit.tools, &outfit.node, &outfit.chromium, &stack.stack)
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

//! What the steps of the gate stand on: tools, Node.js, packages, a browser.

use std::path::PathBuf;

use super::report::{Output, Report};
use super::{Part, browser, is_ci};
use crate::node::Node;
use crate::setup::Tools;
use crate::workspace::Workspace;

/// What is there. What could not be had has its line in the report, and what needs it is left out.
#[derive(Debug)]
pub(super) struct Outfit {
    /// Python with the emulator, ffmpeg and PostgreSQL.
    pub(super) tools: Option<Tools>,
    /// Node.js.
    pub(super) node: Option<Node>,
    /// The packages of `tests/browser`.
    pub(super) judges: Option<PathBuf>,
    /// Chromium.
    pub(super) chromium: Option<PathBuf>,
}

impl Outfit {
    /// Sets up what the wanted parts need.
    pub(super) fn ensure(
        workspace: &Workspace,
        report: &mut Report,
        wants: &impl Fn(Part) -> bool,
    ) -> Self {
        let any = |parts: &[Part]| parts.iter().copied().any(wants);
        let quiet = Output::OnFailure;
        let tools = any(&[Part::Gates, Part::Cdk, Part::Web, Part::Unit, Part::E2e])
            .then(|| report.step("python tools", quiet, |_| Tools::ensure(workspace)))
            .flatten();
        let node = tools
            .as_ref()
            .filter(|_| any(&[Part::Gates, Part::Cdk, Part::Web, Part::E2e]))
            .and_then(|tools| report.step("node", quiet, |_| Node::ensure(workspace, tools)));
        let judges = node
            .as_ref()
            .filter(|_| any(&[Part::Gates, Part::E2e]))
            .and_then(|node| report.step("node packages", quiet, |_| node.judges(workspace)));
        let chromium = any(&[Part::Web, Part::E2e])
            .then(|| chromium(report))
            .flatten();
        Self {
            tools,
            node,
            judges,
            chromium,
        }
    }
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

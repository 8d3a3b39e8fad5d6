//! Programs that judge an output folder: players, parsers and validators of other projects.

use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};
use serde::Serialize;
use serde_json::Value;

use crate::environment::{root, variable};

/// Holds playlists, boxes and MPD to the rules, read by parsers of other projects.
///
/// # Errors
/// What the judge found.
pub fn rules(folder: &Path) -> Result<()> {
    let script = root().join("tests/browser/hls_rules.mjs");
    judge(node()?.arg(script).arg(folder))
}

/// Validates the MPD against MPEG's schema.
///
/// # Errors
/// What the judge found.
pub fn mpd_schema(folder: &Path) -> Result<()> {
    let script = root().join("tests/oracles/mpd_schema.py");
    judge(python()?.arg(script).arg(folder))
}

/// Decodes every rung of both manifests with ffmpeg as the client.
///
/// # Errors
/// What the judge found.
pub fn decode(folder: &Path) -> Result<()> {
    let script = root().join("tests/oracles/decode.py");
    judge(python()?.arg(script).arg(folder))
}

/// Compares every picture with the source's own, and the sound's lag and length.
///
/// # Errors
/// What the judge found.
pub fn picture(folder: &Path, source: &Path) -> Result<()> {
    let script = root().join("tests/oracles/picture.py");
    judge(python()?.arg(script).arg(folder).arg(source))
}

/// Makes sure that each tile of the storyboard shows its own moment.
///
/// # Errors
/// What the judge found.
pub fn storyboard(folder: &Path, source: &Path) -> Result<()> {
    let script = root().join("tests/oracles/storyboard.py");
    judge(python()?.arg(script).arg(folder).arg(source))
}

/// Makes sure that the judges notice what is wrong: each passes the folder, and fails each of its
/// mutations.
///
/// # Errors
/// The mutation that went unnoticed.
pub fn selftest(folder: &Path, source: &Path) -> Result<()> {
    let script = root().join("tests/oracles/selftest.py");
    judge(python()?.arg(script).arg(folder).arg(source))
}

/// Checks the signature of a letter to a webhook: JSON with its secret, headers and body.
///
/// # Errors
/// What the judge found.
pub fn webhook(letter: &Value) -> Result<()> {
    let mut file = tempfile::tempfile()?;
    file.write_all(letter.to_string().as_bytes())?;
    file.rewind()?;
    let script = root().join("tests/oracles/webhook.py");
    judge(python()?.arg(script).stdin(file))
}

/// Plays the folder in a browser: every rung, seeks, to the end.
///
/// Without a browser nothing is judged, and `cargo xtask test` has said so.
///
/// # Errors
/// What the player found.
pub fn plays(folder: &Path, engine: &str) -> Result<()> {
    if std::env::var_os("MILLRACE_CHROMIUM").is_none() {
        return Ok(());
    }
    let script = root().join("tests/browser/play.mjs");
    judge(node()?.arg(script).arg(folder).args(["--engine", engine]))
}

/// A caption as a judge expects it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Expected<'a> {
    /// Language tag.
    pub language: &'a str,
    /// `subtitles`, `captions` or `forced`.
    pub kind: &'a str,
    /// From when to when, in milliseconds, and the words without tags.
    pub cues: Vec<(u64, u64, &'a str)>,
}

/// Looks at the captions of the folder in a browser: which there are, and when each cue is seen.
///
/// Without a browser nothing is judged, and `cargo xtask test` has said so.
///
/// # Errors
/// What the player found.
pub fn captions(
    folder: &Path,
    manifest: &str,
    engine: &str,
    expected: &[Expected<'_>],
) -> Result<()> {
    if std::env::var_os("MILLRACE_CHROMIUM").is_none() {
        return Ok(());
    }
    let script = root().join("tests/browser/captions.mjs");
    let expected = serde_json::to_string(expected)?;
    let arguments = [
        "--manifest",
        manifest,
        "--engine",
        engine,
        "--expect",
        &expected,
    ];
    judge(node()?.arg(script).arg(folder).args(arguments))
}

fn node() -> Result<Command> {
    Ok(Command::new(variable("MILLRACE_NODE")?))
}

fn python() -> Result<Command> {
    Ok(Command::new(variable("MILLRACE_PYTHON")?))
}

/// Runs a judge; its verdict is the exit status, its reasons are the error.
fn judge(command: &mut Command) -> Result<()> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    bail!(
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

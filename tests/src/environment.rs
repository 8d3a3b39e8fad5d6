//! What `cargo xtask test` says in the environment.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use ffmpeg::Tools;

/// The value of a variable that `cargo xtask test` sets.
///
/// # Errors
/// When it is not set.
pub fn variable(name: &str) -> Result<PathBuf> {
    let value = std::env::var_os(name);
    let value = value.with_context(|| format!("{name} is not set: run `cargo xtask test`"))?;
    Ok(value.into())
}

/// ffmpeg and ffprobe.
///
/// # Errors
/// When their variables are not set.
pub fn tools() -> Result<Tools> {
    Ok(Tools::new(
        variable("MILLRACE_FFMPEG")?,
        variable("MILLRACE_FFPROBE")?,
    ))
}

/// The checkout.
#[must_use]
pub fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_owned()
}

/// The clip that ships with the project.
#[must_use]
pub fn shipped_clip() -> PathBuf {
    root().join("tests/media/bbb_720p_5s.mp4")
}

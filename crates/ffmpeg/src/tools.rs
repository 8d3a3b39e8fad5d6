//! The two programs.

use std::path::PathBuf;

use ffmpeg_sidecar::log_parser::try_parse_version;
use tokio::time::Instant;

use crate::run::{Process, RunError};

/// Where ffmpeg and ffprobe are. Both must come from the same build.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tools {
    /// The encoder.
    pub ffmpeg: PathBuf,
    /// The prober.
    pub ffprobe: PathBuf,
}

impl Tools {
    /// The programs at these paths; nothing is searched and nothing is checked.
    pub fn new(ffmpeg: impl Into<PathBuf>, ffprobe: impl Into<PathBuf>) -> Self {
        Self {
            ffmpeg: ffmpeg.into(),
            ffprobe: ffprobe.into(),
        }
    }

    /// The version of ffmpeg, such as `8.1.2`; of a git build, its whole name.
    ///
    /// Part of the plan, because another build writes other bytes.
    ///
    /// # Errors
    /// [`RunError`] when ffmpeg cannot be started, or does not answer as ffmpeg does.
    pub async fn version(&self, deadline: Instant) -> Result<String, RunError> {
        let finished = Process::ffmpeg(self, vec!["-version".into()])
            .capture(64 << 10)
            .run(deadline)
            .await?;
        let text = String::from_utf8_lossy(&finished.stdout);
        text.lines()
            .next()
            .and_then(try_parse_version)
            .map(|version| release(&version).to_owned())
            .ok_or_else(|| RunError::NotFfmpeg {
                program: self.ffmpeg.clone(),
            })
    }
}

/// Release builds from git call themselves `n8.1.2`, those from a tarball `8.1.2`.
fn release(version: &str) -> &str {
    match version.strip_prefix('n') {
        Some(number) if number.starts_with(|c: char| c.is_ascii_digit()) => number,
        _ => version,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_named_by_its_number() {
        assert_eq!(release("n8.1.2"), "8.1.2");
        assert_eq!(release("8.1.2"), "8.1.2");
        assert_eq!(release("nightly-2026"), "nightly-2026");
        assert_eq!(release("N-118193-g5f38c82536"), "N-118193-g5f38c82536");
    }
}

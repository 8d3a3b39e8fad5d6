//! One probing: the file, the programs, the time that is left, and what was spent.

use std::ffi::OsString;
use std::io::SeekFrom;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::time::Instant;

use super::error::ProbeError;
use crate::input::{MediaInput, SignedUrl, extend};
use crate::run::{Finished, Process, RunError};
use crate::tools::Tools;

/// Bytes in a packet of ffmpeg's `data` demuxer.
const DATA_PACKET: u64 = 1024;

/// What every step of a probing needs.
pub(super) struct Prober<'a> {
    pub tools: &'a Tools,
    pub input: &'a MediaInput,
    /// Length of the file in bytes.
    pub size: u64,
    pub deadline: Instant,
    /// CPU time of all processes so far.
    pub cpu: Duration,
}

impl Prober<'_> {
    pub(super) fn is_remote(&self) -> bool {
        matches!(self.input, MediaInput::Url(_))
    }

    pub(super) async fn run(&mut self, process: Process<'_>) -> Result<Finished, RunError> {
        let finished = process.run(self.deadline).await?;
        self.cpu += finished.cpu;
        Ok(finished)
    }

    /// The `length` bytes at `offset`, or as many as there are.
    pub(super) async fn bytes(&mut self, offset: u64, length: u64) -> Result<Vec<u8>, ProbeError> {
        let length = length.min(self.size.saturating_sub(offset));
        if length == 0 {
            return Ok(Vec::new());
        }
        match self.input {
            MediaInput::File(path) => read_file(path, offset, length).await,
            MediaInput::Url(url) => {
                let process = Process::ffmpeg(self.tools, range_args(url, offset, length));
                let limit = usize::try_from(length + 2 * DATA_PACKET).unwrap_or(usize::MAX);
                match self.run(process.capture(limit)).await {
                    Ok(finished) => Ok(finished.stdout),
                    Err(RunError::Failed { evidence, .. }) => Err(ProbeError::Unavailable {
                        reason: evidence.last_error().unwrap_or_default().to_owned(),
                    }),
                    Err(error) => Err(error.into()),
                }
            }
        }
    }
}

async fn read_file(path: &Path, offset: u64, length: u64) -> Result<Vec<u8>, ProbeError> {
    let read = async {
        let mut file = tokio::fs::File::open(path).await?;
        file.seek(SeekFrom::Start(offset)).await?;
        let mut bytes = Vec::new();
        file.take(length).read_to_end(&mut bytes).await?;
        Ok(bytes)
    };
    read.await
        .map_err(|error: std::io::Error| ProbeError::Missing {
            reason: error.to_string(),
        })
}

/// ffmpeg as an HTTP client: one range request, the bytes as they are. It speaks TLS already, and
/// a second HTTP stack beside it would be one too many.
fn range_args(url: &SignedUrl, offset: u64, length: u64) -> Vec<OsString> {
    let packets = length.div_ceil(DATA_PACKET);
    let mut args = Vec::new();
    // It complains about the end of the range, which is no failure; the runner listens for those
    // of the connection.
    extend(&mut args, ["-v", "level+warning"]);
    // Nothing but the object's own transport; 20 s without a byte is a dead connection.
    extend(&mut args, ["-protocol_whitelist", "http,https,tcp,tls"]);
    extend(&mut args, ["-rw_timeout", "20000000"]);
    // The range; a little more, because the demuxer drops the packet that touches its end.
    extend(&mut args, ["-offset", &offset.to_string()]);
    let end = offset + (packets + 4) * DATA_PACKET;
    extend(&mut args, ["-end_offset", &end.to_string()]);
    // The bytes as they are, whatever they seem to be.
    extend(
        &mut args,
        [
            "-f",
            "data",
            "-i",
            url.reveal(),
            "-map",
            "0:0",
            "-c",
            "copy",
        ],
    );
    // Stop there.
    extend(&mut args, ["-frames:d", &packets.to_string()]);
    extend(&mut args, ["-f", "data", "pipe:1"]);
    args
}

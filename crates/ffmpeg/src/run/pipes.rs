//! The three pipes of a process, each with bounded memory.

use std::collections::VecDeque;
use std::fmt;
use std::process::Stdio;

use ffmpeg_sidecar::event::{FfmpegEvent, LogLevel};
use ffmpeg_sidecar::log_parser::FfmpegLogParser;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};

use crate::quote::redact;

/// Lines of stderr that are kept.
const KEPT_LINES: usize = 50;

/// Bytes of a line that are kept.
const LINE_BYTES: usize = 16 << 10;

/// Bytes of a line of stderr that are kept.
const NOTE_BYTES: usize = 1000;

/// What becomes of stdout.
pub(super) enum Output<'a> {
    Discard,
    Capture(usize),
    Lines(Box<dyn FnMut(&str) + Send + 'a>),
}

impl fmt::Debug for Output<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Discard => "Discard",
            Self::Capture(_) => "Capture",
            Self::Lines(_) => "Lines",
        })
    }
}

impl Output<'_> {
    pub(super) fn stdio(&self) -> Stdio {
        match self {
            Self::Discard => Stdio::null(),
            Self::Capture(_) | Self::Lines(_) => Stdio::piped(),
        }
    }

    /// Reads stdout to its end; fails with the limit as soon as that is passed.
    pub(super) async fn read(
        &mut self,
        pipe: Option<ChildStdout>,
        kept: &mut Vec<u8>,
    ) -> Result<(), usize> {
        let Some(pipe) = pipe else { return Ok(()) };
        match self {
            Self::Discard => Ok(()),
            Self::Capture(limit) => {
                let bound = u64::try_from(*limit).unwrap_or(u64::MAX).saturating_add(1);
                // A pipe that breaks ends here; the exit status tells why.
                let _ = pipe.take(bound).read_to_end(kept).await;
                if kept.len() > *limit {
                    return Err(*limit);
                }
                Ok(())
            }
            Self::Lines(each) => {
                lines(pipe, |line| each(&String::from_utf8_lossy(line))).await;
                Ok(())
            }
        }
    }
}

/// Writes all of `bytes` and closes the pipe. A reader that has enough closes it earlier, which is
/// no failure.
pub(super) async fn feed(pipe: Option<ChildStdin>, bytes: Option<Vec<u8>>) {
    if let (Some(mut pipe), Some(bytes)) = (pipe, bytes) {
        let _ = pipe.write_all(&bytes).await;
        let _ = pipe.shutdown().await;
    }
}

/// The last lines of stderr, and what they say of the connection.
#[derive(Default)]
pub(super) struct Tail {
    lines: VecDeque<String>,
    /// The last fault of the connection that was not made good by a new one.
    lost: Option<String>,
}

impl Tail {
    pub(super) async fn drain(&mut self, pipe: Option<ChildStderr>) {
        if let Some(pipe) = pipe {
            lines(pipe, |line| self.note(line)).await;
        }
    }

    /// Keeps a line unless it only informs; the last failure stays the last line.
    fn note(&mut self, line: &[u8]) {
        let line = line.get(..NOTE_BYTES).unwrap_or(line);
        // What the parser understands as something else (versions, streams, progress) is no
        // complaint; a line that it cannot read may be one.
        let complaint = match FfmpegLogParser::new(line).parse_next_event() {
            Ok(FfmpegEvent::Log(level, _)) => level != LogLevel::Info,
            Ok(_) => false,
            Err(_) => true,
        };
        if !complaint {
            return;
        }
        let text = redact(String::from_utf8_lossy(line).trim_end());
        if text.is_empty() {
            return;
        }
        if is_reconnection(&text) {
            self.lost = None;
        } else if is_lost_connection(&text) {
            self.lost = Some(text.clone());
        }
        if self.lines.len() == KEPT_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(text);
    }

    /// The lines, and the fault of the connection that remained.
    pub(super) fn into_parts(self) -> (Vec<String>, Option<String>) {
        (self.lines.into(), self.lost)
    }
}

/// ffmpeg goes on with a new connection where the old one broke (`-reconnect`).
fn is_reconnection(line: &str) -> bool {
    line.contains("Will reconnect at")
}

/// A protocol gave up, or storage refused. That there is nothing at an offset (416) is a fact about
/// the source, and no fault of the connection.
fn is_lost_connection(line: &str) -> bool {
    if line.contains("Server returned 4XX") || line.contains("HTTP error 416") {
        return false;
    }
    let protocols = ["[http @", "[https @", "[tcp @", "[tls @"];
    let failed = line.contains("[error]") || line.contains("[fatal]");
    failed
        && (protocols.iter().any(|name| line.starts_with(name))
            || line.contains(" Server returned "))
}

/// Hands over each line, without its end and cut to [`LINE_BYTES`].
async fn lines(mut pipe: impl AsyncRead + Unpin, mut each: impl FnMut(&[u8])) {
    let mut buffer = vec![0; 64 << 10];
    let mut line = Vec::new();
    loop {
        let read = match pipe.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(read) => read,
        };
        let mut rest = buffer.get(..read).unwrap_or_default();
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            let (before, after) = rest.split_at(end);
            append(&mut line, before);
            each(&line);
            line.clear();
            rest = after.get(1..).unwrap_or_default();
        }
        append(&mut line, rest);
    }
    if !line.is_empty() {
        each(&line);
    }
}

fn append(line: &mut Vec<u8>, more: &[u8]) {
    let room = LINE_BYTES.saturating_sub(line.len()).min(more.len());
    line.extend_from_slice(more.get(..room).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_line_without_end_does_not_grow_without_end() {
        let text = [b"a\n".to_vec(), vec![b'x'; 1 << 20], b"\nlast".to_vec()].concat();
        let mut seen = Vec::new();
        lines(text.as_slice(), |line| seen.push(line.len())).await;
        assert_eq!(seen, [1, LINE_BYTES, 4]);
    }

    #[test]
    fn of_the_last_words_the_last_fifty_stay() {
        let mut tail = Tail::default();
        for n in 0..200 {
            tail.note(format!("[h264 @ 0x1] [error] line {n}\n").as_bytes());
        }
        tail.note(b"[info] frame=1");
        tail.note(b"https://h/k?sig=secret: Server returned 403");
        let (lines, lost) = tail.into_parts();
        assert_eq!(lost, None);
        assert_eq!(lines.len(), KEPT_LINES);
        assert_eq!(
            lines.first().map(String::as_str),
            Some("[h264 @ 0x1] [error] line 151")
        );
        assert_eq!(
            lines.last().map(String::as_str),
            Some("https://h/k?… Server returned 403")
        );
    }

    fn lost(lines: &[&str]) -> Option<String> {
        let mut tail = Tail::default();
        for line in lines {
            tail.note(line.as_bytes());
        }
        tail.into_parts().1
    }

    #[test]
    fn a_connection_is_lost_unless_another_one_follows() {
        let broke = "[http @ 0x7f] [error] Stream ends prematurely at 3000000, should be 94082267";
        let again = "[http @ 0x7f] [warning] Will reconnect at 3000000 in 0 second(s), error=I/O.";
        let refused = "[http @ 0x7f] [error] Error reading HTTP response: End of file";
        let codec = "[h264 @ 0x7f] [error] Invalid NAL unit size (4472 > 1051).";
        assert_eq!(lost(&[broke, again, codec]), None);
        assert_eq!(
            lost(&[broke, again, refused, codec]).as_deref(),
            Some(refused)
        );
        let answer = "[error] http://h/k?sig=s: Server returned 5XX Server Error reply";
        assert!(lost(&[answer]).is_some());
        let beyond = "[http @ 0x7f] [error] HTTP error 416 Requested Range Not Satisfiable";
        assert_eq!(lost(&[beyond]), None);
        assert_eq!(lost(&[codec]), None);
    }
}

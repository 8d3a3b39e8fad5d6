//! Captions: from the file that somebody has to what players get.
//!
//! [`read`] takes WebVTT and SubRip, and says in which line something is wrong. [`caption_files`] and
//! [`manifest_files`] make of cues and a [`Presentation`](crate::presentation::Presentation) the
//! segments, playlists and manifests that deliver them. All of them know nothing of where a caption came
//! from, so text tracks out of a source take the same way.

mod deliver;
mod lines;
mod rendition;

pub use deliver::{CaptionText, caption_files, manifest_files};
pub(crate) use deliver::{WHOLE, segment_name};
pub use lines::{Line, Times, cue, span};
pub use rendition::CaptionRendition;

use crate::subrip;
use crate::webvtt::{self, Cue};

/// Why a file is no caption.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaptionError {
    /// No encoding that a file may have.
    #[error("byte {at} is not UTF-8: save the file as UTF-8")]
    Encoding {
        /// The first byte that is wrong, from 0.
        at: usize,
    },
    /// An arrow without a time on each side.
    #[error("line {line}: `{found}` should be a time span such as 00:00:01.000 --> 00:00:04.000")]
    TimeSpan {
        /// The line, from 1.
        line: usize,
        /// What it says, cut to a length that can be shown.
        found: String,
    },
    /// A cue that ends before it begins.
    #[error("line {line}: the time span ends before it begins")]
    Backwards {
        /// The line, from 1.
        line: usize,
    },
    /// Neither of the two formats.
    #[error(
        "line {line}: there should be a time span; a file begins with WEBVTT, or with the number of its first cue"
    )]
    NoCaptions {
        /// The line, from 1.
        line: usize,
    },
    /// Nothing is ever shown.
    #[error("there is no text with a time span in it")]
    Empty,
}

/// The cues of a WebVTT or SubRip file, in the order in which they appear.
///
/// UTF-8, or UTF-16 with a byte order mark; any line ends. Which of the two formats it is, the file
/// itself says.
///
/// # Errors
/// [`CaptionError`].
pub fn read(file: &[u8]) -> Result<Vec<Cue>, CaptionError> {
    let text = lines::decode(file)?;
    let lines = lines::lines(&text);
    let first = lines.first().map(|line| line.text).unwrap_or_default();
    let is_webvtt = first
        .strip_prefix("WEBVTT")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']));
    let mut cues = if is_webvtt {
        webvtt::parse(&lines)?
    } else {
        subrip::parse(&lines)?
    };
    if cues.is_empty() {
        return Err(CaptionError::Empty);
    }
    cues.sort_by_key(|cue| (cue.start, cue.end));
    Ok(cues)
}

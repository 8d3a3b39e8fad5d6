//! WebVTT (W3C Candidate Recommendation 4 April 2019): captions read and written, and the
//! storyboard's index.
//!
//! Times are whole milliseconds, which is all that the format knows.

mod parse;
mod storyboard;

pub use parse::parse;
pub use storyboard::storyboard;

/// Words that are shown for a time.
///
/// What holds of those that [`crate::captions::read`] gives: they end after they begin, and their
/// text is not empty and has no empty line, no `-->`, and no white space at the end of a line.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Cue {
    /// When it appears, in milliseconds.
    pub start: u64,
    /// When it is gone, in milliseconds.
    pub end: u64,
    /// Where it is shown, as WebVTT cue settings: `line:0 align:left`; mostly empty.
    pub settings: String,
    /// What it says, as WebVTT cue text: lines, tags and entities.
    pub text: String,
}

/// The cues as a file.
#[must_use]
pub fn render<'a>(cues: impl IntoIterator<Item = &'a Cue>) -> String {
    let mut text = String::from("WEBVTT\n");
    for cue in cues {
        let times = format!("\n{} --> {}", timestamp(cue.start), timestamp(cue.end));
        text.push_str(&times);
        if !cue.settings.is_empty() {
            text.push(' ');
            text.push_str(&cue.settings);
        }
        text.push('\n');
        text.push_str(&cue.text);
        text.push('\n');
    }
    text
}

/// `HH:MM:SS.mmm`, with more digits of hours where they are needed.
fn timestamp(millis: u64) -> String {
    let (seconds, millis) = (millis / 1000, millis % 1000);
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}.{millis:03}")
}

//! WebVTT as others write it.

use super::Cue;
use crate::captions::{CaptionError, Line, cue, span};

/// Cue settings that keep their meaning without a region or a style.
const SETTINGS: [&str; 5] = ["vertical", "line", "position", "size", "align"];

/// The cues of a file that begins with `WEBVTT`, as they stand there.
///
/// Notes, styles, regions and cue identifiers are left out, and so is what a parser of WebVTT skips:
/// blocks without a time span, settings that do not exist.
///
/// # Errors
/// [`CaptionError::TimeSpan`] and [`CaptionError::Backwards`].
pub fn parse(lines: &[Line<'_>]) -> Result<Vec<Cue>, CaptionError> {
    let mut cues = Vec::new();
    let mut rest = lines.iter().skip(1).peekable();
    while let Some(line) = rest.next() {
        if is_comment(line.text) {
            while rest.next_if(|line| !line.is_blank()).is_some() {}
            continue;
        }
        let Some((times, settings)) = span(line)? else {
            continue;
        };
        let mut text = Vec::new();
        while let Some(line) = rest.next_if(|line| !line.is_blank() && !line.has_arrow()) {
            text.push(line.text);
        }
        cues.extend(cue(times, &known(settings), &text.join("\n")));
    }
    Ok(cues)
}

/// The first line of a block that says nothing. What is in it may look like a time span.
fn is_comment(line: &str) -> bool {
    let mut words = line.split([' ', '\t']);
    let first = words.next().unwrap_or_default();
    let is_alone = words.all(str::is_empty);
    first == "NOTE" || is_alone && (first == "STYLE" || first == "REGION")
}

/// Of all settings those that are kept.
fn known(settings: &str) -> String {
    let is_known = |setting: &&str| {
        let parts = setting.split_once(':');
        parts.is_some_and(|(name, value)| SETTINGS.contains(&name) && is_value(value))
    };
    let kept: Vec<_> = settings.split([' ', '\t']).filter(is_known).collect();
    kept.join(" ")
}

/// Numbers, percentages and words, with an alignment behind a comma.
fn is_value(value: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b",.%-".contains(&b);
    !value.is_empty() && !value.contains("--") && value.bytes().all(plain)
}

//! SubRip (`.srt`), which has no specification, as it is found in the world.
//!
//! A cue begins with its time span. A number alone on the line before belongs to it; whatever else
//! follows is the text, whether or not a blank line is in it.

use crate::captions::{CaptionError, Line, Times, cue, span};
use crate::webvtt::Cue;

/// Tags that mean the same in WebVTT.
const TAGS: [&str; 3] = ["i", "b", "u"];

/// The cues of a file, as they stand there.
///
/// `<i>`, `<b>` and `<u>` stay, other tags go. `{\an8}` (at the top) becomes a cue setting, other
/// overrides go.
///
/// # Errors
/// [`CaptionError::NoCaptions`] for words before the first time span, [`CaptionError::TimeSpan`] and
/// [`CaptionError::Backwards`].
pub fn parse(lines: &[Line<'_>]) -> Result<Vec<Cue>, CaptionError> {
    let mut cues = Vec::new();
    let mut open: Option<(Times, Vec<&str>)> = None;
    let written: Vec<_> = lines.iter().filter(|line| !line.is_blank()).collect();
    for (index, line) in written.iter().enumerate() {
        if let Some((times, _)) = span(line)? {
            cues.extend(open.replace((times, Vec::new())).and_then(close));
            continue;
        }
        let next = written.get(index + 1);
        if is_number(line.text) && next.is_some_and(|next| next.has_arrow()) {
            continue;
        }
        let Some((_, text)) = &mut open else {
            return Err(CaptionError::NoCaptions { line: line.number });
        };
        text.push(line.text);
    }
    cues.extend(open.and_then(close));
    Ok(cues)
}

fn is_number(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && line.bytes().all(|b| b.is_ascii_digit())
}

fn close((times, text): (Times, Vec<&str>)) -> Option<Cue> {
    let text = text.join("\n");
    let is_above = ["{\\an7}", "{\\an8}", "{\\an9}"]
        .iter()
        .any(|mark| text.contains(mark));
    let settings = if is_above { "line:0" } else { "" };
    cue(times, settings, &in_webvtt(&without_overrides(&text)))
}

/// Without `{\…}`, which SubStation Alpha left behind.
fn without_overrides(text: &str) -> String {
    let mut parts = text.split("{\\");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        kept.push_str(part.split_once('}').map_or(part, |(_, rest)| rest));
    }
    kept
}

/// Tags that WebVTT has stay; other tags go; every other `<`, `>` and `&` is what it looks like.
fn in_webvtt(text: &str) -> String {
    let mut written = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['<', '>', '&']) {
        let (before, from) = rest.split_at(at);
        written.push_str(before);
        let (replaced, length) = markup(from);
        written.push_str(&replaced);
        rest = from.get(length..).unwrap_or_default();
    }
    written.push_str(rest);
    written
}

/// What stands for the markup that a text begins with, and how many bytes of the text it is.
fn markup(text: &str) -> (String, usize) {
    if let Some((name, length)) = tag(text) {
        let plain = name.trim_start_matches('/').to_ascii_lowercase();
        let is_closing = if name.starts_with('/') { "/" } else { "" };
        return if TAGS.contains(&plain.as_str()) {
            (format!("<{is_closing}{plain}>"), length)
        } else {
            (String::new(), length)
        };
    }
    let entity = ["&amp;", "&lt;", "&gt;", "&nbsp;"]
        .into_iter()
        .find(|entity| text.starts_with(entity));
    match (entity, text.bytes().next()) {
        (Some(entity), _) => (entity.to_owned(), entity.len()),
        (None, Some(b'<')) => ("&lt;".to_owned(), 1),
        (None, Some(b'>')) => ("&gt;".to_owned(), 1),
        (None, _) => ("&amp;".to_owned(), 1),
    }
}

/// The name of the tag that a text begins with, and the tag's length in bytes.
fn tag(text: &str) -> Option<(&str, usize)> {
    let inside = text.strip_prefix('<')?;
    let (inside, _) = inside.split_once('>')?;
    let name = inside.split([' ', '\t', '\n']).next()?;
    let letters = name.strip_prefix('/').unwrap_or(name);
    let is_name = !letters.is_empty() && letters.bytes().all(|b| b.is_ascii_alphabetic());
    (is_name && !inside.contains('<')).then_some((name, inside.len() + 2))
}

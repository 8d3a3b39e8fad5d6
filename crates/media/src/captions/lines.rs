//! What both formats share: lines, time spans, and what a cue's text may hold.

use super::CaptionError;
use crate::webvtt::Cue;

/// Nothing is longer: 9,999 hours, in milliseconds.
const LATEST: u64 = 9_999 * 3_600_000;
/// Characters of a wrong line that are shown.
const SHOWN: usize = 60;
const ARROW: &str = "-->";

/// A line of a file.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// Counts from 1.
    pub number: usize,
    /// Without its end.
    pub text: &'a str,
}

impl Line<'_> {
    /// Whether nothing is to be seen in it.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Whether it can only be a time span.
    #[must_use]
    pub fn has_arrow(&self) -> bool {
        self.text.contains(ARROW)
    }
}

/// From when to when, in milliseconds.
pub type Times = (u64, u64);

/// The text of a file, its line ends all the same, and no NUL in it.
pub(super) fn decode(file: &[u8]) -> Result<String, CaptionError> {
    let text = match file {
        [0xff, 0xfe, units @ ..] => utf_16(units, u16::from_le_bytes)?,
        [0xfe, 0xff, units @ ..] => utf_16(units, u16::from_be_bytes)?,
        [0xef, 0xbb, 0xbf, text @ ..] => utf_8(text, 3)?,
        text => utf_8(text, 0)?,
    };
    Ok(text
        .replace("\r\n", "\n")
        .replace('\r', "\n")
        .replace('\0', "\u{fffd}"))
}

fn utf_8(text: &[u8], behind: usize) -> Result<String, CaptionError> {
    let text = std::str::from_utf8(text).map_err(|error| CaptionError::Encoding {
        at: behind + error.valid_up_to(),
    })?;
    Ok(text.to_owned())
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, CaptionError> {
    let (pairs, odd) = bytes.as_chunks();
    if !odd.is_empty() {
        return Err(CaptionError::Encoding {
            at: 2 + bytes.len() - 1,
        });
    }
    let units = pairs.iter().map(|pair| unit(*pair));
    let mut at = 2;
    let mut text = String::new();
    for decoded in char::decode_utf16(units) {
        let c = decoded.map_err(|_| CaptionError::Encoding { at })?;
        at += 2 * c.len_utf16();
        text.push(c);
    }
    Ok(text)
}

pub(super) fn lines(text: &str) -> Vec<Line<'_>> {
    (1..)
        .zip(text.split('\n'))
        .map(|(number, text)| Line { number, text })
        .collect()
}

/// The time span of a line, and what stands behind it; none for a line without an arrow.
///
/// Read as both formats write it: hours or none, a comma or a point before the thousandths, and one
/// to three digits of them.
///
/// # Errors
/// [`CaptionError::TimeSpan`] and [`CaptionError::Backwards`].
pub fn span<'a>(line: &Line<'a>) -> Result<Option<(Times, &'a str)>, CaptionError> {
    let Some((start, rest)) = line.text.split_once(ARROW) else {
        return Ok(None);
    };
    let rest = rest.trim();
    let (end, behind) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
    let (Some(start), Some(end)) = (time(start.trim()), time(end)) else {
        return Err(CaptionError::TimeSpan {
            line: line.number,
            found: line.text.trim().chars().take(SHOWN).collect(),
        });
    };
    if end < start {
        return Err(CaptionError::Backwards { line: line.number });
    }
    Ok(Some(((start, end), behind)))
}

/// `[hours:]minutes:seconds[.thousandths]` in milliseconds.
fn time(text: &str) -> Option<u64> {
    let (clock, fraction) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    let mut parts = clock.rsplit(':');
    let seconds = part(parts.next()?, 2).filter(|seconds| *seconds < 60)?;
    let minutes = part(parts.next()?, 2).filter(|minutes| *minutes < 60)?;
    let hours = parts.next().map_or(Some(0), |hours| part(hours, 4))?;
    if parts.next().is_some() {
        return None;
    }
    let thousandths = part(&format!("{fraction:0<3}"), 3)?;
    let millis = ((hours * 60 + minutes) * 60 + seconds) * 1000 + thousandths;
    (millis <= LATEST).then_some(millis)
}

fn part(digits: &str, most: usize) -> Option<u64> {
    let fits = (1..=most).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|_| fits)
}

/// A cue, if it shows something: a text that has room in WebVTT, for longer than no time.
#[must_use]
pub fn cue((start, end): Times, settings: &str, text: &str) -> Option<Cue> {
    let lines = text.split('\n').map(str::trim_end);
    let lines: Vec<_> = lines.filter(|line| !line.trim().is_empty()).collect();
    if lines.is_empty() || end == start {
        return None;
    }
    Some(Cue {
        start,
        end,
        settings: settings.to_owned(),
        text: lines.join("\n").replace(ARROW, "--&gt;"),
    })
}

//! Numbers and names as people read them.

use std::time::Duration;

use api::Timestamp;
use api::asset::{Asset, AssetState, Stage, Visibility};
use api::event::EventType;
use indicatif::{HumanBytes, HumanDuration};
use serde::Serialize;

/// Text of somebody else for a terminal: on one line, and without what a terminal would obey.
pub(crate) fn printable(text: &str) -> String {
    let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().map(shown).collect()
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(digit).collect()
}

/// `1:02:03`, or `2:03`.
pub(crate) fn clock(milliseconds: u64) -> String {
    let seconds = milliseconds.div_ceil(1000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// `3 minutes`.
pub(crate) fn duration(milliseconds: u64) -> String {
    HumanDuration(Duration::from_millis(milliseconds)).to_string()
}

/// `1.50 GiB`.
pub(crate) fn bytes(bytes: u64) -> String {
    HumanBytes(bytes).to_string()
}

/// Micro-dollars as `$0.2513`.
pub(crate) fn dollars(micros: u64) -> String {
    let tenths_of_cents = micros.div_ceil(100);
    format!(
        "${}.{:04}",
        tenths_of_cents / 10_000,
        tenths_of_cents % 10_000
    )
}

pub(crate) const fn state(state: AssetState) -> &'static str {
    match state {
        AssetState::Uploading => "uploading",
        AssetState::Processing => "processing",
        AssetState::Ready => "ready",
        AssetState::Failed => "failed",
        AssetState::Deleting => "deleting",
    }
}

pub(crate) const fn visibility(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Private => "private",
        Visibility::Unlisted => "unlisted",
        Visibility::Public => "public",
    }
}

/// The name of an event, or a time, as the API writes it.
fn written(value: impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

/// `asset.ready`.
pub(crate) fn event(event: EventType) -> String {
    written(event)
}

/// `2026-11-25T10:00:00Z`, to the second.
pub(crate) fn moment(time: Timestamp) -> String {
    written(Timestamp(time.0 / 1000 * 1000))
}

pub(crate) const fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Queued => "queued",
        Stage::Segment => "segment",
        Stage::Encode => "encode",
        Stage::Assemble => "assemble",
        Stage::Publish => "publish",
    }
}

/// Where an asset stands, in a few words.
pub(crate) fn standing(asset: &Asset) -> String {
    match (&asset.progress, &asset.error) {
        (Some(progress), _) => format!("{} {} %", stage(progress.stage), progress.percent),
        (None, Some(error)) => format!("{} ({})", state(asset.state), error.code.name()),
        (None, None) => state(asset.state).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_cannot_command_the_terminal() {
        assert_eq!(printable("a\x1b[2Jb\nc"), "a\u{fffd}[2Jb\u{fffd}c");
        assert_eq!(printable("Été 2026"), "Été 2026");
    }

    #[test]
    fn a_checksum_has_two_digits_for_each_byte() {
        assert_eq!(hex(&[0, 9, 0xab, 0xff]), "0009abff");
    }

    #[test]
    fn numbers_are_read_by_people() {
        assert_eq!(clock(0), "0:00");
        assert_eq!(clock(62_001), "1:03");
        assert_eq!(clock(3_723_000), "1:02:03");
        assert_eq!(dollars(251_234), "$0.2513");
        assert_eq!(moment(Timestamp(1_700_000_000_500)), "2023-11-14T22:13:20Z");
        assert_eq!(dollars(12_000_000), "$12.0000");
    }
}

//! Colour tags of the output.
//!
//! The samples of a standard dynamic range source keep their values, so its tags are passed on,
//! and where it has none, those that players assume for a picture of its size are written down.
//! (The encoder's own `-colorspace` would make ffmpeg convert an untagged picture, which it takes
//! for BT.601, and lose against what the frames say.)
//!
//! Anything else (BT.2020, RGB) becomes BT.709, of which the scaler converts the matrix. Transfer
//! and primaries of HDR are not converted yet.

use domain::source::VideoTrack;

/// What the frames are labelled as, in the words of `setparams`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Tags {
    pub primaries: &'static str,
    pub transfer: &'static str,
    pub matrix: &'static str,
    /// Whether the samples have another matrix and must be converted.
    pub convert: bool,
}

/// ffprobe's word for the matrix, and what goes with it where the source is silent: primaries,
/// transfer, matrix.
const MATRICES: [(&str, [&str; 3]); 5] = [
    ("bt709", HD),
    ("smpte170m", SD),
    ("bt470bg", ["bt470bg", "smpte170m", "bt470bg"]),
    ("smpte240m", ["smpte240m", "smpte240m", "smpte240m"]),
    ("fcc", ["bt470m", "smpte170m", "fcc"]),
];

const HD: [&str; 3] = ["bt709", "bt709", "bt709"];
const SD: [&str; 3] = ["smpte170m", "smpte170m", "smpte170m"];

/// ffprobe's words of standard dynamic range, and ffmpeg's for the same.
const PRIMARIES: [(&str, &str); 5] = [
    ("bt709", "bt709"),
    ("bt470m", "bt470m"),
    ("bt470bg", "bt470bg"),
    ("smpte170m", "smpte170m"),
    ("smpte240m", "smpte240m"),
];
const TRANSFERS: [(&str, &str); 6] = [
    ("bt709", "bt709"),
    ("bt470m", "gamma22"),
    ("bt470bg", "gamma28"),
    ("smpte170m", "smpte170m"),
    ("smpte240m", "smpte240m"),
    ("iec61966-2-1", "iec61966-2-1"),
];

/// The tags of a rendition of `track`.
pub(super) fn tags(track: &VideoTrack) -> Tags {
    let colour = &track.colour;
    let stated = colour.matrix.as_deref().filter(|&tag| tag != "unknown");
    let kin = stated.map(|tag| find(&MATRICES, tag));
    let [primaries, transfer, matrix] = match kin {
        None if is_large(track) => HD,
        None => SD,
        Some(known) => known.unwrap_or(HD),
    };
    let known = |tag: &Option<String>, table: &[(&str, &'static str)]| {
        tag.as_deref().and_then(|tag| find(table, tag))
    };
    Tags {
        primaries: known(&colour.primaries, &PRIMARIES).unwrap_or(primaries),
        transfer: known(&colour.transfer, &TRANSFERS).unwrap_or(transfer),
        matrix,
        convert: kin == Some(None),
    }
}

fn find<T: Copy>(table: &[(&str, T)], tag: &str) -> Option<T> {
    table
        .iter()
        .find(|&&(name, _)| name == tag)
        .map(|&(_, value)| value)
}

/// Larger than the television of BT.601: then players assume BT.709.
fn is_large(track: &VideoTrack) -> bool {
    track.width > 1024 || track.height > 576
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::source::{Colour, Rotation};
    use domain::time::Rational;

    fn track(height: u32, [primaries, transfer, matrix]: [&str; 3]) -> VideoTrack {
        let tag = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        VideoTrack {
            index: 0,
            codec: "h264".into(),
            width: 640,
            height,
            pixel_format: "yuv420p".into(),
            sample_aspect: Rational::ONE,
            rotation: Rotation::None,
            interlaced: false,
            colour: Colour {
                primaries: tag(primaries),
                transfer: tag(transfer),
                matrix: tag(matrix),
                range: None,
            },
            time_base: Rational::ONE,
            origin: 0,
            end: 1,
            rate: Rational::ONE,
            constant_rate: true,
        }
    }

    fn of(height: u32, stated: [&str; 3]) -> ([&str; 3], bool) {
        let tags = tags(&track(height, stated));
        ([tags.primaries, tags.transfer, tags.matrix], tags.convert)
    }

    #[test]
    fn standard_tags_pass_and_gaps_are_filled_with_their_kin() {
        let pal = ["bt470bg", "bt470bg", "bt470bg"];
        assert_eq!(of(576, pal), (["bt470bg", "gamma28", "bt470bg"], false));
        assert_eq!(of(1080, ["", "", "smpte170m"]), (SD, false));
        assert_eq!(of(480, ["", "", "bt709"]), (HD, false));
    }

    #[test]
    fn silence_means_what_players_take_it_for() {
        assert_eq!(of(1080, ["", "", ""]), (HD, false));
        assert_eq!(of(480, ["unknown", "unknown", "unknown"]), (SD, false));
    }

    #[test]
    fn anything_else_is_converted_to_bt709() {
        assert_eq!(of(480, ["bt2020", "smpte2084", "bt2020nc"]), (HD, true));
    }
}

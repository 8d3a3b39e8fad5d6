//! Colour tags of the output.
//!
//! Nothing is converted yet: the samples keep their meaning, so the source's tags are passed on
//! where they are those of standard dynamic range. Everything else (HDR, unknown, absent) is
//! labelled BT.709.

use domain::source::Colour;

const DEFAULT: &str = "bt709";

/// The values of `-color_primaries`, `-color_trc` and `-colorspace`, in this order.
pub(super) fn tags(colour: &Colour) -> [&'static str; 3] {
    let known = |tag: &Option<String>, table: &[(&str, &'static str)]| {
        let tag = tag.as_deref();
        let same = table.iter().find(|&&(name, _)| Some(name) == tag);
        same.map_or(DEFAULT, |&(_, value)| value)
    };
    [
        known(&colour.primaries, &PRIMARIES),
        known(&colour.transfer, &TRANSFERS),
        known(&colour.matrix, &MATRICES),
    ]
}

/// ffprobe's word, and ffmpeg's option for it.
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

const MATRICES: [(&str, &str); 5] = [
    ("bt709", "bt709"),
    ("fcc", "fcc"),
    ("bt470bg", "bt470bg"),
    ("smpte170m", "smpte170m"),
    ("smpte240m", "smpte240m"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_tags_pass_and_others_become_bt709() {
        let tag = |name: &str| Some(name.to_owned());
        let pal = Colour {
            primaries: tag("bt470bg"),
            transfer: tag("bt470bg"),
            matrix: tag("bt470bg"),
            range: tag("tv"),
        };
        assert_eq!(tags(&pal), ["bt470bg", "gamma28", "bt470bg"]);
        let hdr = Colour {
            primaries: tag("bt2020"),
            transfer: tag("smpte2084"),
            matrix: tag("bt2020nc"),
            range: None,
        };
        assert_eq!(tags(&hdr), ["bt709"; 3]);
        assert_eq!(tags(&Colour::default()), ["bt709"; 3]);
    }
}

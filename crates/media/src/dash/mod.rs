//! The DASH manifest (ISO/IEC 23009-1), as text.
//!
//! One static MPD with one Period over the same segments as the HLS playlists. Every boundary is
//! written exactly, in ticks of the track, as a `SegmentTimeline`; the edit list in the video's
//! init segment makes the presentation start at 0, so no `presentationTimeOffset` is needed.

mod adaptation;
mod xml;

use std::io;

use domain::time::Rational;

use crate::captions::CaptionRendition;
use crate::hls::common_target_duration;
use crate::presentation::Presentation;
use xml::Element;

/// Why the MPD cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum DashError {
    /// The XML writer failed; writing to memory, it has no reason to.
    #[error("writing the MPD: {0}")]
    Write(#[from] io::Error),
}

/// The MPD, for `manifest.mpd`.
///
/// Profiles `isoff-live` and CMAF. `Representation@bandwidth` is the same peak as in HLS;
/// `minBufferTime` is the target duration it was measured with. Each caption is one file beside the
/// film (5.3.9.2: a `BaseURL` alone).
///
/// # Errors
/// [`DashError::Write`], in theory.
pub fn mpd(
    presentation: &Presentation,
    captions: &[CaptionRendition],
) -> Result<String, DashError> {
    let target = common_target_duration(presentation);
    let period = Element::new("Period")
        .attribute("id", 0)
        .attribute("start", "PT0S")
        .children(adaptation::sets(presentation, captions, target));
    let root = Element::new("MPD")
        .attribute("xmlns", "urn:mpeg:dash:schema:mpd:2011")
        .attribute(
            "profiles",
            "urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019",
        )
        .attribute("type", "static")
        .attribute(
            "mediaPresentationDuration",
            duration(presentation.duration()),
        )
        .attribute("minBufferTime", duration(Rational::whole(target)))
        .child(period);
    Ok(xml::document(&root)?)
}

/// `xs:duration` in seconds, with as many of six decimals as are needed.
fn duration(time: Rational) -> String {
    let decimal = time.to_decimal(6);
    let shortest = decimal.trim_end_matches('0').trim_end_matches('.');
    format!("PT{shortest}S")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_no_idle_digits() {
        assert_eq!(duration(Rational::whole(10)), "PT10S");
        assert_eq!(duration(Rational::new(528, 100).unwrap()), "PT5.28S");
        assert_eq!(duration(Rational::new(1, 3).unwrap()), "PT0.333333S");
    }
}

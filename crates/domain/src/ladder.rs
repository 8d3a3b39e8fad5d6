//! The ladder: which rungs a source gets.

use serde::{Deserialize, Serialize};

use crate::ids::RungId;
use crate::profile::{AudioProfile, VideoProfile};
use crate::source::{AudioTrack, VideoTrack};
use crate::time::{BitsPerSecond, FrameRate, Rational};

/// One planned video encoding.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct VideoRung {
    /// `1080p`: named after the short side.
    pub id: RungId,
    /// Width in pixels, even.
    pub width: u32,
    /// Height in pixels, even.
    pub height: u32,
    /// The rate that the encoder's buffer model may not exceed for long (`-maxrate`).
    pub max_rate: BitsPerSecond,
}

/// One planned audio encoding.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AudioRung {
    /// `und-128k`: language and bit rate.
    pub id: RungId,
    /// Constant bit rate.
    pub bit_rate: BitsPerSecond,
}

/// Peak rates of H.264 at up to 30 frames per second by short side, in kb/s: roughly Apple's
/// ladder, with capped CRF staying well below on easy material.
const MAX_RATES: [(u32, u64); 6] = [
    (0, 100),
    (240, 540),
    (480, 1640),
    (720, 3140),
    (1080, 6000),
    (2160, 18_000),
];

/// The video rungs for a source, tallest first: never larger than the source, never with bars.
///
/// A source whose short side lies more than a tenth above the tallest rung that fits, or below
/// every rung, gets a rung of its own size on top.
#[must_use]
pub fn video_ladder(track: &VideoTrack, rate: FrameRate, profile: &VideoProfile) -> Vec<VideoRung> {
    let (width, height) = track.display_size();
    let short = width.min(height);
    let tallest = profile.short_sides.iter().copied().max().unwrap_or(1080);
    let own = even_floor(short).min(tallest);
    let mut sides: Vec<u32> = profile
        .short_sides
        .iter()
        .copied()
        .filter(|&side| Rational::whole(side) <= short)
        .collect();
    sides.sort_unstable_by(|a, b| b.cmp(a));
    sides.dedup();
    if sides.first().is_none_or(|&top| 10 * own > 11 * top) {
        sides.insert(0, own);
    }
    sides
        .into_iter()
        .filter_map(|side| {
            let scale = Rational::whole(side) / short;
            Some(VideoRung {
                id: RungId::new(format!("{side}p")).ok()?,
                width: even_within(width * scale, width),
                height: even_within(height * scale, height),
                max_rate: max_rate(side, rate),
            })
        })
        .collect()
}

/// The audio rungs for a track, highest rate first.
#[must_use]
pub fn audio_ladder(track: &AudioTrack, alone: bool, profile: &AudioProfile) -> Vec<AudioRung> {
    let beside = [profile.beside_picture];
    let rates: &[BitsPerSecond] = if alone { &profile.alone } else { &beside };
    let language = track.language.as_deref().unwrap_or("und");
    rates
        .iter()
        .filter_map(|rate| {
            let bit_rate = BitsPerSecond(if track.channels == 1 {
                rate.0 / 2
            } else {
                rate.0
            });
            Some(AudioRung {
                id: RungId::new(format!("{language}-{}k", bit_rate.0 / 1000)).ok()?,
                bit_rate,
            })
        })
        .collect()
}

/// Interpolates [`MAX_RATES`]; half as much again above 30 frames per second.
fn max_rate(side: u32, rate: FrameRate) -> BitsPerSecond {
    let above = MAX_RATES.iter().position(|&(s, _)| s >= side);
    let pair = above.and_then(|i| Some((MAX_RATES.get(i.checked_sub(1)?)?, MAX_RATES.get(i)?)));
    let kilo = match pair {
        Some((&(low, low_rate), &(high, high_rate))) => {
            let (span, step) = (u64::from(high - low), u64::from(side - low));
            low_rate + (high_rate - low_rate) * step / span
        }
        None => 18_000,
    };
    let fast = rate.exact() > Rational::whole(30);
    BitsPerSecond::kilo(if fast { kilo * 3 / 2 } else { kilo })
}

/// The nearest even number to `wanted` that is not above `limit`, at least 2.
fn even_within(wanted: Rational, limit: Rational) -> u32 {
    let nearest = 2 * (wanted / Rational::whole(2)).round();
    u32::try_from(nearest)
        .unwrap_or(u32::MAX)
        .min(even_floor(limit))
        .max(2)
}

/// The largest even number not above `size`, at least 2.
fn even_floor(size: Rational) -> u32 {
    let half = (size / Rational::whole(2)).floor();
    u32::try_from(2 * half).unwrap_or(u32::MAX - 1).max(2)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::source::{Colour, Rotation};
    use proptest::prelude::*;

    pub(crate) fn track(width: u32, height: u32) -> VideoTrack {
        VideoTrack {
            index: 0,
            codec: "h264".into(),
            width,
            height,
            pixel_format: "yuv420p".into(),
            sample_aspect: Rational::ONE,
            rotation: Rotation::None,
            interlaced: false,
            colour: Colour::default(),
            time_base: Rational::new(1, 25).unwrap(),
            origin: 0,
            end: 25,
            rate: Rational::whole(25),
            constant_rate: true,
        }
    }

    fn sizes(track: &VideoTrack) -> Vec<(u32, u32)> {
        let rate = FrameRate { num: 25, den: 1 };
        video_ladder(track, rate, &VideoProfile::default())
            .iter()
            .map(|rung| (rung.width, rung.height))
            .collect()
    }

    #[test]
    fn a_1080p_source_gets_four_rungs() {
        let full = [(1920, 1080), (1280, 720), (854, 480), (426, 240)];
        assert_eq!(sizes(&track(1920, 1080)), full);
        assert_eq!(sizes(&track(3840, 2160)), full);
    }

    #[test]
    fn the_ladder_stops_at_the_source() {
        assert_eq!(
            sizes(&track(1280, 720)),
            [(1280, 720), (854, 480), (426, 240)]
        );
        assert_eq!(sizes(&track(641, 361)), [(640, 360), (426, 240)]);
        assert_eq!(sizes(&track(160, 120)), [(160, 120)]);
        assert_eq!(sizes(&track(1, 1)), [(2, 2)]);
    }

    #[test]
    fn a_turned_picture_is_measured_upright() {
        let mut turned = track(1280, 720);
        turned.rotation = Rotation::Clockwise;
        assert_eq!(sizes(&turned)[0], (720, 1280));
    }

    #[test]
    fn pixels_become_square() {
        let mut anamorphic = track(720, 576);
        anamorphic.sample_aspect = Rational::new(64, 45).unwrap();
        assert_eq!(sizes(&anamorphic)[0], (1024, 576));
    }

    #[test]
    fn rates_follow_the_size_and_the_frame_rate() {
        let slow = FrameRate { num: 25, den: 1 };
        let fast = FrameRate { num: 50, den: 1 };
        assert_eq!(max_rate(1080, slow), BitsPerSecond::kilo(6000));
        assert_eq!(max_rate(1080, fast), BitsPerSecond::kilo(9000));
        assert_eq!(max_rate(360, slow), BitsPerSecond::kilo(1090));
        assert!(max_rate(2, slow) < max_rate(240, slow));
    }

    proptest! {
        #[test]
        fn no_rung_is_odd_or_above_the_source(width in 2_u32..8000, height in 2_u32..8000) {
            let ladder = sizes(&track(width, height));
            prop_assert!(!ladder.is_empty());
            for (w, h) in ladder {
                prop_assert!(w % 2 == 0 && h % 2 == 0);
                prop_assert!(w <= width && h <= height);
            }
        }
    }
}

//! Media time without floats: exact rationals, frame rates and bit rates.
//!
//! A float that is almost a frame boundary puts a frame on the wrong side of a seam. So every
//! time in Millrace is a count of ticks or an exact fraction, and a decimal appears only where a
//! text format asks for one.

mod rational;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use rational::{NotAFraction, Rational};

/// A standard output frame rate, in frames per second.
///
/// Only the rates in [`FrameRate::STANDARD`] occur, so the track timescale is the numerator and
/// every frame lasts the same whole number of ticks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct FrameRate {
    /// Numerator, frames.
    pub num: u32,
    /// Denominator, seconds: 1, 2 or 1001.
    pub den: u32,
}

impl FrameRate {
    /// The rates an output may have, ascending.
    pub const STANDARD: [Self; 14] = [
        Self { num: 10, den: 1 },
        Self { num: 12, den: 1 },
        Self { num: 25, den: 2 },
        Self { num: 15, den: 1 },
        Self { num: 20, den: 1 },
        Self {
            num: 24000,
            den: 1001,
        },
        Self { num: 24, den: 1 },
        Self { num: 25, den: 1 },
        Self {
            num: 30000,
            den: 1001,
        },
        Self { num: 30, den: 1 },
        Self { num: 48, den: 1 },
        Self { num: 50, den: 1 },
        Self {
            num: 60000,
            den: 1001,
        },
        Self::MAX,
    ];

    /// The fastest output rate; faster sources are sampled down to it.
    pub const MAX: Self = Self { num: 60, den: 1 };

    /// The grid of an asset without a picture: its segments are cut on multiples of 20 ms.
    pub const AUDIO_GRID: Self = Self { num: 50, den: 1 };

    /// The standard rate for a source whose measured rate is `measured` frames per second.
    ///
    /// A variable-rate source takes the nearest standard rate, because it is sampled onto the
    /// grid anyway. A constant-rate source takes the nearest only within 1 %, otherwise the next
    /// one above, so that no source frame is lost.
    #[must_use]
    pub fn snap(measured: Rational, constant: bool) -> Self {
        let measured = measured.min(Self::MAX.exact());
        let distance = |rate: &Self| (rate.exact() - measured).abs() / rate.exact();
        let nearest = Self::STANDARD
            .into_iter()
            .min_by_key(|rate| distance(rate))
            .unwrap_or(Self::MAX);
        let one_percent = Rational::over(1, 100) * measured;
        if !constant || (nearest.exact() - measured).abs() <= one_percent {
            return nearest;
        }
        let just_below = measured * Rational::over(999, 1000);
        Self::STANDARD
            .into_iter()
            .find(|rate| rate.exact() >= just_below)
            .unwrap_or(Self::MAX)
    }

    /// Frames per second, exactly.
    #[must_use]
    pub fn exact(self) -> Rational {
        Rational::over(self.num.into(), self.den.max(1).into())
    }

    /// Ticks per second of a track at this rate: the numerator for `x/1001` rates, else 1000 per
    /// frame.
    #[must_use]
    pub const fn timescale(self) -> u32 {
        if self.den == 1001 {
            self.num
        } else {
            1000 * self.num / self.den
        }
    }

    /// Ticks that one frame lasts.
    #[must_use]
    pub const fn frame_ticks(self) -> u32 {
        if self.den == 1001 { 1001 } else { 1000 }
    }

    /// Presentation time of frame `n`, in seconds.
    #[must_use]
    pub fn time_of(self, n: u64) -> Rational {
        Rational::ticks(
            i128::from(n) * i128::from(self.frame_ticks()),
            self.timescale(),
        )
    }
}

impl fmt::Display for FrameRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.exact(), f)
    }
}

/// A bit rate, in bits per second.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BitsPerSecond(pub u64);

impl BitsPerSecond {
    /// `kilobits` × 1000 bits per second.
    #[must_use]
    pub const fn kilo(kilobits: u64) -> Self {
        Self(kilobits * 1000)
    }
}

impl fmt::Display for BitsPerSecond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A run of frames `[start, end)` on the output grid: the end is exclusive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct FrameRange {
    /// First frame.
    pub start: u64,
    /// One past the last frame.
    pub end: u64,
}

impl FrameRange {
    /// Number of frames; zero when the range is empty or reversed.
    #[must_use]
    pub const fn len(self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// Whether the range holds no frame.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fraction(num: i128, den: i128) -> Rational {
        Rational::new(num, den).unwrap()
    }

    #[test]
    fn a_constant_rate_is_never_snapped_below_what_it_has() {
        let snap = |num, den, constant| FrameRate::snap(fraction(num, den), constant).to_string();
        assert_eq!(snap(30000, 1001, true), "30000/1001");
        assert_eq!(snap(2997, 100, true), "30000/1001");
        assert_eq!(snap(18, 1, true), "20");
        assert_eq!(snap(27, 1, true), "30000/1001");
        assert_eq!(snap(27, 1, false), "25");
        assert_eq!(snap(120, 1, true), "60");
        assert_eq!(snap(25, 2, true), "25/2");
    }

    #[test]
    fn every_standard_rate_has_whole_frame_ticks() {
        for rate in FrameRate::STANDARD {
            let one = Rational::ticks(rate.frame_ticks(), rate.timescale());
            assert_eq!(one * rate.exact(), Rational::ONE, "{rate}");
        }
    }

    proptest! {
        #[test]
        fn a_frame_starts_where_the_one_before_ends(n in 0_u64..50_000_000, i in 0_usize..14) {
            let rate = FrameRate::STANDARD[i];
            let step = rate.time_of(n + 1) - rate.time_of(n);
            prop_assert_eq!(step * rate.exact(), Rational::ONE);
        }
    }
}

//! `BANDWIDTH` and `AVERAGE-BANDWIDTH` out of the sizes of finished files (4.1, 4.4.6.2).

use domain::time::BitsPerSecond;

use crate::presentation::MediaSegment;

/// The peak segment bit rate: the largest bit rate of any contiguous run of segments that lasts
/// between 0.5 and 1.5 target durations, rounded up (4.1).
///
/// `timescale` is that of the segments' durations, `target_duration` in seconds. Whole files are
/// counted, boxes included, because that is what crosses the network. A run may not leave out a
/// segment, so a very short one (the last) counts only together with its neighbour and does not
/// set the peak by itself. Where no run is long enough, in a presentation of less than half a
/// target duration, the peak is the average.
#[must_use]
pub fn peak_bit_rate(
    segments: &[MediaSegment],
    timescale: u32,
    target_duration: u32,
) -> BitsPerSecond {
    // In half ticks, so that 0.5 and 1.5 target durations are whole numbers.
    let target = u128::from(target_duration) * u128::from(timescale);
    let (shortest, longest) = (target, 3 * target);
    let mut peak = None;
    let mut rest = segments;
    while let [_, behind @ ..] = rest {
        let mut bytes = 0_u128;
        let mut ticks = 0_u128;
        for segment in rest {
            bytes += u128::from(segment.bytes);
            ticks += u128::from(segment.duration);
            if 2 * ticks > longest {
                break;
            }
            if 2 * ticks >= shortest {
                peak = peak.max(Some(bits_per_second(bytes, ticks, timescale)));
            }
        }
        rest = behind;
    }
    peak.unwrap_or_else(|| average_bit_rate(segments, timescale))
}

/// All bits over all time, rounded up.
#[must_use]
pub fn average_bit_rate(segments: &[MediaSegment], timescale: u32) -> BitsPerSecond {
    let bytes = segments.iter().map(|s| u128::from(s.bytes)).sum();
    let ticks = segments.iter().map(|s| u128::from(s.duration)).sum();
    bits_per_second(bytes, ticks, timescale)
}

fn bits_per_second(bytes: u128, ticks: u128, timescale: u32) -> BitsPerSecond {
    let bits = bytes.saturating_mul(8).saturating_mul(timescale.into());
    let rate = bits.div_ceil(ticks.max(1));
    BitsPerSecond(u64::try_from(rate).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use domain::time::Rational;
    use proptest::prelude::*;

    use super::*;

    fn segment(duration: u64, bytes: u64) -> MediaSegment {
        MediaSegment { duration, bytes }
    }

    #[test]
    fn a_short_last_segment_counts_with_its_neighbour() {
        let segments = [segment(6_000, 6_000), segment(100, 6_000)];
        // 12,000 bytes in 6.1 s, not 6,000 bytes in 0.1 s
        assert_eq!(peak_bit_rate(&segments, 1000, 6), BitsPerSecond(15_738));
    }

    #[test]
    fn a_presentation_shorter_than_half_a_target_has_its_average() {
        let segments = [segment(200, 100)];
        assert_eq!(peak_bit_rate(&segments, 1000, 1), BitsPerSecond(4_000));
    }

    #[test]
    fn runs_of_exactly_a_half_and_one_and_a_half_targets_count() {
        let half = [segment(3_000, 9_000), segment(7_000, 1_000)];
        assert_eq!(peak_bit_rate(&half, 1000, 6), BitsPerSecond(24_000));
        let longest = [
            segment(2_000, 9_000),
            segment(7_000, 9_000),
            segment(2_000, 1),
        ];
        assert_eq!(peak_bit_rate(&longest, 1000, 6), BitsPerSecond(16_000));
    }

    /// The definition word by word, in exact fractions.
    fn naive(segments: &[MediaSegment], timescale: u32, target: u32) -> i128 {
        let mut peak = None;
        for first in 0..segments.len() {
            for last in first..segments.len() {
                let run = &segments[first..=last];
                let time: Rational = run
                    .iter()
                    .map(|s| Rational::ticks(s.duration, timescale))
                    .fold(Rational::ZERO, |a, b| a + b);
                let target = Rational::whole(target);
                let half = Rational::new(1, 2).unwrap();
                if time < target * half || time > target * (half + Rational::ONE) {
                    continue;
                }
                let bits: u64 = run.iter().map(|s| 8 * s.bytes).sum();
                peak = peak.max(Some((Rational::whole(bits) / time).ceil()));
            }
        }
        peak.unwrap_or_else(|| {
            let bits: u64 = segments.iter().map(|s| 8 * s.bytes).sum();
            let ticks: u64 = segments.iter().map(|s| s.duration).sum();
            (Rational::whole(bits) / Rational::ticks(ticks, timescale)).ceil()
        })
    }

    proptest! {
        #[test]
        fn the_peak_is_what_the_definition_says(
            segments in proptest::collection::vec((1_u64..9_000, 1_u64..5_000_000), 1..12),
            timescale in prop_oneof![Just(1000_u32), 1_u32..60_000],
            target in 1_u32..10,
        ) {
            let segments: Vec<_> = segments.into_iter().map(|(d, b)| segment(d, b)).collect();
            let peak = peak_bit_rate(&segments, timescale, target);
            prop_assert_eq!(i128::from(peak.0), naive(&segments, timescale, target));
        }
    }
}

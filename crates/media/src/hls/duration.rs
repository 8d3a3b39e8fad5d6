//! `EXTINF` out of exact ticks (4.4.4.1).

const MICROS: u128 = 1_000_000;

/// The lengths, in microseconds, of stretches that lie end to end and last `ticks` each.
///
/// Each boundary is rounded half up, not each length: so the sum of the first `n` lengths is never
/// more than half a microsecond away from the truth, however many segments there are, and two
/// equal segments may differ by one microsecond.
fn micros(ticks: impl Iterator<Item = u64>, timescale: u32) -> impl Iterator<Item = u128> {
    let timescale = u128::from(timescale.max(1));
    let round = move |ticks: u128| (2 * ticks * MICROS + timescale) / (2 * timescale);
    ticks.scan(0_u128, move |start, ticks| {
        let end = *start + u128::from(ticks);
        let length = round(end) - round(*start);
        *start = end;
        Some(length)
    })
}

/// The lengths of stretches that lie end to end and last `ticks` each, in seconds with six
/// decimals.
///
/// Guaranteed: the sum of any number of them from the first on is off by at most half a
/// microsecond.
pub fn seconds(
    ticks: impl IntoIterator<Item = u64>,
    timescale: u32,
) -> impl Iterator<Item = String> {
    micros(ticks.into_iter(), timescale)
        .map(|micros| format!("{}.{:06}", micros / MICROS, micros % MICROS))
}

/// The `EXT-X-TARGETDURATION` for stretches of so many `ticks`: the longest, as [`seconds`] writes
/// it, rounded to the nearest whole second with a half going up; at least 1 (4.4.3.1).
#[must_use]
pub fn target_duration(ticks: impl IntoIterator<Item = u64>, timescale: u32) -> u32 {
    let longest = micros(ticks.into_iter(), timescale).max().unwrap_or(0);
    let rounded = (longest + MICROS / 2) / MICROS;
    u32::try_from(rounded).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn three_gops_at_29_97_last_6_006_seconds() {
        let written: Vec<_> = seconds([180_180, 180_180, 1001], 30_000).collect();
        assert_eq!(written, ["6.006000", "6.006000", "0.033367"]);
    }

    #[test]
    fn the_target_duration_is_never_zero() {
        assert_eq!(target_duration([1001], 30_000), 1);
        assert_eq!(target_duration([], 30_000), 1);
    }

    #[test]
    fn half_a_second_rounds_up() {
        assert_eq!(target_duration([6_499], 1_000), 6);
        assert_eq!(target_duration([6_500], 1_000), 7);
    }

    proptest! {
        #[test]
        fn no_drift_however_many_segments(
            ticks in proptest::collection::vec(1_u64..2_000_000, 1..400),
            timescale in 1_u32..100_000,
        ) {
            let mut exact = 0_u128;
            let mut written = 0_u128;
            for (ticks, text) in ticks.iter().zip(seconds(ticks.clone(), timescale)) {
                exact += u128::from(*ticks);
                written += text.replace('.', "").parse::<u128>().unwrap();
                // |written / 10⁶ − exact / timescale| ≤ ½ · 10⁻⁶
                let apart = (written * u128::from(timescale)).abs_diff(exact * MICROS);
                prop_assert!(2 * apart <= u128::from(timescale));
            }
        }

        #[test]
        fn no_duration_as_written_rounds_above_the_target(
            ticks in proptest::collection::vec(1_u64..2_000_000, 1..50),
            timescale in 1_u32..100_000,
        ) {
            let target = target_duration(ticks.clone(), timescale);
            for text in seconds(ticks, timescale) {
                let whole: u128 = text.replace('.', "").parse().unwrap();
                prop_assert!((whole + MICROS / 2) / MICROS <= u128::from(target));
            }
        }
    }
}

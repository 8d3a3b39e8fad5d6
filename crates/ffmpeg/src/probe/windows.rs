//! Which parts of a source are read for its packets.
//!
//! A container with an index is read at its ends and, to see whether the rate stays the same, at
//! three places between. One ffprobe reads them all. A short file is read whole: that is exact
//! and costs little.

use domain::time::Rational;

/// Below this length, in seconds, a source is read whole.
const SHORT: i64 = 60;

/// Below this size, in bytes, a source is read whole.
const SMALL: u64 = 4 << 20;

/// Seconds read from the beginning at first.
const HEAD: i64 = 8;

/// Seconds read at each place between.
const GLANCE: i64 = 4;

/// Seconds before an end at which reading begins at first.
const TAIL: i64 = 4;

/// Seconds between two packets that tell a seek from a slow frame.
pub(super) const JUMP: i64 = 3;

/// How much of a source is read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Reading {
    /// All of it, once.
    Whole,
    /// Some parts.
    Parts(Parts),
}

/// The parts, in seconds on the container's clock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Parts {
    start: Rational,
    end: Rational,
    /// Where the tracks end by the container's word.
    ends: Vec<Rational>,
    head: i64,
    tail: i64,
}

impl Reading {
    /// For a source with an index, `size` bytes and `duration` seconds long.
    pub(super) fn of(
        start: Rational,
        duration: Option<Rational>,
        size: u64,
        ends: impl IntoIterator<Item = Rational>,
    ) -> Self {
        match duration {
            Some(duration) if duration > Rational::whole(SHORT) && size > SMALL => {
                let end = start + duration;
                let inside = |&at: &Rational| at > start && at < end;
                let ends = ends.into_iter().filter(inside).chain([end]).collect();
                Self::Parts(Parts {
                    start,
                    end,
                    ends,
                    head: HEAD,
                    tail: TAIL,
                })
            }
            _ => Self::Whole,
        }
    }

    /// More of the beginning.
    pub(super) fn widen_head(self) -> Self {
        self.widened(|parts| parts.head *= 8)
    }

    /// More of the end.
    pub(super) fn widen_tail(self) -> Self {
        self.widened(|parts| parts.tail *= 8)
    }

    fn widened(self, widen: impl FnOnce(&mut Parts)) -> Self {
        let Self::Parts(mut parts) = self else {
            return self;
        };
        widen(&mut parts);
        let read = Rational::whole(parts.head + parts.tail);
        if read + read > parts.end - parts.start {
            return Self::Whole;
        }
        Self::Parts(parts)
    }
}

impl Parts {
    /// ffprobe's `-read_intervals`.
    pub(super) fn intervals(&self) -> String {
        let mut intervals = vec![format!("%+{}", self.head)];
        let length = self.end - self.start;
        for quarter in 1..4 {
            let at = self.start + length * Rational::ticks(quarter, 4);
            intervals.push(format!("{}%+{GLANCE}", at.to_decimal(6)));
        }
        let tails = self.tails();
        let last = tails.len().saturating_sub(1);
        for (n, from) in tails.iter().enumerate() {
            let from_text = from.to_decimal(6);
            intervals.push(if n == last {
                format!("{from_text}%")
            } else {
                format!("{from_text}%+{}", self.tail + 2)
            });
        }
        intervals.join(",")
    }

    /// Where reading begins before each end, ascending; ends close together share one.
    fn tails(&self) -> Vec<Rational> {
        let mut ends = self.ends.clone();
        ends.sort();
        let mut tails: Vec<Rational> = Vec::new();
        for end in ends {
            let from = (end - Rational::whole(self.tail)).max(self.start);
            let apart = |last: &Rational| from - *last > Rational::whole(2 * self.tail);
            if tails.last().is_none_or(apart) {
                tails.push(from);
            }
        }
        tails
    }

    /// The time that a track must have been read to, to know that its end was seen, when it ends
    /// at `end` by the container's word.
    pub(super) fn must_reach(&self, end: Option<Rational>) -> Rational {
        end.unwrap_or(self.end) - Rational::whole(8 * self.tail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(seconds: i64, ends: &[i64]) -> Reading {
        let ends = ends.iter().map(|&end| Rational::whole(end));
        Reading::of(
            Rational::ZERO,
            Some(Rational::whole(seconds)),
            1 << 30,
            ends,
        )
    }

    fn intervals(reading: &Reading) -> String {
        match reading {
            Reading::Whole => "whole".to_owned(),
            Reading::Parts(parts) => parts.intervals(),
        }
    }

    #[test]
    fn a_film_is_read_at_its_ends_and_between() {
        assert_eq!(
            intervals(&parts(7200, &[7200, 7199])),
            "%+8,1800.000000%+4,3600.000000%+4,5400.000000%+4,7195.000000%"
        );
    }

    #[test]
    fn a_track_that_ends_early_is_read_at_its_own_end() {
        assert_eq!(
            intervals(&parts(100, &[60, 100])),
            "%+8,25.000000%+4,50.000000%+4,75.000000%+4,56.000000%+6,96.000000%"
        );
    }

    #[test]
    fn short_and_small_files_are_read_whole() {
        assert_eq!(parts(60, &[]), Reading::Whole);
        let small = Reading::of(Rational::ZERO, Some(Rational::whole(900)), 1000, []);
        assert_eq!(small, Reading::Whole);
        assert_eq!(
            Reading::of(Rational::ZERO, None, 1 << 40, []),
            Reading::Whole
        );
    }

    #[test]
    fn looking_further_ends_with_the_whole() {
        let mut reading = parts(7200, &[]);
        reading = reading.widen_head();
        assert!(intervals(&reading).starts_with("%+64,"));
        reading = reading.widen_tail();
        assert!(intervals(&reading).ends_with(",7168.000000%"));
        for _ in 0..3 {
            reading = reading.widen_head();
        }
        assert_eq!(reading, Reading::Whole);
    }
}

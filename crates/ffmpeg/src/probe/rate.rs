//! How fast frames follow each other, measured in one pass and with bounded memory.
//!
//! Packets come in decoding order, so they wait in a small heap until no earlier frame can come.
//! Of the distances only a histogram is kept. Where the reader jumps ([`RateMeter::jump`]) the
//! frames next to the jump are left out, because some of their neighbours were not read.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use domain::time::Rational;

/// Frames that may wait for an earlier one: the deepest reordering of H.264 and HEVC is 16.
pub(super) const REORDER: usize = 17;

/// Different distances that are told apart; any further one counts as its nearest neighbour.
const KINDS: usize = 10_000;

/// The rate of a stream with a single frame.
const LONELY: i64 = 25;

/// Collects the times of frames, in ticks and in decoding order.
#[derive(Default, Debug)]
pub(super) struct RateMeter {
    waiting: BinaryHeap<Reverse<i64>>,
    /// Frames still to be left out after a jump.
    skip: usize,
    distances: BTreeMap<i64, u64>,
    run: Run,
    longest: Run,
}

/// Frames read without a jump.
#[derive(Clone, Copy, Default, Debug)]
struct Run {
    first: Option<i64>,
    last: Option<i64>,
    distances: u64,
}

/// What was measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Rate {
    /// Frames per second.
    pub per_second: Rational,
    /// Whether nearly all distances are the same.
    pub constant: bool,
    /// The median distance in ticks; zero for a single frame.
    pub typical: i64,
}

impl RateMeter {
    pub(super) fn push(&mut self, time: i64) {
        self.waiting.push(Reverse(time));
        if self.waiting.len() > REORDER
            && let Some(Reverse(first)) = self.waiting.pop()
        {
            self.settle(first);
        }
    }

    /// The next frame does not follow the one before.
    pub(super) fn jump(&mut self) {
        self.waiting.clear();
        self.close_run();
        self.skip = REORDER;
    }

    fn settle(&mut self, time: i64) {
        if self.skip > 0 {
            self.skip -= 1;
            return;
        }
        if let Some(last) = self.run.last {
            // Equal times are one frame in two packets; earlier ones are damage.
            if time <= last {
                return;
            }
            self.count(time - last);
            self.run.distances += 1;
        }
        self.run.first = self.run.first.or(Some(time));
        self.run.last = Some(time);
    }

    fn count(&mut self, distance: i64) {
        let known = self.distances.contains_key(&distance) || self.distances.len() < KINDS;
        let kind = if known {
            Some(distance)
        } else {
            let above = self.distances.range(distance..).next();
            let below = self.distances.range(..distance).next_back();
            above.or(below).map(|(&kind, _)| kind)
        };
        *self.distances.entry(kind.unwrap_or(distance)).or_default() += 1;
    }

    fn close_run(&mut self) {
        let run = std::mem::take(&mut self.run);
        if run.distances > self.longest.distances {
            self.longest = run;
        }
    }

    /// The rate, once the last packet was pushed. `tick` is the length of a tick in seconds.
    ///
    /// Constant means: 98 % of the distances lie within 2 % of the median, or within the 1.1 ms
    /// that a container with millisecond ticks makes of a constant rate. Of a variable rate the
    /// fast tenth counts, so that the grid is fine enough for the fast parts.
    pub(super) fn finish(mut self, tick: Rational) -> Rate {
        while let Some(Reverse(time)) = self.waiting.pop() {
            self.settle(time);
        }
        self.close_run();
        let total: u64 = self.distances.values().sum();
        let (Some(typical), Some(fast)) = (self.rank(total / 2), self.rank(total / 10)) else {
            return Rate {
                per_second: Rational::whole(LONELY),
                constant: true,
                typical: 0,
            };
        };
        let tolerance = (Rational::ticks(typical, 50)).max(Rational::ticks(11, 10_000) / tick);
        let steady: u64 = self
            .distances
            .iter()
            .filter(|&(&distance, _)| Rational::whole(distance - typical).abs() <= tolerance)
            .map(|(_, count)| count)
            .sum();
        let constant = 100 * steady >= 98 * total;
        let per_second = match (constant, self.longest.first, self.longest.last) {
            (true, Some(first), Some(last)) => {
                Rational::whole(self.longest.distances) / (Rational::whole(last - first) * tick)
            }
            _ => Rational::ONE / (Rational::whole(fast) * tick),
        };
        Rate {
            per_second,
            constant,
            typical,
        }
    }

    /// The distance that `rank` others are not above.
    fn rank(&self, rank: u64) -> Option<i64> {
        let mut below = 0;
        self.distances.iter().find_map(|(&distance, &count)| {
            below += count;
            (below > rank).then_some(distance)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tick(den: i128) -> Rational {
        Rational::new(1, den).unwrap()
    }

    fn measure(times: impl IntoIterator<Item = i64>, den: i128) -> Rate {
        let mut meter = RateMeter::default();
        times.into_iter().for_each(|time| meter.push(time));
        meter.finish(tick(den))
    }

    #[test]
    fn a_constant_rate_is_exact_in_any_decoding_order() {
        // I0 P3 B1 B2 P6 B4 B5 …
        let order = (0..100).flat_map(|gop| [3, 1, 2].map(|k| (3 * gop + k) * 3003));
        let rate = measure(order, 90_000);
        assert_eq!(rate.per_second, Rational::new(30_000, 1001).unwrap());
        assert!(rate.constant);
        assert_eq!(rate.typical, 3003);
    }

    #[test]
    fn rounding_to_milliseconds_is_still_constant() {
        let rate = measure((0..300).map(|n| (n * 1001 + 15) / 30), 1000);
        assert!(rate.constant);
        let off = rate.per_second / Rational::new(30_000, 1001).unwrap() - Rational::ONE;
        assert!(off.abs() < Rational::new(1, 5000).unwrap(), "{rate:?}");
    }

    #[test]
    fn of_a_variable_rate_the_fast_part_counts() {
        let slow = (0..100).map(|n| n * 3000);
        let fast = (0..100).map(|n| 300_000 + n * 1500);
        let rate = measure(slow.chain(fast), 90_000);
        assert!(!rate.constant);
        assert_eq!(rate.per_second, Rational::whole(60));
    }

    #[test]
    fn a_jump_is_no_distance() {
        let mut meter = RateMeter::default();
        (0..100).for_each(|n| meter.push(n * 40));
        meter.jump();
        // The reader lands inside a mini GOP: frame 10_001 comes without 10_000.
        for n in [10_003, 10_001, 10_002] {
            meter.push(n * 40);
        }
        (10_004..10_100).for_each(|n| meter.push(n * 40));
        let rate = meter.finish(tick(1000));
        assert!(rate.constant);
        assert_eq!(rate.per_second, Rational::whole(25));
    }

    #[test]
    fn a_single_frame_has_a_rate_too() {
        assert_eq!(measure([7], 1000).per_second, Rational::whole(25));
    }

    #[test]
    fn memory_stays_bounded_when_every_distance_differs() {
        let mut meter = RateMeter::default();
        let mut time = 0;
        for n in 0..50_000 {
            time += 1 + n;
            meter.push(time);
        }
        assert_eq!(meter.distances.len(), KINDS);
        assert!(!meter.finish(tick(1_000_000)).constant);
    }
}

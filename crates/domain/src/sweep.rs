//! Which uploads a sweep looks at: rounds through a bucket, as pure functions.
//!
//! An upload whose events were all lost has no job, and nobody who would notice. So the sweep goes
//! through the bucket in rounds. A round takes as many sweeps as it needs: each goes on behind the
//! key where the one before stopped. What is put in front of that key meanwhile is found by the
//! next round.
//!
//! A round looks at the uploads of one span of time, fixed when it begins. Whoever moves a round on
//! writes the next version of it, and only if nobody else did; so of two sweeps at once one goes
//! on.

use serde::{Deserialize, Serialize};

use crate::object::ObjectKey;

/// How old an upload is before the sweep looks for its job, in milliseconds. Events usually come
/// within seconds. Earlier would do no harm, as an upload has one job whoever starts it.
pub const GRACE_MS: u64 = 5 * 60_000;

/// Least time between the beginnings of two rounds, in milliseconds: what small buckets cost.
pub const ROUND_MS: u64 = 15 * 60_000;

/// A round through a bucket.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Round {
    /// Writes of a round of this bucket so far; zero for one that was never written.
    pub version: u64,
    /// When it began, in milliseconds since the Unix epoch.
    pub began_ms: u64,
    /// The earliest upload that it looks at, in milliseconds since the Unix epoch.
    pub from_ms: u64,
    /// The latest one.
    pub to_ms: u64,
    /// The last key that is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<ObjectKey>,
    /// Whether every key is done.
    pub ended: bool,
}

impl Round {
    /// The round to go on with: the last one, or, when that has ended, the next one if it is time.
    #[must_use]
    pub fn current(last: Option<&Self>, now_ms: u64, look_back_ms: u64) -> Option<Self> {
        let span = || {
            let from = now_ms.saturating_sub(look_back_ms);
            (from, now_ms.saturating_sub(GRACE_MS))
        };
        match last {
            Some(last) if !last.ended => Some(last.clone()),
            Some(last) if now_ms < last.began_ms.saturating_add(ROUND_MS) => None,
            last => Some(Self::begin(last, now_ms, span())),
        }
    }

    /// A round that begins now and looks at every upload, whatever its age.
    #[must_use]
    pub fn of_everything(last: Option<&Self>, now_ms: u64) -> Self {
        Self::begin(last, now_ms, (0, u64::MAX))
    }

    fn begin(last: Option<&Self>, now_ms: u64, (from_ms, to_ms): (u64, u64)) -> Self {
        Self {
            version: last.map_or(0, |last| last.version),
            began_ms: now_ms,
            from_ms,
            to_ms,
            after: None,
            ended: false,
        }
    }

    /// Whether it looks at an upload of this time, in milliseconds since the Unix epoch.
    #[must_use]
    pub const fn covers(&self, uploaded_ms: u64) -> bool {
        self.from_ms <= uploaded_ms && uploaded_ms <= self.to_ms
    }

    /// The round when every key up to this one is done; without a key, when all are.
    #[must_use]
    pub fn done_to(&self, key: Option<ObjectKey>) -> Self {
        Self {
            version: self.version + 1,
            ended: key.is_none(),
            after: key,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000_000;
    const DAY: u64 = 86_400_000;

    fn to(key: &str, round: &Round) -> Round {
        round.done_to(Some(ObjectKey::new(key)))
    }

    #[test]
    fn a_round_leaves_out_what_is_too_young_or_too_old() {
        let round = Round::current(None, NOW, DAY).unwrap();
        for (uploaded, covered) in [
            (NOW, false),
            (NOW - GRACE_MS + 1, false),
            (NOW - GRACE_MS, true),
            (NOW - DAY, true),
            (NOW - DAY - 1, false),
        ] {
            assert_eq!(round.covers(uploaded), covered, "{uploaded}");
        }
    }

    #[test]
    fn a_round_goes_on_behind_its_last_key_with_the_same_span() {
        let first = Round::current(None, NOW, DAY).unwrap();
        let second = to("m", &first);
        let current = Round::current(Some(&second), NOW + DAY, DAY).unwrap();
        assert_eq!(current, second);
        assert_eq!((current.version, current.to_ms), (1, first.to_ms));
    }

    #[test]
    fn the_next_round_begins_when_it_is_time() {
        let begun = Round::current(None, NOW, DAY).unwrap();
        let ended = to("m", &begun).done_to(None);
        assert_eq!(
            Round::current(Some(&ended), NOW + ROUND_MS - 1, DAY),
            None,
            "not yet"
        );
        let next = Round::current(Some(&ended), NOW + ROUND_MS, DAY).unwrap();
        assert_eq!((next.after, next.ended), (None, false), "from the start");
        assert_eq!(next.version, ended.version, "it replaces the one before");
    }

    #[test]
    fn a_round_of_everything_waits_for_nothing_and_leaves_nothing_out() {
        let begun = Round::current(None, NOW, DAY).unwrap();
        let all = Round::of_everything(Some(&to("m", &begun)), NOW + 1);
        assert!(all.covers(0) && all.covers(NOW + DAY));
        assert_eq!((all.after, all.version), (None, 1));
    }
}

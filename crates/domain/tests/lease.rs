//! Every interleaving of the lease's steps, with clocks that differ: an exhaustive search.
//!
//! The world is a job's record, a few attempts, and a clock per actor. Each actor reads the record
//! and later writes what it decided on, if the record is still the one that it read; between the
//! two, anybody else may do anything. The search visits every state within its bounds and checks
//! what must hold in each.

#![cfg(test)]

use std::collections::{HashSet, VecDeque};

use domain::lease::{ATTEMPTS, Errand, HEARTBEAT_MS, LEASE_MS, Lease};

/// Sweeps that may run at once.
const SWEEPS: usize = 2;
/// How far an actor's clock may be from the store's, in ticks of time.
const SKEW: [i64; 2] = [-1, 1];
/// Ticks of time that the world lives for.
const TICKS: u64 = 3;
/// One tick is enough for a lease to run out, whatever the clock says.
const TICK_MS: u64 = LEASE_MS + HEARTBEAT_MS;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum End {
    Ready,
    Failed,
}

/// The record: what a compare-and-set protects.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Record {
    version: u64,
    lease: Lease,
    end: Option<End>,
    /// Which attempt ended the job.
    ended_by: u32,
}

/// What an actor read and has not acted on yet.
type Seen = Option<Record>;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct World {
    ticks: u64,
    record: Record,
    /// An attempt's worker: which attempt, and what it read. None once it is dead or done.
    workers: Vec<Option<(u32, Seen)>>,
    sweeps: [Seen; SWEEPS],
    /// How often an attempt of this number was begun.
    begun: Vec<u32>,
    retried: bool,
}

impl World {
    fn new() -> Self {
        Self {
            ticks: 1,
            record: Record {
                version: 1,
                lease: Lease::first(TICK_MS),
                end: None,
                ended_by: 0,
            },
            workers: vec![Some((1, None))],
            sweeps: [None, None],
            begun: vec![0, 1],
            retried: false,
        }
    }

    fn clock(&self, actor: usize) -> u64 {
        let skew = SKEW[actor % SKEW.len()] * i64::try_from(HEARTBEAT_MS).unwrap();
        (self.ticks * TICK_MS).checked_add_signed(skew).unwrap()
    }

    /// Writes if nobody wrote since.
    fn swap(&mut self, seen: &Record, mut next: Record) -> bool {
        if self.record.version != seen.version {
            return false;
        }
        next.version += 1;
        self.record = next;
        true
    }

    fn begin(&mut self, attempt: u32) {
        let number = usize::try_from(attempt).unwrap();
        self.begun.resize(self.begun.len().max(number + 1), 0);
        self.begun[number] += 1;
        self.workers.push(Some((attempt, None)));
    }

    fn next(&self) -> Vec<Self> {
        let mut worlds = Vec::new();
        let mut add = |change: &dyn Fn(&mut Self)| {
            let mut world = self.clone();
            change(&mut world);
            // Who is dead makes no difference any more: fewer states to visit.
            world.workers.retain(Option::is_some);
            worlds.push(world);
        };
        if self.ticks < TICKS {
            add(&|world| world.ticks += 1);
        }
        if self.record.end.is_none() && !self.record.lease.cancelled {
            add(&|world| {
                world.record.lease = world.record.lease.cancel();
                world.record.version += 1;
            });
        }
        if self.record.end == Some(End::Failed) && !self.retried {
            add(&|world| {
                world.retried = true;
                world.record.end = None;
                world.record.lease = world.record.lease.try_again(world.clock(0));
                world.record.version += 1;
                world.begin(world.record.lease.attempt);
            });
        }
        for (at, worker) in self.workers.iter().enumerate() {
            match worker {
                None => {}
                Some((_, None)) => {
                    add(&|world| {
                        world.workers[at].as_mut().unwrap().1 = Some(world.record.clone());
                    });
                    add(&|world| world.workers[at] = None);
                }
                Some((attempt, Some(seen))) => {
                    add(&|world| world.beat(at, *attempt, seen));
                    for end in [End::Ready, End::Failed] {
                        add(&|world| world.finish(at, *attempt, seen, end.clone()));
                    }
                }
            }
        }
        for (at, sweep) in self.sweeps.iter().enumerate() {
            match sweep {
                None => add(&|world| world.sweeps[at] = Some(world.record.clone())),
                Some(seen) => add(&|world| world.sweep(at, seen)),
            }
        }
        worlds
    }

    fn beat(&mut self, at: usize, attempt: u32, seen: &Record) {
        let renewed = seen
            .lease
            .renew(attempt, self.clock(usize::from(attempt.is_multiple_of(2))));
        self.workers[at] = match renewed {
            Err(_) => None,
            Ok(_) if seen.end.is_some() => None,
            Ok(lease) => {
                if let Some(lease) = lease {
                    self.swap(
                        seen,
                        Record {
                            lease,
                            ..seen.clone()
                        },
                    );
                }
                Some((attempt, None))
            }
        };
    }

    /// The rules of `cloud::finish::settle`, as far as the lease goes.
    fn finish(&mut self, at: usize, attempt: u32, seen: &Record, end: End) {
        self.workers[at] = None;
        if seen.lease.attempt != attempt || seen.end.is_some() {
            return;
        }
        let mut next = seen.clone();
        let cancelled = seen.lease.cancelled;
        if end == End::Failed && seen.lease.may_go_on() {
            next.lease = seen.lease.release();
        } else {
            next.end = Some(if cancelled { End::Failed } else { end });
            next.ended_by = attempt;
        }
        if !self.swap(seen, next) {
            // It reads again and decides anew.
            self.workers[at] = Some((attempt, None));
        }
    }

    fn sweep(&mut self, at: usize, seen: &Record) {
        self.sweeps[at] = None;
        let taken = seen.lease.take_over(self.clock(at));
        let Some((lease, errand)) = taken.filter(|_| seen.end.is_none()) else {
            return;
        };
        if self.swap(
            seen,
            Record {
                lease,
                ..seen.clone()
            },
        ) {
            assert_eq!(errand == Errand::Cancel, seen.lease.cancelled);
            self.begin(lease.attempt);
        }
    }

    fn check(&self) {
        let lease = self.record.lease;
        assert!(
            self.begun.iter().all(|&times| times <= 1),
            "one attempt, one owner: {self:?}"
        );
        let begun: u32 = self.begun.iter().sum();
        assert_eq!(begun, lease.attempt, "every attempt was begun: {self:?}");
        if self.record.end.is_some() {
            assert_eq!(
                self.record.ended_by, lease.attempt,
                "the current attempt ends it: {self:?}"
            );
        }
        if self.record.end == Some(End::Ready) {
            assert!(
                !lease.cancelled,
                "what is cancelled is not published: {self:?}"
            );
        }
    }

    /// A job that runs, and whose workers are all dead, is taken over by any sweep that comes late
    /// enough: it is never left hanging.
    fn check_not_left_hanging(&self) {
        if self.record.end.is_some() {
            return;
        }
        let late = (TICKS + 2) * TICK_MS;
        let (next, errand) = self.record.lease.take_over(late).unwrap();
        let lease = self.record.lease;
        assert_eq!(next.attempt, lease.attempt + 1);
        let expected = match (lease.cancelled, lease.attempt < lease.last_attempt) {
            (true, _) => Errand::Cancel,
            (false, true) => Errand::Encode,
            (false, false) => Errand::GiveUp,
        };
        assert_eq!(errand, expected);
    }
}

#[test]
fn every_interleaving_keeps_one_owner_and_leaves_nothing_hanging() {
    let mut known = HashSet::from([World::new()]);
    let mut open = VecDeque::from([World::new()]);
    let mut ends = HashSet::new();
    let mut attempts = 0;
    while let Some(world) = open.pop_front() {
        world.check();
        world.check_not_left_hanging();
        attempts = attempts.max(world.record.lease.attempt);
        ends.insert(world.record.end.clone().map(|end| format!("{end:?}")));
        // Bounds: beyond these, nothing new happens but higher numbers.
        if world.record.version > 6 || world.workers.iter().flatten().count() > 2 {
            continue;
        }
        for next in world.next() {
            if known.insert(next.clone()) {
                open.push_back(next);
            }
        }
    }
    assert_eq!(ends.len(), 3, "running, ready and failed were all reached");
    assert!(
        attempts > ATTEMPTS,
        "and the end of the budget, too: {attempts}"
    );
    assert!(
        known.len() > 10_000,
        "a search that finds so little is none: {}",
        known.len()
    );
}

#[test]
fn a_heartbeat_writes_no_more_often_than_it_must() {
    let lease = Lease::first(1_000);
    assert_eq!(lease.renew(1, 1_000 + HEARTBEAT_MS - 1), Ok(None));
    let renewed = lease.renew(1, 1_000 + HEARTBEAT_MS).unwrap().unwrap();
    assert_eq!(renewed.expires_ms, 1_000 + HEARTBEAT_MS + LEASE_MS);
    // A clock that is behind writes nothing either.
    assert_eq!(lease.renew(1, 0), Ok(None));
}

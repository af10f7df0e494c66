//! What has happened in the page and the Worker has not confirmed.

use alloc::vec::Vec;

use crate::facts::Standing;
use crate::snapshot::Residue;
use crate::time::Millis;

/// So much is remembered at most. Beyond it the oldest counts as confirmed: a page that was offline for so long has lost count anyway.
const MAX_PENDING: usize = 10_000;

/// Local events, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Pending {
    entries: Vec<Entry>,
    /// By what an event changes: the place of the last entry that did.
    last: Vec<usize>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    batch: u64,
    change: Change,
    /// How much, how often, or what is set.
    n: u64,
    at: Millis,
}

/// What an event changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// A counter counts more.
    Add { meter: usize },
    /// A gauge shows something else.
    Set { meter: usize },
    /// A tracked event is seen again.
    Track { event: usize },
}

impl Change {
    /// Lays `n` of it on top of `standing`.
    pub(super) fn apply(self, n: u64, at: Millis, standing: &mut Standing) {
        match self {
            Self::Add { meter } => {
                if let Some(meter) = standing.meters.get_mut(meter) {
                    meter.count(n, at);
                }
            }
            Self::Set { meter } => {
                if let Some(meter) = standing.meters.get_mut(meter) {
                    meter.value = n;
                }
            }
            Self::Track { event } => {
                if let Some(event) = standing.events.get_mut(event) {
                    event.count_all(n, at);
                }
            }
        }
    }
}

impl Entry {
    /// Takes in what came later, if the two together are as good as one: periods and days begin with whole seconds.
    fn merge(&mut self, later: &Self) -> bool {
        let is_set = matches!(later.change, Change::Set { .. });
        let merges = (self.batch, self.change) == (later.batch, later.change) && (is_set || self.at.second() == later.at.second());
        if merges {
            self.n = if is_set { later.n } else { self.n.saturating_add(later.n) };
            self.at = self.at.max(later.at);
        }
        merges
    }
}

impl Pending {
    pub(super) const NONE: Self = Self { entries: Vec::new(), last: Vec::new() };

    /// Remembers a change, the last one of `slot`.
    pub(super) fn push(&mut self, slot: usize, batch: u64, change: Change, n: u64, at: Millis) {
        let entry = Entry { batch, change, n, at };
        if slot >= self.last.len() {
            self.last.resize(slot + 1, 0);
        }
        let Some(last) = self.last.get_mut(slot) else { return };
        if self.entries.get_mut(*last).is_some_and(|known| known.merge(&entry)) {
            return;
        }
        if self.entries.len() >= MAX_PENDING {
            self.entries.drain(..MAX_PENDING / 2);
        }
        *last = self.entries.len();
        self.entries.push(entry);
    }

    /// Forgets the batches for which `is_over` holds.
    pub(super) fn forget(&mut self, is_over: impl Fn(u64) -> bool) {
        self.entries.retain(|entry| !is_over(entry.batch));
    }

    /// Lays everything on top of `standing`.
    pub(super) fn apply(&self, standing: &mut Standing) {
        for entry in &self.entries {
            entry.change.apply(entry.n, entry.at, standing);
        }
    }

    /// A new configuration may number meters and events otherwise: local events follow their names, or go with them.
    pub(super) fn renumber(&mut self, old: &Residue, new: &Residue) {
        let follow = |i: &mut usize, old: &[u32], new: &[u32]| {
            let place = old.get(*i).and_then(|key| new.iter().position(|other| other == key));
            *i = place.unwrap_or(*i);
            place.is_some()
        };
        self.entries.retain_mut(|entry| match &mut entry.change {
            Change::Add { meter } | Change::Set { meter } => follow(meter, &old.meters, &new.meters),
            Change::Track { event } => follow(event, &old.events, &new.events),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{EventStanding, MeterStanding};
    use crate::time::SECOND;

    const NOW: Millis = Millis(1_750_000_000_000);
    const ADD: Change = Change::Add { meter: 0 };
    const SET: Change = Change::Set { meter: 1 };
    const TRACK: Change = Change::Track { event: 0 };

    fn laid(pending: &Pending) -> (u64, u64, u64) {
        let event = EventStanding::default();
        let mut standing = Standing { meters: vec![MeterStanding::default(); 2], events: vec![event], ..Standing::default() };
        pending.apply(&mut standing);
        (standing.meters[0].value, standing.meters[1].value, standing.events[0].days.sum(NOW.day(), 1))
    }

    #[test]
    fn what_happens_within_a_second_takes_one_place_and_counts_each_time() {
        let mut pending = Pending::default();
        for i in 0..500 {
            pending.push(0, 1, ADD, 3, NOW.plus(i));
            pending.push(1, 1, SET, 7 + i.unsigned_abs(), NOW.plus(i));
            pending.push(2, 1, TRACK, 1, NOW.plus(i));
        }
        assert_eq!((pending.entries.len(), laid(&pending)), (3, (1_500, 506, 500)));
        pending.push(0, 1, ADD, 3, NOW.plus(SECOND));
        pending.push(0, 2, ADD, 3, NOW.plus(SECOND));
        assert_eq!((pending.entries.len(), laid(&pending).0), (5, 1_506), "other seconds and other batches stand for themselves");
        pending.forget(|batch| batch == 1);
        assert_eq!(laid(&pending), (3, 0, 0));
        pending.push(0, 2, ADD, 4, NOW.plus(SECOND));
        assert_eq!(laid(&pending).0, 7, "whatever has been forgotten");
    }

    #[test]
    fn a_page_that_is_never_answered_stays_small() {
        let mut pending = Pending::default();
        for second in 0..50_000 {
            pending.push(0, 1, ADD, 1, NOW.plus(second * SECOND));
        }
        assert!(pending.entries.len() <= MAX_PENDING);
    }
}

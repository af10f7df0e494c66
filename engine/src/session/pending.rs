//! What has happened in the page and the Worker has not confirmed.

use alloc::vec::Vec;

use crate::facts::Standing;
use crate::snapshot::Residue;
use crate::time::Millis;

/// So much is remembered at most. Beyond it the oldest counts as confirmed: a page that was offline for so long has lost count anyway.
const MAX_PENDING: usize = 10_000;

/// Of so many meters and tracked events it is known where the last one lies, for the next to join it.
const KINDS: usize = 128;

/// Local events, oldest first.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    changes: Vec<Change>,
    /// By the remainder of `what`: behind which the last one of these lies. 0: not known.
    last: [usize; KINDS],
}

/// What an event changes, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    pub(super) batch: u64,
    /// A meter's number; or a tracked event's, which follow those of all meters.
    pub(super) what: usize,
    /// Whether a gauge shows something else, rather than that so many more are counted.
    pub(super) is_set: bool,
    pub(super) n: u64,
    pub(super) at: Millis,
}

impl Change {
    /// Lays it on top of `standing`.
    #[inline(never)]
    pub(super) fn apply(&self, standing: &mut Standing) {
        if let Some(meter) = standing.meters.get_mut(self.what) {
            if self.is_set {
                meter.value = self.n;
            } else {
                meter.count(self.n, self.at);
            }
        } else if let Some(event) = standing.events.get_mut(self.what - standing.meters.len()) {
            event.count_all(self.n, self.at);
        }
    }

    /// Takes in what came later, if the two together are as good as one: periods and days begin with whole seconds.
    fn merge(&mut self, later: &Self) -> bool {
        let merges = (self.batch, self.is_set) == (later.batch, later.is_set) && (self.is_set || self.at.second() == later.at.second());
        if merges {
            self.n = if self.is_set { later.n } else { self.n.saturating_add(later.n) };
            self.at = self.at.max(later.at);
        }
        merges
    }
}

impl Pending {
    pub(super) const NONE: Self = Self { changes: Vec::new(), last: [0; KINDS] };

    /// Remembers a change.
    pub(super) fn push(&mut self, change: Change) {
        let Some(last) = self.last.get_mut(change.what % KINDS) else { return };
        let known = self.changes.get_mut(last.wrapping_sub(1)).filter(|known| known.what == change.what);
        if known.is_some_and(|known| known.merge(&change)) {
            return;
        }
        *last = self.changes.len() + 1;
        self.changes.push(change);
        if self.changes.len() > MAX_PENDING {
            self.changes.drain(..MAX_PENDING / 2);
            self.last = Self::NONE.last;
        }
    }

    /// Forgets the batches for which `is_over` holds.
    pub(super) fn forget(&mut self, is_over: &dyn Fn(u64) -> bool) {
        self.changes.retain(|change| !is_over(change.batch));
        self.last = Self::NONE.last;
    }

    /// Lays everything on top of `standing`.
    pub(super) fn apply(&self, standing: &mut Standing) {
        for change in &self.changes {
            change.apply(standing);
        }
    }

    /// A new configuration may number meters and events otherwise: local events follow their names, or go with them.
    pub(super) fn renumber(&mut self, old: &Residue, new: &Residue) {
        let follow = |i: usize, old: &[u32], new: &[u32]| old.get(i).and_then(|key| new.iter().position(|other| other == key));
        self.changes.retain_mut(|change| {
            let place = match change.what.checked_sub(old.meters.len()) {
                None => follow(change.what, &old.meters, &new.meters),
                Some(event) => follow(event, &old.events, &new.events).map(|event| new.meters.len() + event),
            };
            change.what = place.unwrap_or_default();
            place.is_some()
        });
        self.last = Self::NONE.last;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{EventStanding, MeterStanding};
    use crate::time::{DurationMs, SECOND};

    const NOW: Millis = Millis(1_750_000_000_000);

    /// Of a counter, a gauge and a tracked event.
    fn change(what: usize, batch: u64, n: u64, after: DurationMs) -> Change {
        Change { batch, what, is_set: what == 1, n, at: NOW.plus(after) }
    }

    fn laid(pending: &Pending) -> (u64, u64, u64) {
        let event = EventStanding::default();
        let mut standing = Standing { meters: vec![MeterStanding::default(); 2], events: vec![event], ..Standing::default() };
        pending.apply(&mut standing);
        (standing.meters[0].value, standing.meters[1].value, standing.events[0].days.sum(NOW.day(), 1))
    }

    #[test]
    fn what_happens_within_a_second_takes_one_place_and_counts_each_time() {
        let mut pending = Pending::NONE;
        for i in 0..500 {
            pending.push(change(0, 1, 3, i));
            pending.push(change(1, 1, 7 + i.unsigned_abs(), i));
            pending.push(change(2, 1, 1, i));
        }
        assert_eq!((pending.changes.len(), laid(&pending)), (3, (1_500, 506, 500)));
        pending.push(change(0, 1, 3, SECOND));
        pending.push(change(0, 2, 3, SECOND));
        assert_eq!((pending.changes.len(), laid(&pending).0), (5, 1_506), "other seconds and other batches stand for themselves");
        pending.forget(&|batch| batch == 1);
        assert_eq!(laid(&pending), (3, 0, 0));
        pending.push(change(0, 2, 4, SECOND));
        assert_eq!(laid(&pending).0, 7, "whatever has been forgotten");
    }

    #[test]
    fn a_page_that_is_never_answered_stays_small() {
        let mut pending = Pending::NONE;
        for second in 0..50_000 {
            pending.push(change(0, 1, 1, second * SECOND));
        }
        assert!(pending.changes.len() <= MAX_PENDING);
    }
}

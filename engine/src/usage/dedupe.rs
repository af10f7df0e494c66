//! Counting once: what has been seen before is not counted again.
//!
//! Two ways to say "this is the same": a client numbers its batches (`client`, `seq`), which costs a few bytes per client
//! however many events it sends; or single events carry an `id`, which costs eight bytes per event.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::hash::hash64;
use crate::time::{DAY, DurationMs, Millis};
use crate::wire;

/// Whether something is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// For the first time: count it.
    First,
    /// Again: it has been counted already.
    Again,
}

/// How long a silent client and the id of an event are remembered: as long as an offline queue may wait
/// ([`MAX_PAST`](super::MAX_PAST)).
const MEMORY: DurationMs = 3 * DAY;
/// The most clients remembered. Beyond it the client silent for longest is forgotten.
const MAX_CLIENTS: usize = 1_024;

/// Which batch numbers of which clients have been counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clients {
    windows: Vec<Window>,
}

wire! { struct Clients { windows } }

/// The batches of one client: the highest number, and which of the 64 below it have not been counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Window {
    client: u64,
    high: u64,
    /// Bit `i` stands for `high - 1 - i`. As good as always there are none, which takes one byte.
    missing: u64,
    last: Millis,
}

wire! { struct Window { client, high, missing, last } }

impl Clients {
    /// Marks batch `seq` of `client` (a hash of its name and owner) as counted. A number more than 64 below the highest
    /// answers [`Seen::Again`]: exactly-once prefers to drop what it can no longer tell apart, and clients send in order.
    pub fn mark(&mut self, client: u64, seq: u64, now: Millis) -> Seen {
        if let Some(window) = self.windows.iter_mut().find(|w| w.client == client) {
            window.last = now;
            return window.mark(seq);
        }
        self.windows.retain(|w| now.since(w.last) <= MEMORY);
        if self.windows.len() >= MAX_CLIENTS {
            let oldest = self.windows.iter().enumerate().min_by_key(|(_, w)| w.last).map(|(i, _)| i);
            oldest.map(|i| self.windows.swap_remove(i));
        }
        self.windows.push(Window { client, high: seq, missing: lowest(seq.saturating_sub(1)), last: now });
        Seen::First
    }

    /// The highest batch number counted for `client`, 0 when it is unknown; and which of the 64 below it have not been counted,
    /// where bit `i` stands for the number `i + 1` below. So a client whose batches have overtaken each other knows of each.
    pub fn applied(&self, client: u64) -> (u64, u64) {
        self.windows.iter().find(|w| w.client == client).map_or((0, 0), |w| (w.high, w.missing))
    }
}

impl Window {
    fn mark(&mut self, seq: u64) -> Seen {
        if seq > self.high {
            let steps = seq - self.high;
            // All between the old highest and the new one are missing, the old highest is not.
            let older = u32::try_from(steps).ok().and_then(|steps| self.missing.checked_shl(steps)).unwrap_or(0);
            self.missing = older | lowest(steps - 1);
            self.high = seq;
            return Seen::First;
        }
        let bit = u32::try_from(self.high - seq).ok().and_then(|back| 1_u64.checked_shl(back.checked_sub(1)?)).unwrap_or(0);
        if self.missing & bit == 0 {
            return Seen::Again;
        }
        self.missing &= !bit;
        Seen::First
    }
}

/// The lowest `count` bits, 64 at most.
fn lowest(count: u64) -> u64 {
    let above = u32::try_from(count).ok().and_then(|count| u64::MAX.checked_shl(count)).unwrap_or(0);
    !above
}

/// Ids on one page; a page is one stored row, rewritten as it fills.
const PAGE_IDS: usize = 512;
/// The most pages kept; beyond it the oldest is forgotten before its time (131,072 events of one tenant).
const MAX_PAGES: usize = 256;

/// The ids of recent events, as pages of hashes so that storing a batch rewrites one bounded row.
#[derive(Clone, Debug, Default)]
pub struct RecentIds {
    pages: Vec<Page>,
    /// Every hash on every page, sorted.
    known: BTreeSet<u64>,
}

/// One stored page of ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Rises by one from page to page.
    pub number: u64,
    /// When the newest id on it came in.
    pub newest: Millis,
    /// 64-bit hashes of the ids.
    pub ids: Vec<u64>,
}

wire! { struct Page { number, newest, ids } }

/// What to write after marking ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageChanges {
    /// Pages to store again.
    pub dirty: Vec<u64>,
    /// Pages to delete.
    pub dropped: Vec<u64>,
}

impl RecentIds {
    /// Restores from stored pages, in the order of their numbers.
    pub fn load(pages: Vec<Page>) -> Self {
        let mut known = BTreeSet::new();
        for id in pages.iter().flat_map(|p| &p.ids) {
            known.insert(*id); // collecting would sort them first, with a sort of five kilobytes of wasm
        }
        Self { pages, known }
    }

    /// Marks the event `id` as counted; `changes` collects what must be stored.
    pub fn mark(&mut self, id: &str, now: Millis, changes: &mut PageChanges) -> Seen {
        let hash = hash64(id.as_bytes());
        if !self.known.insert(hash) {
            return Seen::Again;
        }
        if self.pages.last().is_none_or(|p| p.ids.len() >= PAGE_IDS) {
            self.forget_old(now, changes);
            let number = self.pages.last().map_or(1, |p| p.number + 1);
            self.pages.push(Page { number, newest: now, ids: Vec::new() });
        }
        if let Some(page) = self.pages.last_mut() {
            page.ids.push(hash);
            page.newest = now;
            if changes.dirty.last() != Some(&page.number) {
                changes.dirty.push(page.number);
            }
        }
        Seen::First
    }

    /// The page with this number.
    pub fn page(&self, number: u64) -> Option<&Page> {
        self.pages.iter().rev().find(|p| p.number == number)
    }

    fn forget_old(&mut self, now: Millis, changes: &mut PageChanges) {
        let over = (self.pages.len() + 1).saturating_sub(MAX_PAGES);
        let expired = self.pages.iter().take_while(|p| now.since(p.newest) > MEMORY).count();
        for page in self.pages.drain(..over.max(expired).min(self.pages.len())) {
            for id in &page.ids {
                self.known.remove(id);
            }
            changes.dropped.push(page.number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_000_000);

    #[test]
    fn a_batch_counts_once_in_any_order_of_arrival() {
        let mut clients = Clients::default();
        for (seq, expected) in [
            (7, Seen::First),
            (7, Seen::Again),
            (9, Seen::First),
            (8, Seen::First), // late, within the window
            (8, Seen::Again),
            (9, Seen::Again),
            (7, Seen::Again),
            (80, Seen::First),
            (79, Seen::First),
            (16, Seen::First), // 64 below the highest: the window's edge
            (15, Seen::Again), // beyond it: cannot be told apart any more
            (9, Seen::Again),
            (1_000, Seen::First),
            (80, Seen::Again),
        ] {
            assert_eq!(clients.mark(1, seq, NOW), expected, "seq {seq}");
        }
        assert_eq!(clients.mark(2, 7, NOW), Seen::First, "another client");
        assert_eq!((clients.applied(1), clients.applied(3)), ((1_000, u64::MAX), (0, 0)));
    }

    #[test]
    fn it_is_told_which_batches_were_overtaken() {
        let mut clients = Clients::default();
        for (seq, expected) in [
            (1, (1, 0)),
            (2, (2, 0)),
            (5, (5, 0b11)), // 4 and 3
            (3, (5, 0b01)),
            (4, (5, 0)),
            (69, (69, u64::MAX >> 1)), // 5 is the last that the window holds
            (70, (70, u64::MAX - 1)),  // 69 was counted; what is out of sight counts as well
        ] {
            assert_eq!(clients.mark(1, seq, NOW), Seen::First);
            assert_eq!(clients.applied(1), expected, "after {seq}");
        }
        (71..200).for_each(|seq| _ = clients.mark(1, seq, NOW));
        assert_eq!(clients.applied(1), (199, 0), "gaps are forgotten in the end");
        assert!(wire::encode(&clients).len() <= 12, "and a client takes few bytes: {:?}", wire::encode(&clients));
    }

    #[test]
    fn clients_are_bounded_and_the_longest_silent_goes_first() {
        let mut clients = Clients::default();
        for client in 0..2_000_i64 {
            clients.mark(client.unsigned_abs(), 1, Millis(client));
        }
        assert_eq!(clients.windows.len(), MAX_CLIENTS);
        assert_eq!(clients.mark(1_999, 1, NOW), Seen::Again);
        assert_eq!(clients.applied(3), (0, 0));
    }

    #[test]
    fn ids_are_remembered_across_storage() {
        let mut changes = PageChanges::default();
        let mut ids = RecentIds::default();
        for i in 0..1_000 {
            assert_eq!(ids.mark(&format!("evt_{i}"), NOW, &mut changes), Seen::First);
        }
        assert_eq!(changes.dirty, [1, 2]);
        let stored = changes.dirty.iter().filter_map(|n| ids.page(*n).cloned()).collect();
        let mut ids = RecentIds::load(stored);
        for i in 0..1_000 {
            assert_eq!(ids.mark(&format!("evt_{i}"), NOW, &mut changes), Seen::Again);
        }
    }

    #[test]
    fn ids_are_forgotten_after_three_days_and_pages_are_bounded() {
        let mut ids = RecentIds::default();
        let mut changes = PageChanges::default();
        for i in 0..PAGE_IDS {
            ids.mark(&format!("old_{i}"), NOW, &mut changes);
        }
        let later = NOW.plus(MEMORY + 1);
        assert_eq!(ids.mark("new", later, &mut changes), Seen::First);
        assert_eq!(changes.dropped, [1]);
        assert_eq!(ids.mark("old_0", later, &mut changes), Seen::First);
        for i in 0..(MAX_PAGES + 10) * PAGE_IDS {
            ids.mark(&format!("many_{i}"), later, &mut changes);
        }
        assert_eq!(ids.pages.len(), MAX_PAGES);
    }
}

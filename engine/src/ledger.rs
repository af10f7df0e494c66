//! The frequency ledger: who has seen, dismissed, snoozed or followed what, and when.
//!
//! A set of moments per campaign. Merging two ledgers is their union, so it does not matter in which order, how often or by
//! which way (this page, another tab, the server) a moment arrives.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::campaign::Cap;
use crate::time::Millis;
use crate::usage::NoteKind;
use crate::wire;

/// The most exposures kept per campaign; configuration allows no cap above it.
pub const MAX_KEPT: usize = 50;
/// The most campaigns kept, as many as a configuration may have; beyond it the one longest untouched is forgotten.
const MAX_CAMPAIGNS: usize = 1_000;

/// What one user, or a whole tenant, has met.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    entries: Vec<Entry>,
}

wire! { struct Ledger { entries } }

/// What happened with one campaign.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    campaign: String,
    /// Newest first.
    shown: Vec<Millis>,
    clicked: Option<Millis>,
    dismissed: Option<Millis>,
    snoozed_until: Option<Millis>,
}

wire! { struct Entry { campaign, shown, clicked, dismissed, snoozed_until } }

impl Entry {
    fn last_touched(&self) -> Option<Millis> {
        self.shown.first().copied().max(self.clicked).max(self.dismissed).max(self.snoozed_until)
    }

    /// Answers whether this is new.
    fn show(&mut self, at: Millis) -> bool {
        let place = self.shown.iter().take_while(|known| **known > at).count();
        let new = place < MAX_KEPT && self.shown.get(place) != Some(&at);
        if new {
            self.shown.insert(place, at);
            self.shown.truncate(MAX_KEPT);
        }
        new
    }
}

/// Keeps the later of two moments; answers whether that is a new one.
fn raise(moment: &mut Option<Millis>, other: Option<Millis>) -> bool {
    let new = *moment < other;
    if new {
        *moment = other;
    }
    new
}

impl Ledger {
    /// Records that `kind` happened to `campaign` `at`. Recording the same again changes nothing; answers whether
    /// anything changed.
    pub fn note(&mut self, campaign: &str, kind: NoteKind, at: Millis) -> bool {
        let entry = self.entry(campaign);
        match kind {
            NoteKind::Exposure => entry.show(at),
            NoteKind::Click => raise(&mut entry.clicked, Some(at)),
            NoteKind::Dismiss => raise(&mut entry.dismissed, Some(at)),
            NoteKind::Snooze(until) => raise(&mut entry.snoozed_until, Some(until)),
        }
    }

    /// Adds everything `other` knows.
    pub fn merge(&mut self, other: &Self) {
        for theirs in &other.entries {
            let ours = self.entry(&theirs.campaign);
            for at in &theirs.shown {
                ours.show(*at);
            }
            raise(&mut ours.clicked, theirs.clicked);
            raise(&mut ours.dismissed, theirs.dismissed);
            raise(&mut ours.snoozed_until, theirs.snoozed_until);
        }
    }

    /// What it knows of the campaigns for which `is_wanted` holds.
    #[cfg(feature = "edge")]
    #[must_use]
    pub fn only(&self, is_wanted: impl Fn(&str) -> bool) -> Self {
        Self { entries: self.entries.iter().filter(|e| is_wanted(&e.campaign)).cloned().collect() }
    }

    /// Whether `cap` leaves room for one more exposure of `campaign` at `now`.
    pub fn allows(&self, campaign: &str, cap: &Cap, now: Millis) -> bool {
        let since = now.plus(cap.window.saturating_neg());
        let shown = self.find(campaign).map_or(0, |e| e.shown.iter().take_while(|at| **at > since).count());
        shown < usize::from(cap.max)
    }

    /// When `campaign` was shown, newest first; the last [`MAX_KEPT`] times.
    #[cfg(feature = "edge")]
    pub fn shown(&self, campaign: &str) -> &[Millis] {
        self.find(campaign).map_or(&[], |e| &e.shown)
    }

    /// When `campaign` was last dismissed.
    pub fn dismissed(&self, campaign: &str) -> Option<Millis> {
        self.find(campaign)?.dismissed
    }

    /// Until when `campaign` is to stay away.
    pub fn snoozed_until(&self, campaign: &str) -> Option<Millis> {
        self.find(campaign)?.snoozed_until
    }

    fn find(&self, campaign: &str) -> Option<&Entry> {
        self.entries.iter().find(|e| e.campaign == campaign)
    }

    fn entry(&mut self, campaign: &str) -> &mut Entry {
        let known = self.entries.iter().position(|e| e.campaign == campaign);
        let place = known.unwrap_or_else(|| {
            if self.entries.len() >= MAX_CAMPAIGNS {
                let oldest = self.entries.iter().enumerate().min_by_key(|(_, e)| e.last_touched()).map(|(i, _)| i);
                oldest.map(|i| self.entries.remove(i));
            }
            self.entries.push(Entry { campaign: campaign.to_owned(), ..Entry::default() });
            self.entries.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "the place of an entry that was found or pushed above")]
        &mut self.entries[place]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::Scope;
    use crate::time::{DAY, HOUR};
    use proptest::prelude::*;

    const NOW: Millis = Millis(1_750_000_000_000);

    #[test]
    fn a_cap_counts_exposures_in_a_rolling_window() {
        let mut ledger = Ledger::default();
        let cap = Cap { max: 2, window: DAY, scope: Scope::User };
        for (at, allowed) in [(0, true), (HOUR, true), (2 * HOUR, false), (DAY - 1, false), (DAY, true)] {
            assert_eq!(ledger.allows("a", &cap, NOW.plus(at)), allowed, "{at}");
            if allowed {
                ledger.note("a", NoteKind::Exposure, NOW.plus(at));
            }
        }
        assert!(ledger.allows("b", &cap, NOW.plus(DAY)), "campaigns have budgets of their own");
    }

    #[test]
    fn the_same_moment_counts_once() {
        let mut ledger = Ledger::default();
        assert!(ledger.note("a", NoteKind::Exposure, NOW));
        assert!(!ledger.note("a", NoteKind::Exposure, NOW));
    }

    #[test]
    fn a_part_of_a_ledger_knows_all_of_its_campaigns_and_nothing_of_others() {
        let mut ledger = Ledger::default();
        for (campaign, kind) in [("a", NoteKind::Exposure), ("b", NoteKind::Exposure), ("a", NoteKind::Dismiss)] {
            ledger.note(campaign, kind, NOW);
        }
        let part = ledger.only(|campaign| campaign == "a");
        assert_eq!((part.find("a"), part.find("b")), (ledger.find("a"), None));
    }

    #[test]
    fn ledgers_are_bounded() {
        let mut ledger = Ledger::default();
        for i in 0..2_000_i64 {
            ledger.note(&format!("c{i}"), NoteKind::Exposure, NOW.plus(i));
            ledger.note("busy", NoteKind::Exposure, NOW.plus(i));
        }
        assert_eq!(ledger.entries.len(), MAX_CAMPAIGNS);
        assert_eq!(ledger.find("busy").map(|e| e.shown.len()), Some(MAX_KEPT));
    }

    fn notes() -> impl Strategy<Value = Vec<(u8, u8, i64)>> {
        prop::collection::vec((0..3_u8, 0..4_u8, 0..20_i64), 0..30)
    }

    fn ledger_of(notes: &[(u8, u8, i64)]) -> Ledger {
        let mut ledger = Ledger::default();
        for (campaign, kind, at) in notes {
            let at = NOW.plus(*at);
            let kind = [NoteKind::Exposure, NoteKind::Click, NoteKind::Dismiss, NoteKind::Snooze(at)][usize::from(*kind)];
            ledger.note(&format!("c{campaign}"), kind, at);
        }
        ledger
    }

    fn sorted(mut ledger: Ledger) -> Ledger {
        ledger.entries.sort_by(|a, b| a.campaign.cmp(&b.campaign));
        ledger
    }

    proptest! {
        #[test]
        fn merging_is_a_union_in_any_order(a in notes(), b in notes()) {
            let mut ab = ledger_of(&a);
            ab.merge(&ledger_of(&b));
            ab.merge(&ledger_of(&b));
            let mut ba = ledger_of(&b);
            ba.merge(&ledger_of(&a));
            let together = [a, b].concat();
            prop_assert_eq!(sorted(ab.clone()), sorted(ba));
            prop_assert_eq!(sorted(ab), sorted(ledger_of(&together)));
        }
    }
}

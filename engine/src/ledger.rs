//! The frequency ledger: who has met, dismissed, snoozed or followed what, and when; in the app and by mail.
//!
//! A set of moments per campaign (or sequence). Merging two ledgers is their union, so it does not matter in which order, how often or by
//! which way (this page, another tab, the server) a moment arrives. A moment is known by its tag, which comes from the decision it
//! belongs to: told once as rendered and once as seen it is one, and two users who meet something in the same millisecond are two.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::almanac::Almanac;
use crate::campaign::Cap;
use crate::time::Millis;
use crate::usage::NoteKind;
use crate::wire;

/// The most moments kept per campaign; configuration allows no cap above it.
pub const MAX_KEPT: usize = 50;
/// The most campaigns kept that were not dismissed, as many as a configuration may have; beyond it the one longest untouched is forgotten.
#[cfg(feature = "edge")]
const MAX_CAMPAIGNS: usize = 1_000;
/// The most campaigns kept in all. A dismissal may be for ever, so that those who were dismissed go only when there are so many.
#[cfg(feature = "edge")]
const MAX_ENTRIES: usize = 5_000;
/// Stands for all campaigns that a page is not told of; no name has this key.
pub const OTHERS: u32 = 0;

/// What one user, or a whole tenant, has met.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    entries: Vec<Entry>,
}

wire! { struct Ledger { entries } }

/// Once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Moment {
    /// When.
    pub at: Millis,
    /// Of which decision: its [`key`](crate::hash::key).
    pub tag: u32,
}

wire! { struct Moment { at, tag } }

/// What happened with one campaign.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    /// The campaign's [`key`](crate::hash::key).
    campaign: u32,
    /// Newest first.
    shown: Vec<Moment>,
    /// When the control group would have met it: counts for its own caps and no others. Newest first.
    ghosts: Vec<Moment>,
    clicked: Option<Millis>,
    dismissed: Option<Millis>,
    snoozed_until: Option<Millis>,
}

wire! { struct Entry { campaign, shown, ghosts, clicked, dismissed, snoozed_until } }

impl Entry {
    #[cfg(feature = "edge")]
    fn last_touched(&self) -> Option<Millis> {
        let newest = |moments: &[Moment]| moments.first().map(|moment| moment.at);
        newest(&self.shown).max(newest(&self.ghosts)).max(self.clicked).max(self.dismissed).max(self.snoozed_until)
    }

    fn merge(&mut self, other: &Self) {
        other.shown.iter().for_each(|moment| _ = keep(&mut self.shown, *moment));
        other.ghosts.iter().for_each(|moment| _ = keep(&mut self.ghosts, *moment));
        raise(&mut self.clicked, other.clicked);
        raise(&mut self.dismissed, other.dismissed);
        raise(&mut self.snoozed_until, other.snoozed_until);
    }
}

/// Adds a moment to those that are kept, newest first; answers whether anything changed.
///
/// What is told twice of one decision counts at the later moment: of all rules that do not depend on the order in which things are told,
/// the one that holds although only the newest are kept.
fn keep(moments: &mut Vec<Moment>, moment: Moment) -> bool {
    if let Some(known) = moments.iter().position(|known| known.tag == moment.tag) {
        if moments.get(known).is_some_and(|known| *known >= moment) {
            return false;
        }
        moments.remove(known);
    }
    let place = moments.iter().take_while(|known| **known > moment).count();
    let is_kept = place < MAX_KEPT;
    if is_kept {
        moments.insert(place, moment);
        moments.truncate(MAX_KEPT);
    }
    is_kept
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
    /// Records that `kind` happened to `campaign` at `moment`; mails note that a sequence's was sent as [`NoteKind::Render`]. Recording
    /// the same again changes nothing; answers whether anything changed.
    pub fn note(&mut self, campaign: u32, kind: NoteKind, moment: Moment) -> bool {
        let entry = self.entry(campaign);
        let is_new = match kind {
            NoteKind::Render | NoteKind::Exposure => keep(&mut entry.shown, moment),
            NoteKind::Ghost => keep(&mut entry.ghosts, moment),
            NoteKind::Click => raise(&mut entry.clicked, Some(moment.at)),
            NoteKind::Dismiss => raise(&mut entry.dismissed, Some(moment.at)),
            NoteKind::Snooze(until) => raise(&mut entry.snoozed_until, Some(until)),
        };
        self.tell_apart();
        is_new
    }

    /// Adds everything `other` knows.
    pub fn merge(&mut self, other: &Self) {
        for theirs in &other.entries {
            self.entry(theirs.campaign).merge(theirs);
        }
        self.tell_apart();
    }

    /// A page may know a moment by its campaign's name and as one of others, as it is told of campaigns sooner and later than of their
    /// moments: it counts once, and when it was last told to be.
    fn tell_apart(&mut self) {
        let Some(others) = self.entries.iter_mut().find(|e| e.campaign == OTHERS) else { return };
        let mut rest = Vec::new();
        for moment in core::mem::take(&mut others.shown) {
            let is_it = |known: &Moment| known.tag == moment.tag;
            match self.entries.iter_mut().find(|e| e.shown.iter().any(is_it)) {
                Some(named) => _ = keep(&mut named.shown, moment),
                None => rest.push(moment),
            }
        }
        self.entry(OTHERS).shown = rest;
    }

    /// What it knows of the campaigns for which `is_wanted` holds; of all others together, `with_others`, when something was shown.
    #[cfg(feature = "edge")]
    #[must_use]
    pub fn only(&self, with_others: bool, is_wanted: impl Fn(u32) -> bool) -> Self {
        let (wanted, rest): (Vec<&Entry>, Vec<&Entry>) = self.entries.iter().partition(|e| is_wanted(e.campaign));
        let mut entries: Vec<Entry> = wanted.into_iter().cloned().collect();
        let mut others = Entry { campaign: OTHERS, ..Entry::default() };
        for moment in rest.iter().flat_map(|entry| &entry.shown).filter(|_| with_others) {
            keep(&mut others.shown, *moment);
        }
        if !others.shown.is_empty() {
            entries.push(others);
        }
        Self { entries }
    }

    /// Whether `cap` leaves room for `campaign` once more at `now`; without a campaign, for any at all.
    pub fn allows(&self, campaign: Option<u32>, cap: &Cap, almanac: &Almanac, now: Millis) -> bool {
        self.met(campaign, almanac.begins(cap.window, now)) < usize::from(cap.max)
    }

    /// How often `campaign` was met since; without one, how often any was shown.
    pub fn met(&self, campaign: Option<u32>, since: Millis) -> usize {
        self.window(campaign, since).0
    }

    /// The same, and when the first of these times was.
    pub fn window(&self, campaign: Option<u32>, since: Millis) -> (usize, Option<Millis>) {
        let (mut met, mut first) = (0, None);
        let mut count = |moments: &[Moment]| {
            for moment in moments.iter().take_while(|moment| moment.at >= since) {
                met += 1;
                first = Some(first.map_or(moment.at, |first| moment.at.min(first)));
            }
        };
        for entry in &self.entries {
            if campaign.is_none_or(|campaign| campaign == entry.campaign) {
                count(&entry.shown);
                if campaign.is_some() {
                    count(&entry.ghosts);
                }
            }
        }
        (met, first)
    }

    /// When `campaign` was met, or without one any, newest first; of each the last [`MAX_KEPT`] times.
    #[cfg(feature = "edge")]
    pub fn moments(&self, campaign: Option<u32>) -> Vec<Millis> {
        let mut moments: Vec<Moment> = match campaign {
            Some(campaign) => self.find(campaign).map(|e| e.shown.iter().chain(&e.ghosts).copied().collect()).unwrap_or_default(),
            None => self.entries.iter().flat_map(|e| &e.shown).copied().collect(),
        };
        moments.sort_unstable_by(|a, b| b.cmp(a));
        moments.into_iter().map(|moment| moment.at).collect()
    }

    /// Whether it is known that the decision of this tag showed `campaign`.
    #[cfg(feature = "edge")]
    pub fn has(&self, campaign: u32, tag: u32) -> bool {
        self.find(campaign).is_some_and(|entry| entry.shown.iter().any(|moment| moment.tag == tag))
    }

    /// When `campaign` was last dismissed.
    pub fn dismissed(&self, campaign: u32) -> Option<Millis> {
        self.find(campaign)?.dismissed
    }

    /// Until when `campaign` is to stay away.
    pub fn snoozed_until(&self, campaign: u32) -> Option<Millis> {
        self.find(campaign)?.snoozed_until
    }

    fn find(&self, campaign: u32) -> Option<&Entry> {
        self.entries.iter().find(|e| e.campaign == campaign)
    }

    fn entry(&mut self, campaign: u32) -> &mut Entry {
        let known = self.entries.iter().position(|e| e.campaign == campaign);
        let place = known.unwrap_or_else(|| {
            // A page has no more than the edge has sent it.
            #[cfg(feature = "edge")]
            self.make_room();
            self.entries.push(Entry { campaign, ..Entry::default() });
            self.entries.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "the place of an entry that was found or pushed above")]
        &mut self.entries[place]
    }

    /// Forgets the campaign longest untouched, where there are too many: one that was not dismissed, if possible.
    #[cfg(feature = "edge")]
    fn make_room(&mut self) {
        if self.entries.len() < MAX_CAMPAIGNS {
            return;
        }
        let is_light = |e: &Entry| e.dismissed.is_none();
        let is_full = self.entries.len() >= MAX_ENTRIES;
        if is_full || self.entries.iter().filter(|e| is_light(e)).count() >= MAX_CAMPAIGNS {
            // `false` comes first.
            let oldest = self.entries.iter().enumerate().min_by_key(|(_, e)| (!is_light(e), e.last_touched())).map(|(i, _)| i);
            oldest.map(|i| self.entries.remove(i));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::{Scope, Window};
    use crate::time::{DAY, HOUR};
    use proptest::prelude::*;

    const NOW: Millis = Millis(1_750_000_000_000);

    /// A moment of a decision of its own.
    fn once(at: Millis) -> Moment {
        Moment { at, tag: crate::hash::key(&at.0.to_string()) }
    }

    #[test]
    fn a_cap_counts_exposures_in_a_rolling_window() {
        let mut ledger = Ledger::default();
        let cap = Cap { max: 2, window: Window::Rolling(DAY), scope: Scope::User };
        for (at, allowed) in [(0, true), (HOUR, true), (2 * HOUR, false), (DAY - 1, false), (DAY, true)] {
            assert_eq!(ledger.allows(Some(1), &cap, &Almanac::default(), NOW.plus(at)), allowed, "{at}");
            if allowed {
                ledger.note(1, NoteKind::Exposure, once(NOW.plus(at)));
            }
        }
        assert!(ledger.allows(Some(2), &cap, &Almanac::default(), NOW.plus(DAY)), "campaigns have budgets of their own");
    }

    #[test]
    fn the_same_moment_counts_once() {
        let mut ledger = Ledger::default();
        assert!(ledger.note(1, NoteKind::Exposure, once(NOW)));
        assert!(!ledger.note(1, NoteKind::Exposure, once(NOW)));
    }

    #[test]
    fn a_part_of_a_ledger_knows_all_of_its_campaigns_and_nothing_of_others() {
        let mut ledger = Ledger::default();
        for (campaign, kind) in [(1, NoteKind::Exposure), (2, NoteKind::Exposure), (1, NoteKind::Dismiss)] {
            ledger.note(campaign, kind, once(NOW));
        }
        let part = ledger.only(false, |campaign| campaign == 1);
        assert_eq!((part.find(1), part.find(2)), (ledger.find(1), None));
    }

    #[test]
    fn what_is_told_twice_of_a_decision_counts_once_at_the_later_moment_in_whatever_order() {
        let told = [(NoteKind::Render, 1), (NoteKind::Exposure, 5)].map(|(kind, at)| (kind, Moment { at: NOW.plus(at), tag: 9 }));
        for order in [[0, 1], [1, 0]] {
            let mut ledger = Ledger::default();
            for (kind, moment) in order.map(|i| told[i]) {
                ledger.note(1, kind, moment);
            }
            assert_eq!(ledger.moments(Some(1)), [NOW.plus(5)]);
        }
    }

    #[test]
    fn a_page_that_is_told_of_a_campaign_later_than_of_its_moments_counts_them_once() {
        let mut whole = Ledger::default();
        for i in 0..3 {
            whole.note(1, NoteKind::Render, once(NOW.plus(i)));
            whole.note(2, NoteKind::Render, once(NOW.plus(10 + i)));
        }
        let (before, after) = (whole.only(true, |campaign| campaign == 1), whole.only(true, |_| true));
        assert_eq!(before.met(None, NOW), 6, "the others' are counted, and not told apart");
        for (mut first, second) in [(before.clone(), &after), (after.clone(), &before)] {
            first.merge(second);
            assert_eq!((first.met(None, NOW), first.met(Some(2), NOW)), (6, 3));
        }
    }

    #[test]
    fn a_dismissal_survives_a_thousand_other_campaigns() {
        let mut ledger = Ledger::default();
        ledger.note(1, NoteKind::Dismiss, once(NOW));
        for i in 0..3_000_u32 {
            ledger.note(i + 10, NoteKind::Exposure, once(NOW.plus(DAY + i64::from(i))));
        }
        assert_eq!(ledger.dismissed(1), Some(NOW));
        assert_eq!(ledger.entries.len(), MAX_CAMPAIGNS + 1);
    }

    #[test]
    fn what_is_known_by_name_and_as_of_others_counts_once_and_when_it_was_last() {
        let (early, late) = (Moment { at: NOW, tag: 7 }, Moment { at: NOW.plus(HOUR), tag: 7 });
        for (first, then) in
            [((1, early), (OTHERS, late)), ((OTHERS, late), (1, early)), ((OTHERS, early), (1, late)), ((1, late), (OTHERS, early))]
        {
            let mut noted = Ledger::default();
            let mut told = Ledger::default();
            for (campaign, moment) in [first, then] {
                noted.note(campaign, NoteKind::Render, moment);
                let mut word = Ledger::default();
                word.note(campaign, NoteKind::Render, moment);
                told.merge(&word);
            }
            for ledger in [noted, told] {
                assert_eq!(
                    (ledger.met(None, NOW), ledger.met(None, late.at), ledger.met(Some(1), late.at)),
                    (1, 1, 1),
                    "{first:?} {then:?}"
                );
            }
        }
    }

    #[test]
    fn ledgers_are_bounded() {
        let mut ledger = Ledger::default();
        for i in 0..2_000_u32 {
            ledger.note(i + 10, NoteKind::Exposure, once(NOW.plus(i.into())));
            ledger.note(1, NoteKind::Exposure, once(NOW.plus(i.into())));
        }
        assert_eq!(ledger.entries.len(), MAX_CAMPAIGNS);
        assert_eq!(ledger.find(1).map(|e| e.shown.len()), Some(MAX_KEPT));
        for i in 0..2 * u32::try_from(MAX_ENTRIES).expect("small") {
            ledger.note(i + 10, NoteKind::Dismiss, once(NOW.plus(i.into())));
        }
        assert_eq!(ledger.entries.len(), MAX_ENTRIES);
    }

    fn notes() -> impl Strategy<Value = Vec<(u8, u8, i64)>> {
        prop::collection::vec((0..3_u8, 0..4_u8, 0..20_i64), 0..30)
    }

    fn ledger_of(notes: &[(u8, u8, i64)]) -> Ledger {
        let mut ledger = Ledger::default();
        for &(campaign, kind, at) in notes {
            let at = NOW.plus(at);
            let kind = [NoteKind::Render, NoteKind::Click, NoteKind::Dismiss, NoteKind::Snooze(at)][usize::from(kind)];
            ledger.note(u32::from(campaign) + 1, kind, once(at));
        }
        ledger
    }

    fn sorted(mut ledger: Ledger) -> Ledger {
        ledger.entries.sort_by_key(|entry| entry.campaign);
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

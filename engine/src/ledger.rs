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
///
/// One list for all campaigns, and not a list in each: so there is less code to read it, and little of anything to go through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// By campaign, then by what happened, then newest first.
    notes: Vec<Note>,
}

wire! { struct Ledger { notes } }

/// Once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Moment {
    /// When.
    pub at: Millis,
    /// Of which decision: its [`key`](crate::hash::key).
    pub tag: u32,
}

wire! { struct Moment { at, tag } }

/// Something that happened with one campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    /// The campaign's [`key`](crate::hash::key).
    campaign: u32,
    what: What,
    /// When; for what is remembered of a campaign once, without a tag.
    moment: Moment,
}

wire! { struct Note { campaign, what, moment } }

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum What {
    Shown,
    /// The control group would have met it: counts for its own caps and no others.
    Ghost,
    Clicked,
    Dismissed,
    /// Until the moment.
    Snoozed,
}

wire! { enum What { Shown, Ghost, Clicked, Dismissed, Snoozed } }

impl Note {
    fn is_before(&self, other: &Self) -> bool {
        (self.campaign, self.what, other.moment) < (other.campaign, other.what, self.moment)
    }

    /// Whether both are told of one decision. A page may know a moment by its campaign's name and as one of others, as it is told of
    /// campaigns sooner and later than of their moments: it counts once, and by its name.
    fn is_same(&self, other: &Self) -> bool {
        (self.what, self.moment.tag) == (other.what, other.moment.tag)
            && (self.campaign == other.campaign || self.campaign == OTHERS || other.campaign == OTHERS)
    }
}

impl Ledger {
    /// Nothing was met.
    pub const NONE: Self = Self { notes: Vec::new() };

    /// Records that `kind` happened to `campaign` at `moment`; mails note that a sequence's was sent as [`NoteKind::Render`]. Recording
    /// the same again changes nothing; answers whether anything changed.
    pub fn note(&mut self, campaign: u32, kind: NoteKind, moment: Moment) -> bool {
        let once = |at| Moment { at, tag: 0 };
        let (what, moment) = match kind {
            NoteKind::Render | NoteKind::Exposure => (What::Shown, moment),
            NoteKind::Ghost => (What::Ghost, moment),
            NoteKind::Click => (What::Clicked, once(moment.at)),
            NoteKind::Dismiss => (What::Dismissed, once(moment.at)),
            NoteKind::Snooze(until) => (What::Snoozed, once(until)),
        };
        // A page has no more than the edge has sent it.
        #[cfg(feature = "edge")]
        self.make_room(campaign);
        self.keep(Note { campaign, what, moment })
    }

    /// Adds everything `other` knows.
    pub fn merge(&mut self, other: &Self) {
        for note in &other.notes {
            #[cfg(feature = "edge")]
            self.make_room(note.campaign);
            self.keep(*note);
        }
    }

    /// Adds a note to those that are kept; answers whether anything changed.
    ///
    /// What is told twice of one decision counts at the later moment: of all rules that do not depend on the order in which things are
    /// told, the one that holds although only the newest are kept.
    fn keep(&mut self, mut note: Note) -> bool {
        if self.notes.get(self.place(&note)) == Some(&note) {
            return false; // as most of what a page is told again and again
        }
        let known = self.notes.iter().position(|known| known.is_same(&note)).map(|i| self.notes.remove(i));
        if let Some(known) = known {
            note.campaign = note.campaign.max(known.campaign); // no name is below that of others
            note.moment = note.moment.max(known.moment);
        }
        self.notes.insert(self.place(&note), note);
        let oldest = self.place(&Note { moment: NEWEST, ..note }) + MAX_KEPT;
        let too_many = self.notes.get(oldest).is_some_and(|oldest| (oldest.campaign, oldest.what) == (note.campaign, note.what));
        let dropped = too_many.then(|| self.notes.remove(oldest));
        known != Some(note) && dropped != Some(note)
    }

    /// Where a note belongs.
    fn place(&self, note: &Note) -> usize {
        self.notes.partition_point(|known| known.is_before(note))
    }

    /// What it knows of the campaigns for which `is_wanted` holds; of all others together, `with_others`, when something was shown.
    #[cfg(feature = "edge")]
    #[must_use]
    pub fn only(&self, with_others: bool, is_wanted: impl Fn(u32) -> bool) -> Self {
        let mut part = Self::default();
        for notes in self.campaigns() {
            if notes.first().is_some_and(|note| is_wanted(note.campaign)) {
                part.notes.extend_from_slice(notes);
            } else if with_others {
                notes.iter().filter(|note| note.what == What::Shown).for_each(|note| _ = part.keep(Note { campaign: OTHERS, ..*note }));
            }
        }
        part
    }

    /// Whether `cap` leaves room for `campaign` once more at `now`; without a campaign, for any at all.
    pub fn allows(&self, campaign: Option<u32>, cap: &Cap, almanac: &Almanac, now: Millis) -> bool {
        self.met(campaign, almanac.begins(cap.window, now)) < usize::from(cap.max)
    }

    /// How often `campaign` was met since; without one, how often any was shown.
    pub fn met(&self, campaign: Option<u32>, since: Millis) -> usize {
        self.met_by(campaign).filter(|note| note.moment.at >= since).count()
    }

    /// When `campaign` was met, or without one any.
    fn met_by(&self, campaign: Option<u32>) -> impl Iterator<Item = &Note> {
        self.notes.iter().filter(move |note| match campaign {
            Some(campaign) => note.campaign == campaign && matches!(note.what, What::Shown | What::Ghost),
            None => note.what == What::Shown,
        })
    }

    /// When `campaign` was met, or without one any, newest first; of each the last [`MAX_KEPT`] times.
    #[cfg(feature = "edge")]
    pub fn moments(&self, campaign: Option<u32>) -> Vec<Millis> {
        let mut moments: Vec<Millis> = self.met_by(campaign).map(|note| note.moment.at).collect();
        moments.sort_unstable_by(|a, b| b.cmp(a));
        moments
    }

    /// Whether it is known that the decision of this tag showed `campaign`.
    #[cfg(feature = "edge")]
    pub fn has(&self, campaign: u32, tag: u32) -> bool {
        self.notes.iter().any(|note| (note.campaign, note.what, note.moment.tag) == (campaign, What::Shown, tag))
    }

    /// When `campaign` was last dismissed.
    pub fn dismissed(&self, campaign: u32) -> Option<Millis> {
        self.last(campaign, What::Dismissed)
    }

    /// Until when `campaign` is to stay away.
    pub fn snoozed_until(&self, campaign: u32) -> Option<Millis> {
        self.last(campaign, What::Snoozed)
    }

    fn last(&self, campaign: u32, what: What) -> Option<Millis> {
        self.notes.iter().find(|note| (note.campaign, note.what) == (campaign, what)).map(|note| note.moment.at)
    }

    /// The notes of one campaign after the other.
    #[cfg(feature = "edge")]
    fn campaigns(&self) -> impl Iterator<Item = &[Note]> {
        self.notes.chunk_by(|a, b| a.campaign == b.campaign)
    }

    /// Forgets the campaign longest untouched, where there are too many to note one more: one that was not dismissed, if possible.
    #[cfg(feature = "edge")]
    fn make_room(&mut self, campaign: u32) {
        if self.notes.len() < MAX_CAMPAIGNS || self.notes.iter().any(|note| note.campaign == campaign) {
            return;
        }
        let is_light = |notes: &[Note]| notes.iter().all(|note| note.what != What::Dismissed);
        let touched = |notes: &[Note]| notes.iter().map(|note| note.moment.at).max();
        let is_full = self.campaigns().count() >= MAX_ENTRIES;
        if is_full || self.campaigns().filter(|notes| is_light(notes)).count() >= MAX_CAMPAIGNS {
            // `false` comes first.
            let oldest = self.campaigns().min_by_key(|notes| (!is_light(notes), touched(notes)));
            let oldest = oldest.and_then(|notes| notes.first()).map(|note| note.campaign);
            self.notes.retain(|note| Some(note.campaign) != oldest);
        }
    }
}

/// Later than any moment.
const NEWEST: Moment = Moment { at: Millis(i64::MAX), tag: u32::MAX };

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
        let of = |ledger: &Ledger, campaign| ledger.notes.iter().filter(|note| note.campaign == campaign).copied().collect::<Vec<_>>();
        assert_eq!((of(&part, 1), of(&part, 2)), (of(&ledger, 1), vec![]));
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
        assert_eq!(ledger.campaigns().count(), MAX_CAMPAIGNS + 1);
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
        assert_eq!(ledger.campaigns().count(), MAX_CAMPAIGNS);
        assert_eq!(ledger.moments(Some(1)).len(), MAX_KEPT);
        for i in 0..2 * u32::try_from(MAX_ENTRIES).expect("small") {
            ledger.note(i + 10, NoteKind::Dismiss, once(NOW.plus(i.into())));
        }
        assert_eq!(ledger.campaigns().count(), MAX_ENTRIES);
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

    proptest! {
        #[test]
        fn merging_is_a_union_in_any_order(a in notes(), b in notes()) {
            let mut ab = ledger_of(&a);
            ab.merge(&ledger_of(&b));
            ab.merge(&ledger_of(&b));
            let mut ba = ledger_of(&b);
            ba.merge(&ledger_of(&a));
            let together = [a, b].concat();
            prop_assert_eq!(&ab, &ba);
            prop_assert_eq!(ab, ledger_of(&together));
        }
    }
}

//! What has come of the campaigns at one tenant, arm by arm: how often each was rendered, seen and answered.
//!
//! A tenant is in one arm, by its name, whatever events say. Each decision counts once for everything that is told of it; of how many
//! decisions that is remembered is bounded, so that one told again under another number, after many others, may count twice.
//!
//! Elements tell of a nudge as rendered and later as seen; who draws nudges by hand may tell of them as seen alone, which says that they
//! were rendered as well. However many pages do so at once, the one is not taken for the other: of renders whose decisions are forgotten
//! it is kept how many were not seen yet, and that many exposures belong to them. So whoever tells both, and whoever tells exposures
//! alone, finds what happened; where both tell of one arm, renders that nobody has seen may stand for some of those that were not told.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::ledger::Moment;
use crate::time::Millis;
use crate::touch::did::{CLICK, DISMISS, EXPOSURE, GHOST, RENDER, SNOOZE};
use crate::usage::NoteKind;
use crate::wire;

/// The most arms kept; beyond it the one longest untouched is forgotten.
const MAX_ARMS: usize = 256;
/// Of how many decisions it is remembered what was told of them.
const MAX_RECENT: usize = 32;

/// The arms of a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tallies {
    /// By campaign and variant.
    tallies: Vec<Tally>,
}

wire! { struct Tallies { tallies } }

/// Which arm of which campaign.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Arm {
    /// The campaign.
    pub campaign: String,
    /// Its variant; `None` where it has none.
    pub variant: Option<String>,
    /// Whether the tenant is in the control group.
    pub held_out: bool,
}

wire! { struct Arm { campaign, variant, held_out } }

/// What has come of one arm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Of which.
    pub arm: Arm,
    /// How often it was rendered.
    pub renders: u32,
    /// How often it was seen.
    pub exposures: u32,
    /// How often it would have been seen, were the tenant not in the control group.
    pub ghosts: u32,
    /// How often it was followed.
    pub clicks: u32,
    /// How often it was put away.
    pub dismissals: u32,
    /// How often it was put off.
    pub snoozes: u32,
    /// When it was first seen, or would have been.
    pub first: Option<Millis>,
    /// When it last was.
    pub last: Option<Millis>,
    /// What was told of the last decisions, oldest first: when last, and a bit for each kind.
    recent: Vec<(Moment, u8)>,
    /// How many of those before them were rendered and not seen yet.
    unseen: u32,
}

wire! { struct Tally { arm, renders, exposures, ghosts, clicks, dismissals, snoozes, first, last, recent, unseen } }

impl Tallies {
    /// Counts what somebody did. Answers what of it is news, as [`did`](crate::touch::did) has it, and whether it is the first time
    /// that this arm was seen here, or would have been.
    pub fn count(&mut self, arm: Arm, kind: NoteKind, moment: Moment) -> (u8, bool) {
        let place = self.tallies.binary_search_by(|tally| tally.arm.cmp(&arm)).unwrap_or_else(|place| {
            self.tallies.insert(place, Tally { arm, ..Tally::default() });
            place
        });
        let news = self.tallies.get_mut(place).map_or((0, false), |tally| {
            let was_met = tally.first.is_some();
            let new = tally.count(kind, moment);
            (new, tally.first.is_some() && !was_met)
        });
        if self.tallies.len() > MAX_ARMS {
            let oldest = self.tallies.iter().enumerate().min_by_key(|(_, tally)| tally.touched()).map(|(i, _)| i);
            oldest.map(|i| self.tallies.remove(i));
        }
        news
    }

    /// All of them, by campaign and variant.
    pub fn all(&self) -> &[Tally] {
        &self.tallies
    }
}

impl Tally {
    fn touched(&self) -> Option<Millis> {
        self.recent.last().map(|(moment, _)| moment.at)
    }

    fn count(&mut self, kind: NoteKind, moment: Moment) -> u8 {
        let told = match kind {
            NoteKind::Render => RENDER,
            // Who saw it had it rendered, whether or not that was told.
            NoteKind::Exposure => RENDER | EXPOSURE,
            NoteKind::Ghost => GHOST,
            NoteKind::Click => CLICK,
            NoteKind::Dismiss => DISMISS,
            NoteKind::Snooze(_) => SNOOZE,
        };
        let known = self.recent.iter().position(|(known, _)| known.tag == moment.tag);
        let (known, before) = match known {
            Some(place) => self.recent.remove(place),
            None => (moment, self.forgotten(kind)),
        };
        let newest = known.max(moment);
        let place = self.recent.iter().take_while(|(other, _)| *other < newest).count();
        self.recent.insert(place, (newest, before | told));
        if self.recent.len() > MAX_RECENT {
            let (_, oldest) = self.recent.remove(0);
            let is_unseen = oldest & (RENDER | EXPOSURE) == RENDER;
            self.unseen = self.unseen.saturating_add(u32::from(is_unseen));
        }
        let new = told & !before;
        for (bit, counter) in [
            (RENDER, &mut self.renders),
            (EXPOSURE, &mut self.exposures),
            (GHOST, &mut self.ghosts),
            (CLICK, &mut self.clicks),
            (DISMISS, &mut self.dismissals),
            (SNOOZE, &mut self.snoozes),
        ] {
            *counter = counter.saturating_add(u32::from(new & bit != 0));
        }
        if new & (EXPOSURE | GHOST) != 0 {
            self.first = Some(self.first.map_or(moment.at, |first| first.min(moment.at)));
            self.last = self.last.max(Some(moment.at));
        }
        new
    }

    /// What was told before of a decision that is not remembered and now of this kind.
    fn forgotten(&mut self, kind: NoteKind) -> u8 {
        let was_rendered = kind == NoteKind::Exposure && self.unseen > 0;
        self.unseen -= u32::from(was_rendered);
        if was_rendered { RENDER } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arm(campaign: &str) -> Arm {
        Arm { campaign: campaign.to_owned(), variant: Some("a".to_owned()), held_out: false }
    }

    fn tell(tallies: &mut Tallies, told: &[(NoteKind, i64, u32)]) {
        for (kind, at, tag) in told {
            tallies.count(arm("c"), *kind, Moment { at: Millis(*at), tag: *tag });
        }
    }

    #[test]
    fn what_is_told_of_a_decision_counts_once_in_whatever_order_and_how_often_it_is_told() {
        use NoteKind::{Click, Exposure, Render};
        let told = [(Render, 1, 7), (Exposure, 2, 7), (Click, 3, 7), (Render, 5, 8), (Exposure, 6, 9)];
        let mut backwards = told;
        backwards.reverse();
        for order in [told, backwards] {
            let mut tallies = Tallies::default();
            tell(&mut tallies, &order);
            tell(&mut tallies, &order);
            let [tally] = tallies.all() else { panic!("one arm") };
            assert_eq!((tally.renders, tally.exposures, tally.clicks), (3, 2, 1), "9 was seen, so it was rendered");
            assert_eq!((tally.first, tally.last), (Some(Millis(2)), Some(Millis(6))));
        }
    }

    #[test]
    fn however_many_pages_react_at_once_each_render_and_each_exposure_counts_once() {
        use NoteKind::{Exposure, Render};
        const PAGES: u32 = 500;
        let all = |kind, seen: &dyn Fn(u32) -> bool| -> Vec<_> {
            (0..PAGES).filter(|page| seen(*page)).map(|page| (kind, i64::from(page), page)).collect()
        };
        let (renders, exposures) = (all(Render, &|_| true), all(Exposure, &|_| true));
        let half = all(Exposure, &|page| page % 2 == 0);
        for (what, told, expected) in [
            ("by elements", [renders.clone(), exposures.clone()], (PAGES, PAGES)),
            ("by elements, of which half were in view", [renders.clone(), half], (PAGES, PAGES / 2)),
            ("by hand, as seen alone", [exposures.clone(), Vec::new()], (PAGES, PAGES)),
            ("by hand, both", [all(Render, &|page| page < 300), all(Exposure, &|page| page < 300)], (300, 300)),
        ] {
            let mut tallies = Tallies::default();
            for told in told {
                tell(&mut tallies, &told);
            }
            let [tally] = tallies.all() else { panic!("one arm") };
            assert_eq!((tally.renders, tally.exposures), expected, "{what}");
            assert!(tally.recent.len() <= MAX_RECENT);
        }
        // In another order, and once more by hand when all that was rendered is seen.
        let mut tallies = Tallies::default();
        let backwards: Vec<_> = exposures.iter().rev().copied().collect();
        let by_hand: Vec<_> = (0..PAGES).map(|page| (Exposure, i64::from(PAGES + page), PAGES + page)).collect();
        for told in [renders, backwards, by_hand] {
            tell(&mut tallies, &told);
        }
        assert_eq!(tallies.all().iter().map(|tally| (tally.renders, tally.exposures)).collect::<Vec<_>>(), [(2 * PAGES, 2 * PAGES)]);
    }

    #[test]
    fn ghosts_are_counted_apart() {
        let mut tallies = Tallies::default();
        tell(&mut tallies, &[(NoteKind::Ghost, 4, 1), (NoteKind::Ghost, 9, 2)]);
        let all = tallies.all();
        assert_eq!((all[0].renders, all[0].exposures, all[0].ghosts, all[0].first), (0, 0, 2, Some(Millis(4))));
    }

    #[test]
    fn the_arms_that_were_touched_last_are_kept() {
        let mut tallies = Tallies::default();
        for i in 0..2 * MAX_ARMS {
            let tag = u32::try_from(i).expect("small");
            for name in ["always".to_owned(), format!("c{i}")] {
                tallies.count(arm(&name), NoteKind::Render, Moment { at: Millis(tag.into()), tag });
            }
        }
        assert_eq!(tallies.all().len(), MAX_ARMS);
        let always = tallies.all().iter().find(|tally| tally.arm.campaign == "always").map(|tally| tally.renders);
        assert_eq!(always, Some(512), "and of decisions only so many are remembered, which does not matter to new ones");
    }
}

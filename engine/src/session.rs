//! The browser's half: a snapshot, what has happened in this page since, and decisions over both.
//!
//! Local events count at once. Each belongs to a batch; when the Worker's next word contains that batch
//! ([`Live::applied`]), the local copy is dropped, so nothing is ever counted twice or lost in between.

mod index;
mod pending;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;

use crate::decision::{Decision, Display, Reason, Scene};
use crate::entitlement::Entitlement;
use crate::expr::Value;
use crate::facts::{MeterStanding, Standing, StandingAt};
use crate::ledger::{Ledger, Moment};
#[cfg(feature = "edge")]
use crate::snapshot::Snapshot;
use crate::snapshot::{Candidate, DecodeError, Frame, Live, Place, Residue};
use crate::time::{DurationMs, Millis, SECOND};
use crate::usage::NoteKind;
use crate::watch::next;
use crate::wire;

use index::{Index, Known};
use pending::{Change, Pending};

/// One page's view of one user of one tenant.
///
/// Verdicts are kept. What happens in between has those rules evaluated again whose verdicts it can have changed (the index).
///
/// Time counts in seconds of the Worker's clock: all is judged as of one moment of the present one, the first that anything was asked in
/// it, or asked after other news than an event. So no verdict is older than a second, whichever way a clock is set; and no code is needed
/// that knows the very moments at which time alone opens a gate or closes one.
#[derive(Clone, Debug)]
pub struct Session {
    /// What is left of the rules.
    rules: Residue,
    /// The Worker's last word of what changes from moment to moment, in its bytes.
    told: Vec<u8>,
    /// The Worker's facts with the local events on top.
    standing: Standing,
    /// Whether there are rules to go by. Until then every decision is "none", and every entitlement granted.
    is_told: bool,
    /// What this page knows of the user's ledger, the Worker's included.
    user: Ledger,
    /// The same for the whole tenant.
    tenant: Ledger,
    /// Local events the Worker has not confirmed.
    pending: Pending,
    /// The number of the batch that local events join now.
    batch: u64,
    /// When the tenant last upgraded, as far as this page knows.
    converted: Option<Millis>,
    /// What is on display in this page.
    display: Display,
    /// The Worker's clock minus the device's.
    skew: DurationMs,
    /// What reads what.
    index: Index,
    /// The Worker's time as of which all is judged.
    clock: Millis,
    /// When its second began; [`UNSEEN`] when anything may be otherwise than it was.
    second: Millis,
}

/// No second that comes: whatever time it is, all is looked at again.
const UNSEEN: Millis = Millis(i64::MIN);

const NOTHING: Decision = Decision { campaign: None, reason: Reason::NoCampaign };

impl Session {
    /// Nothing is known yet.
    pub const NEW: Self = Self {
        rules: Residue::NONE,
        told: Vec::new(),
        standing: Standing::NONE,
        is_told: false,
        user: Ledger::NONE,
        tenant: Ledger::NONE,
        pending: Pending::NONE,
        batch: 0,
        converted: None,
        display: Display::NONE,
        skew: 0,
        index: Index::NONE,
        clock: UNSEEN,
        second: UNSEEN,
    };

    /// Starts from the Worker's snapshot, at `device` time.
    #[cfg(feature = "edge")]
    pub fn new(snapshot: Snapshot, device: Millis) -> Self {
        let mut session = Self::NEW;
        let frame = Frame { rules: Some(snapshot.rules), live: snapshot.live };
        let applied = session.apply(&frame.encode(""), device);
        debug_assert!(applied == Ok(true), "what is written can be read");
        session
    }

    /// New rules take the place of the old ones.
    #[inline(never)]
    fn begin(&mut self, rules: Residue) {
        self.pending.renumber(&self.rules, &rules);
        self.is_told = true;
        self.rules = rules;
        self.display = self.display.among(&self.rules.candidates);
        self.index = Index::new(&self.rules);
    }

    /// Takes in a frame; answers whether meters, features, events and campaigns may be other ones now. What is refused changes nothing.
    pub fn apply(&mut self, frame: &[u8], device: Millis) -> Result<bool, DecodeError> {
        let (Frame { rules, live }, told) = Frame::read(frame)?;
        let is_whole = rules.is_some();
        if let Some(rules) = rules {
            self.begin(rules);
        } else if !self.is_told {
            return Err(DecodeError::Early);
        }
        self.told = told.to_vec();
        self.refresh(live, device);
        Ok(is_whole)
    }

    /// The Worker's time at `device` time.
    pub fn now(&self, device: Millis) -> Millis {
        device.plus(self.skew)
    }

    /// What is left of the rules.
    pub fn rules(&self) -> &Residue {
        &self.rules
    }

    /// Counts `n` more on a counter at once; or shows `n` on a gauge.
    pub fn count(&mut self, meter: usize, is_set: bool, n: u64, device: Millis) {
        self.change(meter, self.rules.meters.len(), is_set, n, device);
    }

    /// Counts a tracked event that programs read at once.
    pub fn track(&mut self, event: usize, device: Millis) {
        let meters = self.rules.meters.len();
        self.change(meters.saturating_add(event), meters + self.rules.events.len(), false, 1, device);
    }

    /// Records what the user did with a nudge, here or in another tab; the moment is of the Worker's clock.
    pub fn note(&mut self, campaign: u32, kind: NoteKind, moment: Moment) {
        self.user.note(campaign, kind, moment);
        if matches!(kind, NoteKind::Render | NoteKind::Exposure | NoteKind::Ghost) {
            self.tenant.note(campaign, kind, moment);
        }
        self.second = UNSEEN;
    }

    /// The tenant has upgraded, `at` the Worker's time: nudges fall silent before the Worker says so.
    pub fn convert(&mut self, at: Millis) {
        self.converted = self.converted.max(Some(at));
        self.second = UNSEEN;
    }

    /// Remembers that a campaign is on display here, so that its own exposure does not cap it away; or that it no longer is.
    pub fn display(&mut self, candidate: usize, shown: bool) {
        if let Some(candidate) = self.rules.candidates.get(candidate) {
            self.display.set(&candidate.gates, shown);
            self.second = UNSEEN;
        }
    }

    /// Closes the batch that local events joined so far; its number, by which the Worker will confirm it.
    pub fn close_batch(&mut self) -> u64 {
        let closed = self.batch;
        self.batch = closed.saturating_add(self.is_told.into());
        closed
    }

    /// Drops the local copies of a batch that the Worker refused for good.
    pub fn abandon(&mut self, batch: u64) {
        self.pending.forget(&|other| other == batch);
        // Of all that was told only this is wanted again, and seldom: its bytes take less than a second copy of what they say.
        if let Some(live) = wire::decode::<Live>(&self.told) {
            self.rebuild(live.standing);
        }
    }

    /// The position of a placement that campaigns use.
    pub fn place(&self, key: u32) -> Option<usize> {
        self.rules.places.iter().position(|place| place.key == key)
    }

    /// Decides for a placement.
    pub fn decide(&mut self, place: usize, device: Millis) -> Decision {
        self.look(self.now(device));
        self.find(place)
    }

    /// The first candidate of a placement that passes all gates, looking only at those that are open.
    #[inline(never)]
    fn find(&mut self, place: usize) -> Decision {
        let Some((here, first, candidates)) = self.at(place) else { return NOTHING };
        let (settled, end) = (here.settled.clone(), first + candidates.len());
        let watches = self.rules.watches.len();
        while let Some(open) = self.index.first_open(watches + first, watches + end) {
            let campaign = open - watches;
            let reason = self.weigh(campaign);
            if reason == Reason::Match {
                return Decision { campaign: Some(campaign), reason };
            }
        }
        let reason = if let Some(settled) = settled {
            settled.reason_at(self.clock)
        } else if first < end {
            self.weigh(first)
        } else {
            Reason::NoCampaign
        };
        Decision { campaign: None, reason }
    }

    /// What becomes of a candidate.
    fn weigh(&mut self, candidate: usize) -> Reason {
        let rule = self.rules.watches.len() + candidate;
        let facts = StandingAt { standing: &self.standing, now: self.clock };
        let Some(campaign) = self.rules.candidates.get(candidate) else { return Reason::NoCampaign };
        let audience = match self.index.known(rule) {
            Known::Passes => return Reason::Match,
            Known::Verdict(verdict) => verdict,
            Known::Nothing => match campaign.gates.audience.eval(&facts) {
                Value::Bool(holds) => Some(holds),
                _ => None,
            },
        };
        let reason = self.scene(&facts).judge_by(campaign, audience);
        self.index.know(rule, if reason == Reason::Match { Known::Passes } else { Known::Verdict(audience) });
        reason
    }

    /// The same by `facts`, which are of this session.
    pub fn judge(&self, place: usize, facts: &StandingAt<'_>) -> Decision {
        let Some((place, first, candidates)) = self.at(place) else { return NOTHING };
        let decision = self.scene(facts).decide(numbered(first, candidates));
        match &place.settled {
            Some(settled) if decision.campaign.is_none() => Decision { campaign: None, reason: settled.reason_at(facts.now) },
            _ => decision,
        }
    }

    /// Says of the `i`-th candidate of a placement, by priority, why it is or is not shown, and which one it is.
    pub fn trace(&mut self, place: usize, i: usize, device: Millis) -> Option<(usize, Reason)> {
        let shown = self.decide(place, device).campaign;
        let (_, first, candidates) = self.at(place)?;
        let candidate = first + (i < candidates.len()).then_some(i)?;
        let reason = self.weigh(candidate);
        let is_outranked = reason == Reason::Match && shown != Some(candidate);
        Some((candidate, if is_outranked { Reason::Outranked } else { reason }))
    }

    /// A placement, with its candidates and the position of the first of them.
    fn at(&self, place: usize) -> Option<(&Place, usize, &[Candidate])> {
        let rules = &self.rules;
        let first = rules.places.get(..place)?.iter().map(|place| usize::from(place.candidates)).sum::<usize>();
        let place = rules.places.get(place)?;
        Some((place, first, rules.candidates.get(first..)?.get(..usize::from(place.candidates))?))
    }

    /// The facts as of `device` time.
    pub fn facts(&self, device: Millis) -> StandingAt<'_> {
        StandingAt { standing: &self.standing, now: self.now(device) }
    }

    /// How a meter stands.
    pub fn meter(&self, meter: usize, device: Millis) -> Option<MeterStanding> {
        self.facts(device).meter(meter)
    }

    /// Whether a feature may be used.
    pub fn feature(&self, feature: usize) -> Entitlement {
        self.standing.features.get(feature).map_or(Entitlement::UNKNOWN, |has| Entitlement::feature(*has))
    }

    /// What decisions are made from; `facts` are of this session.
    pub fn scene<'a>(&'a self, facts: &'a StandingAt<'a>) -> Scene<'a, StandingAt<'a>> {
        Scene {
            facts,
            now: facts.now,
            user: &self.user,
            tenant: &self.tenant,
            frequency: &self.rules.frequency,
            almanac: &self.rules.almanac,
            converted: self.converted,
            display: &self.display,
        }
    }

    /// Time has come to `now`. In another second than the last time anything may be otherwise.
    fn look(&mut self, now: Millis) {
        if now.0.wrapping_sub(self.second.0).cast_unsigned() >= SECOND.cast_unsigned() {
            (self.clock, self.second) = (now, Millis(now.second() * SECOND));
            self.index.pass(&StandingAt { standing: &self.standing, now });
        }
        self.watch();
    }

    /// Looks whether signals have begun or ended, in the order in which they build on each other. Only at those that are open: to
    /// look twice is to look once.
    fn watch(&mut self) {
        let now = self.clock;
        while let Some(i) = self.index.first_open(0, self.rules.watches.len()) {
            self.index.know(i, Known::Verdict(None));
            let Some(watch) = self.rules.watches.get(i) else { return };
            let facts = StandingAt { standing: &self.standing, now };
            let (when, rearm) = (watch.when.eval(&facts), watch.rearm.as_ref().map(|program| program.eval(&facts)));
            let was = self.standing.signals.get(i) == Some(&true);
            let active = next(was, when, rearm);
            if let Some(signal) = self.standing.signals.get_mut(i).filter(|_| was != active) {
                *signal = active;
                self.index.touch(self.index.signal(i), &StandingAt { standing: &self.standing, now });
            }
        }
    }

    /// Something happened to the meter or tracked event of this number, which is below `end`.
    fn change(&mut self, what: usize, end: usize, is_set: bool, n: u64, device: Millis) {
        if what >= end {
            return;
        }
        let at = self.now(device);
        self.look(at);
        let change = Change { batch: self.batch, what, is_set, n, at };
        change.apply(&mut self.standing);
        self.pending.push(change);
        self.index.touch(what, &StandingAt { standing: &self.standing, now: self.clock });
        self.watch(); // a signal that is detected stays so, whatever comes next
    }

    /// After new word from the Worker: local events it contains are dropped, the rest is laid on top again.
    #[inline(never)]
    fn refresh(&mut self, live: Live, device: Millis) {
        self.skew = live.server_time.since(device);
        self.batch = self.batch.max(live.applied.saturating_add(1));
        self.pending.forget(&|batch| live.contains(batch));
        self.user.merge(&live.user);
        self.tenant.merge(&live.tenant);
        self.converted = self.converted.max(live.converted);
        self.rebuild(live.standing);
        self.look(self.now(device));
    }

    fn rebuild(&mut self, standing: Standing) {
        self.standing = standing;
        self.pending.apply(&mut self.standing);
        self.second = UNSEEN;
    }
}

fn numbered(first: usize, candidates: &[Candidate]) -> impl Iterator<Item = (usize, &Candidate)> {
    (first..).zip(candidates)
}

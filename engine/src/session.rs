//! The browser's half: a snapshot, what has happened in this page since, and decisions over both.
//!
//! Local events count at once. Each belongs to a batch; when the Worker's next word contains that batch
//! ([`Live::applied`]), the local copy is dropped, so nothing is ever counted twice or lost in between.

use alloc::vec::Vec;

use crate::decision::{Decision, Display, Reason, Scene};
use crate::entitlement::Entitlement;
use crate::facts::{MeterStanding, Standing, StandingAt};
use crate::ledger::{Ledger, Moment};
use crate::snapshot::{Candidate, Frame, Live, Place, Snapshot};
use crate::time::{DurationMs, Millis};
use crate::usage::NoteKind;
use crate::watch::next;

/// One page's view of one user of one tenant.
#[derive(Clone, Debug)]
pub struct Session {
    snapshot: Snapshot,
    /// The Worker's facts with the local events on top.
    standing: Standing,
    /// What this page knows of the user's ledger, the Worker's included.
    user: Ledger,
    /// The same for the whole tenant.
    tenant: Ledger,
    /// Local events the Worker has not confirmed.
    pending: Vec<Pending>,
    /// The number of the batch that local events join now.
    batch: u64,
    /// When the tenant last upgraded, as far as this page knows.
    converted: Option<Millis>,
    /// What is on display in this page.
    display: Display,
    /// The Worker's clock minus the device's.
    skew: DurationMs,
}

#[derive(Clone, Copy, Debug)]
struct Pending {
    batch: u64,
    change: Change,
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Add { meter: usize, n: u64, at: Millis },
    Set { meter: usize, n: u64 },
    Track { event: usize, at: Millis },
}

impl Session {
    /// Starts from the Worker's snapshot, at `device` time.
    pub fn new(snapshot: Snapshot, device: Millis) -> Self {
        let mut session = Self {
            standing: Standing::default(),
            user: Ledger::default(),
            tenant: Ledger::default(),
            pending: Vec::new(),
            batch: 1,
            converted: None,
            display: Display::default(),
            skew: 0,
            snapshot,
        };
        session.refresh(device);
        session
    }

    /// Takes in a frame; answers whether meters, features, events and campaigns may be other ones now.
    pub fn apply(&mut self, frame: Frame, device: Millis) -> bool {
        let is_whole = matches!(frame, Frame::Snapshot(_));
        match frame {
            Frame::Snapshot(snapshot) => {
                renumber(&mut self.pending, &self.snapshot, &snapshot);
                self.snapshot = *snapshot;
            }
            Frame::Live(live) => self.snapshot.live = live,
        }
        self.refresh(device);
        is_whole
    }

    /// The Worker's time at `device` time.
    pub fn now(&self, device: Millis) -> Millis {
        device.plus(self.skew)
    }

    /// What the page has been told and has not been overtaken by.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Counts `n` more on a counter at once.
    pub fn add(&mut self, meter: usize, n: u64, device: Millis) {
        self.change(Change::Add { meter, n, at: self.now(device) }, device);
    }

    /// Shows `n` on a gauge at once.
    pub fn set(&mut self, meter: usize, n: u64, device: Millis) {
        self.change(Change::Set { meter, n }, device);
    }

    /// Counts a tracked event that programs read at once.
    pub fn track(&mut self, event: usize, device: Millis) {
        self.change(Change::Track { event, at: self.now(device) }, device);
    }

    /// Records what the user did with a nudge, here or in another tab; the moment is of the Worker's clock.
    pub fn note(&mut self, campaign: u32, kind: NoteKind, moment: Moment) {
        self.user.note(campaign, kind, moment);
        if matches!(kind, NoteKind::Render | NoteKind::Exposure | NoteKind::Ghost) {
            self.tenant.note(campaign, kind, moment);
        }
    }

    /// The tenant has upgraded, `at` the Worker's time: nudges fall silent before the Worker says so.
    pub fn convert(&mut self, at: Millis) {
        self.converted = self.converted.max(Some(at));
    }

    /// Remembers that a campaign is on display here, so that its own exposure does not cap it away; or that it no longer is.
    pub fn display(&mut self, candidate: usize, shown: bool) {
        if let Some(candidate) = self.snapshot.rules.candidates.get(candidate) {
            self.display.set(&candidate.gates, shown);
        }
    }

    /// Closes the batch that local events joined so far; its number, by which the Worker will confirm it.
    pub fn close_batch(&mut self) -> u64 {
        let closed = self.batch;
        self.batch = closed.saturating_add(1);
        closed
    }

    /// Drops the local copies of a batch that the Worker refused for good.
    pub fn abandon(&mut self, batch: u64) {
        self.pending.retain(|p| p.batch != batch);
        self.rebuild();
    }

    /// The position of a placement that campaigns use.
    pub fn place(&self, key: u32) -> Option<usize> {
        self.snapshot.rules.places.iter().position(|place| place.key == key)
    }

    /// Decides for a placement.
    pub fn decide(&mut self, place: usize, device: Millis) -> Decision {
        self.watch(device);
        self.judge(place, &self.facts(device))
    }

    /// The same by `facts`, which are of this session.
    pub fn judge(&self, place: usize, facts: &StandingAt<'_>) -> Decision {
        let Some((place, first, candidates)) = self.at(place) else { return Decision { campaign: None, reason: Reason::NoCampaign } };
        let decision = self.scene(facts).decide(numbered(first, candidates));
        match &place.settled {
            Some(settled) if decision.campaign.is_none() => Decision { campaign: None, reason: settled.reason_at(facts.now) },
            _ => decision,
        }
    }

    /// Says of every candidate of a placement, in order, why it is or is not shown.
    pub fn trace(&mut self, place: usize, device: Millis) -> Vec<(usize, Reason)> {
        self.watch(device);
        let facts = self.facts(device);
        let Some((_, first, candidates)) = self.at(place) else { return Vec::new() };
        self.scene(&facts).trace(numbered(first, candidates))
    }

    /// A placement, with its candidates and the position of the first of them.
    fn at(&self, place: usize) -> Option<(&Place, usize, &[Candidate])> {
        let rules = &self.snapshot.rules;
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
            frequency: &self.snapshot.rules.frequency,
            almanac: &self.snapshot.rules.almanac,
            converted: self.converted,
            display: &self.display,
        }
    }

    /// Looks whether signals have begun or ended, in the order in which they build on each other.
    fn watch(&mut self, device: Millis) {
        let now = self.now(device);
        for (i, watch) in self.snapshot.rules.watches.iter().enumerate() {
            let facts = StandingAt { standing: &self.standing, now };
            let (when, rearm) = (watch.when.eval(&facts), watch.rearm.as_ref().map(|program| program.eval(&facts)));
            let active = next(self.standing.signals.get(i) == Some(&true), when, rearm);
            if let Some(signal) = self.standing.signals.get_mut(i) {
                *signal = active;
            }
        }
    }

    fn change(&mut self, change: Change, device: Millis) {
        change.apply(&mut self.standing);
        self.pending.push(Pending { batch: self.batch, change });
        self.watch(device); // a signal that is detected stays so, whatever comes next
    }

    /// After new word from the Worker: local events it contains are dropped, the rest is laid on top again.
    fn refresh(&mut self, device: Millis) {
        let Live { applied, server_time, .. } = self.snapshot.live;
        self.skew = server_time.since(device);
        self.batch = self.batch.max(applied.saturating_add(1));
        self.pending.retain(|p| p.batch > applied);
        self.user.merge(&self.snapshot.live.user);
        self.tenant.merge(&self.snapshot.live.tenant);
        self.converted = self.converted.max(self.snapshot.live.converted);
        self.rebuild();
        self.watch(device);
    }

    fn rebuild(&mut self) {
        self.standing.clone_from(&self.snapshot.live.standing);
        for pending in &self.pending {
            pending.change.apply(&mut self.standing);
        }
    }
}

impl Change {
    fn apply(self, standing: &mut Standing) {
        match self {
            Self::Add { meter, n, at } => {
                if let Some(meter) = standing.meters.get_mut(meter) {
                    meter.count(n, at);
                }
            }
            Self::Set { meter, n } => {
                if let Some(meter) = standing.meters.get_mut(meter) {
                    meter.value = n;
                }
            }
            Self::Track { event, at } => {
                if let Some(event) = standing.events.get_mut(event) {
                    event.count(at);
                }
            }
        }
    }
}

fn numbered(first: usize, candidates: &[Candidate]) -> impl Iterator<Item = (usize, &Candidate)> {
    (first..).zip(candidates)
}

/// A new configuration may number meters and events otherwise: local events follow their names, or go with them.
fn renumber(pending: &mut Vec<Pending>, old: &Snapshot, new: &Snapshot) {
    let follow = |i: usize, old: &[u32], new: &[u32]| old.get(i).and_then(|key| new.iter().position(|other| other == key));
    let meter = |i: usize| follow(i, &old.rules.meters, &new.rules.meters);
    let event = |i: usize| follow(i, &old.rules.events, &new.rules.events);
    pending.retain_mut(|pending| {
        let moved = match pending.change {
            Change::Add { meter: i, n, at } => meter(i).map(|meter| Change::Add { meter, n, at }),
            Change::Set { meter: i, n } => meter(i).map(|meter| Change::Set { meter, n }),
            Change::Track { event: i, at } => event(i).map(|event| Change::Track { event, at }),
        };
        if let Some(change) = moved {
            pending.change = change;
        }
        moved.is_some()
    });
}

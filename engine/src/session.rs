//! The browser's half: a snapshot, what has happened in this page since, and decisions over both.
//!
//! Local events count at once. Each belongs to a batch; when the Worker's next word contains that batch
//! ([`Live::applied`]), the local copy is dropped, so nothing is ever counted twice or lost in between.

use alloc::vec::Vec;

use crate::decision::{Decision, Reason, Scene};
use crate::entitlement::Entitlement;
use crate::facts::{MeterStanding, Standing, StandingAt};
use crate::ledger::Ledger;
use crate::snapshot::{Frame, Live, Snapshot};
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
    /// Campaigns on display in this page.
    on_display: Vec<usize>,
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
            on_display: Vec::new(),
            skew: 0,
            snapshot,
        };
        session.refresh(device);
        session
    }

    /// Takes in a frame; answers whether campaigns, meters or features may be other ones now.
    pub fn apply(&mut self, frame: Frame, device: Millis) -> bool {
        match frame {
            Frame::Snapshot(snapshot) => {
                self.on_display = self.displayed_ids().filter_map(|id| position(&snapshot, id)).collect();
                renumber(&mut self.pending, &self.snapshot, &snapshot);
                self.snapshot = *snapshot;
                self.refresh(device);
                true
            }
            Frame::Live(live) => {
                self.snapshot.live = *live;
                self.refresh(device);
                false
            }
        }
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
    pub fn add(&mut self, meter: &str, n: u64, device: Millis) {
        if let Some(meter) = self.snapshot.meters.iter().position(|m| m.key == meter) {
            self.change(Change::Add { meter, n, at: self.now(device) }, device);
        }
    }

    /// Shows `n` on a gauge at once.
    pub fn set(&mut self, meter: &str, n: u64, device: Millis) {
        if let Some(meter) = self.snapshot.meters.iter().position(|m| m.key == meter) {
            self.change(Change::Set { meter, n }, device);
        }
    }

    /// Counts a tracked event at once.
    pub fn track(&mut self, name: &str, device: Millis) {
        if let Some(event) = self.snapshot.rules.events.iter().position(|e| e == name) {
            self.change(Change::Track { event, at: self.now(device) }, device);
        }
    }

    /// Records what the user did with a nudge, here or in another tab, `at` the Worker's time.
    pub fn note(&mut self, campaign: &str, kind: NoteKind, at: Millis) {
        self.user.note(campaign, kind, at);
        if kind == NoteKind::Exposure {
            self.tenant.note(campaign, kind, at);
        }
    }

    /// Remembers that `campaign` is on display here, so that its own exposure does not cap it away; or that it no longer is.
    pub fn display(&mut self, campaign: usize, shown: bool) {
        self.on_display.retain(|c| *c != campaign);
        if shown {
            self.on_display.push(campaign);
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

    /// Decides for `placement`.
    pub fn decide(&mut self, placement: &str, device: Millis) -> Decision {
        self.watch(device);
        let facts = self.facts(device);
        self.scene(&facts).decide(placement)
    }

    /// Says of every campaign of `placement`, in order, why it is or is not shown.
    pub fn trace(&mut self, placement: &str, device: Millis) -> Vec<(usize, Reason)> {
        self.watch(device);
        let facts = self.facts(device);
        self.scene(&facts).trace(placement)
    }

    /// The facts as of `device` time.
    pub fn facts(&self, device: Millis) -> StandingAt<'_> {
        StandingAt { standing: &self.standing, now: self.now(device) }
    }

    /// How the meter named `key` stands, and its position.
    pub fn meter(&self, key: &str, device: Millis) -> Option<(usize, MeterStanding)> {
        let i = self.snapshot.meters.iter().position(|m| m.key == key)?;
        Some((i, self.facts(device).meter(i)?))
    }

    /// Whether the meter or feature named `key` may be used.
    pub fn entitlement(&self, key: &str, device: Millis) -> Entitlement {
        if let Some((_, meter)) = self.meter(key, device) {
            return Entitlement::meter(&meter);
        }
        let feature = self.snapshot.features.iter().position(|f| f.key == key);
        feature.and_then(|i| self.standing.features.get(i)).map_or(Entitlement::UNKNOWN, |has| Entitlement::feature(*has))
    }

    fn scene<'a>(&'a self, facts: &'a StandingAt<'a>) -> Scene<'a, StandingAt<'a>> {
        Scene {
            campaigns: &self.snapshot.rules.campaigns,
            settled: &self.snapshot.rules.settled,
            facts,
            now: facts.now,
            user: &self.user,
            tenant: &self.tenant,
            on_display: &self.on_display,
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

    fn displayed_ids(&self) -> impl Iterator<Item = &str> {
        self.on_display.iter().filter_map(|i| self.snapshot.rules.campaigns.get(*i)).map(|c| c.id.as_str())
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

fn position(snapshot: &Snapshot, campaign: &str) -> Option<usize> {
    snapshot.rules.campaigns.iter().position(|c| c.id == campaign)
}

/// A new configuration may number meters and events otherwise: local events follow their names, or go with them.
fn renumber(pending: &mut Vec<Pending>, old: &Snapshot, new: &Snapshot) {
    let meter = |i: usize| old.meters.get(i).and_then(|m| new.meters.iter().position(|n| n.key == m.key));
    let event = |i: usize| old.rules.events.get(i).and_then(|e| new.rules.events.iter().position(|n| n == e));
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

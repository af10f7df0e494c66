//! History: what came in and what was decided, kept compactly, so that decisions can be made again: by the rules of then, to
//! prove that they were right ([`replay`]), or by others, to see what they would have done ([`backtest`]).
//!
//! A tenant's history is a [`Base`], the state at its beginning, and the [`Entry`]s since, in [`Chunk`]s. An entry is a step: what
//! came in and what was decided then. State is looked at only between steps, so within a batch usage of one meter by one user
//! at one moment is kept as one sum. Left out is what no rule reads: the ids that make events count once (only those that
//! counted are kept), upgrades on their way, and since when there has been a reason to upgrade.

mod backtest;
mod bytes;
mod chunk;
mod play;
mod report;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use backtest::{SESSION, Window, backtest};
pub use chunk::Chunk;
pub use play::{Difference, Outputs, Replayed, Rulebooks, Unplayable, advance, replay, revisions};
pub use report::{CampaignReport, Compared, SegmentReport, TenantBacktest, Totals};

use crate::map::Map;
use crate::sequence::Spent;
use crate::subscription::Mirror;
use crate::tenant::{Applied, Batch, Counts, Detected, Profile, Rulebook, Tenant, Transition, User, Verdict};
use crate::time::{DAY, DurationMs, Millis};
use crate::upgrade::requests::Requests;
use crate::usage::{Event, EventKind, MAX_VALUE, NoteKind, Reading, settle_time};
use crate::wire;
use crate::zone::Zone;

/// How long entries are kept.
pub const KEEP: DurationMs = 90 * DAY;
/// How many bytes of chunks are kept for one tenant.
pub const MAX_BYTES: usize = 8 * 1024 * 1024;
/// A chunk of so many bytes is full.
pub const FULL: usize = 8 * 1024;
/// A chunk that began so long ago is full as well, so that dropping what is too old drops little that is not.
pub const FULL_AFTER: DurationMs = 30 * DAY;

/// Among so many events before it one is looked for that usage may be added to, so that large batches cost no more for each event.
const LOOK_BACK: usize = 64;

/// Something that came in.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Events, in the form that [`counted`] gives them.
    Batch(Batch),
    /// All subscriptions, after a change.
    Mirror(Box<Mirror>),
    /// All requests of teammates, after a change.
    Requests(Requests),
    /// Rules of this revision are in force.
    Rules(u32),
    /// A user was seen for the first time.
    Met(String),
    /// Nudges are judged by these clocks from now on.
    Zone(Zone),
    /// Letters were counted in the ledgers.
    Spent(Vec<Spent>),
}

/// A step: what came in, and what was decided then. Nothing comes in when time alone changes something.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// The Worker's clock at the step.
    pub at: Millis,
    /// What came in, in this order.
    pub inputs: Vec<Input>,
    /// What the evaluation after it has changed.
    pub transitions: Vec<Transition>,
    /// What the edge thought of the exposures in it.
    pub verdicts: Vec<Verdict>,
}

impl Entry {
    /// Whether it says nothing: nothing came in and nothing was decided.
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty() && self.transitions.is_empty() && self.verdicts.is_empty()
    }
}

/// A tenant's state where its history begins.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Base {
    /// The revision of the rules in force.
    pub revision: u32,
    /// Metering.
    pub counts: Counts,
    /// What changes rarely.
    pub profile: Profile,
    /// Subscriptions.
    pub mirror: Mirror,
    /// What teammates ask for.
    pub requests: Requests,
    /// Signals and segments.
    pub detected: Detected,
    /// All users.
    pub users: Map<User>,
}

wire! { struct Base { revision, counts, profile, mirror, requests, detected, users } }

impl Base {
    /// The state of `tenant` under rules of this revision; of its users those that are loaded.
    pub fn of(tenant: &Tenant, revision: u32) -> Self {
        Self {
            revision,
            counts: tenant.counts.clone(),
            profile: tenant.profile.clone(),
            mirror: tenant.mirror.clone(),
            requests: tenant.requests.clone(),
            detected: tenant.detected.clone(),
            users: tenant.users.clone(),
        }
    }

    /// The tenant of this state.
    pub fn tenant(self, name: &str) -> Tenant {
        let Self { revision: _, counts, profile, mirror, requests, detected, users } = self;
        Tenant { name: name.to_owned(), counts, profile, mirror, requests, detected, users, ..Tenant::default() }
    }
}

impl Tenant {
    /// Counts a batch, and judges its exposures; the verdicts are those of the exposures that counted. The users must be loaded.
    /// The Worker and a replay take batches in by this function.
    pub fn take_batch(&mut self, rules: &Rulebook, batch: &Batch, now: Millis) -> (Applied, Vec<Verdict>) {
        if !batch.events.iter().any(is_exposure) {
            return (self.apply(rules, batch, now), Vec::new());
        }
        // A page sends what was used and what it then showed in one batch: judged is what stands after all of it, but for the
        // exposures themselves.
        let named = batch.events.iter().filter(|event| is_exposure(event)).filter_map(|event| event.user.as_ref());
        let users: Map<User> = named.map(|user| (user.clone(), self.users.get(user).cloned().unwrap_or_default())).collect();
        let ledger = self.counts.ledger.clone();
        let applied = self.apply(rules, batch, now);
        let mut then = Self {
            name: self.name.clone(),
            counts: Counts { ledger, ..self.counts.clone() },
            profile: self.profile.clone(),
            mirror: self.mirror.clone(),
            requests: self.requests.clone(),
            detected: self.detected.clone(),
            users,
            ..Self::default()
        };
        then.detect(rules, now);
        let counted = batch.events.iter().enumerate().filter(|(i, event)| is_exposure(event) && applied.counted.contains(i));
        let shown = Batch { client: None, role: batch.role, events: counted.map(|(_, event)| event.clone()).collect() };
        let verdicts = then.judge(rules, &shown, now);
        (applied, verdicts)
    }

    /// Has nudges judged by the clocks of `zone`; answers whether by others than before, which history is to be told before the batch.
    pub fn judge_by(&mut self, zone: &Zone) -> bool {
        let is_other = self.counts.zone != *zone;
        if is_other {
            self.counts.zone.clone_from(zone);
        }
        is_other
    }

    /// Takes note that a user is seen at `now`; answers whether for the first time. The user must be loaded.
    pub fn meet(&mut self, user: &str, now: Millis) -> bool {
        self.profile.first_seen.get_or_insert(now);
        let known = self.users.entry(user, Default::default);
        let is_new = known.first_seen.is_none();
        known.first_seen.get_or_insert(now);
        is_new
    }
}

fn is_exposure(event: &Event) -> bool {
    matches!(event.kind, EventKind::Note { kind: NoteKind::Render | NoteKind::Exposure | NoteKind::Ghost, .. })
}

/// A batch as history keeps it: the events that counted, without ids, numbered anew, at settled times (`None`: the Worker's own),
/// what one user used of one meter at one moment as one sum. Applying it has the same effect.
pub fn counted(batch: &Batch, applied: &Applied, now: Millis) -> Batch {
    let mut kept: Vec<Event> = Vec::new();
    for event in applied.counted.iter().filter_map(|i| batch.events.get(*i)) {
        let at = Some(settle_time(event.at, now)).filter(|at| *at != now);
        if !kept
            .iter_mut()
            .rev()
            .take(LOOK_BACK)
            .any(|earlier| earlier.user == event.user && earlier.at == at && add(&mut earlier.kind, &event.kind))
        {
            let index = u32::try_from(kept.len()).unwrap_or(u32::MAX);
            kept.push(Event { index, id: None, user: event.user.clone(), at, kind: event.kind.clone() });
        }
    }
    Batch { client: None, role: batch.role, events: kept }
}

/// Adds usage to usage of the same meter; answers whether it could.
fn add(earlier: &mut EventKind, more: &EventKind) -> bool {
    match (earlier, more) {
        (
            EventKind::Usage { meter, reading: Reading::Add(sum) },
            EventKind::Usage { meter: same, reading: Reading::Add(n) },
            // A sum no event may have would be refused when it is applied.
        ) if meter == same && sum.saturating_add(*n) <= MAX_VALUE => {
            *sum = sum.saturating_add(*n);
            true
        }
        _ => false,
    }
}

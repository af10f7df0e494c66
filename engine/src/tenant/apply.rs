//! A batch of events meets a tenant.

use serde::{Deserialize, Serialize};

use super::{Rulebook, Tenant};
use crate::facts::{MeterStanding, Role};
use crate::hash::{hash_parts, key};
use crate::ids::is_name;
use crate::ledger::Moment;
use crate::plan::{Limit, MeterKind, MeterSource};
use crate::time::Millis;
use crate::touch::Touch;
use crate::traits::{Trait, TraitValue};
use crate::usage::{Event, EventKind, MAX_VALUE, NoteKind, PageChanges, Reading, Seen, settle_time};
use crate::wire;

/// The most differently named tracked events of one tenant.
const MAX_EVENT_NAMES: usize = 256;

/// Events that arrived together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Who sent it (see [`client_key`](Batch::client_key)) and the sender's number for it.
    pub client: Option<(u64, u64)>,
    /// The role of the user who sent it; `None` when the back end did.
    pub role: Option<Role>,
    /// What happened.
    pub events: Vec<Event>,
}

wire! { struct Batch { client, role, events } }

impl Batch {
    /// The key under which a client's batches are numbered: the name it gives itself, apart for each owner, so that one
    /// user cannot use up another's numbers.
    pub fn client_key(owner: &str, client: &str) -> u64 {
        hash_parts(&[owner, client])
    }
}

/// The answer to a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Events that were counted.
    pub accepted: u32,
    /// Events that had been counted before.
    pub duplicates: u32,
    /// Events that were refused.
    pub rejected: Vec<Rejection>,
}

wire! { struct Receipt { accepted, duplicates, rejected } }

/// Why an event was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// Its place in the batch.
    pub index: u32,
    /// A stable code.
    pub code: String,
    /// What is wrong and what to do about it.
    pub detail: String,
}

wire! { struct Rejection { index, code, detail } }

/// What applying a batch did, and what must be stored for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// The answer.
    pub receipt: Receipt,
    /// Whether [`Counts`](super::Counts) changed.
    pub counts: bool,
    /// The positions in the batch of the events that were counted.
    pub counted: Vec<usize>,
    /// Whether [`Profile`](super::Profile) changed.
    pub profile: bool,
    /// What somebody met of campaigns, as far as it is news.
    pub touches: Vec<Touch>,
    /// Users whose state changed.
    pub users: Vec<String>,
    /// Pages of event ids that changed.
    pub pages: PageChanges,
}

impl Applied {
    fn touch(&mut self, user: &str) {
        if !self.users.iter().any(|known| known == user) {
            self.users.push(user.to_owned());
        }
    }
}

impl Tenant {
    /// Counts `batch` once. Users named in it must be loaded. A batch of which nothing can be accepted changes nothing, and does not use up
    /// its number.
    pub fn apply(&mut self, rules: &Rulebook, batch: &Batch, now: Millis) -> Applied {
        let mut applied = Applied::default();
        let checked = batch.events.iter().enumerate().map(|(i, e)| (i, e, self.check(rules, e)));
        let (good, bad): (Vec<_>, Vec<_>) = checked.partition(|(.., result)| result.is_ok());
        applied.receipt.rejected.extend(bad.into_iter().filter_map(|(.., result)| result.err()));
        if good.is_empty() {
            return applied;
        }
        applied.counts = true;
        if let Some((client, seq)) = batch.client
            && self.counts.clients.mark(client, seq, now) == Seen::Again
        {
            applied.counts = false;
            applied.receipt.duplicates = u32::try_from(good.len()).unwrap_or(u32::MAX);
            return applied;
        }
        applied.profile = self.profile.first_seen.is_none();
        self.profile.first_seen.get_or_insert(now);
        for (i, event, _) in good {
            let before = applied.receipt.accepted;
            self.count(rules, event, now, &mut applied);
            if applied.receipt.accepted > before {
                applied.counted.push(i);
            }
        }
        applied
    }

    fn count(&mut self, rules: &Rulebook, event: &Event, now: Millis, applied: &mut Applied) {
        if let Some(id) = &event.id
            && self.ids.mark(id, now, &mut applied.pages) == Seen::Again
        {
            applied.receipt.duplicates += 1;
            return;
        }
        applied.receipt.accepted += 1;
        let at = settle_time(event.at, now);
        match &event.kind {
            EventKind::Usage { meter, reading } => self.measure(rules, meter, *reading, at, now),
            EventKind::Track { name, feature } => {
                self.counts.events.entry(name, Default::default).count(at);
                if let Some(feature) = feature.as_ref().filter(|f| rules.config.features.iter().any(|known| known.key == **f)) {
                    let last = self.counts.refused.entry(feature, || at);
                    *last = at.max(*last);
                    self.needed(at);
                }
            }
            EventKind::Note { kind, campaign, decision } => {
                let Some(user) = &event.user else { return };
                let moment = moment(user, campaign, decision.as_deref(), at);
                if let Some(rule) = rules.config.campaigns.iter().find(|rule| rule.campaign.id == *campaign) {
                    // Whatever the event says of it: the arm is the tenant's.
                    let news = self.counts.tallies.count(rule.arm(&self.name), *kind, moment);
                    if news.0 != 0 {
                        applied.touches.push(self.touch(rules, rule, user, moment, news));
                    }
                }
                let campaign = key(campaign);
                self.users.entry(user, Default::default).ledger.note(campaign, *kind, moment);
                if matches!(kind, NoteKind::Render | NoteKind::Exposure | NoteKind::Ghost) {
                    self.counts.ledger.note(campaign, *kind, moment);
                    self.needed(at);
                }
                applied.touch(user);
            }
            EventKind::Identify { traits } => self.identify(rules, event.user.as_deref(), traits, applied),
        }
    }

    /// Takes in what the back end says of `user`, else of the tenant.
    fn identify(&mut self, rules: &Rulebook, user: Option<&str>, traits: &[(String, Option<TraitValue>)], applied: &mut Applied) {
        let config = &rules.config.traits;
        let (known, declared) = if let Some(user) = user {
            applied.touch(user);
            (&mut self.users.entry(user, Default::default).traits, &config.user)
        } else {
            applied.profile = true;
            (&mut self.profile.traits, &config.tenant)
        };
        for (key, value) in traits {
            let kind = declared.iter().find(|t| t.key == *key).map(|t| t.of);
            match value {
                Some(value) => known.insert(key, value.clone().fitted(kind)),
                None => {
                    known.remove(key);
                }
            }
        }
    }

    fn measure(&mut self, rules: &Rulebook, key: &str, reading: Reading, at: Millis, now: Millis) {
        let billing = self.mirror.current().and_then(|s| s.period);
        let Some(meter) = rules.config.meters.iter().find(|m| m.key == key) else { return };
        let state = self.counts.meters.entry(key, Default::default);
        match (meter.kind, reading) {
            (MeterKind::Counter(period), Reading::Add(n)) => state.add(period, n, at, billing, now),
            (MeterKind::Gauge, Reading::Set(n)) => state.set(n, at),
            _ => {}
        }
        if self.counts.needs_since.is_some() {
            return;
        }
        let present = self.present(rules);
        let Some(i) = rules.config.meters.iter().position(|m| m.key == key) else { return };
        let allowance = present.plan.map(|plan| plan.allowance(i, present.price)).unwrap_or_default();
        let standing = MeterStanding {
            value: self.reads(rules, i, meter, now),
            limit: allowance.limit,
            soft: allowance.soft,
            ..MeterStanding::default()
        };
        if is_near(&standing) {
            self.needed(at);
        }
    }

    /// There is a reason to upgrade: the first since the last upgrade is remembered, so that the time it took can be told.
    fn needed(&mut self, at: Millis) {
        self.counts.needs_since.get_or_insert(at);
    }

    fn check(&self, rules: &Rulebook, event: &Event) -> Result<(), Rejection> {
        let reject = |code: &str, detail: String| Err(Rejection { index: event.index, code: code.to_owned(), detail });
        match &event.kind {
            EventKind::Usage { meter, reading } => match check_usage(rules, meter, *reading) {
                Ok(()) => Ok(()),
                Err((code, detail)) => reject(code, detail),
            },
            EventKind::Track { name, .. } => {
                if !is_name(name) {
                    return reject("invalid_name", format!("`{name}` is no event name: 1 to 64 lower-case letters, digits and `_`"));
                }
                if !self.counts.events.contains_key(name) && self.counts.events.len() >= MAX_EVENT_NAMES {
                    return reject("too_many_names", format!("this tenant has {MAX_EVENT_NAMES} differently named events already"));
                }
                Ok(())
            }
            EventKind::Note { campaign, .. } => {
                if event.user.is_none() {
                    return reject("user_required", "what somebody did with a nudge needs `user`".to_owned());
                }
                // Only what exists is remembered, so that nobody can flush a ledger with invented names.
                if !rules.config.campaigns.iter().any(|rule| rule.campaign.id == *campaign) {
                    return reject("unknown_campaign", format!("no campaign `{campaign}` in the configuration in force"));
                }
                Ok(())
            }
            EventKind::Identify { traits } => {
                let config = &rules.config.traits;
                let declared = if event.user.is_some() { &config.user } else { &config.tenant };
                match traits.iter().find_map(|(key, value)| check_trait(declared, key, value.as_ref()).err()) {
                    Some((code, detail)) => reject(code, detail),
                    None => Ok(()),
                }
            }
        }
    }
}

/// The moment of a decision. Who names none is taken to mean the one on that campaign for that user at that time.
pub(super) fn moment(user: &str, campaign: &str, decision: Option<&str>, at: Millis) -> Moment {
    Moment { at, tag: decision.map_or_else(|| key(&format!("{user} {campaign} {}", at.0)), key) }
}

/// Whether a meter is near its limit: past the soft one, or, where none is set, past eight tenths of it.
pub(super) fn is_near(meter: &MeterStanding) -> bool {
    match (meter.soft, meter.limit) {
        (Some(soft), _) => meter.value >= soft,
        (None, Limit::Upto(_)) => meter.percent() >= 80,
        (None, Limit::Unlimited) => false,
    }
}

/// The longest text of a trait, and of one of its texts, in bytes; and the most texts.
const MAX_TEXT: usize = 256;
const MAX_TEXTS: usize = 32;

fn check_trait(declared: &[Trait], key: &str, value: Option<&TraitValue>) -> Result<(), (&'static str, String)> {
    let Some(declared) = declared.iter().find(|t| t.key == key) else {
        let known: Vec<&str> = declared.iter().map(|t| t.key.as_str()).collect();
        let known = if known.is_empty() { "none; declare it under `traits`".to_owned() } else { known.join(", ") };
        return Err(("unknown_trait", format!("no trait `{key}`; known: {known}")));
    };
    match value {
        Some(value) if value.clone().fitted(Some(declared.of)).kind() != declared.of => {
            Err(("wrong_type", format!("`{key}` is declared to be of type {}", declared.of.word())))
        }
        Some(TraitValue::Text(text)) if text.len() > MAX_TEXT => Err(("invalid_value", format!("`{key}`: at most {MAX_TEXT} bytes"))),
        Some(TraitValue::List(texts)) if texts.len() > MAX_TEXTS || texts.iter().any(|text| text.len() > MAX_TEXT) => {
            Err(("invalid_value", format!("`{key}`: at most {MAX_TEXTS} texts of at most {MAX_TEXT} bytes")))
        }
        _ => Ok(()),
    }
}

fn check_usage(rules: &Rulebook, key: &str, reading: Reading) -> Result<(), (&'static str, String)> {
    let meters = &rules.config.meters;
    let Some((i, meter)) = meters.iter().enumerate().find(|(_, m)| m.key == key) else {
        let known: Vec<&str> = meters.iter().map(|m| m.key.as_str()).collect();
        let known = if known.is_empty() { "none yet; publish a configuration".to_owned() } else { known.join(", ") };
        return Err(("unknown_meter", format!("no meter `{key}`; known: {known}")));
    };
    if *rules.source(i) != MeterSource::Events {
        return Err((
            "wrong_source",
            format!("`{key}` is read from Stripe; report its usage there, or remove `source` from its configuration"),
        ));
    }
    let (Reading::Add(n) | Reading::Set(n)) = reading;
    if n > MAX_VALUE {
        return Err(("invalid_value", format!("{n} is above {MAX_VALUE}")));
    }
    match (meter.kind, reading) {
        (MeterKind::Counter(_), Reading::Set(_)) => Err(("wrong_kind", format!("`{key}` is a counter: send `value`, not `set`"))),
        (MeterKind::Gauge, Reading::Add(_)) => Err(("wrong_kind", format!("`{key}` is a gauge: send `set`, not `value`"))),
        _ => Ok(()),
    }
}

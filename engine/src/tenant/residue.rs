//! What is left of the rules for one user of one tenant: everything that only the edge knows is settled.

use super::facts::{Facts, Person};
use super::{Rulebook, Tenant, Viewer};
use crate::campaign::Campaign;
use crate::config::CampaignRule;
use crate::decision::Reason;
use crate::expr::{Lookup, Program, Settle, Settled as Fate, Value};
use crate::facts::{Fact, Input, Role};
use crate::hash::hash64;
use crate::snapshot::{Residue, Settled};
use crate::template::Template;
use crate::time::Millis;
use crate::watch::{Watch, next};

/// A signal as it stands for a page.
enum Seen {
    /// Nothing in a page changes it.
    Fixed(bool),
    /// This is left of it.
    Open(Watch),
}

/// The facts as the browser will see them.
struct Settling<'a> {
    facts: &'a Facts<'a>,
    /// By signal; those settled so far.
    signals: Vec<Option<Seen>>,
}

impl Settle for Settling<'_> {
    fn settle_input(&self, input: Input) -> Fate<'_> {
        match input {
            Input::Signal(i) => match self.signals.get(usize::from(i)) {
                Some(Some(Seen::Fixed(active))) => Fate::Value(Value::Bool(*active)),
                _ => Fate::Input(input),
            },
            input => Fate::Input(input),
        }
    }

    fn settle_fact(&self, fact: Fact) -> Fate<'_> {
        match fact {
            Fact::Input(input) => self.settle_input(input),
            // Ages go on in the page.
            fact => self.facts.moment(fact).map_or_else(|| Fate::Value(self.facts.fact(fact)), Fate::Input),
        }
    }
}

impl Tenant {
    /// What is left of the rules for `viewer`, who must be loaded, and which signals of the configuration it watches.
    pub fn residue(&self, rules: &Rulebook, viewer: &Viewer<'_>, now: Millis) -> (Residue, Vec<u16>) {
        let person = Person { user: self.users.get(viewer.user), role: viewer.role };
        let facts = Facts::new(self, rules, Some(person), now);
        let mut settling = Settling { facts: &facts, signals: Vec::new() };
        settling.signals.resize_with(rules.config.signals.len(), || None);
        for i in &rules.config.signal_order {
            let seen = see(&settling, rules, *i);
            if let Some(slot) = settling.signals.get_mut(usize::from(*i)) {
                *slot = seen;
            }
        }
        let mut residue = Residue::default();
        let mut placements: Vec<u64> = Vec::new();
        for rule in &rules.config.campaigns {
            let campaign = &rule.campaign;
            let placement = hash64(campaign.placement.as_bytes());
            let is_first = !placements.contains(&placement);
            if is_first {
                placements.push(placement);
            }
            let left = if rule.rollout.includes(&campaign.id, &self.name) {
                settle(rule, &self.name, viewer.role, &settling, now)
            } else {
                Err(Reason::NotRolledOut)
            };
            match left {
                Ok(campaign) => residue.campaigns.push(campaign),
                Err(reason) if is_first => {
                    residue.settled.push(Settled { placement, schedule: campaign.schedule, reason });
                }
                Err(_) => {}
            }
        }
        let kept = pack(&mut residue, settling.signals, &rules.config.signal_order, &rules.config.events);
        (residue, kept)
    }
}

/// What is left of a signal.
fn see(settling: &Settling<'_>, rules: &Rulebook, i: u16) -> Option<Seen> {
    let signal = rules.config.signals.get(usize::from(i))?;
    let when = signal.when.residual(settling);
    let rearm = signal.rearm.as_ref().map(|program| program.residual(settling));
    let active = settling.facts.signal(i).is_some_and(|state| state.active);
    let fixed = |program: &Program| program.constant();
    Some(match (fixed(&when), rearm.as_ref().map(fixed)) {
        (Some(when), None) => Seen::Fixed(next(active, when, None)),
        (Some(when), Some(Some(rearm))) => Seen::Fixed(next(active, when, Some(rearm))),
        _ => Seen::Open(Watch { when, rearm }),
    })
}

/// What is left of a campaign, or why it cannot be shown whatever happens in the page.
fn settle(rule: &CampaignRule, tenant: &str, role: Role, settling: &Settling<'_>, now: Millis) -> Result<Campaign, Reason> {
    if rule.campaign.schedule.until.is_some_and(|until| until <= now) {
        return Err(Reason::NotScheduled);
    }
    let audience = rule.campaign.audience.residual(settling);
    let verdict = audience.constant();
    match verdict {
        Some(Value::Bool(false)) => return Err(Reason::AudienceFalse),
        Some(Value::Unknown) => return Err(Reason::AudienceUnknown),
        _ => {}
    }
    let mut left = Campaign { audience, ..rule.for_user(tenant, role) };
    for text in left.texts_mut() {
        *text = match text.residual(settling) {
            Some(text) => text,
            None if verdict.is_some() => return Err(Reason::MissingValue),
            None => Template::missing(),
        };
    }
    Ok(left)
}

/// Keeps of signals and events what is read, numbers it anew, and answers which signals of the configuration were kept.
fn pack(residue: &mut Residue, mut seen: Vec<Option<Seen>>, order: &[u16], names: &[String]) -> Vec<u16> {
    let mut wanted: Vec<u16> = signals(residue.inputs());
    // Backwards through the order: whoever reads a signal comes after it.
    for i in order.iter().rev() {
        if let (true, Some(Some(Seen::Open(watch)))) = (wanted.contains(i), seen.get(usize::from(*i))) {
            wanted.extend(signals(watch.inputs()));
        }
    }
    let mut kept = Vec::new();
    for i in order.iter().filter(|i| wanted.contains(i)) {
        if let Some(Seen::Open(watch)) = seen.get_mut(usize::from(*i)).and_then(Option::take) {
            residue.watches.push(watch);
            kept.push(*i);
        }
    }
    let mut events: Vec<u16> = Vec::new();
    for input in residue.inputs() {
        if let Input::EventCount { event, .. } | Input::EventLastAge { event } = input
            && !events.contains(&event)
        {
            events.push(event);
        }
    }
    let place = |list: &[u16], wanted: u16| list.iter().position(|i| *i == wanted).and_then(|i| u16::try_from(i).ok()).unwrap_or(u16::MAX);
    residue.renumber(&|input| match input {
        Input::Signal(i) => Input::Signal(place(&kept, i)),
        Input::EventCount { event, days } => Input::EventCount { event: place(&events, event), days },
        Input::EventLastAge { event } => Input::EventLastAge { event: place(&events, event) },
        input => input,
    });
    residue.events = events.iter().filter_map(|i| names.get(usize::from(*i)).cloned()).collect();
    kept
}

fn signals(inputs: impl Iterator<Item = Input>) -> Vec<u16> {
    inputs.filter_map(|input| if let Input::Signal(i) = input { Some(i) } else { None }).collect()
}

//! What is left of the rules for one user of one tenant: everything that only the edge knows is settled.

use super::facts::{Asked, Facts, Person};
use super::{Rulebook, Tenant, Viewer};
use crate::almanac::Almanac;
use crate::campaign::Campaign;
use crate::config::CampaignRule;
use crate::decision::Reason;
use crate::expr::{Lookup, Program, Settle, Settled as Fate, Value};
use crate::facts::{Fact, Input, Role};
use crate::hash::key;
use crate::snapshot::{Candidate, Place, Residue, Settled};
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

/// What is left of the rules, with the names of what it numbers.
pub(super) struct Left {
    /// In numbers.
    pub(super) residue: Residue,
    /// The campaigns that may be shown, as the residue has them.
    pub(super) campaigns: Vec<Campaign>,
    /// The tracked events that are read.
    pub(super) events: Vec<String>,
    /// Which signals of the configuration are watched.
    pub(super) watched: Vec<u16>,
    /// What of the user it depends on, besides the role.
    pub(super) asked: Asked,
}

/// A placement, while its campaigns are being looked through.
struct Stand {
    key: u32,
    settled: Option<Settled>,
    campaigns: Vec<Campaign>,
}

impl Tenant {
    /// What is left of the rules for `viewer`, who must be loaded.
    pub(super) fn residue(&self, rules: &Rulebook, viewer: &Viewer<'_>, now: Millis) -> Left {
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
        let stands = self.stands(rules, viewer.role, &settling, now);
        let place = |stand: &Stand| Place {
            key: stand.key,
            candidates: u16::try_from(stand.campaigns.len()).unwrap_or(u16::MAX),
            settled: stand.settled.clone(),
        };
        let residue = Residue {
            meters: rules.config.meters.iter().map(|meter| key(&meter.key)).collect(),
            places: stands.iter().map(place).collect(),
            almanac: Almanac::of(&rules.config, viewer.zone, now),
            frequency: rules.config.frequency.caps.clone(),
            ..Residue::default()
        };
        let campaigns = stands.into_iter().flat_map(|stand| stand.campaigns).collect();
        Left { asked: facts.asked(), ..pack(residue, campaigns, settling.signals, rules) }
    }

    /// The placements in the order of their first campaign, each with what is left of its campaigns.
    fn stands(&self, rules: &Rulebook, role: Role, settling: &Settling<'_>, now: Millis) -> Vec<Stand> {
        let mut stands: Vec<Stand> = Vec::new();
        for rule in &rules.config.campaigns {
            let campaign = &rule.campaign;
            let place = key(&campaign.placement);
            let left = if rule.rollout.includes(&campaign.id, &self.name) {
                settle(rule, &self.name, role, settling, now)
            } else {
                Err(Reason::NotRolledOut)
            };
            let known = stands.iter_mut().find(|stand| stand.key == place);
            match (known, left) {
                (Some(stand), Ok(campaign)) => stand.campaigns.push(campaign),
                (Some(_), Err(_)) => {}
                (None, Ok(campaign)) => stands.push(Stand { key: place, settled: None, campaigns: vec![campaign] }),
                (None, Err(reason)) => {
                    let settled = Some(Settled { schedule: campaign.gates.schedule, reason });
                    stands.push(Stand { key: place, settled, campaigns: Vec::new() });
                }
            }
        }
        stands
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
    if rule.campaign.gates.schedule.until.is_some_and(|until| until <= now) {
        return Err(Reason::NotScheduled);
    }
    let audience = rule.campaign.gates.audience.residual(settling);
    let verdict = audience.constant();
    match verdict {
        Some(Value::Bool(false)) => return Err(Reason::AudienceFalse),
        Some(Value::Unknown) => return Err(Reason::AudienceUnknown),
        _ => {}
    }
    let mut left = rule.for_user(tenant, role);
    left.gates.audience = audience;
    for text in left.texts_mut() {
        *text = match text.residual(settling) {
            Some(text) => text,
            None if verdict.is_some() => return Err(Reason::MissingValue),
            None => Template::missing(),
        };
    }
    Ok(left)
}

/// Keeps of signals and events what is read, and numbers it anew.
fn pack(mut residue: Residue, mut campaigns: Vec<Campaign>, mut seen: Vec<Option<Seen>>, rules: &Rulebook) -> Left {
    let order = &rules.config.signal_order;
    let mut wanted: Vec<u16> = signals(campaigns.iter().flat_map(Campaign::inputs));
    // Backwards through the order: whoever reads a signal comes after it.
    for i in order.iter().rev() {
        if let (true, Some(Some(Seen::Open(watch)))) = (wanted.contains(i), seen.get(usize::from(*i))) {
            wanted.extend(signals(watch.inputs()));
        }
    }
    let mut watched = Vec::new();
    for i in order.iter().filter(|i| wanted.contains(i)) {
        if let Some(Seen::Open(watch)) = seen.get_mut(usize::from(*i)).and_then(Option::take) {
            residue.watches.push(watch);
            watched.push(*i);
        }
    }
    let mut events: Vec<u16> = Vec::new();
    let watches = residue.watches.iter().flat_map(Watch::inputs);
    for input in watches.chain(campaigns.iter().flat_map(Campaign::inputs)) {
        if let Input::EventCount { event, .. } | Input::EventLastAge { event } = input
            && !events.contains(&event)
        {
            events.push(event);
        }
    }
    let place = |list: &[u16], wanted: u16| list.iter().position(|i| *i == wanted).and_then(|i| u16::try_from(i).ok()).unwrap_or(u16::MAX);
    let number = |input| match input {
        Input::Signal(i) => Input::Signal(place(&watched, i)),
        Input::EventCount { event, days } => Input::EventCount { event: place(&events, event), days },
        Input::EventLastAge { event } => Input::EventLastAge { event: place(&events, event) },
        input => input,
    };
    for watch in &mut residue.watches {
        watch.renumber(&number);
    }
    for campaign in &mut campaigns {
        campaign.renumber(&number);
    }
    let events: Vec<String> = events.iter().filter_map(|i| rules.config.events.get(usize::from(*i)).cloned()).collect();
    residue.events = events.iter().map(|name| key(name)).collect();
    residue.candidates = campaigns.iter().map(|campaign| candidate(campaign, &mut residue.values)).collect();
    Left { residue, campaigns, events, watched, asked: Asked::default() }
}

/// The numbers of a campaign; what its texts read joins `values`.
fn candidate(campaign: &Campaign, values: &mut Vec<Input>) -> Candidate {
    let mut reads = Vec::new();
    for input in campaign.texts().flat_map(Template::inputs) {
        for list in [&mut reads, &mut *values] {
            if !list.contains(&input) {
                list.push(input);
            }
        }
    }
    Candidate { gates: campaign.gates.clone(), reads }
}

fn signals(inputs: impl Iterator<Item = Input>) -> Vec<u16> {
    inputs.filter_map(|input| if let Input::Signal(i) = input { Some(i) } else { None }).collect()
}

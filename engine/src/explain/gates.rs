//! The gates, one by one: what each looks at, what it asks, and what would open it.

use super::names::{Names, look, why_unknown};
use super::print::{moment, per_cent, value};
use super::tree::facts;
use super::want::{Want, want};
use super::{Account, Explanation, Gate, GateKind, Reading, Verdict};
use crate::campaign::Campaign;
use crate::decision::{Reason, Scene};
use crate::expr::{Lookup, Value};
use crate::facts::Fact;
use crate::template::{Template, plain};
use crate::time::Millis;

/// What campaigns are judged by.
#[derive(Debug)]
pub struct Stage<'a, F> {
    /// What the facts are called.
    pub names: &'a Names<'a>,
    /// What decisions are made from.
    pub scene: Scene<'a, F>,
}

/// A campaign, with what is known of it beside what a page needs.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// As this user meets it.
    pub campaign: Campaign,
    /// Which tenants it is on for; `None`: it is on for this one, and no more is known.
    pub rollout: Option<Chance>,
    /// Which tenants are kept from seeing it; `None`: no more is known than whether this one is.
    pub holdout: Option<Chance>,
    /// Which tenants are kept from seeing any campaign; likewise.
    pub holdout_of_all: Option<Chance>,
    /// Its audience as written; `None`: what is left of it is all that is known.
    pub audience: Option<&'a str>,
}

/// A share of all tenants, and where in it one of them is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance {
    /// The tenant's basis point, 0 to 9,999.
    pub bucket: u16,
    /// In basis points.
    pub share: u16,
    /// Whether the tenant is in by name.
    pub named: bool,
}

impl Chance {
    fn is_in(self) -> bool {
        self.named || self.bucket < self.share
    }
}

/// What would open a gate.
pub(super) enum Key {
    /// It is open.
    Open,
    /// This alone, as time goes by.
    Time(Millis),
    /// This.
    Words(String),
    /// Nothing.
    Nothing,
}

/// A gate before it is known whether the campaign came so far.
pub(super) struct Found {
    pub(super) kind: GateKind,
    pub(super) key: Key,
    /// Why it stops the campaign, if it does.
    pub(super) stop: Option<Reason>,
    pub(super) inputs: Vec<Reading>,
    pub(super) threshold: Option<String>,
}

impl Found {
    pub(super) fn new(kind: GateKind, stop: Option<Reason>, key: Key) -> Self {
        Self { kind, key: if stop.is_some() { key } else { Key::Open }, stop, inputs: Vec::new(), threshold: None }
    }
}

impl<F: Lookup> Stage<'_, F> {
    /// Explains what is decided between the campaigns of `placement`, highest priority first.
    pub fn explain(&self, placement: &str, subjects: &[Subject<'_>]) -> Explanation {
        let mut shown: Option<&Campaign> = None;
        let mut campaigns = Vec::new();
        for subject in subjects {
            let account = self.account(subject, shown);
            if account.reason == Reason::Match {
                shown = Some(&subject.campaign);
            }
            campaigns.push(account);
        }
        let first = campaigns.first().map_or(Reason::NoCampaign, |account| account.reason);
        Explanation {
            placement: placement.to_owned(),
            campaign: shown.map(|c| c.id.clone()),
            title: shown.and_then(|c| c.nudge.title.fill(self.scene.facts)).map(|marked| plain(&marked)),
            reason: if shown.is_some() { Reason::Match } else { first },
            campaigns,
            settled: 0,
        }
    }

    /// Takes a campaign through its gates; `shown`: the campaign that has the place already.
    fn account(&self, subject: &Subject<'_>, shown: Option<&Campaign>) -> Account {
        let campaign = &subject.campaign;
        let mut found = vec![rollout(subject), self.schedule(campaign), self.audience(subject), self.texts(campaign)];
        found.extend(self.frequency(campaign));
        found.extend([holdout(subject), place(shown)]);
        let quiet_until = |at| self.scene.almanac.quiet_until(campaign.gates.quiet, at);
        let would_show_if = together(&found, campaign.gates.schedule.until, quiet_until);
        let mut reason = Reason::Match;
        let mut gates = Vec::new();
        for gate in found {
            let verdict = match gate.stop {
                _ if reason != Reason::Match => Verdict::NotReached,
                None => Verdict::Pass,
                Some(Reason::AudienceUnknown | Reason::MissingValue) => Verdict::Unknown,
                Some(_) => Verdict::Stop,
            };
            if reason == Reason::Match {
                reason = gate.stop.unwrap_or(Reason::Match);
            }
            let would = match gate.key {
                Key::Open | Key::Nothing => None,
                Key::Time(at) if gate.kind == GateKind::Schedule => Some(format!("from {}", moment(at))),
                Key::Time(at) => Some(format!("after {}", moment(at))),
                Key::Words(words) => Some(words),
            };
            gates.push(Gate { kind: gate.kind, verdict, inputs: gate.inputs, threshold: gate.threshold, would });
        }
        Account { campaign: campaign.id.clone(), variant: campaign.variant.clone(), reason, gates, would_show_if }
    }

    fn schedule(&self, campaign: &Campaign) -> Found {
        let schedule = campaign.gates.schedule;
        let key = schedule.from.filter(|from| self.scene.now < *from).map_or(Key::Nothing, Key::Time);
        let mut found = Found::new(GateKind::Schedule, (!schedule.covers(self.scene.now)).then_some(Reason::NotScheduled), key);
        let bounds = [schedule.from.map(|at| format!("from {}", moment(at))), schedule.until.map(|at| format!("until {}", moment(at)))];
        let bounds: Vec<String> = bounds.into_iter().flatten().collect();
        if !bounds.is_empty() {
            found.inputs = vec![reading("now", moment(self.scene.now))];
            found.threshold = Some(bounds.join(" "));
        }
        found
    }

    fn audience(&self, subject: &Subject<'_>) -> Found {
        let audience = &subject.campaign.gates.audience;
        let stop = match audience.eval(self.scene.facts) {
            Value::Bool(true) => None,
            Value::Bool(false) => Some(Reason::AudienceFalse),
            _ => Some(Reason::AudienceUnknown),
        };
        let node = super::tree::read(audience, self.names);
        let key = match want(audience, self.scene.facts, self.names, true) {
            Some(Want::Never | Want::Nothing) => Key::Nothing,
            Some(want) => want.words().map_or(Key::Nothing, Key::Words),
            None => subject.audience.map_or(Key::Nothing, |source| Key::Words(source.to_owned())),
        };
        let mut found = Found::new(GateKind::Audience, stop, key);
        found.inputs = self.readings(facts(audience, 0..audience.steps().len()).into_iter());
        found.threshold = subject.audience.map(str::to_owned).or(node.map(|node| node.text));
        found
    }

    fn texts(&self, campaign: &Campaign) -> Found {
        let mut named: Vec<Fact> = Vec::new();
        for fact in campaign.texts().flat_map(Template::facts) {
            if !named.contains(&fact) {
                named.push(fact);
            }
        }
        let is_complete = campaign.texts().all(|text| text.is_complete(self.scene.facts));
        let missing = named.iter().filter(|fact| look(self.scene.facts, **fact) == Value::Unknown);
        let missing = missing.map(|fact| format!("{} is known; now unknown: {}", self.names.name(*fact), why_unknown(*fact)));
        let key = Key::Words(missing.collect::<Vec<_>>().join(", and "));
        let mut found = Found::new(GateKind::Texts, (!is_complete).then_some(Reason::MissingValue), key);
        if !named.is_empty() {
            found.inputs = self.readings(named.into_iter());
            found.threshold = Some("every value in its texts is known".to_owned());
        }
        found
    }

    fn readings(&self, facts: impl Iterator<Item = Fact>) -> Vec<Reading> {
        facts.map(|fact| reading(&self.names.name(fact), value(look(self.scene.facts, fact)))).collect()
    }
}

pub(super) fn reading(name: &str, value: String) -> Reading {
    Reading { name: name.to_owned(), value }
}

fn rollout(subject: &Subject<'_>) -> Found {
    let Some(chance) = subject.rollout else { return Found::new(GateKind::Rollout, None, Key::Open) };
    // Whole per cent, as they are configured.
    let key = Key::Words(format!("rollout.percent >= {}; now {}", chance.bucket / 100 + 1, chance.share / 100));
    let mut found = Found::new(GateKind::Rollout, (!chance.is_in()).then_some(Reason::NotRolledOut), key);
    if chance.named {
        found.inputs = vec![reading("named", "true".to_owned())];
    }
    if chance.share < 10_000 {
        found.inputs.push(reading("place", per_cent(chance.bucket)));
        found.threshold = Some(format!("place below {}, or named", per_cent(chance.share)));
    }
    found
}

fn holdout(subject: &Subject<'_>) -> Found {
    let is_held_out = subject.campaign.gates.held_out;
    let mut found = Found::new(GateKind::Holdout, is_held_out.then_some(Reason::HeldOut), Key::Nothing);
    let mut asked = Vec::new();
    for (name, chance) in [("place", subject.holdout), ("place_of_all", subject.holdout_of_all)] {
        if let Some(chance) = chance.filter(|chance| chance.share > 0) {
            found.inputs.push(reading(name, per_cent(chance.bucket)));
            asked.push(format!("{name} not below {}", per_cent(chance.share)));
        }
    }
    found.threshold = (!asked.is_empty()).then(|| asked.join(" and "));
    found
}

fn place(shown: Option<&Campaign>) -> Found {
    let id = shown.map_or("", |c| &c.id);
    let key = Key::Words(format!("no campaign before it is shown; now {id}"));
    let mut found = Found::new(GateKind::Placement, shown.map(|_| Reason::Outranked), key);
    found.inputs = shown.map(|c| reading("shown", c.id.clone())).into_iter().collect();
    found.threshold = Some("no campaign before it is shown".to_owned());
    found
}

/// What would open all the gates; `until`: when the campaign is over; `quiet_until`: whether it is quiet at a moment, and until when.
fn together(found: &[Found], until: Option<Millis>, quiet_until: impl Fn(Millis) -> Option<Millis>) -> Option<String> {
    let mut words: Vec<String> = Vec::new();
    let mut time: Option<(Millis, &str)> = None;
    for gate in found {
        match &gate.key {
            Key::Open => {}
            Key::Nothing => return None,
            Key::Words(text) => words.push(text.clone()),
            Key::Time(at) => {
                let word = if gate.kind == GateKind::Schedule { "from" } else { "after" };
                time = time.max(Some((*at, word)));
            }
        }
    }
    if let Some((at, word)) = time {
        // What opens in the middle of quiet hours is of use when they end.
        let (at, word) = quiet_until(at).map_or((at, word), |loud| (loud, "after"));
        if until.is_some_and(|until| until <= at) {
            return None;
        }
        words.push(format!("{word} {}", moment(at)));
    }
    (!words.is_empty()).then(|| words.join(", and "))
}

//! The names expressions and texts may use, and what was probably meant by one that does not exist.

use crate::expr::{Names, Type};
use crate::facts::{Fact, Input, PaceField, PlanField, UsageField};
use crate::ids::is_name;
use crate::map::ordered;
use crate::plan::{Feature, Meter};
use crate::traits::{Trait, TraitKind, Traits};

/// Resolves paths against what a configuration declares, and collects the tracked events they mention.
#[derive(Debug)]
pub(super) struct ConfigNames<'a> {
    pub(super) meters: &'a [Meter],
    pub(super) features: &'a [Feature],
    pub(super) traits: &'a Traits,
    /// The ids of the signals and segments.
    pub(super) signals: Vec<String>,
    pub(super) segments: Vec<String>,
    pub(super) events: Vec<String>,
    /// Who speaks at present.
    pub(super) speaker: Speaker,
}

/// The most different tracked events that one configuration reads.
const MAX_EVENTS: usize = 200;

/// The last part of a name: what it is of the meter, event or signal with some number, and its type.
type Field<F> = (&'static str, fn(u16) -> F, Type);

/// What follows `usage.<meter>`.
const USAGE: [Field<Fact>; 11] = [
    ("value", |meter| usage(meter, UsageField::Value), Type::Int),
    ("limit", Fact::Limit, Type::Int),
    ("ratio", |meter| usage(meter, UsageField::Ratio), Type::Double),
    ("percent", |meter| usage(meter, UsageField::Percent), Type::Int),
    ("remaining", |meter| usage(meter, UsageField::Remaining), Type::Int),
    ("velocity_1d", |meter| pace(meter, PaceField::Velocity1d), Type::Double),
    ("velocity_7d", |meter| pace(meter, PaceField::Velocity7d), Type::Double),
    ("growth_7d", |meter| pace(meter, PaceField::Growth7d), Type::Double),
    ("growth_28d", |meter| pace(meter, PaceField::Growth28d), Type::Double),
    ("exhausts_in", |meter| pace(meter, PaceField::ExhaustsIn), Type::Duration),
    ("will_exhaust", |meter| pace(meter, PaceField::WillExhaust), Type::Bool),
];

/// What follows `events.<name>`.
const EVENT: [Field<Input>; 4] = [
    ("count_1d", |event| Input::EventCount { event, days: 1 }, Type::Int),
    ("count_7d", |event| Input::EventCount { event, days: 7 }, Type::Int),
    ("count_28d", |event| Input::EventCount { event, days: 28 }, Type::Int),
    ("last_age", |event| Input::EventLastAge { event }, Type::Duration),
];

/// What follows `signal.<id>`.
const SIGNAL: [Field<Fact>; 3] = [
    ("active", |signal| Fact::Input(Input::Signal(signal)), Type::Bool),
    ("age", Fact::SignalAge, Type::Duration),
    ("count", Fact::SignalCount, Type::Int),
];

/// Names of two parts whose second is one of few.
const SINGLE: [(&str, &str, Fact, Type); 18] = [
    ("plan", "id", Fact::Plan(PlanField::Id), Type::Str),
    ("plan", "name", Fact::Plan(PlanField::Name), Type::Str),
    ("plan", "rank", Fact::Plan(PlanField::Rank), Type::Int),
    ("plan", "interval", Fact::Plan(PlanField::Interval), Type::Str),
    ("plan", "max_rank", Fact::PlanMaxRank, Type::Int),
    ("best_plan", "id", Fact::BestPlan(PlanField::Id), Type::Str),
    ("best_plan", "name", Fact::BestPlan(PlanField::Name), Type::Str),
    ("best_plan", "rank", Fact::BestPlan(PlanField::Rank), Type::Int),
    ("best_plan", "interval", Fact::BestPlan(PlanField::Interval), Type::Str),
    ("user", "role", Fact::UserRole, Type::Str),
    ("user", "age", Fact::UserAge, Type::Duration),
    ("tenant", "age", Fact::TenantAge, Type::Duration),
    ("tenant", "seats", Fact::TenantSeats, Type::Int),
    ("subscription", "status", Fact::SubscriptionStatus, Type::Str),
    ("subscription", "trial_ends_in", Fact::TrialEndsIn, Type::Duration),
    ("subscription", "renews_in", Fact::RenewsIn, Type::Duration),
    ("requests", "count", Fact::RequestsCount, Type::Int),
    ("requests", "top", Fact::RequestsTop, Type::Str),
];

/// What a name begins with, and how it goes on.
const ROOTS: [(&str, &str); 14] = [
    ("usage", "usage.<meter>.<field>` as in `usage.api_calls.ratio"),
    ("events", "events.<name>.<field>` as in `events.login.count_7d"),
    ("feature", "feature.<feature>` as in `feature.sso"),
    ("plan", "plan.<field>` as in `plan.rank"),
    ("best_plan", "best_plan.<field>` as in `best_plan.name"),
    ("user", "user.<field or trait>` as in `user.role"),
    ("tenant", "tenant.<field or trait>` as in `tenant.seats"),
    ("subscription", "subscription.<field>` as in `subscription.status"),
    ("signal", "signal.<id>.<field>` as in `signal.quota.active"),
    ("score", "score"),
    ("segment", "segment.<id>` as in `segment.ready_to_upgrade"),
    ("requests", "requests.<field>` as in `requests.count"),
    ("now", "now"),
    ("converted", "converted"),
];

/// What names begin with.
pub(super) fn roots() -> impl Iterator<Item = &'static str> {
    ROOTS.iter().map(|(root, _)| *root)
}

/// Whether names begin with this.
pub(super) fn is_root(word: &str) -> bool {
    roots().any(|root| root == word)
}

fn usage(meter: u16, field: UsageField) -> Fact {
    Fact::Input(Input::Usage { meter, field })
}

fn pace(meter: u16, field: PaceField) -> Fact {
    Fact::Pace { meter, field }
}

/// Who speaks, and so which facts may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaker {
    /// A signal: nothing of users, of the score or of segments.
    Signal,
    /// A segment: nothing of users.
    Segment,
    /// A campaign: everything of users.
    Campaign,
    /// What a sequence begins with: nothing of users, but what they ask for.
    Entry,
    /// What a sequence ends with, and its steps: everything of the recipient.
    Recipient,
}

impl Names for ConfigNames<'_> {
    fn resolve(&mut self, path: &[String]) -> Result<(Fact, Type), String> {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let (fact, of) = self.find(&path)?;
        let name = path.join(".");
        match self.speaker {
            Speaker::Signal if matches!(fact, Fact::Score | Fact::Segment(_)) => {
                Err(format!("a signal cannot read `{name}`: the score and segments are made from signals"))
            }
            Speaker::Signal | Speaker::Segment if fact.is_of_user() => {
                Err(format!("`{name}` is about one user; signals and segments are about the whole tenant. Use it in an audience"))
            }
            Speaker::Entry if fact.is_of_user() && !matches!(fact, Fact::RequestsCount | Fact::RequestsTop) => {
                Err(format!("`{name}` is about one user, and nobody is enrolled yet; use it in `exit`, or in a step's `when`"))
            }
            Speaker::Signal | Speaker::Segment | Speaker::Campaign | Speaker::Entry if fact == Fact::Converted => {
                Err("`converted` is about somebody on the way through a sequence; only its `exit` and its steps' `when` know it".to_owned())
            }
            _ => Ok((fact, of)),
        }
    }
}

impl ConfigNames<'_> {
    fn find(&mut self, path: &[&str]) -> Result<(Fact, Type), String> {
        match path {
            ["usage", meter, field] => {
                let meter = find("meter", meter, self.meters.iter().map(|m| m.key.as_str()))?;
                one_of("field of a meter", field, &USAGE).map(|(fact, of)| (fact(meter), of))
            }
            ["events", name, field] => {
                let (input, of) = one_of("field of an event", field, &EVENT)?;
                Ok((Fact::Input(input(self.event(name)?)), of))
            }
            ["signal", id, field] => {
                let signal = find("signal", id, self.signals.iter().map(String::as_str))?;
                one_of("field of a signal", field, &SIGNAL).map(|(fact, of)| (fact(signal), of))
            }
            ["segment", id] => Ok((Fact::Segment(find("segment", id, self.segments.iter().map(String::as_str))?), Type::Bool)),
            ["feature", key] => Ok((Fact::Feature(find("feature", key, self.features.iter().map(|f| f.key.as_str()))?), Type::Bool)),
            ["score"] => Ok((Fact::Score, Type::Int)),
            ["now"] => Ok((Fact::Now, Type::Timestamp)),
            ["converted"] => Ok((Fact::Converted, Type::Bool)),
            [root @ ("user" | "tenant" | "plan" | "best_plan" | "subscription" | "requests"), field] => self.single(root, field),
            [root, ..] => match ROOTS.iter().find(|(known, _)| known == root) {
                Some((_, form)) => Err(format!("`{}` is no fact; write `{form}`", path.join("."))),
                None => Err(unknown("fact", root, &ROOTS.map(|(root, _)| root))),
            },
            [] => Err("an empty name".to_owned()),
        }
    }

    /// A name of two parts: one of the table, or a declared trait.
    fn single(&self, root: &str, field: &str) -> Result<(Fact, Type), String> {
        if let Some((_, _, fact, of)) = SINGLE.iter().find(|(r, f, ..)| *r == root && *f == field) {
            return Ok((*fact, *of));
        }
        let (declared, fact): (&[Trait], fn(u16) -> Fact) = match root {
            "user" => (&self.traits.user, Fact::UserTrait),
            "tenant" => (&self.traits.tenant, Fact::TenantTrait),
            _ => (&[], Fact::UserTrait),
        };
        let fields = SINGLE.iter().filter(|(r, ..)| *r == root).map(|(_, f, ..)| *f);
        let what = if declared.is_empty() { format!("field of `{root}`") } else { format!("field or trait of `{root}`") };
        let known: Vec<&str> = fields.chain(declared.iter().map(|t| t.key.as_str())).collect();
        let found = declared.iter().enumerate().find(|(_, t)| t.key == field);
        let (i, found) = found.ok_or_else(|| unknown(&what, field, &known))?;
        let of = match found.of {
            TraitKind::Text => Type::Str,
            TraitKind::Int => Type::Int,
            TraitKind::Double => Type::Double,
            TraitKind::Bool => Type::Bool,
            TraitKind::List => Type::List,
        };
        Ok((fact(u16::try_from(i).unwrap_or(u16::MAX)), of))
    }

    fn event(&mut self, name: &str) -> Result<u16, String> {
        if !is_name(name) {
            return Err(format!("`{name}` cannot be the name of an event: lower-case letters, digits and `_`"));
        }
        let i = self.events.iter().position(|e| e == name).unwrap_or_else(|| {
            self.events.push(name.to_owned());
            self.events.len() - 1
        });
        match u16::try_from(i) {
            Ok(i) if usize::from(i) < MAX_EVENTS => Ok(i),
            _ => Err(format!("more than {MAX_EVENTS} different events")),
        }
    }
}

/// What a table has for `wanted`.
fn one_of<T: Copy>(what: &str, wanted: &str, table: &[(&str, T, Type)]) -> Result<(T, Type), String> {
    let found = table.iter().find(|(name, ..)| *name == wanted).map(|(_, fact, of)| (*fact, *of));
    found.ok_or_else(|| unknown(what, wanted, &table.iter().map(|(name, ..)| *name).collect::<Vec<_>>()))
}

fn find<'k>(what: &str, wanted: &str, keys: impl Iterator<Item = &'k str> + Clone) -> Result<u16, String> {
    let found = keys.clone().position(|key| key == wanted).and_then(|i| u16::try_from(i).ok());
    found.ok_or_else(|| unknown(what, wanted, &keys.collect::<Vec<_>>()))
}

/// The longest name that is compared with known ones, in bytes.
const MAX_COMPARED: usize = 128;
/// The most known names that a message lists: as many as there are sections of a document, so that those come in its order.
const MAX_LISTED: usize = 14;

/// What to tell of a name that is none of those known: "unknown meter `api_call`; did you mean `api_calls`?" Where nothing is near
/// enough, what is known, in the order given; of many, the nearest, nearest first.
pub fn unknown(what: &str, wanted: &str, known: &[&str]) -> String {
    if known.is_empty() {
        return format!("unknown {what} `{wanted}`; none is declared");
    }
    let distance = |name: &str| if wanted.len() <= MAX_COMPARED { strsim::osa_distance(wanted, name) } else { usize::MAX };
    let mut near: Vec<(usize, &str)> = known.iter().map(|name| (distance(name), *name)).collect();
    if let Some((_, name)) = near.iter().min().filter(|(distance, _)| *distance <= 1 + wanted.len() / 4) {
        return format!("unknown {what} `{wanted}`; did you mean `{name}`?");
    }
    if near.len() > MAX_LISTED {
        near = ordered(near, |(distance, _)| i64::try_from(*distance).unwrap_or(i64::MAX));
    }
    let listed: Vec<&str> = near.iter().take(MAX_LISTED).map(|(_, name)| *name).collect();
    let more = near.len().saturating_sub(MAX_LISTED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("unknown {what} `{wanted}`; known: {}{more}", listed.join(", "))
}

//! The names expressions and texts may use, and what was probably meant by one that does not exist.

use crate::expr::{Names, Type};
use crate::facts::{Fact, UsageField};
use crate::ids::is_name;
use crate::plan::{Feature, Meter};

/// Resolves paths against a configuration's meters and features, and collects the tracked events they mention.
#[derive(Debug)]
pub(super) struct ConfigNames<'a> {
    pub(super) meters: &'a [Meter],
    pub(super) features: &'a [Feature],
    pub(super) events: Vec<String>,
}

/// The most different tracked events that one configuration reads.
const MAX_EVENTS: usize = 200;

const USAGE: [(&str, UsageField, Type); 5] = [
    ("value", UsageField::Value, Type::Int),
    ("limit", UsageField::Limit, Type::Int),
    ("ratio", UsageField::Ratio, Type::Double),
    ("percent", UsageField::Percent, Type::Int),
    ("remaining", UsageField::Remaining, Type::Int),
];

const SINGLE: [(&str, &str, Fact, Type); 8] = [
    ("plan", "id", Fact::PlanId, Type::Str),
    ("plan", "name", Fact::PlanName, Type::Str),
    ("plan", "rank", Fact::PlanRank, Type::Int),
    ("plan", "max_rank", Fact::PlanMaxRank, Type::Int),
    ("user", "role", Fact::UserRole, Type::Str),
    ("subscription", "status", Fact::SubscriptionStatus, Type::Str),
    ("requests", "count", Fact::RequestsCount, Type::Int),
    ("requests", "top", Fact::RequestsTop, Type::Str),
];

impl Names for ConfigNames<'_> {
    fn resolve(&mut self, path: &[String]) -> Result<(Fact, Type), String> {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match path.as_slice() {
            ["usage", meter, field] => self.usage(meter, field),
            ["events", name, field] => self.event(name, field),
            ["feature", key] => {
                let keys: Vec<&str> = self.features.iter().map(|f| f.key.as_str()).collect();
                Ok((Fact::Feature(find("feature", key, &keys)?), Type::Bool))
            }
            [root, field] if SINGLE.iter().any(|(r, ..)| r == root) => {
                let fields: Vec<_> = SINGLE.iter().filter(|(r, ..)| r == root).collect();
                let found = fields.iter().find(|(_, f, ..)| f == field);
                let known = || fields.iter().map(|(_, f, ..)| *f).collect::<Vec<_>>();
                let (_, _, fact, of) = found.ok_or_else(|| unknown(&format!("field of `{root}`"), field, &known()))?;
                Ok((*fact, *of))
            }
            [root, ..] => {
                let roots = ["usage", "events", "feature", "plan", "user", "subscription", "requests"];
                if roots.contains(root) {
                    return Err(format!("`{}` is no fact; see the table of facts for what follows `{root}`", path.join(".")));
                }
                Err(unknown("fact", root, &roots))
            }
            [] => Err("an empty name".to_owned()),
        }
    }
}

impl ConfigNames<'_> {
    fn usage(&self, meter: &str, field: &str) -> Result<(Fact, Type), String> {
        let keys: Vec<&str> = self.meters.iter().map(|m| m.key.as_str()).collect();
        let meter = find("meter", meter, &keys)?;
        let found = USAGE.iter().find(|(name, ..)| *name == field);
        let (_, field, of) = found.ok_or_else(|| unknown("field of a meter", field, &USAGE.map(|(name, ..)| name)))?;
        Ok((Fact::Usage { meter, field: *field }, *of))
    }

    fn event(&mut self, name: &str, field: &str) -> Result<(Fact, Type), String> {
        if !is_name(name) {
            return Err(format!("`{name}` cannot be the name of an event: lower-case letters, digits and `_`"));
        }
        let (fact, result): (fn(u16) -> Fact, Type) = match field {
            "count_1d" => (|event| Fact::EventCount { event, days: 1 }, Type::Int),
            "count_7d" => (|event| Fact::EventCount { event, days: 7 }, Type::Int),
            "count_28d" => (|event| Fact::EventCount { event, days: 28 }, Type::Int),
            "last_age" => (|event| Fact::EventLastAge { event }, Type::Duration),
            _ => return Err(unknown("field of an event", field, &["count_1d", "count_7d", "count_28d", "last_age"])),
        };
        let i = self.events.iter().position(|e| e == name).unwrap_or_else(|| {
            self.events.push(name.to_owned());
            self.events.len() - 1
        });
        match u16::try_from(i) {
            Ok(i) if usize::from(i) < MAX_EVENTS => Ok((fact(i), result)),
            _ => Err(format!("more than {MAX_EVENTS} different events")),
        }
    }
}

fn find(what: &str, wanted: &str, keys: &[&str]) -> Result<u16, String> {
    let found = keys.iter().position(|key| *key == wanted).and_then(|i| u16::try_from(i).ok());
    found.ok_or_else(|| unknown(what, wanted, keys))
}

/// The longest name that is compared with known ones, in bytes.
const MAX_COMPARED: usize = 128;

/// "unknown meter `api_call`; did you mean `api_calls`?"
pub(super) fn unknown(what: &str, wanted: &str, known: &[&str]) -> String {
    let compared = if wanted.len() <= MAX_COMPARED { known } else { &[] };
    let nearest = compared.iter().map(|name| (strsim::osa_distance(wanted, name), *name)).min();
    match nearest {
        Some((distance, name)) if distance <= 1 + wanted.len() / 4 => format!("unknown {what} `{wanted}`; did you mean `{name}`?"),
        _ if known.is_empty() => format!("unknown {what} `{wanted}`; none is declared"),
        _ => format!("unknown {what} `{wanted}`; known: {}", known.join(", ")),
    }
}

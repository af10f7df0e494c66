//! Facts: what expressions and texts may speak of.
//!
//! | name | type | meaning |
//! |---|---|---|
//! | `usage.<meter>.value` | int | what the meter reads |
//! | `usage.<meter>.limit` | int | the plan's limit; unknown when unlimited |
//! | `usage.<meter>.ratio` | double | value / limit; 0 when unlimited |
//! | `usage.<meter>.percent` | int | the same in whole per cent, rounded down |
//! | `usage.<meter>.remaining` | int | limit − value, at least 0; unknown when unlimited |
//! | `usage.<meter>.velocity_1d`, `_7d` | double | units a day over the last 24 hours, the last 7 days |
//! | `usage.<meter>.growth_7d`, `_28d` | double | by what share the last days exceed those before (0.3: 30 % more); unknown without a base |
//! | `usage.<meter>.exhausts_in` | duration | until the limit is reached at the forecast pace; unknown when it is not |
//! | `usage.<meter>.will_exhaust` | bool | whether that is before the counter starts again (a gauge: within 30 days) |
//! | `events.<name>.count_1d`, `_7d`, `_28d` | int | how often the tenant's users did it, in so many UTC days up to today |
//! | `events.<name>.last_age` | duration | since it was last done; unknown when never |
//! | `feature.<feature>` | bool | whether the plan has it |
//! | `user.role` | string | `admin` or `member` |
//! | `user.age` | duration | since this user was first seen |
//! | `user.<trait>` | as declared | what the back end says of the user; unknown until it does |
//! | `tenant.age` | duration | since the tenant was first seen |
//! | `tenant.seats` | int | the quantity of its subscription; unknown without one |
//! | `tenant.<trait>` | as declared | what the back end says of the tenant; unknown until it does |
//! | `plan.id`, `plan.name` | string | the present plan; unknown without one |
//! | `plan.rank`, `plan.max_rank` | int | its rank (unknown without a plan), and the highest there is |
//! | `plan.interval` | string | `day`, `week`, `month` or `year`, as the price paid; unknown without one |
//! | `best_plan.id`, `best_plan.name` | string | the cheapest plan that covers what is used and was refused; unknown when it is the present one or there is none |
//! | `best_plan.rank` | int | its rank |
//! | `best_plan.interval` | string | that of the price that fits best |
//! | `subscription.status` | string | Stripe's word; unknown without a subscription |
//! | `subscription.trial_ends_in`, `.renews_in` | duration | until then; unknown when there is no such moment, negative when it is past |
//! | `signal.<id>.active` | bool | whether it holds |
//! | `signal.<id>.age` | duration | since it was last detected; unknown when never |
//! | `signal.<id>.count` | int | how often it was detected |
//! | `score` | int | the expansion score, 0 to 100 |
//! | `segment.<id>` | bool | whether the tenant is a member |
//! | `requests.count` | int | how many teammates ask for what is asked for most; 0 for members |
//! | `requests.top` | string | what that is; unknown when nothing is asked for, or nothing by name, and for members |
//! | `now` | timestamp | the Worker's clock |
//! | `converted` | bool | whether the tenant has upgraded since the recipient entered the sequence |
//!
//! Signals and segments speak of a tenant: `user.…` and `requests.…` are for campaigns and sequences, where the user is the recipient
//! (`enter` speaks of the tenant as well, and reads `requests.…` as admins do). Signals feed the score and segments, so they cannot
//! read those. `converted` is for a sequence's `exit` and its steps' `when`.
//!
//! Some the browser reads by itself, from its own last word and what has happened in the page since ([`Input`]); all others
//! only the edge knows ([`Fact`]).

#[cfg(feature = "edge")]
mod known;

#[cfg(feature = "edge")]
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

#[cfg(feature = "edge")]
pub use known::{Fact, PaceField, PlanField, RequestsStanding};

use crate::expr::{Lookup, Value};
use crate::plan::Limit;
use crate::time::Millis;
use crate::usage::Buckets;
use crate::wire;

/// The days for which counts of tracked events are kept.
pub const EVENT_DAYS: usize = 28;

/// What the browser reads by itself. Numbers are positions in the configuration's lists; in a snapshot, in the snapshot's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Input {
    /// `usage.<meter>.<field>`
    Usage {
        /// Which meter.
        meter: u16,
        /// What of it.
        field: UsageField,
    },
    /// `events.<name>.count_<days>d`
    EventCount {
        /// Which tracked event.
        event: u16,
        /// Over how many days.
        days: u8,
    },
    /// `events.<name>.last_age`
    EventLastAge {
        /// Which tracked event.
        event: u16,
    },
    /// `signal.<id>.active`
    Signal(u16),
    /// How long ago a moment was: what is left of ages.
    Since(Millis),
    /// How far off a moment is: what is left of `renews_in` and its like.
    Until(Millis),
}

wire! { enum Input {
    Usage { meter, field }, EventCount { event, days }, EventLastAge { event }, Signal(signal), Since(at), Until(at),
} }

/// What the browser reads of a meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UsageField {
    /// What it reads.
    Value,
    /// Value over limit.
    Ratio,
    /// The ratio in whole per cent.
    Percent,
    /// Limit minus value.
    Remaining,
}

wire! { enum UsageField { Value, Ratio, Percent, Remaining } }

/// Whether a user may act for the tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// May use, may ask.
    #[default]
    Member,
    /// May buy.
    Admin,
}

wire! { enum Role { Member, Admin } }

impl Role {
    /// The word in tokens and expressions.
    pub fn name(self) -> &'static str {
        match self {
            Role::Member => "member",
            Role::Admin => "admin",
        }
    }

    /// Reads the word in tokens.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "member" => Some(Role::Member),
            "admin" => Some(Role::Admin),
            _ => None,
        }
    }
}

/// What the browser knows of its tenant and user at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// By meter, in the configuration's order.
    pub meters: Vec<MeterStanding>,
    /// By tracked event that a program of the snapshot reads.
    pub events: Vec<EventStanding>,
    /// By signal of the snapshot: whether it holds.
    pub signals: Vec<bool>,
    /// By feature: whether the plan has it.
    pub features: Vec<bool>,
}

wire! { struct Standing { meters, events, signals, features } }

/// How a meter stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeterStanding {
    /// What it reads.
    pub value: u64,
    /// Where the plan ends.
    pub limit: Limit,
    /// Where the plan's soft limit is.
    pub soft: Option<u64>,
    /// When a counter's period began; `None` for a gauge.
    pub since: Option<Millis>,
    /// When a counter starts again at zero; `None` for a gauge, and in a page whose period ended while it was offline.
    pub resets_at: Option<Millis>,
}

wire! { struct MeterStanding { value, limit, soft, since, resets_at } }

/// How often a tracked event was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventStanding {
    /// Counts by UTC day, [`EVENT_DAYS`] of them.
    pub days: Buckets,
    /// When last.
    pub last: Option<Millis>,
}

wire! { struct EventStanding { days, last } }

/// The present plan.
#[cfg(feature = "edge")]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanStanding {
    /// Its id.
    pub id: String,
    /// What people read.
    pub name: String,
    /// Its order among plans.
    pub rank: i32,
}

#[cfg(feature = "edge")]
wire! { struct PlanStanding { id, name, rank } }

impl MeterStanding {
    /// Counts `n` that were used `at`: in the period that `at` belongs to, which may have begun since the standing was taken.
    pub fn count(&mut self, n: u64, at: Millis) {
        if self.since.is_some_and(|since| at < since) {
            return;
        }
        if self.resets_at.is_some_and(|end| end <= at) {
            self.value = 0;
            self.since = self.resets_at.take();
        }
        self.value = self.value.saturating_add(n);
    }

    /// Value over limit; 0 when unlimited, at least 1 when the limit is nothing at all.
    #[expect(clippy::cast_precision_loss, reason = "values are at most 2^53 - 1, which doubles hold exactly")]
    pub fn ratio(&self) -> f64 {
        match self.limit {
            Limit::Unlimited => 0.0,
            Limit::Upto(0) => 1.0 + self.value as f64,
            Limit::Upto(limit) => self.value as f64 / limit as f64,
        }
    }

    /// The ratio in whole per cent, rounded down.
    pub fn percent(&self) -> i64 {
        match self.limit {
            Limit::Unlimited => 0,
            Limit::Upto(0) => 100,
            Limit::Upto(limit) => {
                // Exact up to 2^57. Dividing 128 bits would cost the browser a kilobyte.
                let percent = self.value.saturating_mul(100) / limit;
                i64::try_from(percent).unwrap_or(i64::MAX)
            }
        }
    }

    /// How much is left; `None` when unlimited.
    pub fn remaining(&self) -> Option<u64> {
        match self.limit {
            Limit::Unlimited => None,
            Limit::Upto(limit) => Some(limit.saturating_sub(self.value)),
        }
    }

    /// One thing of it.
    pub fn field(&self, field: UsageField) -> Value<'static> {
        match field {
            UsageField::Value => int(self.value),
            UsageField::Ratio => Value::Double(self.ratio()),
            UsageField::Percent => Value::Int(self.percent()),
            UsageField::Remaining => self.remaining().map_or(Value::Unknown, int),
        }
    }
}

impl EventStanding {
    /// Counts one more at `at`.
    pub fn count(&mut self, at: Millis) {
        self.count_all(1, at);
    }

    /// Counts `n` more at `at`.
    pub fn count_all(&mut self, n: u64, at: Millis) {
        self.days.add(at.day(), n, EVENT_DAYS);
        self.last = self.last.max(Some(at));
    }

    /// How often in so many UTC days up to today.
    pub fn counted(&self, days: u8, now: Millis) -> Value<'static> {
        int(self.days.sum(now.day(), u32::from(days)))
    }

    /// How long ago it was last seen.
    pub fn age(&self, now: Millis) -> Value<'static> {
        self.last.map_or(Value::Unknown, |last| Value::Duration(now.since(last).max(0)))
    }
}

/// A standing at a moment: what programs look facts up in.
#[derive(Clone, Copy, Debug)]
pub struct StandingAt<'a> {
    /// What is known.
    pub standing: &'a Standing,
    /// As of when.
    pub now: Millis,
}

impl StandingAt<'_> {
    /// How a meter stands now: a counter whose period has ended since the standing was taken reads zero.
    pub fn meter(&self, i: usize) -> Option<MeterStanding> {
        let mut meter = *self.standing.meters.get(i)?;
        if meter.resets_at.is_some_and(|at| at <= self.now) {
            meter.value = 0;
        }
        Some(meter)
    }
}

impl Lookup for StandingAt<'_> {
    fn input(&self, input: Input) -> Value<'_> {
        let standing = self.standing;
        match input {
            Input::Usage { meter, field } => self.meter(usize::from(meter)).map_or(Value::Unknown, |m| m.field(field)),
            Input::EventCount { event, days } => {
                standing.events.get(usize::from(event)).map_or(Value::Unknown, |e| e.counted(days, self.now))
            }
            Input::EventLastAge { event } => standing.events.get(usize::from(event)).map_or(Value::Unknown, |e| e.age(self.now)),
            Input::Signal(signal) => standing.signals.get(usize::from(signal)).map_or(Value::Unknown, |active| Value::Bool(*active)),
            Input::Since(at) => Value::Duration(self.now.since(at)),
            Input::Until(at) => Value::Duration(at.since(self.now)),
        }
    }

    /// Nothing: what a snapshot holds is settled.
    #[cfg(feature = "edge")]
    fn fact(&self, _: Fact) -> Value<'_> {
        Value::Unknown
    }
}

/// A whole number as a value.
pub(crate) fn int(n: u64) -> Value<'static> {
    i64::try_from(n).map_or(Value::Unknown, Value::Int)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meters_read_as_documented() {
        let meter = |value, limit| MeterStanding { value, limit, ..MeterStanding::default() };
        for (standing, ratio, percent, remaining) in [
            (meter(80, Limit::Upto(100)), 0.8, 80, Some(20)),
            (meter(799, Limit::Upto(1_000)), 0.799, 79, Some(201)),
            (meter(150, Limit::Upto(100)), 1.5, 150, Some(0)),
            (meter(0, Limit::Upto(0)), 1.0, 100, Some(0)),
            (meter(5, Limit::Upto(0)), 6.0, 100, Some(0)),
            (meter(5, Limit::Unlimited), 0.0, 0, None),
        ] {
            assert!((standing.ratio() - ratio).abs() < f64::EPSILON, "{standing:?}");
            assert_eq!((standing.percent(), standing.remaining()), (percent, remaining), "{standing:?}");
        }
    }
}

//! Facts: what expressions and texts may speak of, and the standing they are read from.
//!
//! | name | type | meaning |
//! |---|---|---|
//! | `usage.<meter>.value` | int | what the meter reads |
//! | `usage.<meter>.limit` | int | the plan's limit; unknown when unlimited |
//! | `usage.<meter>.ratio` | double | value / limit; 0 when unlimited |
//! | `usage.<meter>.percent` | int | the same in whole per cent, rounded down |
//! | `usage.<meter>.remaining` | int | limit − value, at least 0; unknown when unlimited |
//! | `events.<name>.count_1d`, `_7d`, `_28d` | int | how often the tenant's users did it, in so many UTC days up to today |
//! | `events.<name>.last_age` | duration | since it was last done; unknown when never |
//! | `feature.<feature>` | bool | whether the plan has it |
//! | `plan.id`, `plan.name` | string | the present plan; unknown without one |
//! | `plan.rank`, `plan.max_rank` | int | its rank (unknown without a plan), and the highest there is |
//! | `user.role` | string | `admin` or `member` |
//! | `subscription.status` | string | Stripe's word; unknown without a subscription |
//! | `requests.count` | int | how many teammates ask for what is asked for most; 0 for members |
//! | `requests.top` | string | what that is; unknown when nothing is asked for, or nothing by name, and for members |

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::expr::{Lookup, Value};
use crate::plan::Limit;
use crate::time::Millis;
use crate::usage::Buckets;
use crate::wire;

/// The days for which counts of tracked events are kept.
pub const EVENT_DAYS: usize = 28;

/// One readable fact. Numbers are positions in the configuration's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
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
    /// `feature.<feature>`
    Feature(u16),
    /// `plan.id`
    PlanId,
    /// `plan.name`
    PlanName,
    /// `plan.rank`
    PlanRank,
    /// `plan.max_rank`
    PlanMaxRank,
    /// `user.role`
    UserRole,
    /// `subscription.status`
    SubscriptionStatus,
    /// `requests.count`
    RequestsCount,
    /// `requests.top`
    RequestsTop,
}

wire! { enum Fact {
    Usage { meter, field }, EventCount { event, days }, EventLastAge { event }, Feature(feature), PlanId, PlanName,
    PlanRank, PlanMaxRank, UserRole, SubscriptionStatus, RequestsCount, RequestsTop,
} }

/// What can be read of a meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UsageField {
    /// What it reads.
    Value,
    /// The plan's limit.
    Limit,
    /// Value over limit.
    Ratio,
    /// The ratio in whole per cent.
    Percent,
    /// Limit minus value.
    Remaining,
}

wire! { enum UsageField { Value, Limit, Ratio, Percent, Remaining } }

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

/// Everything that can be read of one tenant and one of its users at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// By meter, in the configuration's order.
    pub meters: Vec<MeterStanding>,
    /// By tracked event that an expression reads.
    pub events: Vec<EventStanding>,
    /// By feature: whether the plan has it.
    pub features: Vec<bool>,
    /// The plan; `None` for a tenant without one.
    pub plan: Option<PlanStanding>,
    /// The highest rank of any plan.
    pub max_rank: i32,
    /// The user's role.
    pub role: Role,
    /// The subscription's status in Stripe's words.
    pub status: Option<String>,
    /// What teammates ask for most, and how many do; for admins.
    pub requests: Option<RequestsStanding>,
}

wire! { struct Standing { meters, events, features, plan, max_rank, role, status, requests } }

/// What teammates ask for most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestsStanding {
    /// How many do.
    pub count: u32,
    /// What people read; empty for any upgrade.
    pub label: String,
}

wire! { struct RequestsStanding { count, label } }

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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanStanding {
    /// Its id.
    pub id: String,
    /// What people read.
    pub name: String,
    /// Its order among plans.
    pub rank: i32,
}

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

    fn field(&self, field: UsageField) -> Value<'static> {
        match field {
            UsageField::Value => int(self.value),
            UsageField::Limit => match self.limit {
                Limit::Unlimited => Value::Unknown,
                Limit::Upto(limit) => int(limit),
            },
            UsageField::Ratio => Value::Double(self.ratio()),
            UsageField::Percent => Value::Int(self.percent()),
            UsageField::Remaining => self.remaining().map_or(Value::Unknown, int),
        }
    }
}

impl EventStanding {
    /// Counts one more at `at`.
    pub fn count(&mut self, at: Millis) {
        self.days.add(at.day(), 1, EVENT_DAYS);
        self.last = self.last.max(Some(at));
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
    fn fact(&self, fact: Fact) -> Value<'_> {
        let standing = self.standing;
        match fact {
            Fact::Usage { meter, field } => self.meter(usize::from(meter)).map_or(Value::Unknown, |m| m.field(field)),
            Fact::EventCount { event, days } => {
                standing.events.get(usize::from(event)).map_or(Value::Unknown, |e| int(e.days.sum(self.now.day(), u32::from(days))))
            }
            Fact::EventLastAge { event } => standing
                .events
                .get(usize::from(event))
                .and_then(|e| e.last)
                .map_or(Value::Unknown, |last| Value::Duration(self.now.since(last).max(0))),
            Fact::Feature(feature) => standing.features.get(usize::from(feature)).map_or(Value::Unknown, |f| Value::Bool(*f)),
            Fact::PlanId => standing.plan.as_ref().map_or(Value::Unknown, |p| Value::Str(&p.id)),
            Fact::PlanName => standing.plan.as_ref().map_or(Value::Unknown, |p| Value::Str(&p.name)),
            Fact::PlanRank => standing.plan.as_ref().map_or(Value::Unknown, |p| Value::Int(i64::from(p.rank))),
            Fact::PlanMaxRank => Value::Int(i64::from(standing.max_rank)),
            Fact::UserRole => Value::Str(standing.role.name()),
            Fact::RequestsCount => Value::Int(standing.requests.as_ref().map_or(0, |r| i64::from(r.count))),
            Fact::RequestsTop => {
                standing.requests.as_ref().filter(|r| !r.label.is_empty()).map_or(Value::Unknown, |r| Value::Str(&r.label))
            }
            Fact::SubscriptionStatus => standing.status.as_deref().map_or(Value::Unknown, Value::Str),
        }
    }
}

fn int(n: u64) -> Value<'static> {
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

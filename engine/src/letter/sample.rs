//! Facts made up for a look at a letter before anybody has any: a team that has used most of what its plan includes.

use crate::config::Config;
use crate::expr::{Lookup, Value};
use crate::facts::{Fact, Input, MeterStanding, PaceField, PlanField};
use crate::plan::{Limit, Plan};
use crate::time::DAY;
use crate::traits::TraitKind;

/// The limit of a meter that no plan limits.
const LIMIT: u64 = 10_000;
/// How much of a limit is used, in per cent.
const USED: u64 = 92;

/// The facts.
#[derive(Debug)]
pub struct Sample<'c> {
    config: &'c Config,
    plans: &'c [Plan],
}

impl<'c> Sample<'c> {
    /// For this configuration and these plans, lowest rank first.
    pub fn of(config: &'c Config, plans: &'c [Plan]) -> Self {
        Self { config, plans }
    }

    fn meter(&self, i: u16) -> MeterStanding {
        let limits = self.plans.iter().filter_map(|plan| match plan.allowances.get(usize::from(i))?.limit {
            Limit::Upto(limit) if limit > 0 => Some(limit),
            Limit::Upto(_) | Limit::Unlimited => None,
        });
        let limit = limits.min().unwrap_or(LIMIT);
        MeterStanding { value: (limit.saturating_mul(USED) / 100).max(1), limit: Limit::Upto(limit), ..MeterStanding::default() }
    }

    fn plan(&self, rank: usize, field: PlanField, otherwise: (&'static str, &'static str)) -> Value<'_> {
        let plan = self.plans.get(rank);
        match field {
            PlanField::Id => Value::Str(plan.map_or(otherwise.0, |plan| &plan.id)),
            PlanField::Name => Value::Str(plan.map_or(otherwise.1, |plan| &plan.name)),
            PlanField::Rank => Value::Int(plan.map_or(0, |plan| i64::from(plan.rank))),
            PlanField::Interval => Value::Str("month"),
        }
    }
}

impl Lookup for Sample<'_> {
    fn input(&self, input: Input) -> Value<'_> {
        match input {
            Input::Usage { meter, field } => self.meter(meter).field(field),
            Input::EventCount { .. } => Value::Int(5),
            Input::EventLastAge { .. } | Input::Since(_) | Input::Until(_) => Value::Duration(DAY),
            Input::Signal(_) => Value::Bool(true),
        }
    }

    fn fact(&self, fact: Fact) -> Value<'_> {
        let of_trait = |traits: &'static str, kind: Option<TraitKind>| match kind {
            Some(TraitKind::Text) => Value::Str(traits),
            Some(TraitKind::Int) => Value::Int(7),
            _ => Value::Unknown,
        };
        let traits = &self.config.traits;
        match fact {
            Fact::Input(input) => self.input(input),
            Fact::Limit(meter) => match self.meter(meter).limit {
                Limit::Upto(limit) => crate::facts::int(limit),
                Limit::Unlimited => Value::Unknown,
            },
            Fact::Pace { field: PaceField::ExhaustsIn, .. } => Value::Duration(6 * DAY),
            Fact::Plan(field) => self.plan(0, field, ("free", "Free")),
            Fact::BestPlan(field) => self.plan(1, field, ("pro", "Pro")),
            Fact::PlanMaxRank => Value::Int(2),
            Fact::UserRole => Value::Str("admin"),
            Fact::UserTrait(i) => of_trait("sample", traits.user.get(usize::from(i)).map(|t| t.of)),
            Fact::TenantTrait(i) => of_trait("sample", traits.tenant.get(usize::from(i)).map(|t| t.of)),
            Fact::TenantSeats => Value::Int(9),
            Fact::SubscriptionStatus => Value::Str("active"),
            Fact::UserAge | Fact::TenantAge | Fact::SignalAge(_) => Value::Duration(30 * DAY),
            Fact::TrialEndsIn | Fact::RenewsIn => Value::Duration(9 * DAY),
            Fact::SignalCount(_) => Value::Int(1),
            Fact::Score => Value::Int(70),
            Fact::RequestsCount => Value::Int(3),
            Fact::RequestsTop => self.config.features.first().map_or(Value::Str("more room"), |feature| Value::Str(&feature.label)),
            _ => Value::Unknown,
        }
    }
}

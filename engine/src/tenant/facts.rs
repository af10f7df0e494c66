//! The facts of a tenant, read where they are kept.

use std::cell::{OnceCell, RefCell};

use super::{Detected, Present, Rulebook, Tenant, User};
use crate::expr::{Lookup, Value};
use crate::facts::{Fact, Input, MeterStanding, PaceField, PlanField, RequestsStanding, Role, int};
use crate::plan::{Limit, Plan, PlanPrice};
use crate::score::{contribution, score};
use crate::signal::SignalState;
use crate::time::Millis;
use crate::traits::{Trait, TraitValue};
use crate::upgrade::fit::Fit;
use crate::usage::{Bounds, Pace};

/// Who the facts are about, besides the tenant.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// The user, if anything is known of them.
    pub user: Option<&'a User>,
    /// Their role.
    pub role: Role,
}

/// Everything that can be known of a tenant, and of one of its users, at one moment. What is dear to compute is computed when it
/// is first read.
#[derive(Debug)]
pub struct Facts<'a> {
    tenant: &'a Tenant,
    rules: &'a Rulebook,
    person: Option<Person<'a>>,
    now: Millis,
    present: Present<'a>,
    meters: OnceCell<Vec<MeterStanding>>,
    /// By meter, each computed when it is first read.
    paces: OnceCell<Vec<OnceCell<Option<Pace>>>>,
    best: OnceCell<Option<(&'a Plan, Option<&'a PlanPrice>)>>,
    requests: OnceCell<Option<RequestsStanding>>,
    /// What has been detected so far, while signals and segments are being evaluated one after the other.
    working: Option<&'a RefCell<Detected>>,
    /// Whether the tenant has upgraded since the person entered a sequence, where that is what is asked.
    converted: Option<bool>,
}

impl<'a> Facts<'a> {
    /// Of `tenant` at `now`, and of `person`, if somebody is meant.
    pub fn new(tenant: &'a Tenant, rules: &'a Rulebook, person: Option<Person<'a>>, now: Millis) -> Self {
        Self {
            tenant,
            rules,
            person,
            now,
            present: tenant.present(rules),
            meters: OnceCell::new(),
            paces: OnceCell::new(),
            best: OnceCell::new(),
            requests: OnceCell::new(),
            working: None,
            converted: None,
        }
    }

    /// Of `tenant` at `now`, with what is being detected: one for a whole evaluation.
    pub(super) fn over(tenant: &'a Tenant, rules: &'a Rulebook, working: &'a RefCell<Detected>, now: Millis) -> Self {
        Self { working: Some(working), ..Self::new(tenant, rules, None, now) }
    }

    /// Of `tenant` at `now`, and of `person`, who entered a sequence at `entered`.
    pub(crate) fn mailing(tenant: &'a Tenant, rules: &'a Rulebook, person: Person<'a>, entered: Millis, now: Millis) -> Self {
        let converted = tenant.counts.converted.is_some_and(|at| entered < at);
        Self { converted: Some(converted), ..Self::new(tenant, rules, Some(person), now) }
    }

    fn detected<R>(&self, read: impl FnOnce(&Detected) -> R) -> R {
        match self.working {
            Some(working) => read(&working.borrow()),
            None => read(&self.tenant.detected),
        }
    }

    /// As of when.
    pub fn now(&self) -> Millis {
        self.now
    }

    fn meter(&self, i: u16) -> Option<&MeterStanding> {
        self.meters.get_or_init(|| self.tenant.meters(self.rules, self.now)).get(usize::from(i))
    }

    fn pace(&self, i: u16) -> Option<&Pace> {
        let paces = self.paces.get_or_init(|| vec![OnceCell::new(); self.rules.config.meters.len()]);
        let pace = || self.tenant.pace(self.rules, i, self.meter(i)?, self.now);
        paces.get(usize::from(i))?.get_or_init(pace).as_ref()
    }

    fn best(&self) -> Option<(&'a Plan, Option<&'a PlanPrice>)> {
        *self.best.get_or_init(|| match self.tenant.fit(self.rules, None, self.now) {
            Fit::Upgrade { plan, price, .. } => Some((plan, Some(price))),
            // Plans written into the configuration have no prices: there it is the lowest that covers everything.
            Fit::ContactUs { .. } if self.rules.config.inline_plans.is_some() => Some((self.tenant.covering(self.rules, self.now)?, None)),
            Fit::Current | Fit::ContactUs { .. } => None,
        })
    }

    fn requests(&self) -> Option<&RequestsStanding> {
        let asked = || if self.person?.role == Role::Admin { self.tenant.asked_most(self.rules, self.now) } else { None };
        self.requests.get_or_init(asked).as_ref()
    }

    fn event(&self, i: u16) -> Option<&crate::facts::EventStanding> {
        self.tenant.counts.events.get(self.rules.config.events.get(usize::from(i))?)
    }

    pub(super) fn signal(&self, i: u16) -> Option<SignalState> {
        let id = &self.rules.config.signals.get(usize::from(i))?.id;
        self.detected(|detected| detected.signals.get(id).copied())
    }

    fn pace_field(&self, i: u16, field: PaceField) -> Value<'_> {
        let Some(pace) = self.pace(i) else { return Value::Unknown };
        let share = |share: Option<f64>| share.map_or(Value::Unknown, Value::Double);
        match field {
            PaceField::Velocity1d => Value::Double(pace.velocity_1d),
            PaceField::Velocity7d => Value::Double(pace.velocity_7d),
            PaceField::Growth7d => share(pace.growth_7d),
            PaceField::Growth28d => share(pace.growth_28d),
            PaceField::ExhaustsIn => pace.exhausts_in.map_or(Value::Unknown, Value::Duration),
            PaceField::WillExhaust => Value::Bool(pace.will_exhaust),
        }
    }

    /// When the tenant or user was first seen, a signal last detected …: the moments that ages count from.
    pub(super) fn moment(&self, fact: Fact) -> Option<Input> {
        let subscription = self.tenant.mirror.current();
        match fact {
            Fact::TenantAge => self.tenant.profile.first_seen.map(Input::Since),
            Fact::UserAge => self.person?.user?.first_seen.map(Input::Since),
            Fact::SignalAge(i) => self.signal(i)?.last.map(Input::Since),
            Fact::TrialEndsIn => subscription.filter(|s| s.status.word() == "trialing")?.trial_end.map(Input::Until),
            Fact::RenewsIn => subscription.filter(|s| s.status.grants_plan())?.period.map(|p| Input::Until(p.end)),
            _ => None,
        }
    }

    fn score(&self) -> i64 {
        self.detected(|detected| {
            let parts = self.rules.config.signals.iter().filter_map(|signal| {
                let state = detected.signals.get(&signal.id)?;
                Some(u64::from(contribution(signal, state, self.now)))
            });
            score(parts.sum())
        })
    }
}

impl Lookup for Facts<'_> {
    fn input(&self, input: Input) -> Value<'_> {
        match input {
            Input::Usage { meter, field } => self.meter(meter).map_or(Value::Unknown, |m| m.field(field)),
            Input::EventCount { event, days } => self.event(event).map_or(Value::Int(0), |e| e.counted(days, self.now)),
            Input::EventLastAge { event } => self.event(event).map_or(Value::Unknown, |e| e.age(self.now)),
            Input::Signal(signal) => Value::Bool(self.signal(signal).is_some_and(|state| state.active)),
            Input::Since(at) => Value::Duration(self.now.since(at)),
            Input::Until(at) => Value::Duration(at.since(self.now)),
        }
    }

    fn fact(&self, fact: Fact) -> Value<'_> {
        let config = &self.rules.config;
        match fact {
            Fact::Input(input) => self.input(input),
            Fact::Limit(i) => match self.meter(i).map(|m| m.limit) {
                Some(Limit::Upto(limit)) => int(limit),
                _ => Value::Unknown,
            },
            Fact::Pace { meter, field } => self.pace_field(meter, field),
            Fact::Feature(i) => {
                self.present.plan.and_then(|p| p.features.get(usize::from(i))).map_or(Value::Unknown, |on| Value::Bool(*on))
            }
            Fact::UserRole => self.person.map_or(Value::Unknown, |p| Value::Str(p.role.name())),
            Fact::UserTrait(i) => traited(&config.traits.user, self.person.and_then(|p| p.user).map(|u| &u.traits), i),
            Fact::TenantTrait(i) => traited(&config.traits.tenant, Some(&self.tenant.profile.traits), i),
            Fact::TenantSeats => self.tenant.seats(self.rules).map_or(Value::Unknown, int),
            Fact::Plan(field) => plan_field(self.present.plan, self.present.price, field),
            Fact::PlanMaxRank => Value::Int(self.rules.plans.iter().map(|p| i64::from(p.rank)).max().unwrap_or(0)),
            Fact::BestPlan(field) => {
                self.best().map_or(Value::Unknown, |(plan, price)| plan_field(Some(plan), price.map(|p| p.id.as_str()), field))
            }
            Fact::SubscriptionStatus => self.tenant.mirror.current().map_or(Value::Unknown, |s| Value::Str(s.status.word())),
            Fact::SignalCount(i) => Value::Int(self.signal(i).map_or(0, |state| i64::from(state.count))),
            Fact::Score => Value::Int(self.score()),
            Fact::Segment(i) => {
                let segment = config.segments.get(usize::from(i));
                let is_member = |detected: &Detected| detected.segments.get(&segment?.id)?.since;
                Value::Bool(self.detected(is_member).is_some())
            }
            Fact::RequestsCount => Value::Int(self.requests().map_or(0, |r| i64::from(r.count))),
            Fact::RequestsTop => self.requests().filter(|r| !r.label.is_empty()).map_or(Value::Unknown, |r| Value::Str(&r.label)),
            Fact::Now => Value::Timestamp(self.now.0),
            Fact::Converted => self.converted.map_or(Value::Unknown, Value::Bool),
            Fact::TenantAge | Fact::UserAge | Fact::SignalAge(_) | Fact::TrialEndsIn | Fact::RenewsIn => {
                self.moment(fact).map_or(Value::Unknown, |input| self.input(input))
            }
        }
    }
}

fn plan_field<'a>(plan: Option<&'a Plan>, price: Option<&str>, field: PlanField) -> Value<'a> {
    let Some(plan) = plan else { return Value::Unknown };
    match field {
        PlanField::Id => Value::Str(&plan.id),
        PlanField::Name => Value::Str(&plan.name),
        PlanField::Rank => Value::Int(i64::from(plan.rank)),
        PlanField::Interval => price.and_then(|id| plan.price(id)).map_or(Value::Unknown, |p| Value::Str(p.interval.word())),
    }
}

fn traited<'a>(declared: &[Trait], known: Option<&'a crate::map::Map<TraitValue>>, i: u16) -> Value<'a> {
    let found = declared.get(usize::from(i)).and_then(|declared| Some((declared, known?.get(&declared.key)?)));
    match found {
        // What was said while the trait was declared otherwise is not what it now is.
        Some((declared, value)) if value.kind() == declared.of => match value {
            TraitValue::Text(text) => Value::Str(text),
            TraitValue::Int(n) => Value::Int(*n),
            TraitValue::Double(bits) => Value::Double(f64::from_bits(*bits)),
            TraitValue::Bool(b) => Value::Bool(*b),
            TraitValue::List(texts) => Value::List(texts),
        },
        _ => Value::Unknown,
    }
}

impl Tenant {
    /// The bounds of the present billing period.
    pub(super) fn period(&self, now: Millis) -> Bounds {
        Bounds::of(crate::plan::Period::Billing, self.billing(), now)
    }

    /// How many the subscription is for.
    fn seats(&self, rules: &Rulebook) -> Option<u64> {
        let current = self.mirror.current().filter(|s| s.status.grants_plan())?;
        current.holding(&rules.plans).map(|(_, item)| item.quantity)
    }
}

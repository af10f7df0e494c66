//! The names of facts: what the configuration's names turn into facts, backwards; and why a fact may be unknown.

use super::print::moment;
use crate::config::Config;
use crate::expr::{Lookup, Program, Value};
use crate::facts::{Fact, Input, PaceField, PlanField, UsageField};
use crate::page::Page;
use crate::plan::{Feature, Meter};
use crate::traits::{Trait, Traits};

/// Something that expressions name and that has a condition of its own: a signal or a segment.
#[derive(Clone, Debug)]
pub struct Condition<'a> {
    /// What it is called.
    pub id: String,
    /// When it begins.
    pub on: &'a Program,
    /// When it ends; `None`: when `on` does not hold.
    pub off: Option<&'a Program>,
}

/// What facts are called.
#[derive(Clone, Debug)]
pub struct Names<'a> {
    meters: &'a [Meter],
    features: &'a [Feature],
    traits: Option<&'a Traits>,
    events: &'a [String],
    signals: Vec<Condition<'a>>,
    segments: Vec<Condition<'a>>,
}

impl<'a> Names<'a> {
    /// Those of a configuration.
    pub fn of_config(config: &'a Config) -> Self {
        let signals = config.signals.iter().map(|s| Condition { id: s.id.clone(), on: &s.when, off: s.rearm.as_ref() });
        let segments = config.segments.iter().map(|s| Condition { id: s.id.clone(), on: &s.enter, off: s.exit.as_ref() });
        Self {
            meters: &config.meters,
            features: &config.features,
            traits: Some(&config.traits),
            events: &config.events,
            signals: signals.collect(),
            segments: segments.collect(),
        }
    }

    /// Those of a page, whose signals have no names but their place: 1 is the first.
    pub fn of_page(page: &'a Page) -> Self {
        let watches = page.snapshot.rules.watches.iter().enumerate();
        let signals = watches.map(|(i, watch)| Condition { id: (i + 1).to_string(), on: &watch.when, off: watch.rearm.as_ref() });
        Self {
            meters: &page.meters,
            features: &page.features,
            traits: None,
            events: &page.events,
            signals: signals.collect(),
            segments: Vec::new(),
        }
    }

    /// The condition behind a fact that is a signal's or a segment's activity.
    pub(super) fn condition(&self, fact: Fact) -> Option<&Condition<'a>> {
        match fact {
            Fact::Input(Input::Signal(i)) => self.signals.get(usize::from(i)),
            Fact::Segment(i) => self.segments.get(usize::from(i)),
            _ => None,
        }
    }

    /// What an expression calls `fact`.
    pub(super) fn name(&self, fact: Fact) -> String {
        match fact {
            Fact::Input(input) => self.input(input),
            Fact::Limit(meter) => format!("usage.{}.limit", self.meter(meter)),
            Fact::Pace { meter, field } => format!("usage.{}.{}", self.meter(meter), pace(field)),
            Fact::Feature(i) => format!("feature.{}", self.features.get(usize::from(i)).map_or("?", |f| &f.key)),
            Fact::UserRole => "user.role".to_owned(),
            Fact::UserAge => "user.age".to_owned(),
            Fact::UserTrait(i) => format!("user.{}", traited(self.traits.map(|t| t.user.as_slice()), i)),
            Fact::TenantAge => "tenant.age".to_owned(),
            Fact::TenantSeats => "tenant.seats".to_owned(),
            Fact::TenantTrait(i) => format!("tenant.{}", traited(self.traits.map(|t| t.tenant.as_slice()), i)),
            Fact::Plan(field) => format!("plan.{}", plan(field)),
            Fact::PlanMaxRank => "plan.max_rank".to_owned(),
            Fact::BestPlan(field) => format!("best_plan.{}", plan(field)),
            Fact::SubscriptionStatus => "subscription.status".to_owned(),
            Fact::TrialEndsIn => "subscription.trial_ends_in".to_owned(),
            Fact::RenewsIn => "subscription.renews_in".to_owned(),
            Fact::SignalAge(i) => format!("signal.{}.age", id(&self.signals, i)),
            Fact::SignalCount(i) => format!("signal.{}.count", id(&self.signals, i)),
            Fact::Score => "score".to_owned(),
            Fact::Segment(i) => format!("segment.{}", id(&self.segments, i)),
            Fact::RequestsCount => "requests.count".to_owned(),
            Fact::RequestsTop => "requests.top".to_owned(),
            Fact::Now => "now".to_owned(),
            Fact::Converted => "converted".to_owned(),
        }
    }

    fn input(&self, input: Input) -> String {
        match input {
            Input::Usage { meter, field } => {
                let field = match field {
                    UsageField::Value => "value",
                    UsageField::Ratio => "ratio",
                    UsageField::Percent => "percent",
                    UsageField::Remaining => "remaining",
                };
                format!("usage.{}.{field}", self.meter(meter))
            }
            Input::EventCount { event, days } => format!("events.{}.count_{days}d", self.event(event)),
            Input::EventLastAge { event } => format!("events.{}.last_age", self.event(event)),
            Input::Signal(i) => format!("signal.{}.active", id(&self.signals, i)),
            // What is left of ages and the like in a browser.
            Input::Since(at) => format!("now - timestamp('{}')", moment(at)),
            Input::Until(at) => format!("timestamp('{}') - now", moment(at)),
        }
    }

    fn meter(&self, i: u16) -> &str {
        self.meters.get(usize::from(i)).map_or("?", |m| &m.key)
    }

    fn event(&self, i: u16) -> &str {
        self.events.get(usize::from(i)).map_or("?", |name| name)
    }
}

fn id<'n>(conditions: &'n [Condition<'_>], i: u16) -> &'n str {
    conditions.get(usize::from(i)).map_or("?", |c| &c.id)
}

fn traited(declared: Option<&[Trait]>, i: u16) -> &str {
    declared.and_then(|traits| traits.get(usize::from(i))).map_or("?", |t| &t.key)
}

fn pace(field: PaceField) -> &'static str {
    match field {
        PaceField::Velocity1d => "velocity_1d",
        PaceField::Velocity7d => "velocity_7d",
        PaceField::Growth7d => "growth_7d",
        PaceField::Growth28d => "growth_28d",
        PaceField::ExhaustsIn => "exhausts_in",
        PaceField::WillExhaust => "will_exhaust",
    }
}

fn plan(field: PlanField) -> &'static str {
    match field {
        PlanField::Id => "id",
        PlanField::Name => "name",
        PlanField::Rank => "rank",
        PlanField::Interval => "interval",
    }
}

/// The present value of `fact`, wherever it is read.
pub(super) fn look(facts: &impl Lookup, fact: Fact) -> Value<'_> {
    match fact {
        Fact::Input(input) => facts.input(input),
        fact => facts.fact(fact),
    }
}

/// Why `fact` is unknown, given that it is.
pub(super) fn why_unknown(fact: Fact) -> &'static str {
    match fact {
        Fact::Limit(_) | Fact::Input(Input::Usage { .. }) => "the plan has no limit",
        Fact::Pace { field: PaceField::ExhaustsIn, .. } => "the limit is not reached at this pace",
        Fact::Pace { .. } => "there is too little history",
        Fact::Input(Input::EventLastAge { .. }) => "it has not happened yet",
        Fact::Feature(_) | Fact::Plan(PlanField::Id | PlanField::Name | PlanField::Rank) => "the tenant has no plan",
        Fact::Plan(PlanField::Interval) => "no price is paid",
        Fact::BestPlan(_) => "no other plan fits better",
        Fact::UserAge => "this user has not been seen yet",
        Fact::TenantAge => "the tenant has not been seen yet",
        Fact::UserTrait(_) | Fact::TenantTrait(_) => "the back end has not told it",
        Fact::TenantSeats | Fact::SubscriptionStatus => "there is no subscription",
        Fact::TrialEndsIn => "there is no trial",
        Fact::RenewsIn => "no subscription renews",
        Fact::SignalAge(_) => "it was never detected",
        Fact::RequestsTop => "nobody asks for anything by name",
        _ => "only the Worker knows it",
    }
}

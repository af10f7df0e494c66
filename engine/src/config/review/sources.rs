//! What facts come of: two that have nothing in common can be anything, whatever the other is.

use crate::config::Config;
use crate::facts::{Fact, Input, PaceField, UsageField};
use crate::plan::MeterSource;

/// What a fact comes of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// What a meter reads.
    Meter(u16),
    /// A tracked event.
    Event(u16),
    /// The subscription, and with it the plan.
    Subscription,
    /// What the app says: the fact itself.
    Said(Fact),
    /// Who the user is.
    User,
    /// The clock.
    Time,
    /// Anything.
    Anything,
}

/// Whether each of the facts can be anything that it can be, whatever the others are.
pub(super) fn are_independent(facts: &[Fact], config: &Config) -> bool {
    let all: Vec<Vec<Source>> = facts.iter().map(|fact| sources(*fact, config)).collect();
    let apart = |a: &[Source], b: &[Source]| !a.iter().chain(b).any(|s| *s == Source::Anything) && !a.iter().any(|s| b.contains(s));
    all.iter().enumerate().all(|(i, a)| all.iter().skip(i + 1).all(|b| apart(a, b)))
}

fn sources(fact: Fact, config: &Config) -> Vec<Source> {
    use Source::{Anything, Event, Meter, Said, Subscription, Time, User};
    match fact {
        Fact::Input(Input::Usage { meter, field: UsageField::Value }) => match config.sources.get(usize::from(meter)) {
            Some(MeterSource::SubscriptionQuantity) => vec![Meter(meter), Subscription],
            _ => vec![Meter(meter)],
        },
        Fact::Input(Input::Usage { meter, .. }) | Fact::Pace { meter, field: PaceField::ExhaustsIn | PaceField::WillExhaust } => {
            vec![Meter(meter), Subscription]
        }
        Fact::Pace { meter, .. } => vec![Meter(meter)],
        Fact::Input(Input::EventCount { event, .. }) => vec![Event(event)],
        Fact::Input(Input::EventLastAge { event }) => vec![Event(event), Time],
        Fact::Limit(_) | Fact::Feature(_) | Fact::Plan(_) | Fact::PlanMaxRank | Fact::SubscriptionStatus | Fact::TenantSeats => {
            vec![Subscription]
        }
        Fact::TrialEndsIn | Fact::RenewsIn => vec![Subscription, Time],
        Fact::UserTrait(_) | Fact::TenantTrait(_) => vec![Said(fact)],
        Fact::UserRole => vec![User],
        Fact::UserAge => vec![User, Time],
        Fact::TenantAge => vec![Time],
        Fact::Input(Input::Signal(_) | Input::Since(_) | Input::Until(_))
        | Fact::SignalAge(_)
        | Fact::SignalCount(_)
        | Fact::Score
        | Fact::Segment(_)
        | Fact::BestPlan(_)
        | Fact::RequestsCount
        | Fact::RequestsTop
        | Fact::Converted
        | Fact::Now => vec![Anything],
    }
}

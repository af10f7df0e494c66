//! What a fact can be.

use crate::config::Config;
use crate::expr::Value;
use crate::facts::{Fact, Input, PaceField, PlanField, Role, UsageField};
use crate::plan::{Interval, Plan};
use crate::score;
use crate::traits::{Trait, TraitKind};

/// A value that a fact can have.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Point {
    Unknown,
    Bool(bool),
    Int(i64),
    Double(f64),
    /// In milliseconds.
    Duration(i64),
    Text(String),
}

impl Point {
    pub(super) fn value(&self) -> Value<'_> {
        match self {
            Self::Unknown => Value::Unknown,
            Self::Bool(b) => Value::Bool(*b),
            Self::Int(n) => Value::Int(*n),
            Self::Double(d) => Value::Double(*d),
            Self::Duration(ms) => Value::Duration(*ms),
            Self::Text(text) => Value::Str(text),
        }
    }

    pub(super) fn negated(self) -> Option<Self> {
        match self {
            Self::Int(n) => n.checked_neg().map(Self::Int),
            Self::Double(d) => Some(Self::Double(-d)),
            Self::Duration(ms) => ms.checked_neg().map(Self::Duration),
            Self::Unknown | Self::Bool(_) | Self::Text(_) => None,
        }
    }
}

/// All that a fact can be.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Domain {
    of: Of,
    /// Whether it can be unknown.
    unknown: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Of {
    /// These values; and of texts those that a condition asks for, since an unknown word is told of as such.
    These(Vec<Point>),
    /// Whole numbers from the first to the last.
    Ints(i64, i64),
    /// From this number on.
    Doubles(f64),
    /// In milliseconds from this on.
    Durations(i64),
    /// Any text.
    Texts,
}

/// What is known of a configuration's facts besides the configuration.
#[derive(Debug)]
pub(super) struct Known<'c> {
    pub(super) config: &'c Config,
    /// Signals and segments that never hold.
    pub(super) dead: Vec<Fact>,
    /// The highest score there can be.
    pub(super) highest_score: i64,
}

impl<'c> Known<'c> {
    /// Before anything is found out. The score is at most what the weights add up to.
    pub(super) fn of(config: &'c Config) -> Self {
        let weights = config.signals.iter().map(|signal| i64::from(signal.weight));
        Self { config, dead: Vec::new(), highest_score: weights.sum::<i64>().min(score::MAX) }
    }

    /// Whether the fact is true or false.
    pub(super) fn is_bool(&self, fact: Fact) -> bool {
        let bools = |domain: Domain| matches!(domain.of, Of::These(points) if matches!(points.first(), Some(Point::Bool(_))));
        self.domain(fact).is_some_and(bools)
    }

    /// Whether something is always known of it.
    pub(super) fn is_known(&self, fact: Fact) -> bool {
        self.domain(fact).is_some_and(|domain| !domain.unknown)
    }

    /// `None`: of lists, and of moments, nothing is decided.
    pub(super) fn domain(&self, fact: Fact) -> Option<Domain> {
        let config = self.config;
        Some(match fact {
            Fact::Input(input) => self.of_input(input)?,
            Fact::Segment(_) | Fact::Converted => known(self.bools(fact)),
            Fact::Score => known(Of::Ints(0, self.highest_score)),
            Fact::SignalCount(_) | Fact::RequestsCount => known(COUNTS),
            Fact::UserRole => known(texts([Role::Admin, Role::Member].map(Role::name))),
            Fact::PlanMaxRank => known(self.ranks(|ranks| ranks.into_iter().max().or(Some(0)))),
            Fact::Limit(_) | Fact::TenantSeats => maybe(COUNTS),
            Fact::Feature(_) => maybe(self.bools(fact)),
            Fact::Pace { field, .. } => maybe(match field {
                PaceField::ExhaustsIn => DURATIONS,
                PaceField::WillExhaust => self.bools(fact),
                PaceField::Velocity1d | PaceField::Velocity7d | PaceField::Growth7d | PaceField::Growth28d => DOUBLES,
            }),
            Fact::UserAge | Fact::TenantAge | Fact::TrialEndsIn | Fact::RenewsIn | Fact::SignalAge(_) => maybe(DURATIONS),
            Fact::UserTrait(i) => maybe(self.of_trait(fact, config.traits.user.get(usize::from(i))?)?),
            Fact::TenantTrait(i) => maybe(self.of_trait(fact, config.traits.tenant.get(usize::from(i))?)?),
            Fact::Plan(field) | Fact::BestPlan(field) => maybe(self.of_plan(field)),
            Fact::SubscriptionStatus | Fact::RequestsTop => maybe(Of::Texts),
            Fact::Now => return None,
        })
    }

    fn of_input(&self, input: Input) -> Option<Domain> {
        Some(match input {
            Input::Usage { field: UsageField::Value | UsageField::Percent, .. } | Input::EventCount { .. } => known(COUNTS),
            Input::Usage { field: UsageField::Ratio, .. } => known(Of::Doubles(0.0)),
            Input::Usage { field: UsageField::Remaining, .. } => maybe(COUNTS),
            Input::EventLastAge { .. } => maybe(Of::Durations(0)),
            Input::Signal(_) => known(self.bools(Fact::Input(input))),
            Input::Since(_) | Input::Until(_) => return None,
        })
    }

    fn of_trait(&self, fact: Fact, declared: &Trait) -> Option<Of> {
        Some(match declared.of {
            TraitKind::Text => Of::Texts,
            TraitKind::Int => Of::Ints(i64::MIN, i64::MAX),
            TraitKind::Double => DOUBLES,
            TraitKind::Bool => self.bools(fact),
            TraitKind::List => return None,
        })
    }

    fn of_plan(&self, field: PlanField) -> Of {
        let text = |text: fn(&Plan) -> &str| match &self.config.inline_plans {
            Some(plans) => texts(plans.iter().map(text)),
            None => Of::Texts,
        };
        match field {
            PlanField::Id => text(|plan| &plan.id),
            PlanField::Name => text(|plan| &plan.name),
            PlanField::Rank => self.ranks(|ranks| ranks),
            PlanField::Interval => texts(Interval::ALL.map(Interval::word)),
        }
    }

    /// Some of the ranks of the plans, where these are written in the document.
    fn ranks<R: IntoIterator<Item = i64>>(&self, some: impl Fn(Vec<i64>) -> R) -> Of {
        let ranks = |plans: &Vec<Plan>| plans.iter().map(|plan| i64::from(plan.rank)).collect();
        match &self.config.inline_plans {
            Some(plans) => Of::These(some(ranks(plans)).into_iter().map(Point::Int).collect()),
            None => Of::Ints(i64::from(i32::MIN), i64::from(i32::MAX)),
        }
    }

    fn bools(&self, fact: Fact) -> Of {
        let both = [Point::Bool(true), Point::Bool(false)];
        Of::These(both.into_iter().filter(|point| *point == Point::Bool(false) || !self.dead.contains(&fact)).collect())
    }
}

const COUNTS: Of = Of::Ints(0, i64::MAX);
const DOUBLES: Of = Of::Doubles(f64::MIN);
const DURATIONS: Of = Of::Durations(i64::MIN);

fn known(of: Of) -> Domain {
    Domain { of, unknown: false }
}

fn maybe(of: Of) -> Domain {
    Domain { of, unknown: true }
}

fn texts<'t>(all: impl IntoIterator<Item = &'t str>) -> Of {
    Of::These(all.into_iter().map(|text| Point::Text(text.to_owned())).collect())
}

impl Domain {
    /// One point of each region into which `literals` part the domain, the literals themselves first. So whatever a comparison of
    /// the fact with a literal can say, it says of one of these.
    pub(super) fn points(&self, literals: Vec<Point>) -> Vec<Point> {
        let mut points = match &self.of {
            Of::These(these) => {
                let asked = literals.into_iter().filter(|literal| matches!(literal, Point::Text(_)));
                asked.chain(these.iter().cloned()).collect()
            }
            Of::Texts => beside(literals, &Point::Text(String::new())),
            Of::Ints(first, _) => beside(literals, &Point::Int(*first)),
            Of::Doubles(first) => beside(literals, &Point::Double(*first)),
            Of::Durations(first) => beside(literals, &Point::Duration(*first)),
        };
        for point in &mut points {
            self.draw_in(point);
        }
        if self.unknown {
            points.push(Point::Unknown);
        }
        let mut different = Vec::new();
        for point in points {
            if !different.contains(&point) {
                different.push(point);
            }
        }
        different
    }

    /// A point beyond the domain becomes the last one within: no literal lies between the two but is beyond as well.
    fn draw_in(&self, point: &mut Point) {
        match (point, &self.of) {
            (Point::Int(n), Of::Ints(first, last)) => *n = (*n).clamp(*first, *last),
            (Point::Double(d), Of::Doubles(first)) => *d = d.max(*first),
            (Point::Duration(ms), Of::Durations(first)) => *ms = (*ms).max(*first),
            _ => {}
        }
    }
}

/// The literals and what lies next to each on either side; and something, where there is no literal.
fn beside(literals: Vec<Point>, something: &Point) -> Vec<Point> {
    let next = |point: &Point| match point {
        Point::Int(n) => vec![Point::Int(n.saturating_sub(1)), Point::Int(n.saturating_add(1))],
        Point::Double(d) => vec![Point::Double(d.next_down()), Point::Double(d.next_up())],
        Point::Duration(ms) => vec![Point::Duration(ms.saturating_sub(1)), Point::Duration(ms.saturating_add(1))],
        // No text lies between one and the same with a NUL behind it, and none below the empty one.
        Point::Text(text) => vec![Point::Text(format!("{text}\0")), Point::Text(String::new())],
        Point::Unknown | Point::Bool(_) => Vec::new(),
    };
    let neighbours: Vec<Point> = literals.iter().flat_map(next).collect();
    let nothing = literals.is_empty().then(|| something.clone());
    literals.into_iter().chain(neighbours).chain(nothing).collect()
}

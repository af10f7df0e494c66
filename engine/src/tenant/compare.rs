//! The plan comparison: which plan fits this tenant and why, and which rows of it this user came for.

use serde::{Deserialize, Serialize};

use super::apply::is_near;
use super::{Rulebook, Tenant, Viewer};
use crate::config::Proration;
use crate::facts::{MeterStanding, Role};
use crate::plan::{Limit, MeterKind, MeterSource, Plan, PlanPrice};
use crate::time::{DAY, DurationMs, Millis};
use crate::upgrade::estimate::{Paying, estimate};
use crate::upgrade::fit::{Bind, Fit, Holding, Needs, Use, best_fit};
use crate::upgrade::requests::{Subject, Total};
use crate::usage::Bounds;
use crate::wire;

/// How long a refused feature counts as needed.
const REFUSED_LATELY: DurationMs = 7 * DAY;
/// The days whose pace is projected.
const PACE_DAYS: u32 = 7;

/// Everything a comparison shows. Meters and features are numbered as in the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// The present plan's id; `None` when it is not known.
    pub plan: Option<String>,
    /// The id of the price paid for it.
    pub price: Option<String>,
    /// Three letters in lower case; `None` without a subscription.
    pub currency: Option<String>,
    /// Why the user came.
    pub came: Option<Came>,
    /// Which plan fits.
    pub outcome: Outcome,
    /// What the present plan is too small for.
    pub binds: Vec<Row>,
    /// Every row, those this user needs first.
    pub rows: Vec<Row>,
    /// What is on sale, and the present plan, lowest rank first.
    pub offers: Vec<Offer>,
    /// What teammates ask for, most asked for first; for admins.
    pub requests: Vec<Total>,
    /// What this user has asked for.
    pub asked: Vec<Subject>,
}

wire! { struct Comparison { plan, price, currency, came, outcome, binds, rows, offers, requests, asked } }

/// Why the user came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Came {
    /// A meter is near its limit or at it.
    Limit(u16),
    /// A meter will be at its limit before the period ends.
    Pace(u16),
    /// A feature was refused.
    Feature(u16),
    /// Teammates ask.
    Requests,
}

wire! { enum Came { Limit(meter), Pace(meter), Feature(feature), Requests } }

/// Which plan fits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The present one.
    #[default]
    Current,
    /// This one at this price.
    Upgrade {
        /// The plan's id.
        plan: String,
        /// The price's id.
        price: String,
    },
    /// None.
    ContactUs,
}

wire! { enum Outcome { Current, Upgrade { plan, price }, ContactUs } }

/// A row of the comparison.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Whether it is a feature's; otherwise a meter's.
    pub feature: bool,
    /// The number of the meter or feature.
    pub number: u16,
    /// Used in this period so far.
    pub used: u64,
    /// By its end, at the present pace.
    pub projected: u64,
    /// Whether this user needs it.
    pub highlighted: bool,
}

wire! { struct Row { feature, number, used, projected, highlighted } }

/// How a plan stands to the present one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Relation {
    /// Of a higher rank.
    Upgrade,
    /// The present one.
    Current,
    /// Of a lower rank.
    Lower,
}

wire! { enum Relation { Upgrade, Current, Lower } }

/// A plan of the comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The plan, with the prices that are on sale to this tenant.
    pub plan: Plan,
    /// How it stands to the present one.
    pub relation: Relation,
    /// Whether it covers everything this tenant needs.
    pub fits: bool,
    /// Whether it is the best fit.
    pub best: bool,
    /// Meters of which more is used than it allows.
    pub violations: Vec<u16>,
    /// By price: credit and charge of a change today, by our own reckoning.
    pub estimates: Vec<Option<(i64, i64)>>,
}

wire! { struct Offer { plan, relation, fits, best, violations, estimates } }

impl Tenant {
    /// Compares the plans for `viewer`, who came for the meter or feature `wanted`, if they say.
    pub fn compare(&self, rules: &Rulebook, viewer: &Viewer<'_>, wanted: Option<&str>, now: Millis) -> Comparison {
        let needs = self.needs(rules, wanted, now);
        let present = self.present(rules);
        let holding = self.holding(rules);
        let currency = holding.currency;
        let fit = self.fit_of(rules, &needs);
        let (outcome, binds) = match &fit {
            Fit::Current => (Outcome::Current, Vec::new()),
            Fit::Upgrade { plan, price, binds } => (Outcome::Upgrade { plan: plan.id.clone(), price: price.id.clone() }, binds.clone()),
            Fit::ContactUs { binds } => (Outcome::ContactUs, binds.clone()),
        };
        let requests = if viewer.role == Role::Admin { self.requests.totals(now) } else { Vec::new() };
        let came = self.came(rules, &needs, wanted, now).or((!requests.is_empty()).then_some(Came::Requests));
        let best = if let Outcome::Upgrade { plan, price } = &outcome { Some((plan.as_str(), price.as_str())) } else { None };
        let shown = rules.plans.iter().filter(|p| p.active || present.plan.is_some_and(|now| now.id == p.id));
        Comparison {
            plan: present.plan.map(|p| p.id.clone()),
            price: present.price.map(str::to_owned),
            currency: currency.map(str::to_owned),
            binds: binds.iter().map(|bind| row(bind, &needs, true)).collect(),
            rows: rows(&needs, &binds, came.as_ref()),
            offers: shown.map(|plan| self.offer(rules, plan, holding, &needs, best, now)).collect(),
            came,
            outcome,
            requests,
            asked: self.requests.of(viewer.user, now),
        }
    }

    fn holding<'a>(&'a self, rules: &'a Rulebook) -> Holding<'a> {
        let present = self.present(rules);
        let currency = self.mirror.current().map(|s| s.currency.as_str()).filter(|c| !c.is_empty()).or(rules.currency());
        Holding { plan: present.plan, price: present.price, currency }
    }

    /// Which plan fits a user who came for the meter or feature `wanted`, if they say.
    pub fn fit<'a>(&'a self, rules: &'a Rulebook, wanted: Option<&str>, now: Millis) -> Fit<'a> {
        self.fit_of(rules, &self.needs(rules, wanted, now))
    }

    /// The plan of lowest rank above the present one that covers everything, whatever it costs.
    pub(super) fn covering<'a>(&self, rules: &'a Rulebook, now: Millis) -> Option<&'a Plan> {
        let needs = self.needs(rules, None, now);
        let present = self.present(rules).plan?;
        rules.plans.iter().find(|plan| plan.rank > present.rank && needs.are_covered_by(plan, None, self.holding(rules)))
    }

    fn fit_of<'a>(&'a self, rules: &'a Rulebook, needs: &Needs) -> Fit<'a> {
        let holding = self.holding(rules);
        // Who pays for something the catalogue does not know is served by nothing we could offer.
        // Nor is who owes for a plan sent to another.
        let is_unknown = self.mirror.current().is_some_and(|s| !s.status.grants_plan() || holding.plan.is_none());
        if is_unknown { Fit::Current } else { best_fit(&rules.plans, holding, needs) }
    }

    /// What this tenant needs: what it uses, where that leads, and what was refused lately.
    pub fn needs(&self, rules: &Rulebook, wanted: Option<&str>, now: Millis) -> Needs {
        let meters = rules.config.meters.iter().enumerate().map(|(i, meter)| {
            let used = self.reads(rules, i, meter, now);
            let MeterKind::Counter(period) = meter.kind else { return Use { used, projected: used } };
            let bounds = Bounds::of(period, self.billing(), now);
            Use { used, projected: used.saturating_add(self.to_come(rules, i, used, bounds, now)) }
        });
        let has = |i: usize| self.present(rules).plan.is_none_or(|p| p.features.get(i) == Some(&true));
        let features = rules.config.features.iter().enumerate().map(|(i, feature)| {
            let lately = self.counts.refused.get(&feature.key).is_some_and(|at| now.since(*at) < REFUSED_LATELY);
            !has(i) && (lately || wanted == Some(feature.key.as_str()))
        });
        Needs { meters: meters.collect(), features: features.collect() }
    }

    /// What will be used until the period ends, at the pace of the last seven days. Stripe's meters tell no days: there it is
    /// the pace of the period so far, of which at least a day must have passed.
    fn to_come(&self, rules: &Rulebook, i: usize, used: u64, bounds: Bounds, now: Millis) -> u64 {
        let Some(meter) = rules.config.meters.get(i) else { return 0 };
        let left = bounds.end.since(now).max(0);
        let (amount, over) = match rules.source(i) {
            MeterSource::Events => {
                (self.counts.meters.get(&meter.key).map_or(0, |m| m.last_days(PACE_DAYS, now)), i64::from(PACE_DAYS) * DAY)
            }
            _ => (used, now.since(bounds.start).max(DAY)),
        };
        let amount = u128::from(amount) * u128::from(left.unsigned_abs()) / u128::from(over.unsigned_abs().max(1));
        u64::try_from(amount).unwrap_or(u64::MAX)
    }

    fn offer(&self, rules: &Rulebook, plan: &Plan, holding: Holding<'_>, needs: &Needs, best: Option<(&str, &str)>, now: Millis) -> Offer {
        let relation = match holding.plan {
            Some(present) if present.id == plan.id => Relation::Current,
            Some(present) if present.rank >= plan.rank => Relation::Lower,
            _ => Relation::Upgrade,
        };
        let held = |p: &PlanPrice| holding.price == Some(p.id.as_str());
        let on_offer = |p: &&PlanPrice| held(p) || (p.active && holding.currency.is_none_or(|c| c == p.currency));
        let prices: Vec<PlanPrice> = plan.prices.iter().filter(on_offer).cloned().collect();
        let estimates =
            prices.iter().map(|p| if relation == Relation::Upgrade { self.reckon(rules, holding, p, now) } else { None }).collect();
        // Where a price has limits of its own, those of the price that is paid count, and of the one that fits best.
        let best = best.filter(|(id, _)| *id == plan.id).map(|(_, price)| price);
        let price = best.or(holding.price.filter(|_| relation == Relation::Current));
        let violations = needs.violations(plan, price).into_iter().filter_map(|i| u16::try_from(i).ok()).collect();
        let fits = needs.are_covered_by(plan, price, holding);
        let allowances = (0..plan.allowances.len()).map(|meter| plan.allowance(meter, price)).collect();
        Offer { relation, fits, best: best.is_some(), violations, estimates, plan: Plan { allowances, prices, ..plan.clone() } }
    }

    fn reckon(&self, rules: &Rulebook, holding: Holding<'_>, price: &PlanPrice, now: Millis) -> Option<(i64, i64)> {
        let Some(subscription) = self.mirror.current() else { return estimate(None, price, 1, now).map(|e| (e.credit, e.charge)) };
        if subscription.trial_end.is_some_and(|end| end > now) {
            return Some((0, 0));
        }
        if subscription.terms.discounted || rules.config.upgrade.proration == Proration::CreateProrations {
            return None; // coupons are Stripe's to reckon; and what waits for the next invoice costs nothing today
        }
        let held = holding.plan?.price(holding.price?)?;
        let quantity = subscription.items.iter().find(|i| i.price == held.id)?.quantity;
        let paying = Paying { price: held, quantity, period: subscription.period? };
        estimate(Some(paying), price, quantity, now).map(|e| (e.credit, e.charge))
    }

    /// Why the user came: what they say; else a limit that is reached, a feature refused last, a limit that is near, a pace
    /// that is too high.
    fn came(&self, rules: &Rulebook, needs: &Needs, wanted: Option<&str>, now: Millis) -> Option<Came> {
        let meters = &rules.config.meters;
        if let Some(i) = wanted.and_then(|key| rules.config.features.iter().position(|f| f.key == key)) {
            return number(i).map(Came::Feature);
        }
        let standing = self.overview(rules, Role::Admin, now).standing;
        if let Some(i) = wanted.and_then(|key| meters.iter().position(|m| m.key == key)) {
            let limit = standing.meters.get(i).map(|m| m.limit);
            let outpaced =
                matches!((limit, needs.meters.get(i)), (Some(Limit::Upto(limit)), Some(m)) if m.used < limit && m.projected > limit);
            let near = standing.meters.get(i).is_some_and(is_near);
            return number(i).map(if outpaced && !near { Came::Pace } else { Came::Limit });
        }
        let fullest = |filter: &dyn Fn(&MeterStanding) -> bool| {
            let candidates = standing.meters.iter().enumerate().filter(|(_, m)| filter(m));
            candidates.max_by_key(|(i, m)| (m.percent(), std::cmp::Reverse(*i))).map(|(i, _)| i)
        };
        if let Some(i) = fullest(&|m| m.remaining() == Some(0)) {
            return number(i).map(Came::Limit);
        }
        let refused = rules.config.features.iter().enumerate().filter(|(i, _)| needs.features.get(*i) == Some(&true));
        if let Some((i, _)) = refused.max_by_key(|(_, f)| self.counts.refused.get(&f.key).copied()) {
            return number(i).map(Came::Feature);
        }
        if let Some(i) = fullest(&is_near) {
            return number(i).map(Came::Limit);
        }
        let over = |(i, m): &(usize, &MeterStanding)| match (needs.meters.get(*i), m.limit) {
            (Some(use_of), Limit::Upto(limit)) => use_of.projected > limit,
            _ => false,
        };
        standing.meters.iter().enumerate().find(over).and_then(|(i, _)| number(i)).map(Came::Pace)
    }
}

fn number(i: usize) -> Option<u16> {
    u16::try_from(i).ok()
}

fn row(bind: &Bind, needs: &Needs, highlighted: bool) -> Row {
    let (feature, i) = match bind {
        Bind::Meter(i) => (false, *i),
        Bind::Feature(i) => (true, *i),
    };
    let Use { used, projected } = if feature { Use::default() } else { needs.meters.get(i).copied().unwrap_or_default() };
    Row { feature, number: number(i).unwrap_or(u16::MAX), used, projected, highlighted }
}

/// Every row once: what the user came for and what binds first.
fn rows(needs: &Needs, binds: &[Bind], came: Option<&Came>) -> Vec<Row> {
    let meters = (0..needs.meters.len()).map(Bind::Meter);
    let features = (0..needs.features.len()).map(Bind::Feature);
    let wanted = |bind: &Bind| {
        let is_reason = match (came, bind) {
            (Some(Came::Limit(m) | Came::Pace(m)), Bind::Meter(i)) => usize::from(*m) == *i,
            (Some(Came::Feature(f)), Bind::Feature(i)) => usize::from(*f) == *i,
            _ => false,
        };
        is_reason || binds.contains(bind)
    };
    let (first, rest): (Vec<Bind>, Vec<Bind>) = meters.chain(features).partition(wanted);
    first.iter().map(|b| row(b, needs, true)).chain(rest.iter().map(|b| row(b, needs, false))).collect()
}

#[cfg(test)]
mod tests;

//! Best fit: the cheapest plan and interval that cover what is used, what will be used and what was just refused.

use alloc::vec::Vec;

use crate::plan::{Interval, Limit, Plan, PlanPrice};

/// What a tenant needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// By meter.
    pub meters: Vec<Use>,
    /// By feature: whether it was refused lately.
    pub features: Vec<bool>,
}

/// How much of one meter is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Use {
    /// In this period, so far.
    pub used: u64,
    /// By its end, at the present pace; at least what is used.
    pub projected: u64,
}

/// What a tenant has.
#[derive(Clone, Copy, Debug, Default)]
pub struct Holding<'a> {
    /// The plan, when it is known.
    pub plan: Option<&'a Plan>,
    /// The id of the price paid for it, if any.
    pub price: Option<&'a str>,
    /// The currency the tenant pays in; prices in others are not offered.
    pub currency: Option<&'a str>,
}

/// A row of the comparison that the present plan is too small for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bind {
    /// A meter, by its number.
    Meter(usize),
    /// A feature, by its number.
    Feature(usize),
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit<'a> {
    /// The present plan covers everything.
    Current,
    /// This plan at this price does, and is the cheapest that does.
    Upgrade {
        /// The plan.
        plan: &'a Plan,
        /// The price.
        price: &'a PlanPrice,
        /// What the present plan is too small for.
        binds: Vec<Bind>,
    },
    /// No plan on sale does.
    ContactUs {
        /// What the present plan is too small for.
        binds: Vec<Bind>,
    },
}

impl Needs {
    /// How much of a meter must be covered. Where the present limit is reached, one more than it was just refused.
    fn amount(&self, meter: usize, present: Limit) -> u64 {
        let Use { used, projected } = self.meters.get(meter).copied().unwrap_or_default();
        let needed = used.max(projected);
        match present {
            Limit::Upto(limit) if used >= limit => needed.max(limit.saturating_add(1)),
            _ => needed,
        }
    }

    /// The meters of which more is used than `price` of `plan` allows.
    pub fn violations(&self, plan: &Plan, price: Option<&str>) -> Vec<usize> {
        let too_small = |(meter, used): (usize, &Use)| match plan.allowance(meter, price).limit {
            Limit::Upto(limit) if used.used > limit => Some(meter),
            _ => None,
        };
        self.meters.iter().enumerate().filter_map(too_small).collect()
    }

    /// Whether `price` of `plan` covers them.
    pub fn are_covered_by(&self, plan: &Plan, price: Option<&str>, present: Holding<'_>) -> bool {
        self.uncovered(plan, price, present).is_empty()
    }

    /// What of the needs `price` of `plan` does not cover.
    fn uncovered(&self, plan: &Plan, price: Option<&str>, present: Holding<'_>) -> Vec<Bind> {
        let present_limit = |meter| present.plan.map_or(Limit::Unlimited, |p| p.allowance(meter, present.price).limit);
        let meters = (0..self.meters.len()).filter(|meter| match plan.allowance(*meter, price).limit {
            Limit::Unlimited => false,
            Limit::Upto(limit) => self.amount(*meter, present_limit(*meter)) > limit,
        });
        let lacks = |(i, refused): (usize, &bool)| (*refused && !plan.features.get(i).copied().unwrap_or(false)).then_some(i);
        let features = self.features.iter().enumerate().filter_map(lacks);
        meters.map(Bind::Meter).chain(features.map(Bind::Feature)).collect()
    }
}

/// Finds the cheapest plan of a higher rank, and the interval, whose limits cover `needs`. Never the present plan, never one
/// that is off sale or too small for what is used already.
pub fn best_fit<'a>(plans: &'a [Plan], present: Holding<'_>, needs: &Needs) -> Fit<'a> {
    let binds = present.plan.map(|plan| needs.uncovered(plan, present.price, present)).unwrap_or_default();
    if present.plan.is_some() && binds.is_empty() {
        return Fit::Current;
    }
    let above = |plan: &&Plan| plan.active && present.plan.is_none_or(|now| plan.rank > now.rank && plan.id != now.id);
    let mut best: Option<(&Plan, &PlanPrice, i64)> = None;
    for plan in plans.iter().filter(above) {
        for price in plan.prices.iter().filter(|p| on_offer(p, present.currency)) {
            let Some(amount) = price.unit_amount else { continue };
            if !needs.uncovered(plan, Some(&price.id), present).is_empty() {
                continue;
            }
            if best.is_none_or(|(other, at, cost)| order(plan, price, amount) < order(other, at, cost)) {
                best = Some((plan, price, amount));
            }
        }
    }
    match best {
        Some((plan, price, _)) => Fit::Upgrade { plan, price, binds },
        None => Fit::ContactUs { binds },
    }
}

fn on_offer(price: &PlanPrice, currency: Option<&str>) -> bool {
    price.active && currency.is_none_or(|c| c == price.currency)
}

/// The cheapest by the year first; of equals the lowest rank, then the shorter interval, then the id.
fn order<'p>(plan: &'p Plan, price: &'p PlanPrice, amount: i64) -> (i128, i32, Interval, &'p str, &'p str) {
    (by_the_year(price, amount), plan.rank, price.interval, &plan.id, &price.id)
}

/// What a price costs by the year, in parts so small that every interval comes out whole: 84 × 360,360 of a minor unit, which
/// every interval count up to 15 divides.
fn by_the_year(price: &PlanPrice, amount: i64) -> i128 {
    let per_year = match price.interval {
        Interval::Day => 365 * 84,
        Interval::Week => 365 * 12, // 365 / 7 × 84
        Interval::Month => 12 * 84,
        Interval::Year => 84,
    };
    i128::from(amount) * per_year * 360_360 / i128::from(price.interval_count.max(1))
}

#[cfg(test)]
mod tests;

//! Conversions: a tenant came to pay more, by whichever way: through Upcue, at Stripe's Checkout or portal, by hand in its dashboard.

use serde::{Deserialize, Serialize};

use crate::plan::{Interval, PlanPrice};
use crate::tenant::Rulebook;
use crate::time::Millis;
use crate::timeline::Held;
use crate::wire;

/// One conversion.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversion {
    /// When it was known.
    pub at: Millis,
    /// The plan before; `None`: none.
    pub from: Option<String>,
    /// The plan after.
    pub to: Option<String>,
    /// What was paid a month before, in minor units.
    pub before: i64,
    /// What is paid a month after.
    pub after: i64,
    /// Of both, three letters in lower case; empty where what was or is paid is no plain number, or of two currencies: the amounts are 0 then.
    pub currency: String,
    /// The upgrade that did it, `upg_…`; `None`: it was made at Stripe.
    pub upgrade: Option<String>,
    /// Since when there had been a reason to upgrade.
    pub needed: Option<Millis>,
}

wire! { struct Conversion { at, from, to, before, after, currency, upgrade, needed } }

impl Conversion {
    /// What is paid a month more, in minor units.
    pub fn gain(&self) -> i64 {
        self.after.saturating_sub(self.before)
    }

    /// From what was held to what is held now.
    pub fn of(rules: &Rulebook, before: &Held, after: &Held, at: Millis) -> Self {
        let (paid, old) = before.pays(rules);
        let (pays, currency) = after.pays(rules);
        let told = Self { at, from: before.plan.clone(), to: after.plan.clone(), ..Self::default() };
        // What was paid before is nothing where there was no price, and not known where there was one and this is not told of it.
        if before.price.is_none() || (old == currency && !currency.is_empty()) {
            Self { before: paid, after: pays, currency, ..told }
        } else {
            told
        }
    }
}

impl Held {
    /// What it costs a month, in minor units, and of what; nothing, of no currency, where prices are no plain numbers.
    pub fn pays(&self, rules: &Rulebook) -> (i64, String) {
        let price = self.price.as_deref().and_then(|id| rules.plans.iter().find_map(|plan| plan.price(id)));
        let amount = price.and_then(|price| Some((monthly(price, self.quantity)?, price.currency.clone())));
        amount.unwrap_or_default()
    }
}

/// What so many of a price come to a month: a year has twelve months, and 365 days; `None` where the price is no plain number.
pub fn monthly(price: &PlanPrice, quantity: u64) -> Option<i64> {
    let amount = i128::from(price.unit_amount?) * i128::from(quantity);
    // How often a year holds the interval, times 12, so that all of it stays whole.
    let (times, per) = match price.interval {
        Interval::Day => (365, 12),
        Interval::Week => (365, 84),
        Interval::Month => (1, 1),
        Interval::Year => (1, 12),
    };
    let per = per * i128::from(price.interval_count.max(1));
    i64::try_from((amount * times + per / 2) / per).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;

    fn price(id: &str, amount: i64, interval: Interval, count: u32) -> PlanPrice {
        let known = PlanPrice::known_by_id(id.to_owned());
        PlanPrice { unit_amount: Some(amount), currency: "usd".to_owned(), interval, interval_count: count, ..known }
    }

    #[test]
    fn prices_of_every_interval_are_told_by_the_month() {
        for (amount, interval, count, quantity, expected) in [
            (2_900, Interval::Month, 1, 1, 2_900),
            (2_900, Interval::Month, 1, 5, 14_500),
            (30_000, Interval::Year, 1, 1, 2_500),
            (9_000, Interval::Month, 3, 1, 3_000),
            (700, Interval::Week, 1, 1, 3_042),
            (100, Interval::Day, 1, 1, 3_042),
        ] {
            assert_eq!(monthly(&price("p", amount, interval, count), quantity), Some(expected), "{amount} {interval:?} {count}");
        }
        assert_eq!(monthly(&PlanPrice { unit_amount: None, ..price("p", 0, Interval::Month, 1) }, 1), None);
    }

    #[test]
    fn a_conversion_tells_both_plans_and_what_they_cost() {
        let plan = |id: &str, price| Plan { id: id.to_owned(), prices: vec![price], ..Plan::default() };
        let plans = vec![plan("pro", price("p1", 2_000, Interval::Month, 1)), plan("team", price("p2", 60_000, Interval::Year, 1))];
        let rules = Rulebook { plans, ..Rulebook::default() };
        let held = |plan: &str, price: &str, quantity| Held {
            plan: Some(plan.to_owned()),
            price: Some(price.to_owned()),
            quantity,
            ..Held::default()
        };
        let told = Conversion::of(&rules, &held("pro", "p1", 2), &held("team", "p2", 2), Millis(7));
        assert_eq!((told.before, told.after, told.currency.as_str()), (4_000, 10_000, "usd"));
        let first = Conversion::of(&rules, &Held::default(), &held("pro", "p1", 1), Millis(7));
        assert_eq!((first.from, first.before, first.after), (None, 0, 2_000));
        // A price that is no plain number, or of another currency, says nothing of what is gained.
        let foreign = PlanPrice { currency: "eur".to_owned(), ..price("p3", 900, Interval::Month, 1) };
        let tiered = PlanPrice { unit_amount: None, ..price("p4", 0, Interval::Month, 1) };
        let rules = Rulebook { plans: [rules.plans, vec![plan("old", foreign), plan("tiers", tiered)]].concat(), ..Rulebook::default() };
        for (from, id) in [("old", "p3"), ("tiers", "p4"), ("gone", "p5")] {
            let unknown = Conversion::of(&rules, &held(from, id, 1), &held("pro", "p1", 1), Millis(7));
            assert_eq!((unknown.from.as_deref(), unknown.gain(), unknown.currency.as_str()), (Some(from), 0, ""), "{id}");
        }
    }
}

//! What a change of plan will cost today, by our own reckoning: for plan cards, always marked as an estimate. The charge is
//! the gateway's figure; how far this one was off is recorded (proration accuracy).

use crate::money::share;
use crate::plan::PlanPrice;
use crate::time::{Millis, SECOND};
use crate::usage::Bounds;

/// What somebody pays for now.
#[derive(Clone, Copy, Debug)]
pub struct Paying<'a> {
    /// The price.
    pub price: &'a PlanPrice,
    /// How many.
    pub quantity: u64,
    /// What has been paid for.
    pub period: Bounds,
}

/// An estimate in minor units of the price's currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// For the unused time of the present price; at most 0.
    pub credit: i64,
    /// For the new price.
    pub charge: i64,
}

impl Estimate {
    /// What is due today; a credit that is larger than the charge stays with the gateway.
    pub fn amount_due(&self) -> i64 {
        self.credit.saturating_add(self.charge).max(0)
    }
}

/// Reckons a change to `quantity` of `to` as Stripe documents it: each line by the seconds that remain, rounded by itself
/// (<https://docs.stripe.com/billing/subscriptions/prorations>). With another interval a new period begins today and is
/// charged whole. `None` when an amount is not a plain number.
pub fn estimate(from: Option<Paying<'_>>, to: &PlanPrice, quantity: u64, now: Millis) -> Option<Estimate> {
    let whole = times(to.unit_amount?, quantity);
    let Some(from) = from else { return Some(Estimate { credit: 0, charge: whole }) };
    let (remaining, length) = (seconds(from.period.end) - seconds(now), seconds(from.period.end) - seconds(from.period.start));
    let remaining = remaining.clamp(0, length.max(0));
    let credit = -share(times(from.price.unit_amount?, from.quantity), remaining, length);
    let same_interval = (from.price.interval, from.price.interval_count) == (to.interval, to.interval_count);
    let charge = if same_interval { share(whole, remaining, length) } else { whole };
    Some(Estimate { credit, charge })
}

fn times(amount: i64, quantity: u64) -> i64 {
    amount.saturating_mul(i64::try_from(quantity).unwrap_or(i64::MAX))
}

fn seconds(at: Millis) -> i64 {
    at.0.div_euclid(SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Interval;
    use crate::time::DAY;

    fn price(amount: Option<i64>, interval: Interval) -> PlanPrice {
        PlanPrice { unit_amount: amount, interval, interval_count: 1, ..PlanPrice::default() }
    }

    #[test]
    fn documented_examples_come_out() {
        let june = Bounds { start: Millis(0), end: Millis(30 * DAY) };
        let month = Interval::Month;
        for (what, from, to, quantities, day, expected) in [
            ("10 to 20 dollars half-way", 1_000, price(Some(2_000), month), (1, 1), 15, Some((-500, 1_000))),
            ("a third of the month left", 2_000, price(Some(1_000), month), (1, 1), 20, Some((-667, 333))),
            ("on the first day", 900, price(Some(2_900), month), (1, 1), 0, Some((-900, 2_900))),
            ("more seats of the same", 1_000, price(Some(1_000), month), (1, 3), 15, Some((-500, 1_500))),
            ("to a year: a new period begins", 1_000, price(Some(10_000), Interval::Year), (1, 1), 15, Some((-500, 10_000))),
            ("after the period, its renewal is late", 1_000, price(Some(2_000), month), (1, 1), 40, Some((0, 0))),
            ("tiers have no plain amount", 1_000, price(None, month), (1, 1), 15, None),
        ] {
            let old = price(Some(from), month);
            let paying = Paying { price: &old, quantity: quantities.0, period: june };
            let found = estimate(Some(paying), &to, quantities.1, Millis(day * DAY));
            assert_eq!(found.map(|e| (e.credit, e.charge)), expected, "{what}");
        }
    }

    #[test]
    fn without_a_subscription_the_whole_period_is_due_and_credit_is_never_paid_out() {
        let pro = price(Some(2_900), Interval::Month);
        assert_eq!(estimate(None, &pro, 2, Millis(0)).map(|e| e.amount_due()), Some(5_800));
        assert_eq!(Estimate { credit: -9_000, charge: 2_900 }.amount_due(), 0);
    }
}

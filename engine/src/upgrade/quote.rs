//! A quote: what was promised, and whether what is asked for is an upgrade at all.

use serde::{Deserialize, Serialize};

use crate::plan::{Interval, Plan, PlanPrice};
use crate::subscription::{Item, Status, Subscription};
use crate::time::{DurationMs, MINUTE, Millis};
use crate::wire;

/// How long a quote holds.
pub const HOLDS: DurationMs = 10 * MINUTE;

/// What is promised, as far as it must be known again when it is confirmed. Signed, and handed to the browser.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// `qt_…`
    pub id: String,
    /// For which tenant.
    pub tenant: String,
    /// What is changed; `None` when there is no subscription yet and Stripe's Checkout makes one.
    pub change: Option<Change>,
    /// The plan.
    pub plan: String,
    /// The price.
    pub price: String,
    /// How many.
    pub quantity: u64,
    /// Whether the admin said how many; otherwise it is as many as there were.
    pub quantity_named: bool,
    /// What is due at once, in minor units.
    pub amount_due: i64,
    /// Three letters in lower case.
    pub currency: String,
    /// What we reckoned would be due ([`estimate`](super::estimate)), in minor units.
    pub estimated: Option<i64>,
    /// The catalogue it was made from.
    pub catalogue: u32,
    /// Until when it holds.
    pub expires_at: Millis,
}

wire! { struct Quote { id, tenant, change, plan, price, quantity, quantity_named, amount_due, currency, estimated, catalogue, expires_at } }

/// The change of a subscription that a quote promises.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// `sub_…`
    pub subscription: String,
    /// `cus_…`
    pub customer: String,
    /// `si_…`: the item that is changed. Without it Stripe would add a second one.
    pub item: String,
    /// The price it has now.
    pub from_price: String,
    /// How many it has now.
    pub from_quantity: u64,
    /// The moment that Stripe prorates by, in seconds since 1970; `None` when a new period begins with the change.
    pub proration_date: Option<i64>,
    /// Whether a cancellation at the period's end is withdrawn.
    pub resumes: bool,
    /// [`Subscription::fingerprint`] of what it was made from.
    pub fingerprint: u64,
    /// The newest invoice before the change, which is not the change's.
    pub invoice_before: Option<String>,
}

wire! { struct Change {
    subscription, customer, item, from_price, from_quantity, proration_date, resumes, fingerprint, invoice_before,
} }

/// Why there is no quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// This plan, price and quantity are what the tenant has.
    AlreadyOnPlan,
    /// A plan of a lower rank, fewer seats, or from a year back to a month on the same plan.
    NotAnUpgrade,
    /// No plan of this name, or none that is on sale.
    UnknownPlan,
    /// No price on sale in the subscription's currency, or none of this id.
    PriceUnavailable,
    /// Two items sell plans; which one is meant is not for us to guess.
    SeveralPlans,
    /// The catalogue does not know what the subscription sells.
    UnknownHolding,
    /// A schedule changes it by itself.
    Scheduled,
    /// A change waits for its payment.
    InProgress,
    /// A payment is overdue.
    PastDue,
    /// Collection is paused, or a trial ended without a payment method.
    Paused,
    /// The first payment is outstanding, or all failed.
    Incomplete,
}

impl Refusal {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::AlreadyOnPlan => "already_on_plan",
            Self::NotAnUpgrade => "not_an_upgrade",
            Self::UnknownPlan => "unknown_plan",
            Self::PriceUnavailable => "price_unavailable",
            Self::SeveralPlans => "several_plans",
            Self::UnknownHolding => "subscription_unknown_plan",
            Self::Scheduled => "subscription_scheduled",
            Self::InProgress => "upgrade_in_progress",
            Self::PastDue => "subscription_past_due",
            Self::Paused => "subscription_paused",
            Self::Incomplete => "subscription_incomplete",
        }
    }

    /// What to tell the admin.
    pub fn detail(&self) -> &'static str {
        match self {
            Self::AlreadyOnPlan => "You are on this plan already. Nothing to do, nothing was charged.",
            Self::NotAnUpgrade => "This would be a step down. Downgrades are made in the billing portal.",
            Self::UnknownPlan => "There is no such plan on sale; GET /v1/plans lists those that are.",
            Self::PriceUnavailable => "This plan is not on sale at this price or in the subscription’s currency.",
            Self::SeveralPlans => "The subscription holds more than one plan; please contact us to change it.",
            Self::UnknownHolding => "The subscription is for something that is not among these plans; please contact us to change it.",
            Self::Scheduled => "A change of this subscription is scheduled already; please contact us to change it now.",
            Self::InProgress => "An earlier change waits for its payment. Finish or cancel it first.",
            Self::PastDue => "The last payment failed. Settle the open invoice first, then upgrade.",
            Self::Paused => "The subscription is paused. Resume it first, then upgrade.",
            Self::Incomplete => "A payment for the subscription is outstanding. Settle it first, then upgrade.",
        }
    }
}

/// What an admin asks for.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// The plan.
    pub plan: &'a str,
    /// The price; `None`: the one with the subscription's interval, else the cheapest.
    pub price: Option<&'a str>,
    /// How many; `None`: as many as now.
    pub quantity: Option<u64>,
}

/// What would be changed into what.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The price.
    pub price: &'a PlanPrice,
    /// How many.
    pub quantity: u64,
    /// The plan and the item that are changed; `None` without a subscription.
    pub from: Option<(&'a Plan, &'a Item)>,
    /// Whether the interval is another one, so that a new period begins.
    pub new_period: bool,
}

/// Reads a wish against what there is. `home`: the currency of who pays in none yet. `subscription`: the one that counts, if there is one that has not ended.
pub fn target<'a>(
    plans: &'a [Plan],
    default: Option<&Plan>,
    home: Option<&str>,
    subscription: Option<&'a Subscription>,
    wish: &Wish<'_>,
) -> Result<Target<'a>, Refusal> {
    let plan = plans.iter().find(|p| p.id == wish.plan).ok_or(Refusal::UnknownPlan)?;
    let Some(subscription) = subscription else {
        if default.is_some_and(|d| d.id == plan.id) {
            return Err(Refusal::AlreadyOnPlan);
        }
        if default.is_some_and(|d| d.rank > plan.rank) {
            return Err(Refusal::NotAnUpgrade);
        }
        let price = choose(plan, wish.price, None, home.filter(|_| wish.price.is_none()))?;
        return Ok(Target { plan, price, quantity: wish.quantity.unwrap_or(1), from: None, new_period: false });
    };
    let mut holdings = subscription.holdings(plans);
    let held = holdings.next();
    if holdings.next().is_some() {
        return Err(Refusal::SeveralPlans);
    }
    let Some((now, item)) = held else { return Err(Refusal::UnknownHolding) };
    let present = now.price(&item.price);
    let price = choose(plan, wish.price, present, Some(&subscription.currency).filter(|c| !c.is_empty()).map(String::as_str));
    let quantity = wish.quantity.unwrap_or(item.quantity);
    is_step_up((now, item), plan, price.as_ref().ok().copied(), quantity)?;
    changeable(subscription)?;
    let price = price?;
    let new_period = present.is_none_or(|p| (p.interval, p.interval_count) != (price.interval, price.interval_count));
    Ok(Target { plan, price, quantity, from: Some((now, item)), new_period })
}

/// A higher rank is a step up. On the same plan more seats are, and a longer interval is.
fn is_step_up((now, item): (&Plan, &Item), plan: &Plan, price: Option<&PlanPrice>, quantity: u64) -> Result<(), Refusal> {
    if plan.id != now.id {
        return if plan.rank > now.rank && quantity >= item.quantity { Ok(()) } else { Err(Refusal::NotAnUpgrade) };
    }
    let Some(price) = price.filter(|p| p.id != item.price) else {
        return match quantity.cmp(&item.quantity) {
            std::cmp::Ordering::Less => Err(Refusal::NotAnUpgrade),
            std::cmp::Ordering::Equal => Err(Refusal::AlreadyOnPlan),
            std::cmp::Ordering::Greater => Ok(()),
        };
    };
    let days = |p: &PlanPrice| u64::from(p.interval_count) * [1, 7, 30, 365].get(p.interval as usize).copied().unwrap_or(0);
    let longer = now.price(&item.price).is_some_and(|present| days(price) > days(present));
    if longer && quantity >= item.quantity { Ok(()) } else { Err(Refusal::NotAnUpgrade) }
}

/// Whether a subscription can be changed as it stands.
pub fn changeable(subscription: &Subscription) -> Result<(), Refusal> {
    let terms = subscription.terms;
    match subscription.status {
        Status::Active | Status::Trialing if terms.scheduled => Err(Refusal::Scheduled),
        Status::Active | Status::Trialing if terms.pending => Err(Refusal::InProgress),
        Status::Active | Status::Trialing if terms.paused => Err(Refusal::Paused),
        Status::Active | Status::Trialing => Ok(()),
        Status::PastDue => Err(Refusal::PastDue),
        Status::Paused => Err(Refusal::Paused),
        _ => Err(Refusal::Incomplete),
    }
}

/// The price that was named; else the one with the interval of the `present` price, else the cheapest by the interval.
fn choose<'p>(plan: &'p Plan, named: Option<&str>, present: Option<&PlanPrice>, currency: Option<&str>) -> Result<&'p PlanPrice, Refusal> {
    if !plan.active {
        return Err(Refusal::UnknownPlan);
    }
    let on_offer = |p: &&PlanPrice| p.active && currency.is_none_or(|c| c == p.currency);
    let found = if let Some(id) = named {
        plan.price(id).filter(on_offer)
    } else {
        let interval = present.map_or((Interval::Month, 1), |p| (p.interval, p.interval_count));
        let rest = |p: &&PlanPrice| ((p.interval, p.interval_count) != interval, p.unit_amount.is_none(), p.unit_amount);
        plan.prices.iter().filter(on_offer).min_by_key(rest)
    };
    found.ok_or(Refusal::PriceUnavailable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subscription::Terms;

    fn price(id: &str, interval: Interval, amount: i64) -> PlanPrice {
        PlanPrice {
            id: id.to_owned(),
            currency: "usd".to_owned(),
            unit_amount: Some(amount),
            interval,
            interval_count: 1,
            active: true,
            allowances: vec![],
        }
    }

    fn plans() -> Vec<Plan> {
        let plan = |id: &str, rank, prices| Plan { id: id.to_owned(), rank, active: true, prices, ..Plan::default() };
        let (month, year) = (Interval::Month, Interval::Year);
        let euro = PlanPrice { currency: "eur".to_owned(), ..price("max_eur", month, 1) };
        let old = PlanPrice { active: false, ..price("pro_old", month, 500) };
        vec![
            plan("free", 0, vec![price("free_m", month, 0)]),
            plan("pro", 1, vec![old, price("pro_y", year, 10_000), price("pro_m", month, 1_000)]),
            plan("max", 2, vec![euro, price("max_m", month, 5_000), price("max_y", year, 50_000)]),
            Plan { active: false, ..plan("gone", 3, vec![price("gone_m", month, 9)]) },
        ]
    }

    fn subscription(product: &str, price: &str, quantity: u64) -> Subscription {
        let item = Item { id: "si_1".to_owned(), price: price.to_owned(), product: product.to_owned(), quantity };
        Subscription { id: "sub_1".to_owned(), currency: "usd".to_owned(), items: vec![item], ..Subscription::default() }
    }

    fn asked(subscription: Option<&Subscription>, plan: &str, price: Option<&str>, quantity: Option<u64>) -> String {
        let plans = plans();
        match target(&plans, plans.first(), Some("usd"), subscription, &Wish { plan, price, quantity }) {
            Ok(t) => format!("{} x{}{}", t.price.id, t.quantity, if t.new_period { ", new period" } else { "" }),
            Err(refusal) => refusal.code().to_owned(),
        }
    }

    #[test]
    fn a_wish_is_an_upgrade_or_is_refused_with_its_reason() {
        let pro = subscription("pro", "pro_m", 3);
        let yearly = subscription("pro", "pro_y", 3);
        let max = subscription("max", "max_m", 1);
        let archived = subscription("pro", "pro_old", 1);
        for (what, held, plan, price, quantity, expected) in [
            ("the same interval", Some(&pro), "max", None, None, "max_m x3"),
            ("the interval named", Some(&pro), "max", Some("max_y"), None, "max_y x3, new period"),
            ("who pays yearly stays yearly", Some(&yearly), "max", None, None, "max_y x3"),
            ("yearly to monthly of a higher plan", Some(&yearly), "max", Some("max_m"), None, "max_m x3, new period"),
            ("another currency", Some(&pro), "max", Some("max_eur"), None, "price_unavailable"),
            ("an archived price", Some(&max), "pro", Some("pro_old"), None, "not_an_upgrade"),
            ("the same plan", Some(&pro), "pro", None, None, "already_on_plan"),
            ("the same plan at an archived price", Some(&archived), "pro", Some("pro_old"), None, "already_on_plan"),
            ("more seats", Some(&pro), "pro", None, Some(5), "pro_m x5"),
            ("fewer seats", Some(&pro), "pro", None, Some(2), "not_an_upgrade"),
            ("to a year", Some(&pro), "pro", Some("pro_y"), None, "pro_y x3, new period"),
            ("back to a month", Some(&yearly), "pro", Some("pro_m"), None, "not_an_upgrade"),
            ("lower", Some(&max), "pro", None, None, "not_an_upgrade"),
            ("off sale", Some(&pro), "gone", None, None, "unknown_plan"),
            ("unheard of", Some(&pro), "mega", None, None, "unknown_plan"),
            ("no subscription", None, "pro", None, None, "pro_m x1"),
            ("no subscription, yearly, many", None, "pro", Some("pro_y"), Some(4), "pro_y x4"),
            ("no subscription, the free plan", None, "free", None, None, "already_on_plan"),
        ] {
            let expected = if expected == "unknown_plan" && plan == "gone" { "unknown_plan" } else { expected };
            assert_eq!(asked(held, plan, price, quantity), expected, "{what}");
        }
    }

    #[test]
    fn a_subscription_that_cannot_be_changed_is_refused_in_words() {
        let terms = Terms::default();
        for (status, terms, expected) in [
            (Status::Active, terms, "max_m x1"),
            (Status::Trialing, terms, "max_m x1"),
            (Status::PastDue, terms, "subscription_past_due"),
            (Status::Paused, terms, "subscription_paused"),
            (Status::Unpaid, terms, "subscription_incomplete"),
            (Status::Incomplete, terms, "subscription_incomplete"),
            (Status::Active, Terms { scheduled: true, ..terms }, "subscription_scheduled"),
            (Status::Active, Terms { pending: true, ..terms }, "upgrade_in_progress"),
            (Status::Active, Terms { paused: true, ..terms }, "subscription_paused"),
            (Status::Active, Terms { invoiced: true, flexible: true, ..terms }, "max_m x1"),
        ] {
            let held = Subscription { status, terms, ..subscription("pro", "pro_m", 1) };
            assert_eq!(asked(Some(&held), "max", None, None), expected, "{held:?}");
        }
    }

    #[test]
    fn of_several_items_the_one_that_sells_a_plan_is_changed() {
        let mut held = subscription("addon", "addon_m", 2);
        held.items.push(Item { id: "si_2".to_owned(), ..subscription("pro", "pro_m", 4).items.remove(0) });
        let plans = plans();
        let found = target(&plans, None, None, Some(&held), &Wish { plan: "max", price: None, quantity: None }).expect("one plan");
        assert_eq!(found.from.map(|(plan, item)| (plan.id.as_str(), item.id.as_str(), found.quantity)), Some(("pro", "si_2", 4)));
        held.items.push(subscription("free", "free_m", 1).items.remove(0));
        assert_eq!(asked(Some(&held), "max", None, None), "several_plans");
    }
}

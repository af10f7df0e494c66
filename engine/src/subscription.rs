//! The mirror of a tenant's subscriptions: Stripe's objects, old shapes and new, folded into one state.
//!
//! The fold takes what was *read* from Stripe, never what an event said, so it does not matter in which order, how often or
//! how late events arrive. Only one thing is remembered against a later reading: a subscription that has ended stays ended.

use serde::{Deserialize, Serialize};

use crate::map::{Map, ordered};
use crate::plan::Plan;
use crate::time::Millis;
use crate::usage::Bounds;
use crate::wire;

/// A subscription's state in Stripe (<https://docs.stripe.com/api/subscriptions/object#subscription_object-status>).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// Paid.
    #[default]
    Active,
    /// On trial.
    Trialing,
    /// A payment failed; Stripe is trying again.
    PastDue,
    /// The first payment is outstanding.
    Incomplete,
    /// The first payment never came. Terminal.
    IncompleteExpired,
    /// Payments failed for good.
    Unpaid,
    /// A trial ended without a payment method.
    Paused,
    /// Ended. Terminal.
    Canceled,
    /// A word this version does not know.
    Other(String),
}

wire! { enum Status {
    Active, Trialing, PastDue, Incomplete, IncompleteExpired, Unpaid, Paused, Canceled, Other(value),
} }

impl Status {
    /// Reads Stripe's word.
    pub fn parse(word: &str) -> Self {
        match word {
            "active" => Self::Active,
            "trialing" => Self::Trialing,
            "past_due" => Self::PastDue,
            "incomplete" => Self::Incomplete,
            "incomplete_expired" => Self::IncompleteExpired,
            "unpaid" => Self::Unpaid,
            "paused" => Self::Paused,
            "canceled" => Self::Canceled,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Stripe's word.
    pub fn word(&self) -> &str {
        match self {
            Self::Active => "active",
            Self::Trialing => "trialing",
            Self::PastDue => "past_due",
            Self::Incomplete => "incomplete",
            Self::IncompleteExpired => "incomplete_expired",
            Self::Unpaid => "unpaid",
            Self::Paused => "paused",
            Self::Canceled => "canceled",
            Self::Other(word) => word,
        }
    }

    /// Whether the subscription can never become anything else.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Canceled | Self::IncompleteExpired)
    }

    /// Whether the tenant may use the plan. While Stripe retries a payment it still may.
    pub fn grants_plan(&self) -> bool {
        matches!(self, Self::Active | Self::Trialing | Self::PastDue)
    }
}

/// One subscription as read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// `sub_…`
    pub id: String,
    /// `cus_…`
    pub customer: String,
    /// Its state.
    pub status: Status,
    /// Three letters in lower case.
    pub currency: String,
    /// What it sells.
    pub items: Vec<Item>,
    /// The current billing period.
    pub period: Option<Bounds>,
    /// When the trial ends or ended.
    pub trial_end: Option<Millis>,
    /// Whether it ends with the period.
    pub cancel_at_period_end: bool,
    /// When it was created.
    pub created: Millis,
    /// What else bears upon changing it.
    pub terms: Terms,
    /// Its newest invoice, where the reading came with it.
    pub latest_invoice: Option<Invoice>,
}

wire! { struct Subscription {
    id, customer, status, currency, items, period, trial_end, cancel_at_period_end, created, terms, latest_invoice,
} }

/// What bears upon changing a subscription.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, as Stripe tells them")]
pub struct Terms {
    /// A schedule changes it by itself (`schedule`), or it ends at a moment of its own (`cancel_at`).
    pub scheduled: bool,
    /// Invoices are not collected at present (`pause_collection`).
    pub paused: bool,
    /// A change waits for its payment (`pending_update`).
    pub pending: bool,
    /// Its billing mode is `flexible`: changing the interval never moves the billing day by itself.
    pub flexible: bool,
    /// Invoices are sent, not charged (`collection_method`).
    pub invoiced: bool,
    /// Coupons take something off (`discounts`).
    pub discounted: bool,
}

wire! { struct Terms { scheduled, paused, pending, flexible, invoiced, discounted } }

/// One line of a subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// `si_…`
    pub id: String,
    /// `price_…`
    pub price: String,
    /// `prod_…`
    pub product: String,
    /// How many.
    pub quantity: u64,
}

wire! { struct Item { id, price, product, quantity } }

/// An invoice, as much of it as matters. Amounts in minor units.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    /// `in_…`
    pub id: String,
    /// What it asked for, after credit balance.
    pub amount_due: i64,
    /// Stripe's word: `paid`, `open` …
    pub status: String,
    /// Stripe's page for it.
    pub url: Option<String>,
}

wire! { struct Invoice { id, amount_due, status, url } }

impl Subscription {
    /// The plan of highest rank that one of the items sells.
    pub fn plan<'p>(&self, plans: &'p [Plan]) -> Option<&'p Plan> {
        self.holding(plans).map(|(plan, _)| plan)
    }

    /// The plan of highest rank that one of the items sells, and that item.
    pub fn holding<'p>(&self, plans: &'p [Plan]) -> Option<(&'p Plan, &Item)> {
        self.holdings(plans).max_by_key(|(plan, _)| plan.rank)
    }

    /// Every plan that an item sells, with the item.
    pub fn holdings<'p, 's>(&'s self, plans: &'p [Plan]) -> impl Iterator<Item = (&'p Plan, &'s Item)> {
        let by_price = |item: &Item| plans.iter().find(|p| p.price(&item.price).is_some());
        let sold = move |item: &'s Item| by_price(item).or_else(|| plans.iter().find(|p| p.id == item.product)).map(|p| (p, item));
        self.items.iter().filter_map(sold)
    }

    /// Whether an item sells so many of `price`.
    pub fn has(&self, price: &str, quantity: u64) -> bool {
        self.items.iter().any(|i| i.price == price && i.quantity == quantity)
    }

    /// What a change of it depends on: another number when anything has changed that a quote was made from.
    pub fn fingerprint(&self) -> u64 {
        let stripped = Self { latest_invoice: None, ..self.clone() };
        crate::hash::hash64(&wire::encode(&stripped))
    }
}

/// All subscriptions of one tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mirror {
    subscriptions: Map<Subscription>,
    /// What Stripe's billing meters read, by the name of our meter.
    pub metered: Map<Metered>,
}

wire! { struct Mirror { subscriptions, metered } }

/// What one of Stripe's billing meters reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metered {
    /// The sum.
    pub value: u64,
    /// Over which period.
    pub bounds: Bounds,
    /// When it was read.
    pub at: Millis,
}

wire! { struct Metered { value, bounds, at } }

/// The most ended subscriptions remembered, so that a late event about one cannot bring it back.
const MAX_ENDED: usize = 50;

impl Mirror {
    /// Folds in a reading; answers whether anything changed.
    pub fn fold(&mut self, read: Subscription) -> bool {
        match self.subscriptions.get(&read.id) {
            Some(known) if known.status.is_terminal() || *known == read => false,
            _ => {
                self.subscriptions.insert(&read.id.clone(), read);
                self.forget_long_ended();
                true
            }
        }
    }

    /// The subscription that counts: one that grants its plan before one that does not, then the newest.
    pub fn current(&self) -> Option<&Subscription> {
        let alive = self.subscriptions.values().filter(|s| !s.status.is_terminal());
        alive.max_by_key(|s| (s.status.grants_plan(), s.created, &s.id))
    }

    /// Every subscription, ended ones included.
    pub fn all(&self) -> impl Iterator<Item = &Subscription> {
        self.subscriptions.values()
    }

    /// The subscription of this id.
    pub fn get(&self, id: &str) -> Option<&Subscription> {
        self.subscriptions.get(id)
    }

    /// The plan the tenant may use.
    pub fn plan<'p>(&self, plans: &'p [Plan]) -> Option<&'p Plan> {
        self.current().filter(|s| s.status.grants_plan())?.plan(plans)
    }

    fn forget_long_ended(&mut self) {
        let ended: Vec<_> = self.subscriptions.values().filter(|s| s.status.is_terminal()).map(|s| (s.created, s.id.clone())).collect();
        let over = ended.len().saturating_sub(MAX_ENDED);
        for (_, id) in ordered(ended, |(created, _)| created.0).into_iter().take(over) {
            self.subscriptions.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::PlanPrice;

    fn subscription(id: &str, status: Status, created: i64, product: &str) -> Subscription {
        let item = Item { id: "si_1".to_owned(), price: "price_1".to_owned(), product: product.to_owned(), quantity: 1 };
        Subscription {
            id: id.to_owned(),
            customer: "cus_1".to_owned(),
            status,
            items: vec![item],
            created: Millis(created),
            ..Subscription::default()
        }
    }

    #[test]
    fn an_ended_subscription_stays_ended() {
        let mut mirror = Mirror::default();
        assert!(mirror.fold(subscription("a", Status::Active, 1, "pro")));
        assert!(!mirror.fold(subscription("a", Status::Active, 1, "pro")), "nothing new");
        assert!(mirror.fold(subscription("a", Status::Canceled, 1, "pro")));
        assert!(!mirror.fold(subscription("a", Status::Active, 1, "pro")), "a stale reading");
        assert_eq!(mirror.current(), None);
    }

    #[test]
    fn the_subscription_that_grants_a_plan_counts() {
        let mut mirror = Mirror::default();
        for (id, status, created, expected) in [
            ("a", Status::Active, 1, "a"),
            ("b", Status::Incomplete, 2, "a"),
            ("c", Status::Trialing, 3, "c"),
            ("c", Status::Unpaid, 3, "a"),
            ("a", Status::Canceled, 1, "c"),
        ] {
            mirror.fold(subscription(id, status, created, "pro"));
            assert_eq!(mirror.current().map(|s| s.id.as_str()), Some(expected), "{id}");
        }
        let plan = Plan { id: "pro".to_owned(), rank: 1, ..Plan::default() };
        assert_eq!(mirror.plan(&[plan]), None, "unpaid grants nothing");
    }

    #[test]
    fn the_highest_plan_of_several_items_counts() {
        let plan = |id: &str, rank, price: &str| Plan {
            id: id.to_owned(),
            rank,
            prices: vec![PlanPrice::known_by_id(price.to_owned())],
            ..Plan::default()
        };
        let plans = [plan("free", 0, "price_0"), plan("pro", 2, "price_1"), plan("team", 3, "price_9")];
        let both = subscription("a", Status::Active, 1, "free");
        assert_eq!(both.plan(&plans).map(|p| p.id.as_str()), Some("pro"), "by price or by product");
    }

    #[test]
    fn ended_subscriptions_do_not_pile_up() {
        let mut mirror = Mirror::default();
        for i in 0..200 {
            mirror.fold(subscription(&format!("s{i}"), Status::Canceled, i, "pro"));
        }
        assert_eq!(mirror.subscriptions.len(), MAX_ENDED);
    }
}

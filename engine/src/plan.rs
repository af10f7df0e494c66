//! Plans: what a tenant may use.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::wire;

/// How much of one meter a plan allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Limit {
    /// As much as one likes.
    #[default]
    Unlimited,
    /// At most this many per period (counter) or at a time (gauge).
    Upto(u64),
}

wire! { enum Limit { Unlimited, Upto(limit) } }

/// How a meter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MeterKind {
    /// Adds up events within a period and starts again at zero in the next.
    Counter(Period),
    /// Holds the last value that was set.
    Gauge,
}

wire! { enum MeterKind { Counter(period), Gauge } }

/// Over what a counter adds up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Period {
    /// The subscription's billing period; the UTC calendar month for a tenant that has none.
    Billing,
    /// The UTC calendar month.
    Month,
    /// The UTC day.
    Day,
}

wire! { enum Period { Billing, Month, Day } }

/// One meter as configuration declares it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meter {
    /// The name events and expressions use.
    pub key: String,
    /// What people read ("API calls").
    pub label: String,
    /// The unit of one ("calls"); empty when it needs none.
    pub unit: String,
    /// Counter or gauge.
    pub kind: MeterKind,
}

wire! { struct Meter { key, label, unit, kind } }

/// Where a meter is read from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MeterSource {
    /// Usage events.
    #[default]
    Events,
    /// Stripe's billing meter with this event name.
    StripeMeter(String),
    /// The quantity of the subscription's item: seats that are paid for.
    SubscriptionQuantity,
}

wire! { enum MeterSource { Events, StripeMeter(value), SubscriptionQuantity } }

/// One on/off feature as configuration declares it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feature {
    /// The name events and expressions use.
    pub key: String,
    /// What people read ("Single sign-on").
    pub label: String,
}

wire! { struct Feature { key, label } }

/// What one plan allows of one meter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    /// Where it ends.
    pub limit: Limit,
    /// Where it starts to be worth a word; below the limit.
    pub soft: Option<u64>,
}

wire! { struct Allowance { limit, soft } }

/// How often a price is charged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Interval {
    /// Every day.
    Day,
    /// Every week.
    Week,
    /// Every month.
    #[default]
    Month,
    /// Every year.
    Year,
}

wire! { enum Interval { Day, Week, Month, Year } }

impl Interval {
    /// Every interval, shortest first.
    pub const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Year];

    /// Stripe's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// Reads Stripe's word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|interval| interval.word() == word)
    }
}

/// One of the gateway's prices that sell a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanPrice {
    /// `price_…`
    pub id: String,
    /// Three letters in lower case; empty when it is not known.
    pub currency: String,
    /// Minor units for one of it per interval; `None` when it is not a plain number (tiers, metered).
    pub unit_amount: Option<i64>,
    /// How often it is charged.
    pub interval: Interval,
    /// Every how many intervals.
    pub interval_count: u32,
    /// Whether it is on sale. Old subscribers may hold archived ones.
    pub active: bool,
    /// What this price allows where it differs from its plan, by meter; empty when it does not.
    pub allowances: Vec<Allowance>,
}

wire! { struct PlanPrice { id, currency, unit_amount, interval, interval_count, active, allowances } }

impl PlanPrice {
    /// A price of which nothing but the id is known.
    pub fn known_by_id(id: String) -> Self {
        Self { id, interval_count: 1, ..Self::default() }
    }
}

/// A plan: a Stripe product with a rank, or one written into the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The Stripe product's id, or the key given inline.
    pub id: String,
    /// What people read.
    pub name: String,
    /// A sentence about it; may be empty.
    pub description: String,
    /// Order among plans: an upgrade leads to a higher rank.
    pub rank: i32,
    /// Whether it is on sale.
    pub active: bool,
    /// By meter, in the configuration's order.
    pub allowances: Vec<Allowance>,
    /// By feature, in the configuration's order.
    pub features: Vec<bool>,
    /// The gateway's prices that sell this plan, archived ones included: old subscribers still hold them.
    pub prices: Vec<PlanPrice>,
}

wire! { struct Plan { id, name, description, rank, active, allowances, features, prices } }

impl Plan {
    /// The price of this id.
    pub fn price(&self, id: &str) -> Option<&PlanPrice> {
        self.prices.iter().find(|p| p.id == id)
    }

    /// What somebody who pays `price` may use of the `meter`-th meter; without a price, what the plan says.
    pub fn allowance(&self, meter: usize, price: Option<&str>) -> Allowance {
        let own = price.and_then(|id| self.price(id)).and_then(|p| p.allowances.get(meter));
        own.or_else(|| self.allowances.get(meter)).copied().unwrap_or_default()
    }
}

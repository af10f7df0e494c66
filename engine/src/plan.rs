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

/// A plan: a Stripe product with a rank, or one written into the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The Stripe product's id, or the key given inline.
    pub id: String,
    /// What people read.
    pub name: String,
    /// Order among plans: an upgrade leads to a higher rank.
    pub rank: i32,
    /// By meter, in the configuration's order.
    pub allowances: Vec<Allowance>,
    /// By feature, in the configuration's order.
    pub features: Vec<bool>,
    /// The ids of the gateway's prices that sell this plan, archived ones included: old subscribers still hold them.
    pub prices: Vec<String>,
}

wire! { struct Plan { id, name, rank, allowances, features, prices } }

//! A subscription as Stripe writes it. Every field may be absent, as shapes differ by API version.

use serde::Deserialize;

use super::{Item, Status, Subscription};
use crate::time::{Millis, SECOND};
use crate::usage::Bounds;

/// Any version's subscription. The billing period stands on the items since `2025-03-31`, on the subscription before.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawSubscription {
    /// `sub_…`
    pub id: Option<String>,
    /// The customer, by id or expanded.
    pub customer: Option<Reference>,
    /// Stripe's word for its state.
    pub status: Option<String>,
    /// What it sells.
    pub items: RawList,
    /// Seconds; old shape.
    pub current_period_start: Option<i64>,
    /// Seconds; old shape.
    pub current_period_end: Option<i64>,
    /// Seconds.
    pub trial_end: Option<i64>,
    /// Whether it ends with the period.
    pub cancel_at_period_end: Option<bool>,
    /// Seconds.
    pub created: Option<i64>,
}

/// A list object.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawList {
    data: Vec<RawItem>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct RawItem {
    id: Option<String>,
    price: Option<RawPrice>,
    quantity: Option<u64>,
    current_period_start: Option<i64>,
    current_period_end: Option<i64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct RawPrice {
    id: Option<String>,
    product: Option<Reference>,
}

/// Another object: its id, or the object itself where it was expanded.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Reference {
    /// The id.
    Id(String),
    /// The object.
    Object {
        /// Its id.
        id: String,
    },
}

impl Reference {
    /// The id of the object.
    pub fn id(&self) -> &str {
        match self {
            Self::Id(id) | Self::Object { id } => id,
        }
    }
}

impl RawSubscription {
    /// The subscription, if this is one: an id, a customer and a status are the least it needs.
    pub fn read(&self) -> Option<Subscription> {
        Some(Subscription {
            id: self.id.clone()?,
            customer: self.customer.as_ref()?.id().to_owned(),
            status: Status::parse(self.status.as_deref()?),
            items: self.items.data.iter().filter_map(RawItem::read).collect(),
            period: self.period(),
            trial_end: self.trial_end.map(seconds),
            cancel_at_period_end: self.cancel_at_period_end.unwrap_or(false),
            created: seconds(self.created.unwrap_or(0)),
        })
    }

    /// The period of the subscription; with several items of different periods, the one that ends first.
    fn period(&self) -> Option<Bounds> {
        let of_items = self.items.data.iter().filter_map(|i| bounds(i.current_period_start, i.current_period_end));
        of_items.min_by_key(|b| b.end).or_else(|| bounds(self.current_period_start, self.current_period_end))
    }
}

impl RawItem {
    fn read(&self) -> Option<Item> {
        let price = self.price.as_ref()?;
        Some(Item {
            id: self.id.clone()?,
            price: price.id.clone()?,
            product: price.product.as_ref().map(|p| p.id().to_owned()).unwrap_or_default(),
            quantity: self.quantity.unwrap_or(1),
        })
    }
}

fn bounds(start: Option<i64>, end: Option<i64>) -> Option<Bounds> {
    Some(Bounds { start: seconds(start?), end: seconds(end?) }).filter(|b| b.start < b.end)
}

fn seconds(s: i64) -> Millis {
    Millis(s.saturating_mul(SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<Subscription> {
        serde_json::from_str::<RawSubscription>(json).expect("any JSON object is a raw subscription").read()
    }

    #[test]
    fn old_and_new_shapes_read_the_same() {
        let old = r#"{"id":"sub_1","customer":"cus_1","status":"active","created":5,"current_period_start":100,"current_period_end":200,
            "items":{"data":[{"id":"si_1","quantity":3,"price":{"id":"price_1","product":"prod_1"}}]}}"#;
        let new = r#"{"id":"sub_1","customer":{"id":"cus_1","name":"A"},"status":"active","created":5,"unknown":{"x":1},
            "items":{"data":[{"id":"si_1","quantity":3,"price":{"id":"price_1","product":{"id":"prod_1"}},
            "current_period_start":100,"current_period_end":200}]}}"#;
        let subscription = read(new).expect("complete");
        assert_eq!(read(old).as_ref(), Some(&subscription));
        assert_eq!(subscription.period, Some(Bounds { start: Millis(100_000), end: Millis(200_000) }));
        assert_eq!(subscription.items[0].quantity, 3);
    }

    #[test]
    fn what_is_no_subscription_is_not_read_as_one() {
        for json in ["{}", r#"{"id":"sub_1"}"#, r#"{"id":"sub_1","customer":"cus_1"}"#] {
            assert_eq!(read(json), None, "{json}");
        }
        let least = read(r#"{"id":"sub_1","customer":"cus_1","status":"new_in_2030"}"#).expect("enough");
        assert_eq!(least.status.word(), "new_in_2030");
    }
}

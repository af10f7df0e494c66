//! From a stored object to the one that a client sees, in the newest shape: nests what Stripe nests.

use serde_json::{Map, Value, json};

use crate::{prices, store::Store};

/// A copy with the price of every subscription item filled in. The price is today's: a renamed price shows its new
/// nickname on old subscriptions, as at Stripe.
pub(crate) fn present(store: &Store, stored: &Value) -> Value {
    let mut value = stored.clone();
    fill(store, &mut value);
    value
}

fn fill(store: &Store, value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(|element| fill(store, element)),
        Value::Object(map) => {
            if map.get("object").is_some_and(|object| object == "subscription_item" || object == "item")
                && let Some(price) = map.get("price").and_then(Value::as_str).and_then(|id| store.prices.get(id))
            {
                if map["object"] == "subscription_item" {
                    map.insert("plan".to_owned(), prices::as_plan(price));
                }
                map.insert("price".to_owned(), price.clone());
            }
            fill_old_members(store, map);
            map.values_mut().for_each(|member| fill(store, member));
        }
        _ => {}
    }
}

/// Whole objects that only older versions nest; [`crate::version`] takes away what a version does not have.
fn fill_old_members(store: &Store, map: &mut Map<String, Value>) {
    match map.get("object").and_then(Value::as_str) {
        Some("line_item" | "invoiceitem") => {
            let price = map.get("pricing").and_then(|pricing| pricing["price_details"]["price"].as_str());
            if let Some(price) = price.and_then(|id| store.prices.get(id)).cloned() {
                map.insert("plan".to_owned(), prices::as_plan(&price));
                map.insert("price".to_owned(), price);
            }
        }
        Some("discount") => {
            let coupon = map.get("source").and_then(|source| source["coupon"].as_str());
            if let Some(coupon) = coupon.and_then(|id| store.coupons.get(id)).cloned() {
                map.insert("coupon".to_owned(), coupon);
            }
        }
        _ => {}
    }
}

/// What Stripe answers for a deleted object.
pub(crate) fn tombstone(object: &str, id: &str) -> Value {
    json!({"id": id, "object": object, "deleted": true})
}

pub(crate) fn is_deleted(value: &Value) -> bool {
    value["deleted"] == true
}

/// A string member, or the empty string; stored objects are ours, so a missing one is no error to report.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

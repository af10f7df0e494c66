//! API versions, and what differs between them in the shapes that are doubled.
//!
//! Objects are kept in the newest shape and rewritten on the way out.

mod money;

use std::fmt;

use serde_json::Value;

use crate::error::ApiError;

/// `2026-10-28.endive`. Ordered by the date alone; the name is for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiVersion(String);

/// The account's version: used where neither the request nor the endpoint names one.
pub(crate) const DEFAULT_VERSION: &str = "2026-10-28.endive";

/// From here on, billing periods belong to subscription items and no longer to the subscription.
const PERIODS_ON_ITEMS: &str = "2025-03-31";
/// From here on, a discount names its coupon in `source`.
const COUPON_IN_SOURCE: &str = "2025-09-30";
/// From here on, `billing_cycle_anchor` of updates and previews is a hash.
const ANCHOR_HASH: &str = "2026-09-30";
/// From here on, new subscriptions use flexible billing unless they ask for classic.
const FLEXIBLE_BY_DEFAULT: &str = "2025-09-30";

impl Default for ApiVersion {
    fn default() -> Self {
        Self(DEFAULT_VERSION.to_owned())
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ApiVersion {
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let date = text.get(..10).unwrap_or_default();
        let well_formed = date.parse::<jiff::civil::Date>().is_ok();
        let named = text.get(10..).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        if well_formed && named {
            return Ok(Self(text.to_owned()));
        }
        Err(ApiError::invalid(format!("Invalid Stripe API version: {text}")))
    }

    fn since(&self, date: &str) -> bool {
        self.0.get(..10).is_some_and(|own| own >= date)
    }

    pub(crate) fn flexible_billing_by_default(&self) -> bool {
        self.since(FLEXIBLE_BY_DEFAULT)
    }

    /// Before, an invoice names its subscription and payment, and a line its price, at the top level.
    pub(crate) fn invoices_have_parents(&self) -> bool {
        self.since(PERIODS_ON_ITEMS)
    }

    pub(crate) fn anchor_is_a_hash(&self) -> bool {
        self.since(ANCHOR_HASH)
    }

    /// Before, a coupon was a parameter of customers.
    pub(crate) fn customers_take_coupons(&self) -> bool {
        !self.since(PERIODS_ON_ITEMS)
    }

    /// Rewrites a whole answer or event object from the newest shape to this version's.
    pub(crate) fn shape(&self, value: &mut Value) {
        if !self.since(PERIODS_ON_ITEMS) {
            periods_to_subscription(value);
        }
        money::shape(value, self.invoices_have_parents(), self.since(COUPON_IN_SOURCE));
    }
}

fn periods_to_subscription(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(periods_to_subscription),
        Value::Object(map) => {
            if map.get("object").is_some_and(|object| object == "subscription") {
                for name in ["current_period_start", "current_period_end"] {
                    let first = map.get("items").and_then(|items| items["data"][0].get(name)).cloned();
                    map.insert(name.to_owned(), first.unwrap_or_default());
                }
            }
            if map.get("object").is_some_and(|object| object == "subscription_item") {
                map.remove("current_period_start");
                map.remove("current_period_end");
            }
            map.values_mut().for_each(periods_to_subscription);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn periods_sit_where_the_version_has_them() {
        let item = json!({"object": "subscription_item", "current_period_start": 1, "current_period_end": 2});
        let subscription = json!({"object": "subscription", "items": {"object": "list", "data": [item]}});
        for (version, on_items) in
            [("2026-10-28.endive", true), ("2025-03-31.basil", true), ("2025-02-24.acacia", false), ("2024-06-20", false)]
        {
            let mut list = json!({"object": "list", "data": [subscription]});
            ApiVersion::parse(version).unwrap().shape(&mut list);
            let shaped = &list["data"][0];
            assert_eq!(shaped["items"]["data"][0].get("current_period_end").is_some(), on_items, "{version}");
            assert_eq!(shaped.get("current_period_end") == Some(&json!(2)), !on_items, "{version}");
            assert_eq!(shaped.get("current_period_start") == Some(&json!(1)), !on_items, "{version}");
        }
    }

    #[test]
    fn versions_need_a_real_date() {
        for (text, accepted) in [
            ("2026-10-28.endive", true),
            ("2020-08-27", true),
            ("2020-13-27", false),
            ("latest", false),
            ("2020-08-27x", false),
            ("", false),
        ] {
            assert_eq!(ApiVersion::parse(text).is_ok(), accepted, "{text}");
        }
    }
}

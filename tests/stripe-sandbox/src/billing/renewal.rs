//! The next period of a subscription, and what it bills.

use serde_json::{Value, json};

use super::{
    change::Plan,
    periods::{cadence, full_periods, period_of},
};
use crate::{
    clock::Period,
    error::ApiError,
    present::text,
    store::Store,
    subscriptions::{items_list, items_of},
};

/// When the items that end first do so.
pub(crate) fn next_end(subscription: &Value) -> Option<i64> {
    items_of(subscription).iter().map(|item| period_of(item).end).min()
}

/// The period that ends first, and the items that it is of, each in its next one.
pub(crate) fn renewed(store: &Store, subscription: &Value) -> Result<(Period, Vec<Value>), ApiError> {
    let items = items_of(subscription);
    let start = items.iter().map(|item| period_of(item).start).min().unwrap_or_default();
    let end = next_end(subscription).unwrap_or_default();
    let mut renewing = Vec::new();
    for item in items.iter().filter(|item| period_of(item).end == end) {
        let mut item = item.clone();
        let next = match cadence(store, &item) {
            // Counted from the anchor, so that a month that begins on the 31st stays one.
            Some(cadence) => cadence.period(subscription["billing_cycle_anchor"].as_i64().unwrap_or(end).min(end), end)?.end,
            None => end,
        };
        item["current_period_start"] = json!(end);
        item["current_period_end"] = json!(next);
        renewing.push(item);
    }
    Ok((Period { start, end }, renewing))
}

/// What becomes of a subscription whose period has ended.
pub(crate) fn plan(store: &Store, before: &Value) -> Result<Plan, ApiError> {
    let (over, renewing) = renewed(store, before)?;
    let mut after = before.clone();
    let items: Vec<Value> =
        items_of(before).iter().map(|item| renewing.iter().find(|renewed| renewed["id"] == item["id"]).unwrap_or(item).clone()).collect();
    after["items"] = items_list(&items, text(before, "id"));
    if after["status"] == "trialing" {
        after["status"] = json!("active");
    }
    let cycle = full_periods(store, &after, &renewing);
    Ok(Plan { after, prorations: Vec::new(), cycle, bills_now: true, renews: Some(over), at: over.end })
}

//! The periods of subscription items, and the lines that bill them whole.

use serde_json::Value;

use super::{
    discounting,
    line::{Kind, Line, quantity},
    proration::share,
};
use crate::{
    clock::{Cadence, Period},
    error::ApiError,
    present::text,
    prices,
    store::Store,
    subscriptions::items_of,
};

/// The lines that bill these items for the periods that they stand at.
pub(crate) fn full_periods(store: &Store, subscription: &Value, items: &[Value]) -> Vec<Line> {
    let amounts: Vec<i64> = items.iter().map(|item| gross(store, item)).collect();
    let off = discounting::divided(store, subscription, &amounts);
    let line = |((item, amount), off)| Line { off, ..Line::about(store, item, Kind::Cycle, amount, period_of(item)) };
    items.iter().zip(amounts).zip(off).map(line).collect()
}

/// The lines of a subscription that begins.
pub(crate) fn opening(store: &Store, subscription: &Value, prorate: bool, now: i64) -> Result<Vec<Line>, ApiError> {
    let items = items_of(subscription);
    if in_trial(subscription, now) {
        return Ok(items.iter().map(|item| Line::about(store, item, Kind::Trial, 0, period_of(item))).collect());
    }
    if subscription["billing_cycle_anchor"].as_i64().is_none_or(|anchor| anchor <= now) {
        return Ok(full_periods(store, subscription, items));
    }
    // The first period is cut short by a wished billing date.
    let mut lines = full_periods(store, subscription, items);
    for (line, item) in lines.iter_mut().zip(items) {
        let end = line.period.end;
        let whole = cadence(store, item).map_or(Ok(end - now), |cadence| Ok::<i64, ApiError>(end - cadence.boundary(end, -1)?))?;
        let net = line.amount - discounting::sum(&line.off);
        let amount = if prorate { share(net, end - now, whole) } else { 0 };
        *line = Line::about(store, item, Kind::Charge, amount, line.period);
    }
    lines.retain(|line| prorate || line.amount != 0);
    Ok(lines)
}

pub(crate) fn in_trial(subscription: &Value, now: i64) -> bool {
    subscription["status"] == "trialing" && subscription["trial_end"].as_i64().is_some_and(|end| end > now)
}

pub(super) fn is_flexible(subscription: &Value) -> bool {
    subscription["billing_mode"]["type"] == "flexible"
}

pub(crate) fn period_of(item: &Value) -> Period {
    let at = |name: &str| item[name].as_i64().unwrap_or_default();
    Period { start: at("current_period_start"), end: at("current_period_end") }
}

pub(crate) fn cadence(store: &Store, item: &Value) -> Option<Cadence> {
    store.prices.get(text(item, "price")).and_then(prices::cadence)
}

/// What a whole period of the item costs, without discounts.
pub(super) fn gross(store: &Store, item: &Value) -> i64 {
    let price = store.prices.get(text(item, "price"));
    price.and_then(|price| price["unit_amount"].as_i64()).unwrap_or_default().saturating_mul(quantity(item))
}

//! What coupons take off.

use serde_json::Value;

use super::proration::{share, share_cut_off};
use crate::{present::text, store::Store};

/// Discount and amount.
pub(crate) type Off = Vec<(String, i64)>;

/// The discounts of a subscription: its own, else its customer's.
pub(crate) fn in_force(store: &Store, subscription: &Value) -> Vec<Value> {
    let own: Vec<Value> = subscription["discounts"].as_array().into_iter().flatten().filter_map(|id| find(store, id)).collect();
    if !own.is_empty() {
        return own;
    }
    let customer = store.customers.get(text(subscription, "customer"));
    customer.map(|customer| customer["discount"].clone()).filter(Value::is_object).into_iter().collect()
}

fn find(store: &Store, id: &Value) -> Option<Value> {
    store.discounts.get(id.as_str()?).cloned()
}

/// What is taken off each of these amounts, all being billed together. An amount-off coupon is divided in proportion.
pub(crate) fn divided(store: &Store, subscription: &Value, amounts: &[i64]) -> Vec<Off> {
    let mut left = amounts.to_vec();
    let mut off = vec![Off::new(); amounts.len()];
    for discount in in_force(store, subscription) {
        let Some(coupon) = store.coupons.get(text(&discount["source"], "coupon")) else {
            continue;
        };
        let taken = taken_by(coupon, &left);
        for (index, amount) in taken.into_iter().enumerate() {
            left[index] -= amount;
            off[index].push((text(&discount, "id").to_owned(), amount));
        }
    }
    off
}

fn taken_by(coupon: &Value, amounts: &[i64]) -> Vec<i64> {
    if let Some(points) = basis_points(&coupon["percent_off"]) {
        return amounts.iter().map(|amount| share(*amount, points, 10_000)).collect();
    }
    let total: i64 = amounts.iter().sum();
    let off = coupon["amount_off"].as_i64().unwrap_or_default().min(total);
    let mut taken: Vec<i64> = amounts.iter().map(|amount| share_cut_off(off, *amount, total)).collect();
    let rest = off - taken.iter().sum::<i64>();
    // The last one takes what cutting off has left over.
    if let Some(last) = amounts.iter().rposition(|amount| *amount > 0) {
        taken[last] += rest;
    }
    taken
}

/// `12.5` percent is 1250. Read from the text, so that no binary fraction gets near money.
pub(crate) fn basis_points(percent: &Value) -> Option<i64> {
    let text = percent.as_number()?.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let hundredths: String = fraction.chars().chain("00".chars()).take(2).collect();
    Some(whole.parse::<i64>().ok()? * 100 + hundredths.parse::<i64>().ok()?)
}

pub(crate) fn sum(off: &Off) -> i64 {
    off.iter().map(|(_, amount)| amount).sum()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn coupons_take_off_in_whole_units() {
        let percent = |percent: f64| json!({"percent_off": percent, "amount_off": null});
        let amount = |amount: i64| json!({"percent_off": null, "amount_off": amount});
        let cases = [
            (percent(25.0), vec![1_000, 2_000], vec![250, 500]),
            (percent(12.5), vec![999], vec![125]),
            (percent(100.0), vec![1_999], vec![1_999]),
            // Stripe's own example, and a coupon that is worth more than all of it.
            (amount(500), vec![1_000, 2_000], vec![166, 334]),
            (amount(5_000), vec![1_000, 2_000], vec![1_000, 2_000]),
            (amount(500), vec![1_000, 0], vec![500, 0]),
            (amount(500), vec![0], vec![0]),
        ];
        for (coupon, amounts, expected) in cases {
            assert_eq!(taken_by(&coupon, &amounts), expected, "{coupon} of {amounts:?}");
        }
    }

    #[test]
    fn percentages_are_read_exactly() {
        for (percent, expected) in [(json!(10), Some(1_000)), (json!(33.33), Some(3_333)), (json!(0.5), Some(50)), (json!(null), None)] {
            assert_eq!(basis_points(&percent), expected, "{percent}");
        }
    }
}

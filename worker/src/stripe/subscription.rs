//! A subscription as Stripe writes it. Read without types: every field may be absent, as shapes differ by API version.

use serde_json::Value;
use upcue_engine::subscription::{Invoice, Item, Status, Subscription, Terms};
use upcue_engine::time::{Millis, SECOND};
use upcue_engine::usage::Bounds;

use super::event::{id_at, text_at};

/// The subscription, if this is one: an id, a customer and a status are the least it needs.
pub(crate) fn read(value: &Value) -> Option<Subscription> {
    let lines = value.pointer("/items/data").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    // The billing period stands on the items since `2025-03-31`, on the subscription before. Of several periods, the one that
    // ends first.
    let of_items = lines.iter().filter_map(period).min_by_key(|period| period.end);
    let ends_with_period = value.get("cancel_at_period_end").and_then(Value::as_bool).unwrap_or(false);
    Some(Subscription {
        id: text_at(value, "/id")?,
        customer: id_at(value, "/customer")?,
        status: Status::parse(&text_at(value, "/status")?),
        currency: text_at(value, "/currency").unwrap_or_default(),
        items: lines.iter().filter_map(item).collect(),
        period: of_items.or_else(|| period(value)),
        trial_end: time_at(value, "/trial_end"),
        cancel_at_period_end: ends_with_period,
        created: time_at(value, "/created").unwrap_or_default(),
        terms: Terms {
            scheduled: is_there(value, "/schedule") || (is_there(value, "/cancel_at") && !ends_with_period),
            paused: is_there(value, "/pause_collection"),
            pending: is_there(value, "/pending_update"),
            flexible: text_at(value, "/billing_mode/type").as_deref() == Some("flexible"),
            discounted: is_there(value, "/discounts/0") || is_there(value, "/discount"),
            invoiced: text_at(value, "/collection_method").as_deref() == Some("send_invoice"),
        },
        latest_invoice: value.get("latest_invoice").and_then(invoice),
    })
}

/// An invoice, where it came whole and not as its id alone.
pub(super) fn invoice(value: &Value) -> Option<Invoice> {
    Some(Invoice {
        id: text_at(value, "/id")?,
        amount_due: value.get("amount_due")?.as_i64()?,
        status: text_at(value, "/status").unwrap_or_default(),
        url: text_at(value, "/hosted_invoice_url"),
    })
}

/// Whether something other than null stands at a JSON pointer.
fn is_there(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer).is_some_and(|found| !found.is_null())
}

fn item(line: &Value) -> Option<Item> {
    Some(Item {
        id: text_at(line, "/id")?,
        price: text_at(line, "/price/id")?,
        product: id_at(line, "/price/product").unwrap_or_default(),
        quantity: line.get("quantity").and_then(Value::as_u64).unwrap_or(1),
    })
}

fn period(of: &Value) -> Option<Bounds> {
    let bounds = Bounds { start: time_at(of, "/current_period_start")?, end: time_at(of, "/current_period_end")? };
    (bounds.start < bounds.end).then_some(bounds)
}

/// The moment at a JSON pointer, where Stripe writes seconds.
pub(super) fn time_at(value: &Value, pointer: &str) -> Option<Millis> {
    Some(Millis(value.pointer(pointer)?.as_i64()?.saturating_mul(SECOND)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn old_and_new_shapes_read_the_same() {
        let old = json!({
            "id": "sub_1", "customer": "cus_1", "status": "active", "created": 5, "current_period_start": 100, "current_period_end": 200,
            "items": {"data": [{"id": "si_1", "quantity": 3, "price": {"id": "price_1", "product": "prod_1"}}]},
        });
        let new = json!({
            "id": "sub_1", "customer": {"id": "cus_1", "name": "A"}, "status": "active", "created": 5, "unknown": {"x": 1},
            "items": {"data": [{"id": "si_1", "quantity": 3, "price": {"id": "price_1", "product": {"id": "prod_1"}},
                "current_period_start": 100, "current_period_end": 200}]},
        });
        let subscription = read(&new).expect("complete");
        assert_eq!(read(&old).as_ref(), Some(&subscription));
        assert_eq!(subscription.period, Some(Bounds { start: Millis(100_000), end: Millis(200_000) }));
        assert_eq!((subscription.created, subscription.trial_end), (Millis(5_000), None));
        let item = Item { id: "si_1".to_owned(), price: "price_1".to_owned(), product: "prod_1".to_owned(), quantity: 3 };
        assert_eq!(subscription.items, [item]);
    }

    #[test]
    fn of_several_periods_the_one_that_ends_first_counts() {
        let line =
            |start: i64, end: i64| json!({"id": "si", "price": {"id": "p"}, "current_period_start": start, "current_period_end": end});
        let of = |lines: &[Value]| {
            let all = json!({"id": "s", "customer": "c", "status": "active", "current_period_start": 1, "current_period_end": 2, "items": {"data": lines}});
            read(&all).expect("complete").period.map(|period| (period.start.0, period.end.0))
        };
        assert_eq!(of(&[line(0, 900), line(10, 300), line(400, 100)]), Some((10_000, 300_000)));
        assert_eq!(of(&[line(5, 5)]), Some((1_000, 2_000)), "no period at all");
    }

    #[test]
    fn what_is_no_subscription_is_not_read_as_one() {
        for value in [json!(null), json!([]), json!({}), json!({"id": "sub_1"}), json!({"id": "sub_1", "customer": "cus_1"})] {
            assert_eq!(read(&value), None, "{value}");
        }
        let least = json!({"id": "sub_1", "customer": "cus_1", "status": "new_in_2030", "items": {"data": [{}, 1]}, "trial_end": "soon"});
        let least = read(&least).expect("enough");
        assert_eq!((least.status.word(), least.items.len(), least.trial_end), ("new_in_2030", 0, None));
    }
}

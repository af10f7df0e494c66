//! What differs between versions in invoices, their lines, invoice items and discounts.
//!
//! Since 2025-03-31 (Basil) `parent` and `pricing` take the place of many members:
//! <https://docs.stripe.com/changelog/basil/2025-03-31/adds-new-parent-field-to-invoicing-objects>.
//! What is shaped here holds the members of both, where an older one cannot be derived.

use serde_json::{Map, Value, json};

/// Rewrites every such object in an answer; `parents` and `sources` tell what the version has.
pub(crate) fn shape(value: &mut Value, parents: bool, sources: bool) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(|element| shape(element, parents, sources)),
        Value::Object(map) => {
            match map.get("object").and_then(Value::as_str) {
                Some("invoice") => invoice(map, parents),
                Some("line_item") => line(map, parents),
                Some("invoiceitem") => invoice_item(map, parents),
                Some("discount") => discount(map, sources),
                Some("payment_intent") if parents => {
                    map.remove("invoice");
                }
                _ => {}
            }
            map.values_mut().for_each(|member| shape(member, parents, sources));
        }
        _ => {}
    }
}

fn set(map: &mut Map<String, Value>, name: &str, value: Value) {
    map.insert(name.to_owned(), value);
}

fn invoice(map: &mut Map<String, Value>, parents: bool) {
    if parents {
        map.remove("payment_intent");
        map.remove("paid_out_of_band");
        return;
    }
    let parent = map.remove("parent").unwrap_or_default();
    let details = &parent["subscription_details"];
    let paid = map.get("status").is_some_and(|status| status == "paid");
    set(map, "subscription", details["subscription"].clone());
    set(map, "subscription_details", json!({"metadata": details["metadata"]}));
    if !details["subscription_proration_date"].is_null() {
        set(map, "subscription_proration_date", details["subscription_proration_date"].clone());
    }
    set(map, "paid", json!(paid));
    map.entry("paid_out_of_band").or_insert(json!(false));
    map.entry("payment_intent").or_insert(Value::Null);
    for name in ["application_fee_amount", "charge", "discount", "quote", "tax", "transfer_data"] {
        set(map, name, Value::Null);
    }
    set(map, "total_tax_amounts", json!([]));
    for name in ["amount_overpaid", "confirmation_secret", "payments", "total_taxes"] {
        map.remove(name);
    }
}

fn line(map: &mut Map<String, Value>, parents: bool) {
    if parents {
        map.remove("price");
        map.remove("plan");
        return;
    }
    let parent = map.remove("parent").unwrap_or_default();
    let details = &parent["subscription_item_details"];
    let unit_amount = map.remove("pricing").map_or(Value::Null, |pricing| pricing["unit_amount_decimal"].clone());
    let is_item = !details["invoice_item"].is_null();
    if is_item {
        set(map, "invoice_item", details["invoice_item"].clone());
    }
    set(map, "type", json!(if is_item { "invoiceitem" } else { "subscription" }));
    set(map, "proration", details["proration"].clone());
    set(map, "proration_details", json!({"credited_items": details["proration_details"]["credited_items"]}));
    set(map, "subscription_item", details["subscription_item"].clone());
    set(map, "amount_excluding_tax", map.get("amount").cloned().unwrap_or_default());
    set(map, "unit_amount_excluding_tax", unit_amount);
    set(map, "tax_amounts", json!([]));
    set(map, "tax_rates", json!([]));
    for name in ["quantity_decimal", "subtotal", "taxes"] {
        map.remove(name);
    }
}

fn invoice_item(map: &mut Map<String, Value>, parents: bool) {
    if parents {
        map.remove("price");
        map.remove("plan");
        return;
    }
    let parent = map.remove("parent").unwrap_or_default();
    let details = &parent["subscription_details"];
    let unit_amount = map.remove("pricing").map_or(Value::Null, |pricing| pricing["unit_amount_decimal"].clone());
    let whole = unit_amount.as_str().and_then(|text| text.parse::<i64>().ok());
    set(map, "subscription", details["subscription"].clone());
    set(map, "subscription_item", details["subscription_item"].clone());
    set(map, "unit_amount", json!(whole));
    set(map, "unit_amount_decimal", unit_amount);
    for name in ["net_amount", "proration_details", "quantity_decimal"] {
        map.remove(name);
    }
}

fn discount(map: &mut Map<String, Value>, sources: bool) {
    if sources {
        map.remove("coupon");
    } else {
        map.remove("source");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_has_its_members_and_no_others() {
        let line = json!({
            "object": "line_item", "amount": -166, "price": {"id": "price_1"}, "plan": {"id": "price_1"},
            "parent": {"subscription_item_details": {"invoice_item": "ii_1", "proration": true, "subscription_item": "si_1"}},
            "pricing": {"price_details": {"price": "price_1"}, "unit_amount_decimal": "1000"},
        });
        let whole = json!({
            "object": "invoice", "status": "paid", "payment_intent": "pi_1", "lines": {"data": [line]},
            "parent": {"subscription_details": {"subscription": "sub_1", "metadata": {"a": "1"}}},
        });
        let cases = [
            ("/parent/subscription_details/subscription", Some(json!("sub_1")), None),
            ("/subscription", None, Some(json!("sub_1"))),
            ("/payment_intent", None, Some(json!("pi_1"))),
            ("/paid", None, Some(json!(true))),
            ("/lines/data/0/pricing/price_details/price", Some(json!("price_1")), None),
            ("/lines/data/0/parent/subscription_item_details/proration", Some(json!(true)), None),
            ("/lines/data/0/price/id", None, Some(json!("price_1"))),
            ("/lines/data/0/proration", None, Some(json!(true))),
            ("/lines/data/0/type", None, Some(json!("invoiceitem"))),
        ];
        for (path, new, old) in cases {
            for (parents, expected) in [(true, new), (false, old)] {
                let mut shaped = whole.clone();
                shape(&mut shaped, parents, parents);
                assert_eq!(shaped.pointer(path), expected.as_ref(), "{path} with parents: {parents}");
            }
        }
    }
}

//! `expand[]`: replaces ids by the objects they stand for.

use serde_json::{Map, Value, json};

use crate::{checkout, error::ApiError, version::ApiVersion};

/// Stripe's limit on the length of one path.
const MAX_LEVELS: usize = 4;

/// Refuses what cannot be expanded *before* a call takes effect, from what is known of the kinds of objects.
/// `collection` is the resource's name in the URL.
pub(crate) fn check(collection: &str, paths: &[String], version: &ApiVersion) -> Result<(), ApiError> {
    let Some(kind) = collection.strip_suffix('s') else {
        return Ok(());
    };
    for path in paths {
        let mut kind = Some(kind);
        for field in path.split('.').filter(|segment| *segment != "data") {
            kind = match kind {
                Some(kind) => {
                    member_kind(kind, field).or_else(|| money_member_kind(kind, field, version)).ok_or_else(|| refused(path, REFUSAL))?
                }
                // Below what is always null here, anything goes.
                None => None,
            };
        }
    }
    Ok(())
}

const REFUSAL: &str = "This property cannot be expanded";

/// What an expandable member is; the inner `None` stands for something that the sandbox does not have.
#[expect(clippy::option_option, reason = "not expandable, and expandable to nothing, are two answers")]
fn member_kind(kind: &str, field: &str) -> Option<Option<&'static str>> {
    match (kind, field) {
        ("product", "default_price") | ("item", "price") => Some(Some("price")),
        ("price" | "plan", "product") => Some(Some("product")),
        ("item", "plan") => Some(Some("plan")),
        ("subscription", "customer") => Some(Some("customer")),
        ("subscription", "items") => Some(Some("item")),
        ("product", "tax_code")
        | ("customer", "default_source" | "test_clock")
        | ("subscription", "default_source" | "pending_setup_intent" | "test_clock") => Some(None),
        _ => None,
    }
}

/// As [`member_kind`], for what bills and pays.
#[expect(clippy::option_option, reason = "not expandable, and expandable to nothing, are two answers")]
fn money_member_kind(kind: &str, field: &str, version: &ApiVersion) -> Option<Option<&'static str>> {
    match (kind, field) {
        ("subscription" | "invoice", "default_payment_method") | ("payment_intent", "payment_method") => Some(Some("payment_method")),
        ("subscription", "latest_invoice") => Some(Some("invoice")),
        ("subscription", "schedule") => Some(Some("subscription_schedule")),
        ("subscription" | "invoice" | "line", "discounts") | ("discount", "source") => Some(Some("discount")),
        ("invoice" | "payment_intent" | "payment_method" | "subscription_schedule", "customer") => Some(Some("customer")),
        ("invoice", "parent") => Some(Some("parent")),
        ("parent", "subscription_details") => Some(Some("subscription_parent")),
        // Of a customer's settings, only the default payment method is an object of its own, as with a subscription.
        ("subscription_parent" | "subscription_schedule", "subscription") | ("customer", "invoice_settings") => Some(Some("subscription")),
        ("invoice", "lines") | ("line", "pricing" | "price_details") => Some(Some("line")),
        ("line", "price") => Some(Some("price")),
        ("line", "product") => Some(Some("product")),
        ("discount", "coupon") => Some(Some("coupon")),
        ("invoice", "confirmation_secret") if version.invoices_have_parents() => Some(None),
        ("invoice", "payments") if version.invoices_have_parents() => Some(Some("invoice_payment")),
        ("invoice_payment", "payment") => Some(Some("invoice_payment")),
        ("invoice_payment", "payment_intent") => Some(Some("payment_intent")),
        ("invoice", "payment_intent") if !version.invoices_have_parents() => Some(Some("payment_intent")),
        ("invoice", "subscription") if !version.invoices_have_parents() => Some(Some("subscription")),
        _ => None,
    }
}

/// Members of an invoice that are only there where they are asked for.
const ASKED_FOR: [&str; 2] = ["confirmation_secret", "payments"];

/// Takes away what nobody asked for.
pub(crate) fn leave_out(value: &mut Value, paths: &[String]) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(|element| leave_out(element, paths)),
        Value::Object(map) => {
            if map.get("object").is_some_and(|object| object == "invoice") {
                let asked = |name: &str| paths.iter().any(|path| path.split('.').any(|segment| segment == name));
                for name in ASKED_FOR.into_iter().filter(|name| !asked(name)) {
                    map.remove(name);
                }
            }
            map.values_mut().for_each(|member| leave_out(member, paths));
        }
        _ => {}
    }
}

/// Expands every path in place; `resolve` gives the object of an id, already in the shape of the answer.
pub(crate) fn expand(value: &mut Value, paths: &[String], resolve: &dyn Fn(&str) -> Option<Value>) -> Result<(), ApiError> {
    for path in paths {
        let mut segments: Vec<&str> = path.split('.').collect();
        // `data.` walks into the list itself and is not a level.
        let levels = segments.iter().filter(|segment| **segment != "data").count();
        if levels > MAX_LEVELS {
            return Err(refused(path, "You cannot expand more than 4 levels of a property"));
        }
        if !descend(value, &mut segments, resolve) {
            return Err(refused(path, REFUSAL));
        }
    }
    Ok(())
}

fn refused(path: &str, why: &str) -> ApiError {
    ApiError::invalid_param("expand", format!("{why} ({path})."))
}

/// Adds a member that an object has only where it is asked for: as the id that it can be found by, or as what it is
/// for an invoice without a payment.
fn add_left_out(map: &mut Map<String, Value>, name: &str) {
    let id = map.get("id").and_then(Value::as_str).unwrap_or_default();
    let member = match (map.get("object").and_then(Value::as_str), name) {
        (Some("checkout.session"), "line_items") => json!(checkout::line_items_id(id)),
        (Some("invoice"), "confirmation_secret") => Value::Null,
        (Some("invoice"), "payments") => {
            json!({"object": "list", "data": [], "has_more": false, "url": format!("/v1/invoice_payments?invoice={id}")})
        }
        _ => return,
    };
    map.entry(name).or_insert(member);
}

/// False where the path meets something that is neither an object, a list, null nor a known id.
fn descend(value: &mut Value, path: &mut [&str], resolve: &dyn Fn(&str) -> Option<Value>) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.iter_mut().all(|element| descend(element, path, resolve)),
        Value::String(id) => match resolve(id) {
            Some(object) => {
                *value = object;
                path.is_empty() || descend(value, path, resolve)
            }
            None => false,
        },
        Value::Object(map) => match path {
            [] => true,
            [name, rest @ ..] => {
                add_left_out(map, name);
                map.get_mut(*name).is_some_and(|member| descend(member, rest, resolve))
            }
        },
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(id: &str) -> Option<Value> {
        match id {
            "cus_1" => Some(json!({"id": "cus_1", "name": "Ada"})),
            "price_1" => Some(json!({"id": "price_1", "product": "prod_1"})),
            "prod_1" => Some(json!({"id": "prod_1"})),
            _ => None,
        }
    }

    fn subscription() -> Value {
        json!({"customer": "cus_1", "schedule": null, "status": "active", "created": 1, "items": {"data": [{"price": "price_1"}]}})
    }

    #[test]
    fn paths_lead_through_lists_and_expanded_objects() {
        let cases = [
            ("customer", "/customer/name", json!("Ada")),
            ("items.data.price", "/items/data/0/price/id", json!("price_1")),
            ("items.data.price.product", "/items/data/0/price/product/id", json!("prod_1")),
            ("schedule", "/schedule", Value::Null),
        ];
        for (path, pointer, expected) in cases {
            let mut value = subscription();
            expand(&mut value, &[path.to_owned()], &resolve).unwrap();
            assert_eq!(value.pointer(pointer), Some(&expected), "{path}");
        }
    }

    #[test]
    fn calls_with_effects_are_checked_beforehand() {
        for (collection, path, accepted) in [
            ("products", "default_price", true),
            ("products", "name", false),
            ("subscriptions", "items.data.price.product", true),
            ("subscriptions", "latest_invoice.payment_intent", false),
            ("subscriptions", "latest_invoice.payments.data.payment.payment_intent", true),
            ("subscriptions", "latest_invoice.confirmation_secret", true),
            ("customers", "invoice_settings.default_payment_method", true),
            ("invoices", "lines.data.pricing.price_details.price", true),
            ("subscriptions", "customer.email", false),
            ("prices", "product.default_price.product", true),
        ] {
            assert_eq!(check(collection, &[path.to_owned()], &ApiVersion::default()).is_ok(), accepted, "{collection} {path}");
        }
    }

    #[test]
    fn other_properties_are_refused() {
        for path in ["status", "created", "nothing", "items.data.price.product.a.b", ""] {
            assert!(expand(&mut subscription(), &[path.to_owned()], &resolve).is_err(), "{path}");
        }
    }
}

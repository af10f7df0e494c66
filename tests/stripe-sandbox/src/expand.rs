//! `expand[]`: replaces ids by the objects they stand for.

use serde_json::Value;

use crate::error::ApiError;

/// Stripe's limit on the length of one path.
const MAX_LEVELS: usize = 4;

/// Refuses what cannot be expanded *before* a call takes effect, from what is known of the kinds of objects.
/// `collection` is the resource's name in the URL.
pub(crate) fn check(collection: &str, paths: &[String]) -> Result<(), ApiError> {
    let Some(kind) = collection.strip_suffix('s') else {
        return Ok(());
    };
    for path in paths {
        let mut kind = Some(kind);
        for field in path.split('.').filter(|segment| *segment != "data") {
            kind = match kind {
                Some(kind) => member_kind(kind, field).ok_or_else(|| refused(path, REFUSAL))?,
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
        | (
            "subscription",
            "default_payment_method"
            | "default_source"
            | "discounts"
            | "latest_invoice"
            | "pending_setup_intent"
            | "schedule"
            | "test_clock",
        ) => Some(None),
        _ => None,
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
            [name, rest @ ..] => map.get_mut(*name).is_some_and(|member| descend(member, rest, resolve)),
        },
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
            ("subscriptions", "latest_invoice.payment_intent", true),
            ("subscriptions", "customer.email", false),
            ("prices", "product.default_price.product", true),
        ] {
            assert_eq!(check(collection, &[path.to_owned()]).is_ok(), accepted, "{collection} {path}");
        }
    }

    #[test]
    fn other_properties_are_refused() {
        for path in ["status", "created", "nothing", "items.data.price.product.a.b", ""] {
            assert!(expand(&mut subscription(), &[path.to_owned()], &resolve).is_err(), "{path}");
        }
    }
}

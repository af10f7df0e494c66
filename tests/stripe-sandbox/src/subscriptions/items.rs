//! The items of a subscription: Stripe's rules for adding, changing and removing them, and their periods.

use serde_json::{Value, json};

use crate::{
    clock::{Cadence, Period},
    error::ApiError,
    ids, metadata,
    params::Params,
    present::text,
    prices,
    resource::lookup_param,
    store::Collection,
};

const MAX_ITEMS: usize = 20;

/// What the items of one subscription have to fit.
#[derive(Debug)]
pub(crate) struct Terms<'a> {
    pub(crate) prices: &'a Collection,
    pub(crate) subscription: &'a str,
    /// Of the subscription; a new one takes it from its first price.
    pub(crate) currency: Option<&'a str>,
    /// Classic billing wants one interval for all items.
    pub(crate) one_cadence: bool,
    pub(crate) now: i64,
}

/// The items that `current` become with these inputs. An input without an id **adds** an item.
pub(crate) fn apply(terms: &Terms<'_>, current: &[Value], inputs: Vec<Params>) -> Result<Vec<Value>, ApiError> {
    let mut items = current.to_vec();
    for mut input in inputs {
        match input.text("id")? {
            Some(id) => change(terms, &mut items, &id, &mut input)?,
            None => add(terms, &mut items, &mut input)?,
        }
        input.finish()?;
    }
    check(terms, &items)?;
    Ok(items)
}

fn add(terms: &Terms<'_>, items: &mut Vec<Value>, input: &mut Params) -> Result<(), ApiError> {
    let name = input.name_of("price");
    let price = input.required_text("price")?;
    check_price(terms, &price, &name)?;
    if items.iter().any(|item| item["price"] == price) {
        let message = format!("Cannot add multiple subscription items with the same plan: {price}");
        return Err(ApiError::invalid_param(&name, message));
    }
    items.push(json!({
        "id": ids::new_id("si"),
        "object": "subscription_item",
        "billing_thresholds": null,
        "created": terms.now,
        "current_period_end": null,
        "current_period_start": null,
        "current_trial": null,
        "discounts": [],
        "metadata": metadata::merged(&Value::Null, input)?,
        "price": price,
        "quantity": quantity(input)?.unwrap_or(1),
        "subscription": terms.subscription,
        "tax_rates": [],
    }));
    Ok(())
}

fn change(terms: &Terms<'_>, items: &mut Vec<Value>, id: &str, input: &mut Params) -> Result<(), ApiError> {
    let name = input.name_of("id");
    let position = items.iter().position(|item| item["id"] == id);
    let position = position.ok_or_else(|| ApiError::no_such_param("subscription item", id, &name))?;
    input.boolean("clear_usage")?;
    if input.boolean("deleted")?.unwrap_or(false) {
        items.remove(position);
        return Ok(());
    }
    let item = &mut items[position];
    let quantity = quantity(input)?;
    if let Some(price) = input.text("price")? {
        check_price(terms, &price, &input.name_of("price"))?;
        item["price"] = json!(price);
        // A price without a quantity sets the quantity back: Stripe's default, and a trap for callers.
        item["quantity"] = json!(1);
    }
    if let Some(quantity) = quantity {
        item["quantity"] = json!(quantity);
    }
    item["metadata"] = metadata::merged(&item["metadata"], input)?;
    Ok(())
}

fn quantity(input: &mut Params) -> Result<Option<i64>, ApiError> {
    input.integer_within("quantity", 0, 999_999)
}

fn check_price(terms: &Terms<'_>, id: &str, name: &str) -> Result<(), ApiError> {
    let price = lookup_param(terms.prices, "price", id, name)?;
    let refuse = |message: &str| Err(ApiError::invalid_param(name, message));
    if price["active"] != true {
        return refuse("The price specified is inactive. This field only accepts active prices.");
    }
    if price["type"] != "recurring" {
        return refuse("The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.");
    }
    Ok(())
}

fn check(terms: &Terms<'_>, items: &[Value]) -> Result<(), ApiError> {
    if items.is_empty() {
        return Err(ApiError::invalid_param("items", "A subscription must have at least one item."));
    }
    if items.len() > MAX_ITEMS {
        return Err(ApiError::invalid_param("items", format!("A subscription may have at most {MAX_ITEMS} items.")));
    }
    let prices: Vec<&Value> = items.iter().filter_map(|item| terms.prices.get(text(item, "price"))).collect();
    let currency = terms.currency.or_else(|| prices.first().map(|price| text(price, "currency")));
    let mixed_currency = prices.iter().any(|price| Some(text(price, "currency")) != currency);
    let mixed_cadence = prices.windows(2).any(|pair| prices::cadence(pair[0]) != prices::cadence(pair[1]));
    if mixed_currency || (terms.one_cadence && mixed_cadence) {
        return Err(ApiError::invalid_param("items", "Currency and interval fields must match across all plans on this subscription."));
    }
    Ok(())
}

/// Gives a period to every item that has none or another price than before; the others keep theirs.
pub(crate) fn schedule(prices: &Collection, anchor: i64, before: &[Value], items: &mut [Value], now: i64) -> Result<(), ApiError> {
    for item in items {
        let unchanged = before.iter().any(|old| old["id"] == item["id"] && old["price"] == item["price"]);
        let Some(cadence) = prices.get(text(item, "price")).and_then(prices::cadence) else {
            continue;
        };
        if !unchanged {
            let running = item["current_period_start"].as_i64();
            let period = period(cadence, anchor, running, now)?;
            item["current_period_start"] = json!(period.start);
            item["current_period_end"] = json!(period.end);
        }
    }
    Ok(())
}

/// Up to an anchor in the future (the end of a trial, a wished billing date) the running period ends there.
fn period(cadence: Cadence, anchor: i64, running: Option<i64>, now: i64) -> Result<Period, ApiError> {
    if anchor > now {
        return Ok(Period { start: running.unwrap_or(now), end: anchor });
    }
    cadence.period(anchor, now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::{Form, decode_into};

    fn prices() -> Collection {
        let price = |id: &str, interval: &str, currency: &str, active: bool| {
            let recurring = json!({"interval": interval, "interval_count": 1});
            let kind = if interval.is_empty() { "one_time" } else { "recurring" };
            let price = json!({"id": id, "currency": currency, "active": active, "type": kind, "recurring": recurring});
            (id.to_owned(), price)
        };
        Collection::from([
            price("basic", "month", "usd", true),
            price("pro", "month", "usd", true),
            price("yearly", "year", "usd", true),
            price("euro", "month", "eur", true),
            price("old", "month", "usd", false),
            price("once", "", "usd", true),
        ])
    }

    /// Applies an update to one item, `si_1` of `basic` × 5, and gives back `price×quantity` of what remains.
    fn updated(encoded: &str, one_cadence: bool) -> Result<Vec<String>, ApiError> {
        let prices = prices();
        let terms = Terms { prices: &prices, subscription: "sub_1", currency: Some("usd"), one_cadence, now: 0 };
        let current = [json!({"id": "si_1", "price": "basic", "quantity": 5, "metadata": {"a": "1"}})];
        let mut form = Form::new();
        decode_into(&mut form, encoded.as_bytes())?;
        let inputs = Params::new(form).hashes("items")?.unwrap_or_default();
        let items = apply(&terms, &current, inputs)?;
        Ok(items.iter().map(|item| format!("{}×{}", text(item, "price"), item["quantity"])).collect())
    }

    #[test]
    fn updates_follow_stripes_rules() {
        let cases: [(&str, &[&str]); 7] = [
            ("", &["basic×5"]),
            ("items[0][id]=si_1&items[0][quantity]=7", &["basic×7"]),
            ("items[0][id]=si_1&items[0][price]=pro", &["pro×1"]),
            ("items[0][id]=si_1&items[0][price]=pro&items[0][quantity]=5", &["pro×5"]),
            ("items[0][price]=pro", &["basic×5", "pro×1"]),
            ("items[0][id]=si_1&items[0][deleted]=true&items[1][price]=pro&items[1][quantity]=2", &["pro×2"]),
            ("items[0][price]=yearly", &["basic×5", "yearly×1"]),
        ];
        for (encoded, expected) in cases {
            assert_eq!(updated(encoded, false).unwrap(), expected, "{encoded}");
        }
    }

    #[test]
    fn impossible_items_are_refused() {
        let cases = [
            ("items[0][id]=si_2&items[0][quantity]=1", Some("resource_missing")),
            ("items[0][price]=none", Some("resource_missing")),
            ("items[0][quantity]=1", Some("parameter_missing")),
            ("items[0][price]=pro&items[0][colour]=red", Some("parameter_unknown")),
            ("items[0][price]=pro&items[0][quantity]=x", Some("parameter_invalid_integer")),
            ("items[0][price]=basic", None),
            ("items[0][price]=old", None),
            ("items[0][price]=once", None),
            ("items[0][price]=euro", None),
            ("items[0][price]=yearly", None),
            ("items[0][id]=si_1&items[0][deleted]=true", None),
        ];
        for (encoded, code) in cases {
            assert_eq!(updated(encoded, true).unwrap_err().code, code, "{encoded}");
        }
    }

    #[test]
    fn only_new_and_changed_items_get_another_period() {
        let prices = prices();
        let item = |id: &str, price: &str, start: Option<i64>| json!({"id": id, "price": price, "current_period_start": start, "current_period_end": start});
        let before = [item("si_1", "basic", Some(7)), item("si_2", "basic", Some(7))];
        let mut items = [item("si_1", "basic", Some(7)), item("si_2", "pro", Some(7)), item("si_3", "pro", None)];
        schedule(&prices, 1_000, &before, &mut items, 500).unwrap();
        let periods = items.map(|item| (item["current_period_start"].as_i64(), item["current_period_end"].as_i64()));
        assert_eq!(periods, [(Some(7), Some(7)), (Some(7), Some(1_000)), (Some(500), Some(1_000))]);
    }
}

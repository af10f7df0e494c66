//! `/v1/prices`. Per-unit prices only; what tiers and metering need is noted in the README's limits.

use std::sync::Arc;

use axum::Router;
use serde_json::{Value, json};

use crate::{
    app::App,
    call::{Call, get, post},
    clock::{Cadence, Interval},
    error::ApiError,
    ids, metadata,
    pages::Query,
    params::Params,
    present::text,
    products,
    resource::{copy_boolean, copy_texts, lookup, lookup_param, put},
    store::Collection,
};

const NOUN: &str = "price";
const INTERVALS: [&str; 4] = ["day", "week", "month", "year"];
const TAX_BEHAVIORS: [&str; 3] = ["exclusive", "inclusive", "unspecified"];

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new().route("/v1/prices", post(create).merge(get(list))).route("/v1/prices/{id}", get(retrieve).merge(post(update)))
}

/// Makes a price of all these parameters for a product.
pub(crate) fn build(mut params: Params, product: &str, now: i64) -> Result<Value, ApiError> {
    let currency = params.required_text("currency")?.to_lowercase();
    let amount = unit_amount(&mut params)?;
    let recurring = match params.hash("recurring")? {
        Some(recurring) => build_recurring(recurring)?,
        None => Value::Null,
    };
    params.choice("billing_scheme", &["per_unit"])?;
    let mut price = json!({
        "id": ids::new_id("price"),
        "object": "price",
        "active": true,
        "billing_scheme": "per_unit",
        "created": now,
        "currency": currency,
        "custom_unit_amount": null,
        "livemode": false,
        "lookup_key": null,
        "metadata": {},
        "nickname": null,
        "product": product,
        "recurring": recurring,
        "tax_behavior": params.choice("tax_behavior", &TAX_BEHAVIORS)?.unwrap_or_else(|| "unspecified".to_owned()),
        "tiers_mode": null,
        "transform_quantity": null,
        "type": if recurring.is_null() { "one_time" } else { "recurring" },
        "unit_amount": amount,
        "unit_amount_decimal": amount.to_string(),
    });
    apply(&mut params, &mut price)?;
    params.finish()?;
    Ok(price)
}

/// Whole minor units; a decimal amount is taken as long as it is whole.
fn unit_amount(params: &mut Params) -> Result<i64, ApiError> {
    let (whole, decimal) = (params.integer("unit_amount")?, params.text("unit_amount_decimal")?);
    let amount = match (whole, decimal) {
        (Some(_), Some(_)) => {
            return Err(ApiError::invalid("You may only specify one of these parameters: unit_amount, unit_amount_decimal."));
        }
        (Some(amount), None) => amount,
        (None, Some(text)) => text.parse().map_err(|_| params.bad("unit_amount_decimal", "The sandbox takes whole minor units only."))?,
        (None, None) => return Err(ApiError::missing_param(&params.name_of("unit_amount"))),
    };
    if amount < 0 {
        return Err(params.bad("unit_amount", "This value must be greater than or equal to 0."));
    }
    Ok(amount)
}

fn build_recurring(mut params: Params) -> Result<Value, ApiError> {
    let interval = params.choice("interval", &INTERVALS)?;
    let interval = interval.ok_or_else(|| ApiError::missing_param(&params.name_of("interval")))?;
    // Stripe allows three years at most.
    let most = match interval.as_str() {
        "day" => 3 * 365,
        "week" => 3 * 52,
        "month" => 3 * 12,
        _ => 3,
    };
    let count = params.integer_within("interval_count", 1, most)?.unwrap_or(1);
    params.choice("usage_type", &["licensed"])?;
    params.finish()?;
    Ok(json!({
        "interval": interval,
        "interval_count": count,
        "meter": null,
        "trial_period_days": null,
        "usage_type": "licensed",
    }))
}

fn apply(params: &mut Params, price: &mut Value) -> Result<(), ApiError> {
    copy_boolean(params, price, "active")?;
    copy_texts(params, price, &["nickname", "lookup_key"])?;
    price["metadata"] = metadata::merged(&price["metadata"], params)?;
    Ok(())
}

/// How often a recurring price bills; none for a one-time price.
pub(crate) fn cadence(price: &Value) -> Option<Cadence> {
    let recurring = price.get("recurring")?;
    Some(Cadence { interval: Interval::parse(recurring["interval"].as_str()?)?, count: recurring["interval_count"].as_i64()? })
}

/// The old `plan` object, which subscription items still carry beside their price.
pub(crate) fn as_plan(price: &Value) -> Value {
    json!({
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": price["billing_scheme"],
        "created": price["created"],
        "currency": price["currency"],
        "interval": price["recurring"]["interval"],
        "interval_count": price["recurring"]["interval_count"],
        "livemode": false,
        "metadata": price["metadata"],
        "meter": null,
        "nickname": price["nickname"],
        "product": price["product"],
        "tiers_mode": null,
        "transform_usage": null,
        "trial_period_days": null,
        "usage_type": "licensed",
    })
}

fn create(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let transfer = params.boolean("transfer_lookup_key")?.unwrap_or(false);
    let (product, new_product) = product_of(call, &mut params)?;
    let price = build(params, &product, call.now)?;
    check_lookup_key(&call.store.prices, &price, transfer)?;
    if let Some(product) = new_product {
        put(&mut call.store.products, product.clone());
        call.emit("product.created", &product);
    }
    take_over_lookup_key(call, &price);
    put(&mut call.store.prices, price.clone());
    call.emit("price.created", &price);
    Ok(price)
}

/// The id of the price's product, and the product itself where it is to be created along.
fn product_of(call: &Call<'_>, params: &mut Params) -> Result<(String, Option<Value>), ApiError> {
    match (params.text("product")?, params.hash("product_data")?) {
        (Some(_), Some(_)) => Err(ApiError::invalid("You may only specify one of these parameters: product, product_data.")),
        (None, None) => Err(ApiError::missing_param("product")),
        (Some(id), None) => {
            lookup_param(&call.store.products, "product", &id, "product")?;
            Ok((id, None))
        }
        (None, Some(mut data)) => {
            let product = products::build(&mut data, call.now)?;
            data.finish()?;
            let id = text(&product, "id").to_owned();
            products::refuse_existing(call, &id)?;
            Ok((id, Some(product)))
        }
    }
}

/// The active price that has the same lookup key.
fn holder<'a>(prices: &'a Collection, price: &Value) -> Option<&'a Value> {
    let same = |other: &&Value| other["lookup_key"] == price["lookup_key"] && other["id"] != price["id"];
    prices.values().filter(|_| !price["lookup_key"].is_null()).find(same)
}

fn check_lookup_key(prices: &Collection, price: &Value, transfer: bool) -> Result<(), ApiError> {
    match holder(prices, price) {
        Some(other) if !transfer => Err(ApiError::invalid_param(
            "lookup_key",
            format!(
                "A price (`{}`) already uses that lookup key. You may transfer it by setting `transfer_lookup_key` to true.",
                text(other, "id")
            ),
        )),
        _ => Ok(()),
    }
}

fn take_over_lookup_key(call: &mut Call<'_>, price: &Value) {
    if let Some(before) = holder(&call.store.prices, price).cloned() {
        let mut after = before.clone();
        after["lookup_key"] = Value::Null;
        put(&mut call.store.prices, after.clone());
        call.emit_update("price.updated", &before, &after);
    }
}

fn retrieve(call: &mut Call<'_>) -> Result<Value, ApiError> {
    call.no_params()?;
    lookup(&call.store.prices, NOUN, &call.id())
}

/// Amount, currency, interval and product of a price never change.
fn update(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let before = lookup(&call.store.prices, NOUN, &call.id())?;
    let mut price = before.clone();
    let transfer = params.boolean("transfer_lookup_key")?.unwrap_or(false);
    if let Some(behavior) = params.choice("tax_behavior", &TAX_BEHAVIORS)? {
        price["tax_behavior"] = json!(behavior);
    }
    apply(&mut params, &mut price)?;
    params.finish()?;
    check_lookup_key(&call.store.prices, &price, transfer)?;
    take_over_lookup_key(call, &price);
    put(&mut call.store.prices, price.clone());
    call.emit_update("price.updated", &before, &price);
    Ok(price)
}

fn list(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let query = Query::read(&mut params)?;
    let active = params.boolean("active")?;
    let product = params.text("product")?;
    let currency = params.text("currency")?;
    let kind = params.choice("type", &["one_time", "recurring"])?;
    let lookup_keys = params.texts("lookup_keys")?;
    let interval = match params.hash("recurring")? {
        Some(mut recurring) => {
            let interval = recurring.choice("interval", &INTERVALS)?;
            recurring.choice("usage_type", &["licensed", "metered"])?;
            recurring.finish()?;
            interval
        }
        None => None,
    };
    params.finish()?;
    let same = |wanted: &Option<String>, value: &Value| wanted.as_ref().is_none_or(|wanted| value == wanted.as_str());
    query.page(&call.url, call.store.prices.values().rev(), |price| {
        active.is_none_or(|active| price["active"] == active)
            && same(&product, &price["product"])
            && same(&currency, &price["currency"])
            && same(&kind, &price["type"])
            && same(&interval, &price["recurring"]["interval"])
            && lookup_keys.as_ref().is_none_or(|keys| keys.iter().any(|key| price["lookup_key"] == *key))
    })
}

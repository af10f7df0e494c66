//! `/v1/coupons`, and the discounts that they become on a subscription or a customer.

use std::sync::Arc;

use axum::Router;
use serde_json::{Value, json};

use crate::{
    app::App,
    billing::discounting::basis_points,
    call::{Call, delete, get, post},
    clock::{Cadence, Interval},
    error::ApiError,
    ids, metadata,
    pages::Query,
    params::{Change, Params},
    present::{text, tombstone},
    resource::{copy_texts, lookup, lookup_param, put},
};

const NOUN: &str = "coupon";

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/coupons", post(create).merge(get(list)))
        .route("/v1/coupons/{id}", get(retrieve).merge(post(update)).merge(delete(remove)))
}

fn create(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let id = params.text("id")?.unwrap_or_else(|| ids::new_id("c")[2..10].to_owned());
    let duration = params.choice("duration", &["forever", "once", "repeating"])?.unwrap_or_else(|| "once".to_owned());
    let months = params.integer_within("duration_in_months", 1, 999)?;
    if (duration == "repeating") != months.is_some() {
        return Err(params.bad("duration_in_months", "`duration_in_months` goes with `duration=repeating`, and only with it."));
    }
    let percent = percent_off(&mut params)?;
    let amount = params.integer_within("amount_off", 1, 99_999_999)?;
    let currency = params.text("currency")?.map(|currency| currency.to_lowercase());
    if percent.is_some() == amount.is_some() {
        return Err(ApiError::invalid("You must pass either `percent_off` or `amount_off`, and not both."));
    }
    if amount.is_some() && currency.is_none() {
        return Err(ApiError::missing_param("currency"));
    }
    let mut coupon = json!({
        "id": id,
        "object": "coupon",
        "amount_off": amount,
        "created": call.now,
        "currency": currency.filter(|_| amount.is_some()),
        "duration": duration,
        "duration_in_months": months,
        "livemode": false,
        "max_redemptions": params.integer_within("max_redemptions", 1, 1_000_000)?,
        "metadata": {},
        "name": null,
        "percent_off": percent,
        "redeem_by": params.integer("redeem_by")?,
        "times_redeemed": 0,
        "valid": true,
    });
    apply(&mut params, &mut coupon)?;
    params.finish()?;
    if call.store.coupons.contains_key(&id) {
        return Err(ApiError::invalid_coded("resource_already_exists", "id", "Coupon already exists."));
    }
    put(&mut call.store.coupons, coupon.clone());
    call.emit("coupon.created", &coupon);
    Ok(coupon)
}

fn percent_off(params: &mut Params) -> Result<Option<Value>, ApiError> {
    let Some(text) = params.text("percent_off")? else {
        return Ok(None);
    };
    let number: Option<Value> = serde_json::from_str(&text).ok().filter(Value::is_number);
    let points = number.as_ref().and_then(basis_points);
    match number {
        Some(number) if points.is_some_and(|points| (1..=10_000).contains(&points)) => Ok(Some(number)),
        _ => Err(params.bad("percent_off", "Invalid decimal: must be greater than 0 and at most 100.")),
    }
}

fn apply(params: &mut Params, coupon: &mut Value) -> Result<(), ApiError> {
    copy_texts(params, coupon, &["name"])?;
    coupon["metadata"] = metadata::merged(&coupon["metadata"], params)?;
    Ok(())
}

fn retrieve(call: &mut Call<'_>) -> Result<Value, ApiError> {
    call.no_params()?;
    lookup(&call.store.coupons, NOUN, &call.id())
}

fn update(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let before = lookup(&call.store.coupons, NOUN, &call.id())?;
    let mut coupon = before.clone();
    apply(&mut params, &mut coupon)?;
    params.finish()?;
    put(&mut call.store.coupons, coupon.clone());
    call.emit_update("coupon.updated", &before, &coupon);
    Ok(coupon)
}

fn list(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let query = Query::read(&mut params)?;
    params.finish()?;
    query.page(&call.url, call.store.coupons.values().rev(), |_| true)
}

/// Discounts that exist already stay, so the coupon is kept for them under another key.
fn remove(call: &mut Call<'_>) -> Result<Value, ApiError> {
    call.no_params()?;
    let id = call.id();
    let coupon = lookup(&call.store.coupons, NOUN, &id)?;
    let used = call.store.discounts.values().any(|discount| discount["source"]["coupon"] == id.as_str());
    if used {
        return Err(ApiError::invalid("The sandbox does not delete coupons that have been redeemed."));
    }
    call.store.coupons.shift_remove(&id);
    call.emit("coupon.deleted", &coupon);
    Ok(tombstone("coupon", &id))
}

/// What `discounts` asks for: a list of coupons, of discounts there are, or nothing.
pub(crate) fn read_discounts(params: &mut Params) -> Result<Change<Vec<Params>>, ApiError> {
    if params.is_text("discounts") {
        return match params.unsettable("discounts")? {
            Change::Clear => Ok(Change::Clear),
            _ => Err(params.bad("discounts", "Invalid array")),
        };
    }
    Ok(params.hashes("discounts")?.map_or(Change::Keep, Change::Set))
}

/// Discounts made of the coupons named, not stored yet; discounts that are named stay.
pub(crate) fn redeem(call: &Call<'_>, wanted: Vec<Params>, subscription: &Value) -> Result<Vec<Value>, ApiError> {
    let redeem_one = |mut one: Params| {
        let discount = match (one.text("coupon")?, one.text("discount")?) {
            (Some(coupon), None) => {
                let param = one.name_of("coupon");
                construct(call, &coupon, &param, (text(subscription, "customer"), Some(text(subscription, "id"))))?
            }
            (None, Some(id)) => lookup_param(&call.store.discounts, "discount", &id, &one.name_of("discount"))?.clone(),
            _ => return Err(one.bad("coupon", "Pass either `coupon` or `discount`.")),
        };
        one.finish()?;
        Ok(discount)
    };
    wanted.into_iter().map(redeem_one).collect()
}

pub(crate) fn construct(
    call: &Call<'_>,
    coupon: &str,
    param: &str,
    (customer, subscription): (&str, Option<&str>),
) -> Result<Value, ApiError> {
    let coupon = lookup_param(&call.store.coupons, NOUN, coupon, param)?;
    let end = match coupon["duration_in_months"].as_i64() {
        Some(months) => Some(Cadence { interval: Interval::Month, count: months }.boundary(call.now, 1)?),
        None => None,
    };
    Ok(json!({
        "id": ids::new_id("di"),
        "object": "discount",
        "checkout_session": null,
        "customer": customer,
        "customer_account": null,
        "end": end,
        "invoice": null,
        "invoice_item": null,
        "promotion_code": null,
        "source": {"coupon": coupon["id"], "type": "coupon"},
        "start": call.now,
        "subscription": subscription,
        "subscription_item": null,
    }))
}

/// Stores discounts and counts their coupons as redeemed.
pub(crate) fn keep(call: &mut Call<'_>, discounts: &[Value]) {
    for discount in discounts {
        let known = call.store.discounts.contains_key(text(discount, "id"));
        put(&mut call.store.discounts, discount.clone());
        if let Some(coupon) = call.store.coupons.get_mut(text(&discount["source"], "coupon"))
            && !known
        {
            coupon["times_redeemed"] = json!(coupon["times_redeemed"].as_i64().unwrap_or_default() + 1);
        }
    }
}

/// A coupon for one invoice has done its work with the first one.
pub(crate) fn spend(call: &Call<'_>, subscription: &mut Value) {
    let lasts = |id: &Value| {
        let discount = id.as_str().and_then(|id| call.store.discounts.get(id));
        let coupon = discount.and_then(|discount| call.store.coupons.get(text(&discount["source"], "coupon")));
        coupon.is_none_or(|coupon| coupon["duration"] != "once")
    };
    if let Some(discounts) = subscription["discounts"].as_array_mut() {
        discounts.retain(lasts);
    }
}

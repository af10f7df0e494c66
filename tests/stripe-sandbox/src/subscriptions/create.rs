//! Creating a subscription.

use serde_json::{Value, json};

use super::{PAYMENT_BEHAVIORS, PRORATION_BEHAVIORS, items, object, start::Start};
use crate::{
    call::Call,
    error::ApiError,
    metadata,
    params::Params,
    present::text,
    resource::{copy_texts, lookup_param, put},
};

pub(crate) fn create(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let customer = params.required_text("customer")?;
    let inputs = params.hashes("items")?.ok_or_else(|| ApiError::missing_param("items"))?;
    let start = Start::read(&mut params, call.now)?;
    let flexible = flexible_billing(&mut params, call.version.flexible_billing_by_default())?;
    let mut subscription = object::construct(&customer, &start, flexible, call.now);
    apply_plain(&mut params, &mut subscription)?;
    let cancel = params.boolean("cancel_at_period_end")?.unwrap_or(false);
    let currency = params.text("currency")?;
    params.finish()?;

    lookup_param(&call.store.customers, "customer", &customer, "customer")?;
    let prices = &call.store.prices;
    let terms = items::Terms {
        prices,
        subscription: text(&subscription, "id"),
        currency: currency.as_deref(),
        one_cadence: !flexible,
        now: call.now,
    };
    let mut items = items::apply(&terms, &[], inputs)?;
    start.check_anchor(prices, &items, call.now)?;
    items::schedule(prices, start.anchor(call.now), &[], &mut items, call.now)?;
    let first_price = prices.get(text(&items[0], "price")).cloned().unwrap_or_default();
    subscription["currency"] = first_price["currency"].clone();
    subscription["items"] = object::items_list(&items, text(&subscription, "id"));
    super::cancel::set_at_period_end(&mut subscription, cancel, call.now);
    put(&mut call.store.subscriptions, subscription.clone());
    call.emit("customer.subscription.created", &subscription);
    Ok(subscription)
}

fn flexible_billing(params: &mut Params, default: bool) -> Result<bool, ApiError> {
    let Some(mut mode) = params.hash("billing_mode")? else {
        return Ok(default);
    };
    let kind = mode.choice("type", &["classic", "flexible"])?;
    mode.finish()?;
    Ok(kind.map_or(default, |kind| kind == "flexible"))
}

/// What is only stored and given back, on creation and on update.
pub(crate) fn apply_plain(params: &mut Params, subscription: &mut Value) -> Result<(), ApiError> {
    copy_texts(params, subscription, &["description", "default_payment_method"])?;
    if let Some(method) = params.choice("collection_method", &["charge_automatically", "send_invoice"])? {
        subscription["collection_method"] = json!(method);
    }
    if let Some(days) = params.integer_within("days_until_due", 0, 365)? {
        subscription["days_until_due"] = json!(days);
    }
    // Nothing is charged yet, so these are checked and then make no difference.
    params.choice("payment_behavior", &PAYMENT_BEHAVIORS)?;
    params.choice("proration_behavior", &PRORATION_BEHAVIORS)?;
    params.boolean("off_session")?;
    subscription["metadata"] = metadata::merged(&subscription["metadata"], params)?;
    Ok(())
}

//! Updating a subscription.

use serde_json::{Value, json};

use super::{NOUN, cancel, create, is_canceled, items, items_of, object};
use crate::{
    call::Call,
    error::ApiError,
    metadata,
    params::{Change, Params},
    present::text,
    prices,
    resource::{lookup, put},
    store::Collection,
};

pub(crate) fn update(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let before = lookup(&call.store.subscriptions, NOUN, &call.id())?;
    let mut subscription = before.clone();
    if is_canceled(&before) {
        update_canceled(params, &mut subscription)?;
    } else {
        create::apply_plain(&mut params, &mut subscription)?;
        pause(&mut params, &mut subscription)?;
        cancel::read_details(&mut params, &mut subscription)?;
        // Taken for the sake of callers that prorate; nothing is charged yet.
        params.integer("proration_date")?;
        let inputs = params.hashes("items")?;
        let cancel_at_period_end = params.boolean("cancel_at_period_end")?;
        params.finish()?;
        if let Some(inputs) = inputs {
            change_items(&call.store.prices, &mut subscription, inputs, call.now)?;
        }
        if let Some(wanted) = cancel_at_period_end {
            cancel::set_at_period_end(&mut subscription, wanted, call.now);
        }
    }
    put(&mut call.store.subscriptions, subscription.clone());
    call.emit_update("customer.subscription.updated", &before, &subscription);
    Ok(subscription)
}

/// Canceled is final: only notes can still be made.
fn update_canceled(mut params: Params, subscription: &mut Value) -> Result<(), ApiError> {
    subscription["metadata"] = metadata::merged(&subscription["metadata"], &mut params)?;
    cancel::read_details(&mut params, subscription)?;
    params.finish().map_err(|_| ApiError::invalid("A canceled subscription can only update its cancellation_details and metadata."))
}

fn pause(params: &mut Params, subscription: &mut Value) -> Result<(), ApiError> {
    match params.unsettable_hash("pause_collection")? {
        Change::Keep => {}
        Change::Clear => subscription["pause_collection"] = Value::Null,
        Change::Set(mut pause) => {
            let behavior = pause.choice("behavior", &["keep_as_draft", "mark_uncollectible", "void"])?;
            let behavior = behavior.ok_or_else(|| ApiError::missing_param(&pause.name_of("behavior")))?;
            let resumes_at = pause.integer("resumes_at")?;
            pause.finish()?;
            subscription["pause_collection"] = json!({"behavior": behavior, "resumes_at": resumes_at});
        }
    }
    Ok(())
}

fn change_items(prices: &Collection, subscription: &mut Value, inputs: Vec<Params>, now: i64) -> Result<(), ApiError> {
    let flexible = subscription["billing_mode"]["type"] == "flexible";
    let before = items_of(subscription).to_vec();
    let terms = items::Terms {
        prices,
        subscription: text(subscription, "id"),
        currency: subscription["currency"].as_str(),
        one_cadence: !flexible,
        now,
    };
    let mut items = items::apply(&terms, &before, inputs)?;
    let cadence = |items: &[Value]| prices.get(text(&items[0], "price")).and_then(prices::cadence);
    // Classic billing starts a new cycle when the interval changes; flexible billing never does so by itself.
    let restarts = !flexible && subscription["status"] != "trialing" && cadence(&before) != cadence(&items);
    if restarts {
        subscription["billing_cycle_anchor"] = json!(now);
    }
    let anchor = match subscription["trial_end"].as_i64() {
        Some(trial_end) if trial_end > now => trial_end,
        _ => subscription["billing_cycle_anchor"].as_i64().unwrap_or(now),
    };
    let unchanged: &[Value] = if restarts { &[] } else { &before };
    items::schedule(prices, anchor, unchanged, &mut items, now)?;
    subscription["items"] = object::items_list(&items, text(subscription, "id"));
    Ok(())
}

//! Ending a subscription, at once or with its period.

use serde_json::{Value, json};

use super::{NOUN, is_canceled, items_of, pending};
use crate::{
    call::Call,
    error::ApiError,
    params::Params,
    resource::{copy_texts, lookup, put},
};

/// `DELETE`: at once. A canceled subscription is not found a second time.
pub(crate) fn cancel(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let id = call.id();
    let mut subscription = lookup(&call.store.subscriptions, NOUN, &id)?;
    read_details(&mut params, &mut subscription)?;
    params.boolean("invoice_now")?;
    params.boolean("prorate")?;
    params.finish()?;
    if is_canceled(&subscription) {
        return Err(ApiError::no_such(NOUN, &id));
    }
    Ok(end(call, subscription))
}

/// For a customer who is deleted.
pub(crate) fn cancel_all_of(call: &mut Call<'_>, customer: &str) {
    let running = |subscription: &&Value| subscription["customer"] == customer && !is_canceled(subscription);
    let subscriptions: Vec<Value> = call.store.subscriptions.values().filter(running).cloned().collect();
    for subscription in subscriptions {
        end(call, subscription);
    }
}

/// The one way into `canceled`, which nothing leads out of.
pub(crate) fn end(call: &mut Call<'_>, mut subscription: Value) -> Value {
    if let Some(without) = pending::discard(call, &subscription) {
        subscription = without;
    }
    subscription["status"] = json!("canceled");
    subscription["ended_at"] = json!(call.now);
    if subscription["canceled_at"].is_null() {
        subscription["canceled_at"] = json!(call.now);
    }
    subscription["cancellation_details"]["reason"] = json!("cancellation_requested");
    put(&mut call.store.subscriptions, subscription.clone());
    call.emit("customer.subscription.deleted", &subscription);
    subscription
}

/// Sets or takes back the end with the period. The sandbox does not carry it out: see the README's limits.
pub(crate) fn set_at_period_end(subscription: &mut Value, wanted: bool, now: i64) {
    if subscription["cancel_at_period_end"] == wanted {
        return;
    }
    let period_ends = items_of(subscription).iter().filter_map(|item| item["current_period_end"].as_i64());
    let last_end = period_ends.max();
    subscription["cancel_at_period_end"] = json!(wanted);
    subscription["cancel_at"] = json!(last_end.filter(|_| wanted));
    subscription["canceled_at"] = json!(wanted.then_some(now));
    subscription["cancellation_details"]["reason"] = json!(wanted.then_some("cancellation_requested"));
}

pub(crate) fn read_details(params: &mut Params, subscription: &mut Value) -> Result<(), ApiError> {
    let Some(mut details) = params.hash("cancellation_details")? else {
        return Ok(());
    };
    copy_texts(&mut details, &mut subscription["cancellation_details"], &["comment", "feedback"])?;
    details.finish()
}

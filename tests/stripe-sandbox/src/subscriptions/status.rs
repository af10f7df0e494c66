//! Statuses that only time and payments bring about at Stripe, forced by `POST /_sandbox/subscriptions/{id}`.

use serde_json::{Value, json};

use super::{NOUN, STATUSES, cancel, is_canceled};
use crate::{
    call::Call,
    error::ApiError,
    resource::{lookup, put},
};

/// Sets the status and tells of it as Stripe would.
pub(crate) fn force(call: &mut Call<'_>, id: &str, status: &str) -> Result<Value, ApiError> {
    let before = lookup(&call.store.subscriptions, NOUN, id)?;
    if !STATUSES.contains(&status) {
        let message = format!("Invalid status: must be one of {}", STATUSES.join(", "));
        return Err(ApiError::invalid_param("status", message));
    }
    if is_canceled(&before) {
        return Err(ApiError::invalid_param("status", "A canceled subscription stays canceled."));
    }
    if status == "canceled" {
        return Ok(cancel::end(call, before));
    }
    let mut subscription = before.clone();
    subscription["status"] = json!(status);
    if status == "incomplete_expired" {
        subscription["ended_at"] = json!(call.now);
    }
    put(&mut call.store.subscriptions, subscription.clone());
    call.emit_update("customer.subscription.updated", &before, &subscription);
    let was_paused = before["status"] == "paused";
    if status == "paused" && !was_paused {
        call.emit("customer.subscription.paused", &subscription);
    }
    if was_paused && status != "paused" {
        call.emit("customer.subscription.resumed", &subscription);
    }
    Ok(subscription)
}

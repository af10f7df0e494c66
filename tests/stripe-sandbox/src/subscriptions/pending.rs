//! Updates that wait for the payment of their invoice: `payment_behavior=pending_if_incomplete`.
//!
//! <https://docs.stripe.com/billing/subscriptions/pending-updates>

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{changes, items_of};
use crate::{
    billing::{
        debits::{self, Debit},
        issue,
    },
    call::Call,
    error::ApiError,
    params::Params,
    present::text,
    resource::put,
};

/// Stripe drops a pending update after 23 hours at most.
const KEPT_FOR: i64 = 23 * 3_600;

/// All that such an update may ask for.
const ALLOWED: [&str; 10] = [
    "billing_cycle_anchor",
    "cancel_at_period_end",
    "discounts",
    "items",
    "metadata",
    "off_session",
    "payment_behavior",
    "proration_behavior",
    "proration_date",
    "trial_end",
];

/// The members of a subscription that such an update can change.
const CHANGED: [&str; 11] = [
    "billing_cycle_anchor",
    "cancel_at",
    "cancel_at_period_end",
    "canceled_at",
    "cancellation_details",
    "discounts",
    "items",
    "metadata",
    "trial_end",
    "trial_start",
    "status",
];

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PendingUpdate {
    /// The subscription as it will be.
    pub(crate) after: Value,
    pub(crate) debits: Vec<Debit>,
    /// Invoice items made for it.
    pub(crate) items: Vec<String>,
    pub(crate) invoice: String,
}

/// Refuses what a pending update cannot hold.
pub(crate) fn check_params(params: &Params) -> Result<(), ApiError> {
    if !params.is_text_of("payment_behavior", "pending_if_incomplete") {
        return Ok(());
    }
    match params.names().find(|name| !ALLOWED.contains(name)) {
        None => Ok(()),
        Some(name) => {
            let message = format!(
                "When `payment_behavior` is set to `pending_if_incomplete`, you can only pass the following supported parameters: {}.",
                ALLOWED.join(", ")
            );
            Err(ApiError::invalid_param(name, message))
        }
    }
}

/// Keeps the subscription as it was, with the update pending and its invoice open.
pub(crate) fn hold(call: &mut Call<'_>, before: &Value, update: PendingUpdate) -> Value {
    // What was pending before has been discarded by now.
    let mut held = call.store.subscriptions.get(text(before, "id")).unwrap_or(before).clone();
    let unless_same = |name: &str| if update.after[name] == before[name] { Value::Null } else { update.after[name].clone() };
    held["latest_invoice"] = json!(update.invoice);
    held["pending_update"] = json!({
        "billing_cycle_anchor": unless_same("billing_cycle_anchor"),
        "cancel_at_period_end": unless_same("cancel_at_period_end"),
        "discount": null,
        "discounts": unless_same("discounts"),
        "expires_at": call.now + KEPT_FOR,
        "metadata": unless_same("metadata"),
        "subscription_items": items_of(&update.after),
        "trial_end": unless_same("trial_end"),
        "trial_from_plan": null,
    });
    let current = call.store.subscriptions.get(text(before, "id")).unwrap_or(before).clone();
    put(&mut call.store.subscriptions, held.clone());
    call.emit_update("customer.subscription.updated", &current, &held);
    call.store.pending_updates.insert(text(before, "id").to_owned(), update);
    held
}

/// The invoice has been paid: the update takes effect.
pub(crate) fn apply(call: &mut Call<'_>, before: &Value) -> Option<Value> {
    let update = call.store.pending_updates.shift_remove(text(before, "id"))?;
    let mut after = before.clone();
    for name in CHANGED {
        after[name] = update.after[name].clone();
    }
    after["pending_update"] = Value::Null;
    debits::keep(call.store, update.debits);
    changes::take_effect(call, before, &after, Some(&update.invoice));
    call.emit("customer.subscription.pending_update_applied", &after);
    Some(after)
}

/// Drops a pending update for another one: its invoice is void, its prorations never were.
pub(crate) fn discard(call: &mut Call<'_>, subscription: &Value) -> Option<Value> {
    let id = text(subscription, "id");
    let update = call.store.pending_updates.shift_remove(id)?;
    for item in &update.items {
        call.store.invoice_items.shift_remove(item);
    }
    for item in call.store.invoice_items.values_mut().filter(|item| item["invoice"] == update.invoice.as_str()) {
        item["invoice"] = Value::Null;
        call.store.waiting_items.insert(text(item, "id").to_owned(), id.to_owned());
    }
    if let Some(invoice) = call.store.invoices.get(&update.invoice).filter(|invoice| invoice["status"] == "open").cloned() {
        issue::void(call, invoice);
    }
    let before = call.store.subscriptions.get(id)?.clone();
    let mut after = before.clone();
    after["pending_update"] = Value::Null;
    put(&mut call.store.subscriptions, after.clone());
    call.emit_update("customer.subscription.updated", &before, &after);
    Some(after)
}

/// Whether an invoice was that of a pending update, which is dropped along with it.
pub(crate) fn discard_of(call: &mut Call<'_>, invoice: &Value) -> bool {
    let waits = |update: &&PendingUpdate| invoice["id"] == update.invoice.as_str();
    let Some(id) = call.store.pending_updates.values().find(waits).map(|update| text(&update.after, "id").to_owned()) else {
        return false;
    };
    let subscription = call.store.subscriptions.get(&id).cloned().unwrap_or_default();
    discard(call, &subscription).is_some()
}

/// What time does at Stripe; here, the control API.
pub(crate) fn expire(call: &mut Call<'_>, subscription: &Value) -> Result<Value, ApiError> {
    let Some(after) = discard(call, subscription) else {
        return Err(ApiError::invalid_param("pending_update", "This subscription has no pending update."));
    };
    call.emit("customer.subscription.pending_update_expired", &after);
    Ok(after)
}

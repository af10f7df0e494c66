//! `/v1/subscription_schedules`: made from a subscription, and released again. Phases to come are not doubled.

use std::sync::Arc;

use axum::Router;
use serde_json::{Value, json};

use crate::{
    app::App,
    billing::{line::quantity, periods::period_of},
    call::{Call, get, post},
    error::ApiError,
    ids,
    pages::Query,
    present::text,
    resource::{lookup, lookup_param, put},
    subscriptions::items_of,
};

const NOUN: &str = "subscription schedule";

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/subscription_schedules", post(create).merge(get(list)))
        .route("/v1/subscription_schedules/{id}", get(retrieve))
        .route("/v1/subscription_schedules/{id}/release", post(release))
}

fn create(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let id = params.required_text("from_subscription")?;
    params.finish()?;
    let subscription = lookup_param(&call.store.subscriptions, "subscription", &id, "from_subscription")?.clone();
    if let Some(schedule) = subscription["schedule"].as_str() {
        let message =
            format!("You cannot migrate a subscription that is already attached to a schedule: {id} is attached to schedule {schedule}.");
        return Err(ApiError::invalid_param("from_subscription", message));
    }
    let phase = phase(&subscription);
    let schedule = json!({
        "id": ids::new_id("sub_sched"),
        "object": "subscription_schedule",
        "application": null,
        "billing_mode": subscription["billing_mode"],
        "canceled_at": null,
        "completed_at": null,
        "created": call.now,
        "current_phase": {"end_date": phase["end_date"], "start_date": phase["start_date"]},
        "customer": subscription["customer"],
        "customer_account": null,
        "default_settings": default_settings(&subscription),
        "end_behavior": "release",
        "livemode": false,
        "metadata": {},
        "pause_schedules": [],
        "phases": [phase],
        "released_at": null,
        "released_subscription": null,
        "status": "active",
        "subscription": id,
        "test_clock": null,
    });
    put(&mut call.store.subscription_schedules, schedule.clone());
    attach(call, &subscription, schedule["id"].clone());
    call.emit("subscription_schedule.created", &schedule);
    Ok(schedule)
}

/// The period that is running.
fn phase(subscription: &Value) -> Value {
    let items = items_of(subscription);
    let item = |item: &Value| {
        json!({
            "billing_thresholds": null, "discounts": [], "metadata": {}, "plan": item["price"], "price": item["price"],
            "quantity": quantity(item), "tax_rates": [],
        })
    };
    json!({
        "add_invoice_items": [],
        "application_fee_percent": null,
        "billing_cycle_anchor": null,
        "billing_thresholds": null,
        "collection_method": null,
        "currency": subscription["currency"],
        "default_payment_method": null,
        "default_tax_rates": [],
        "description": null,
        "discounts": [],
        "end_date": items.iter().map(|item| period_of(item).end).max(),
        "invoice_settings": null,
        "items": items.iter().map(item).collect::<Vec<_>>(),
        "metadata": {},
        "on_behalf_of": null,
        "proration_behavior": "create_prorations",
        "start_date": items.iter().map(|item| period_of(item).start).min(),
        "transfer_data": null,
        "trial_end": subscription["trial_end"],
    })
}

fn default_settings(subscription: &Value) -> Value {
    json!({
        "application_fee_percent": null,
        "automatic_tax": {"disabled_reason": null, "enabled": false, "liability": null},
        "billing_cycle_anchor": "automatic",
        "billing_thresholds": null,
        "collection_method": subscription["collection_method"],
        "default_payment_method": subscription["default_payment_method"],
        "description": null,
        "invoice_settings": {
            "account_tax_ids": null, "custom_fields": null, "days_until_due": null, "description": null, "footer": null,
            "issuer": {"type": "self"},
        },
        "on_behalf_of": null,
        "transfer_data": null,
    })
}

fn attach(call: &mut Call<'_>, before: &Value, schedule: Value) {
    let mut after = before.clone();
    after["schedule"] = schedule;
    put(&mut call.store.subscriptions, after.clone());
    call.emit_update("customer.subscription.updated", before, &after);
}

/// The current phase follows what the subscription itself is changed to.
pub(crate) fn follow(call: &mut Call<'_>, subscription: &Value) {
    let Some(before) = call.store.subscription_schedules.get(text(subscription, "schedule")).cloned() else {
        return;
    };
    let mut after = before.clone();
    after["phases"] = json!([phase(subscription)]);
    after["current_phase"]["end_date"] = after["phases"][0]["end_date"].clone();
    put(&mut call.store.subscription_schedules, after.clone());
    call.emit_update("subscription_schedule.updated", &before, &after);
}

/// The schedule lets go of its subscription, which stays as it is.
fn release(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    params.boolean("preserve_cancel_date")?;
    params.finish()?;
    let id = call.id();
    let before = lookup(&call.store.subscription_schedules, NOUN, &id)?;
    if before["status"] != "active" {
        let message = format!(
            "You cannot release a subscription schedule that is currently in the `{}` status. A subscription schedule can only be \
             released if it is in the `not_started` or `active` status.",
            text(&before, "status")
        );
        return Err(ApiError::invalid(message));
    }
    let mut after = before.clone();
    after["status"] = json!("released");
    after["released_at"] = json!(call.now);
    after["released_subscription"] = before["subscription"].clone();
    after["subscription"] = Value::Null;
    after["current_phase"] = Value::Null;
    put(&mut call.store.subscription_schedules, after.clone());
    if let Some(subscription) = call.store.subscriptions.get(text(&before, "subscription")).cloned() {
        attach(call, &subscription, Value::Null);
    }
    call.emit("subscription_schedule.released", &after);
    Ok(after)
}

fn retrieve(call: &mut Call<'_>) -> Result<Value, ApiError> {
    call.no_params()?;
    lookup(&call.store.subscription_schedules, NOUN, &call.id())
}

fn list(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let query = Query::read(&mut params)?;
    let customer = params.text("customer")?;
    params.finish()?;
    query.page(&call.url, call.store.subscription_schedules.values().rev(), |schedule| {
        customer.as_ref().is_none_or(|customer| schedule["customer"] == *customer)
    })
}

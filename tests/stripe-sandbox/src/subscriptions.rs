//! `/v1/subscriptions`.

mod cancel;
mod carry_out;
mod changes;
mod create;
pub(crate) mod items;
mod object;
mod paid;
mod pending;
mod renew;
mod start;
mod status;
mod update;

use std::sync::Arc;

use axum::Router;
use serde_json::Value;

pub(crate) use self::{
    cancel::cancel_all_of,
    carry_out::Bill,
    create::create,
    object::items_list,
    paid::paid,
    pending::{PendingUpdate, discard_of as discard_pending, expire as expire_pending},
    renew::fall_due,
    status::force,
    update::update,
};
use crate::{
    app::App,
    call::{Call, delete, get, post},
    error::ApiError,
    pages::Query,
    present::text,
    resource::{lookup, lookup_param},
};

const NOUN: &str = "subscription";
const STATUSES: [&str; 8] = ["active", "trialing", "past_due", "unpaid", "paused", "incomplete", "incomplete_expired", "canceled"];
const PAYMENT_BEHAVIORS: [&str; 4] = ["allow_incomplete", "default_incomplete", "error_if_incomplete", "pending_if_incomplete"];

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/subscriptions", post(create).merge(get(list)))
        .route("/v1/subscriptions/{id}", get(retrieve).merge(post(update)).merge(delete(cancel::cancel)))
}

/// The items of a subscription.
pub(crate) fn items_of(subscription: &Value) -> &[Value] {
    subscription["items"]["data"].as_array().map_or(&[], Vec::as_slice)
}

/// Nothing leads out of these.
pub(crate) fn is_over(subscription: &Value) -> bool {
    is_canceled(subscription) || subscription["status"] == "incomplete_expired"
}

/// Whether another period will be billed.
pub(crate) fn renews(subscription: &Value) -> bool {
    let last_end = items_of(subscription).iter().filter_map(|item| item["current_period_end"].as_i64()).max();
    let ends = subscription["cancel_at"].as_i64().zip(last_end).is_some_and(|(at, end)| at <= end);
    runs(subscription) && !ends && subscription["cancel_at_period_end"] != true
}

/// Whether its periods follow each other.
pub(crate) fn runs(subscription: &Value) -> bool {
    matches!(text(subscription, "status"), "active" | "trialing" | "past_due" | "unpaid")
}

fn is_canceled(subscription: &Value) -> bool {
    subscription["status"] == "canceled"
}

fn retrieve(call: &mut Call<'_>) -> Result<Value, ApiError> {
    call.no_params()?;
    lookup(&call.store.subscriptions, NOUN, &call.id())
}

/// Without a status, canceled subscriptions are left out.
fn list(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let query = Query::read(&mut params)?;
    let customer = params.text("customer")?;
    let price = params.text("price")?;
    let collection = params.choice("collection_method", &["charge_automatically", "send_invoice"])?;
    let wanted: Vec<&str> = STATUSES.into_iter().chain(["all", "ended"]).collect();
    let status = params.choice("status", &wanted)?;
    params.finish()?;
    if let Some(id) = &customer {
        lookup_param(&call.store.customers, "customer", id, "customer")?;
    }
    if let Some(id) = &price {
        lookup_param(&call.store.prices, "price", id, "price")?;
    }
    query.page(&call.url, call.store.subscriptions.values().rev(), |subscription| {
        let of_price = |id: &String| items_of(subscription).iter().any(|item| item["price"] == *id);
        has_status(subscription, status.as_deref())
            && customer.as_ref().is_none_or(|id| subscription["customer"] == *id)
            && collection.as_ref().is_none_or(|method| subscription["collection_method"] == *method)
            && price.as_ref().is_none_or(of_price)
    })
}

fn has_status(subscription: &Value, wanted: Option<&str>) -> bool {
    match wanted {
        None => !is_canceled(subscription),
        Some("all") => true,
        Some("ended") => is_canceled(subscription) || subscription["status"] == "incomplete_expired",
        Some(status) => subscription["status"] == status,
    }
}

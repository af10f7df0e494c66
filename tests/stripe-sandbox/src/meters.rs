//! `/v1/billing/meters`: what is counted, and how. Their events are in [`events`], their sums in [`summaries`].

mod events;
mod summaries;

use std::sync::Arc;

use axum::Router;
use serde_json::{Value, json};

use crate::{
    app::App,
    call::{Call, get, post},
    error::ApiError,
    ids,
    pages::Query,
    params::Params,
    resource::{lookup, put},
};

const NOUN: &str = "billing meter";

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/billing/meters", post(create).merge(get(list)))
        .route("/v1/billing/meters/{id}", get(retrieve).merge(post(update)))
        .route("/v1/billing/meters/{id}/deactivate", post(deactivate))
        .route("/v1/billing/meters/{id}/reactivate", post(reactivate))
        .route("/v1/billing/meters/{id}/event_summaries", get(summaries::list))
        .route("/v1/billing/meter_events", post(events::create))
}

fn create(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let meter = json!({
        "id": ids::new_id("mtr"),
        "object": "billing.meter",
        "created": call.now,
        "customer_mapping": customer_mapping(&mut params)?,
        "default_aggregation": {"formula": formula(&mut params)?},
        "display_name": params.required_text("display_name")?,
        "event_name": params.required_text("event_name")?,
        "event_time_window": params.choice("event_time_window", &["day", "hour"])?,
        "livemode": false,
        "status": "active",
        "status_transitions": {"deactivated_at": null},
        "updated": call.now,
        "value_settings": {"event_payload_key": value_key(&mut params)?},
    });
    params.finish()?;
    let same_events = |other: &Value| other["event_name"] == meter["event_name"] && other["status"] == "active";
    if call.store.meters.values().any(same_events) {
        let message = format!("There is already an active meter for the event name {}.", meter["event_name"]);
        return Err(ApiError::invalid_param("event_name", message));
    }
    put(&mut call.store.meters, meter.clone());
    call.emit("billing.meter.created", &meter);
    Ok(meter)
}

fn customer_mapping(params: &mut Params) -> Result<Value, ApiError> {
    let mut key = "stripe_customer_id".to_owned();
    if let Some(mut mapping) = params.hash("customer_mapping")? {
        mapping.choice("type", &["by_id"])?.ok_or_else(|| ApiError::missing_param(&mapping.name_of("type")))?;
        key = mapping.required_text("event_payload_key")?;
        mapping.finish()?;
    }
    Ok(json!({"event_payload_key": key, "type": "by_id"}))
}

fn formula(params: &mut Params) -> Result<String, ApiError> {
    let mut aggregation = params.hash("default_aggregation")?.ok_or_else(|| ApiError::missing_param("default_aggregation"))?;
    let formula = aggregation.choice("formula", &["count", "last", "sum"])?;
    let formula = formula.ok_or_else(|| ApiError::missing_param(&aggregation.name_of("formula")))?;
    aggregation.finish()?;
    Ok(formula)
}

fn value_key(params: &mut Params) -> Result<String, ApiError> {
    let Some(mut settings) = params.hash("value_settings")? else {
        return Ok("value".to_owned());
    };
    let key = settings.required_text("event_payload_key")?;
    settings.finish()?;
    Ok(key)
}

fn retrieve(call: &mut Call<'_>) -> Result<Value, ApiError> {
    call.no_params()?;
    lookup(&call.store.meters, NOUN, &call.id())
}

/// Only its name can change: everything else would give past events another meaning.
fn update(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let before = lookup(&call.store.meters, NOUN, &call.id())?;
    let mut meter = before.clone();
    if let Some(name) = params.text("display_name")? {
        meter["display_name"] = json!(name);
    }
    params.finish()?;
    Ok(change(call, "billing.meter.updated", &before, meter))
}

fn deactivate(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let deactivated_at = json!(call.now);
    switch(call, "billing.meter.deactivated", "inactive", deactivated_at)
}

fn reactivate(call: &mut Call<'_>) -> Result<Value, ApiError> {
    switch(call, "billing.meter.reactivated", "active", Value::Null)
}

fn switch(call: &mut Call<'_>, kind: &str, status: &str, deactivated_at: Value) -> Result<Value, ApiError> {
    call.no_params()?;
    let before = lookup(&call.store.meters, NOUN, &call.id())?;
    if before["status"] == *status {
        return Err(ApiError::invalid(format!("This meter is {status} already.")));
    }
    let mut meter = before.clone();
    meter["status"] = json!(status);
    meter["status_transitions"]["deactivated_at"] = deactivated_at;
    Ok(change(call, kind, &before, meter))
}

fn change(call: &mut Call<'_>, kind: &str, before: &Value, mut meter: Value) -> Value {
    if meter != *before {
        meter["updated"] = json!(call.now);
    }
    put(&mut call.store.meters, meter.clone());
    call.emit_update(kind, before, &meter);
    meter
}

fn list(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let query = Query::read(&mut params)?;
    let status = params.choice("status", &["active", "inactive"])?;
    params.finish()?;
    query.page(&call.url, call.store.meters.values().rev(), |meter| status.as_ref().is_none_or(|status| meter["status"] == **status))
}

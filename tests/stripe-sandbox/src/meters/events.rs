//! `POST /v1/billing/meter_events`: reports of usage.
//!
//! Refused at once, whatever is wrong. Stripe finds some of it only later and tells of it in an error report.

use serde_json::{Map, Value, json};

use crate::{call::Call, clock::DAY, error::ApiError, form::FormValue, ids, params::Params, present::text, resource::put};

const OLDEST: i64 = 35 * DAY;
const NEWEST: i64 = 5 * 60;
/// How long an identifier is remembered.
const UNIQUE_FOR: i64 = DAY;

pub(super) fn create(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let event_name = params.required_text("event_name")?;
    let payload = payload(&mut params)?;
    let identifier = params.text("identifier")?;
    let timestamp = timestamp(&mut params, call.now)?;
    params.finish()?;
    let meter = meter(call, &event_name)?;
    let customer = customer(call, &meter, &payload)?;
    let value = value(&meter, &payload)?;
    refuse_seen(call, identifier.as_deref())?;
    let identifier = identifier.unwrap_or_else(|| ids::new_id("mevt"));
    put(
        &mut call.store.meter_events,
        json!({
            // Identifiers may come again after a day; this id does not.
            "id": ids::new_id("mtrevt"),
            "created": call.now,
            "customer": customer,
            "identifier": identifier,
            "meter": meter["id"],
            "timestamp": timestamp,
            "value": value,
        }),
    );
    Ok(json!({
        "object": "billing.meter_event",
        "created": call.now,
        "event_name": event_name,
        "identifier": identifier,
        "livemode": false,
        "payload": payload,
        "timestamp": timestamp,
    }))
}

fn payload(params: &mut Params) -> Result<Map<String, Value>, ApiError> {
    let payload = params.hash("payload")?.ok_or_else(|| ApiError::missing_param("payload"))?;
    let text = |(name, key, value): (String, String, FormValue)| match value {
        FormValue::Text(text) => Ok((key, json!(text))),
        _ => Err(ApiError::invalid_param(&name, "Payload values must be strings.")),
    };
    payload.into_entries().into_iter().map(text).collect()
}

fn timestamp(params: &mut Params, now: i64) -> Result<i64, ApiError> {
    let timestamp = params.integer("timestamp")?.unwrap_or(now);
    if timestamp < now - OLDEST {
        return Err(ApiError::invalid_coded(
            "timestamp_too_far_in_past",
            "timestamp",
            "The timestamp must be within the past 35 calendar days.",
        ));
    }
    if timestamp > now + NEWEST {
        return Err(ApiError::invalid_coded("timestamp_in_future", "timestamp", "The timestamp may be at most 5 minutes in the future."));
    }
    Ok(timestamp)
}

fn meter(call: &Call<'_>, event_name: &str) -> Result<Value, ApiError> {
    let meters = call.store.meters.values().filter(|meter| meter["event_name"] == *event_name);
    let active = meters.clone().find(|meter| meter["status"] == "active");
    match (active, meters.count()) {
        (Some(meter), _) => Ok(meter.clone()),
        (None, 0) => Err(ApiError::invalid_coded("no_meter", "event_name", format!("No meter found for event name {event_name}."))),
        (None, _) => Err(ApiError::invalid_coded("archived_meter", "event_name", format!("The meter for {event_name} is inactive."))),
    }
}

fn customer(call: &Call<'_>, meter: &Value, payload: &Map<String, Value>) -> Result<String, ApiError> {
    let key = text(&meter["customer_mapping"], "event_payload_key");
    let customer = payload.get(key).and_then(Value::as_str);
    let customer = customer.ok_or_else(|| {
        ApiError::invalid_coded("meter_event_no_customer_defined", "payload", format!("Missing customer payload key `{key}`."))
    })?;
    if call.store.customers.contains_key(customer) {
        return Ok(customer.to_owned());
    }
    Err(ApiError::invalid_coded("meter_event_customer_not_found", "payload", format!("No such customer: '{customer}'")))
}

/// A meter that counts takes events without a value.
fn value(meter: &Value, payload: &Map<String, Value>) -> Result<f64, ApiError> {
    let key = text(&meter["value_settings"], "event_payload_key");
    let Some(value) = payload.get(key).and_then(Value::as_str) else {
        if meter["default_aggregation"]["formula"] == "count" {
            return Ok(1.0);
        }
        return Err(ApiError::invalid_coded("meter_event_value_not_found", "payload", format!("Missing value payload key `{key}`.")));
    };
    let number = value.parse().ok().filter(|number: &f64| number.is_finite());
    number.ok_or_else(|| ApiError::invalid_coded("meter_event_invalid_value", "payload", format!("Invalid value `{value}` for `{key}`.")))
}

fn refuse_seen(call: &Call<'_>, identifier: Option<&str>) -> Result<(), ApiError> {
    let Some(identifier) = identifier else {
        return Ok(());
    };
    let remembered = |event: &&Value| event["created"].as_i64().is_some_and(|created| created > call.now - UNIQUE_FOR);
    if call.store.meter_events.values().rev().take_while(remembered).any(|event| event["identifier"] == *identifier) {
        let message = format!("An event already exists with identifier {identifier}.");
        return Err(ApiError::invalid_coded("duplicate_meter_event", "identifier", message));
    }
    Ok(())
}

//! `/v2/core/event_destinations`: endpoints for thin events, and `/v2/core/events`, from which a receiver gets the rest.

use std::sync::Arc;

use axum::Router;
use serde_json::{Value, json};

use crate::{
    app::App,
    call::{Call, delete, get, post},
    delivery::thin,
    error::ApiError,
    ids, metadata,
    params::Params,
    present::text,
    resource::{lookup, put},
    store::Store,
    webhook_endpoints,
};

const NOUN: &str = "event destination";

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/v2/core/event_destinations", post(create).merge(get(list)))
        .route("/v2/core/event_destinations/{id}", get(retrieve).merge(post(update)).merge(delete(remove)))
        .route("/v2/core/event_destinations/{id}/enable", post(enable))
        .route("/v2/core/event_destinations/{id}/disable", post(disable))
        .route("/v2/core/events/{id}", get(event))
}

/// The ids of the enabled destinations that want events of this type, which they know by its `v1.` name.
pub(crate) fn listening(store: &Store, kind: &str) -> Vec<String> {
    let name = thin::name(kind);
    let wants = |destination: &Value| {
        let mut events = destination["enabled_events"].as_array().into_iter().flatten();
        destination["status"] == "enabled" && events.any(|event| *event == *name || event == "*")
    };
    store.event_destinations.iter().filter(|(_, destination)| wants(destination)).map(|(id, _)| id.clone()).collect()
}

fn create(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    for (name, only) in [("type", "webhook_endpoint"), ("event_payload", "thin")] {
        params.choice(name, &[only])?.ok_or_else(|| ApiError::missing_param(name))?;
    }
    let now = thin::time(call.now);
    let mut destination = json!({
        "id": ids::new_id("ed_test"),
        "object": "v2.core.event_destination",
        "created": now,
        "description": "",
        "enabled_events": [],
        "event_payload": "thin",
        "events_from": ["self"],
        "livemode": false,
        "metadata": {},
        "name": params.required_text("name")?,
        "status": "enabled",
        "status_details": null,
        "type": "webhook_endpoint",
        "updated": now,
        "webhook_endpoint": {"signing_secret": ids::new_signing_secret(), "url": null},
    });
    if !params.texts("events_from")?.unwrap_or_default().iter().all(|from| from == "self") {
        return Err(ApiError::invalid_param("events_from", "The sandbox has no accounts but its own: events_from must be [\"self\"]."));
    }
    apply(&mut params, &mut destination)?;
    let include = Include::read(&mut params)?;
    params.finish()?;
    for (missing, name) in
        [(&destination["webhook_endpoint"]["url"], "webhook_endpoint[url]"), (&destination["enabled_events"][0], "enabled_events")]
    {
        if missing.is_null() {
            return Err(ApiError::missing_param(name));
        }
    }
    put(&mut call.store.event_destinations, destination.clone());
    Ok(include.shown(destination))
}

fn apply(params: &mut Params, destination: &mut Value) -> Result<(), ApiError> {
    for name in ["name", "description"] {
        if let Some(text) = params.text(name)? {
            destination[name] = json!(text);
        }
    }
    if let Some(events) = params.texts("enabled_events")? {
        webhook_endpoints::check_events(&events)?;
        if let Some(event) = events.iter().find(|event| *event != "*" && !event.starts_with("v1.")) {
            let message = format!("Thin events of API v1 resources are named with the prefix `v1.`: {event}");
            return Err(ApiError::invalid_param("enabled_events", message));
        }
        destination["enabled_events"] = json!(events);
    }
    if let Some(mut endpoint) = params.hash("webhook_endpoint")? {
        let url = endpoint.required_text("url")?;
        endpoint.finish()?;
        webhook_endpoints::check_url(&url)?;
        destination["webhook_endpoint"]["url"] = json!(url);
    }
    destination["metadata"] = metadata::merged(&destination["metadata"], params)?;
    Ok(())
}

/// What an answer shows only where it is asked for. The secret is shown on creation alone.
struct Include(Vec<String>);

impl Include {
    fn read(params: &mut Params) -> Result<Self, ApiError> {
        Ok(Self(params.texts("include")?.unwrap_or_default()))
    }

    fn without_secret(mut self) -> Self {
        self.0.retain(|path| path != "webhook_endpoint.signing_secret");
        self
    }

    fn shown(&self, mut destination: Value) -> Value {
        let asked = |path: &str| self.0.iter().any(|asked| asked == path);
        for name in ["signing_secret", "url"] {
            if !asked(&format!("webhook_endpoint.{name}"))
                && let Some(endpoint) = destination["webhook_endpoint"].as_object_mut()
            {
                endpoint.remove(name);
            }
        }
        if let Some(members) = destination.as_object_mut() {
            // The v2 API leaves out what is empty.
            members.retain(|_, member| !member.is_null());
        }
        destination
    }
}

fn retrieve(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let include = Include::read(&mut params)?.without_secret();
    params.finish()?;
    Ok(include.shown(lookup(&call.store.event_destinations, NOUN, &call.id())?))
}

fn update(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let mut destination = lookup(&call.store.event_destinations, NOUN, &call.id())?;
    apply(&mut params, &mut destination)?;
    let include = Include::read(&mut params)?.without_secret();
    params.finish()?;
    Ok(include.shown(keep(call, destination)))
}

fn keep(call: &mut Call<'_>, mut destination: Value) -> Value {
    destination["updated"] = json!(thin::time(call.now));
    put(&mut call.store.event_destinations, destination.clone());
    destination
}

fn enable(call: &mut Call<'_>) -> Result<Value, ApiError> {
    switch(call, "enabled", Value::Null)
}

fn disable(call: &mut Call<'_>) -> Result<Value, ApiError> {
    switch(call, "disabled", json!({"disabled": {"reason": "user"}}))
}

fn switch(call: &mut Call<'_>, status: &str, details: Value) -> Result<Value, ApiError> {
    call.no_params()?;
    let mut destination = lookup(&call.store.event_destinations, NOUN, &call.id())?;
    destination["status"] = json!(status);
    destination["status_details"] = details;
    Ok(Include(Vec::new()).shown(keep(call, destination)))
}

fn remove(call: &mut Call<'_>) -> Result<Value, ApiError> {
    call.no_params()?;
    let id = call.id();
    lookup(&call.store.event_destinations, NOUN, &id)?;
    call.store.event_destinations.shift_remove(&id);
    Ok(json!({"id": id, "object": "v2.core.event_destination"}))
}

/// One page holds them all: an account has 16 at most.
fn list(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let include = Include::read(&mut params)?.without_secret();
    params.integer_within("limit", 1, 100)?;
    params.finish()?;
    let data: Vec<Value> = call.store.event_destinations.values().rev().cloned().map(|destination| include.shown(destination)).collect();
    Ok(json!({"data": data, "next_page_url": null, "previous_page_url": null}))
}

/// The thin event in full: with what caused it and what it changed.
fn event(call: &mut Call<'_>) -> Result<Value, ApiError> {
    call.no_params()?;
    let id = call.id();
    let snapshot = thin::snapshot_id(&id).and_then(|snapshot| call.store.events.get(&snapshot));
    let event = snapshot.ok_or_else(|| ApiError::no_such("event", &id))?;
    Ok(thin::in_full(event))
}

/// Where to send to, and with which secret.
pub(crate) fn endpoint(destination: &Value) -> (&str, &str) {
    let endpoint = &destination["webhook_endpoint"];
    (text(endpoint, "url"), text(endpoint, "signing_secret"))
}

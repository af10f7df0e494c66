//! `/v1/events`: what happened, as snapshots.
//!
//! A record keeps the whole object before and after, in the newest shape. `previous_attributes` is the difference of
//! the two *after* they took the shape of a version, so that every version gets the paths it knows.

use std::sync::Arc;

use axum::Router;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    app::App,
    call::{Call, get},
    delivery, entitlements,
    error::ApiError,
    expand, ids,
    pages::Query,
    present::text,
    store::Store,
    version::ApiVersion,
};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct EventRecord {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) created: i64,
    pub(crate) object: Value,
    pub(crate) before: Option<Value>,
    pub(crate) request_id: Option<String>,
    pub(crate) idempotency_key: Option<String>,
}

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new().route("/v1/events", get(list)).route("/v1/events/{id}", get(retrieve))
}

/// Records an event and a delivery for every endpoint that listens to it.
pub(crate) fn record(call: &mut Call<'_>, kind: &str, object: Value, before: Option<Value>) {
    let event = EventRecord {
        id: ids::new_id("evt"),
        kind: kind.to_owned(),
        created: call.now,
        object,
        before,
        request_id: call.origin.request_id.clone(),
        idempotency_key: call.origin.idempotency_key.clone(),
    };
    delivery::plan(call.store, call.delivery, &event);
    call.store.events.insert(event.id.clone(), event.clone());
    entitlements::refresh(call, &event.kind, &event.object);
}

impl EventRecord {
    /// The event in the shape of a version; `pending` counts the endpoints that have not taken it yet.
    pub(crate) fn render(&self, version: &ApiVersion, pending: usize) -> Value {
        let mut data = json!({});
        let mut object = self.object.clone();
        version.shape(&mut object);
        expand::leave_out(&mut object, &[]);
        if let Some(before) = &self.before {
            let mut before = before.clone();
            version.shape(&mut before);
            expand::leave_out(&mut before, &[]);
            data["previous_attributes"] = previous_attributes(&before, &object);
        }
        data["object"] = object;
        json!({
            "id": self.id,
            "object": "event",
            "api_version": version.to_string(),
            "created": self.created,
            "data": data,
            "livemode": false,
            "pending_webhooks": pending,
            "request": {"id": self.request_id, "idempotency_key": self.idempotency_key},
            "type": self.kind,
        })
    }
}

/// The old values of what differs. Hashes are compared member by member, lists as a whole; what was not there is null.
fn previous_attributes(before: &Value, after: &Value) -> Value {
    let (Some(old), Some(new)) = (before.as_object(), after.as_object()) else {
        return before.clone();
    };
    let mut changed = Map::new();
    for (name, value) in old {
        match new.get(name) {
            Some(same) if same == value => {}
            Some(other) => {
                changed.insert(name.clone(), previous_attributes(value, other));
            }
            None => {
                changed.insert(name.clone(), value.clone());
            }
        }
    }
    let added = new.keys().filter(|name| !old.contains_key(*name));
    changed.extend(added.map(|name| (name.clone(), Value::Null)));
    Value::Object(changed)
}

/// Events keep the account's version whatever the reader asks for: at Stripe, too, their data never changes shape.
fn render(store: &Store, event: &EventRecord) -> Value {
    event.render(&ApiVersion::default(), delivery::pending_endpoints(store, &event.id))
}

fn retrieve(call: &mut Call<'_>) -> Result<Value, ApiError> {
    call.no_params()?;
    let id = call.id();
    let event = call.store.events.get(&id).ok_or_else(|| ApiError::no_such("event", &id))?;
    Ok(render(call.store, event))
}

fn list(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let query = Query::read(&mut params)?;
    let kind = params.text("type")?;
    let kinds = params.texts("types")?;
    params.finish()?;
    if kind.is_some() && kinds.is_some() {
        return Err(ApiError::invalid("You may only specify one of these parameters: type, types."));
    }
    let patterns = kinds.or_else(|| kind.map(|kind| vec![kind]));
    // Paged by what the filters need; only the events of the page are rendered in full.
    let row = |event: &EventRecord| json!({"id": event.id, "object": "event", "created": event.created, "type": event.kind});
    let rows: Vec<Value> = call.store.events.values().rev().map(row).collect();
    let mut page = query.page(&call.url, rows.iter(), |row| {
        let matching = |patterns: &Vec<String>| patterns.iter().any(|pattern| matches_kind(pattern, text(row, "type")));
        patterns.as_ref().is_none_or(matching)
    })?;
    for row in page["data"].as_array_mut().into_iter().flatten() {
        if let Some(event) = call.store.events.get(text(row, "id")) {
            *row = render(call.store, event);
        }
    }
    Ok(page)
}

/// Lists take `customer.*`; endpoints take only whole names and `*`.
fn matches_kind(pattern: &str, kind: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => kind.starts_with(prefix),
        None => pattern == kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn previous_attributes_are_the_old_values_of_what_changed() {
        let cases = [
            (json!({"a": 1, "b": 2}), json!({"a": 1, "b": 3}), json!({"b": 2})),
            (
                json!({"metadata": {"x": "1", "y": "2"}}),
                json!({"metadata": {"x": "9", "y": "2", "z": "3"}}),
                json!({"metadata": {"x": "1", "z": null}}),
            ),
            (
                json!({"items": {"object": "list", "data": [{"id": "si_1", "quantity": 1}]}}),
                json!({"items": {"object": "list", "data": [{"id": "si_1", "quantity": 2}]}}),
                json!({"items": {"data": [{"id": "si_1", "quantity": 1}]}}),
            ),
            (json!({"pause": null}), json!({"pause": {"behavior": "void"}}), json!({"pause": null})),
            (json!({"pause": {"behavior": "void"}}), json!({"pause": null}), json!({"pause": {"behavior": "void"}})),
            (json!({"metadata": {"x": "1"}}), json!({"metadata": {}}), json!({"metadata": {"x": "1"}})),
        ];
        for (before, after, expected) in cases {
            assert_eq!(previous_attributes(&before, &after), expected, "{before} → {after}");
        }
    }

    #[test]
    fn old_versions_get_old_paths() {
        let with_end = |end: i64| {
            let item = json!({"object": "subscription_item", "current_period_start": 1, "current_period_end": end});
            json!({"object": "subscription", "items": {"data": [item]}})
        };
        let event = EventRecord {
            id: "evt_1".into(),
            kind: "customer.subscription.updated".into(),
            created: 0,
            object: with_end(3),
            before: Some(with_end(2)),
            request_id: None,
            idempotency_key: None,
        };
        let old = event.render(&ApiVersion::parse("2024-06-20").unwrap(), 1);
        assert_eq!(old["data"]["previous_attributes"], json!({"current_period_end": 2}));
        assert_eq!(old["api_version"], "2024-06-20");
        let new = event.render(&ApiVersion::default(), 1);
        assert!(new["data"]["previous_attributes"]["items"]["data"].is_array());
    }
}

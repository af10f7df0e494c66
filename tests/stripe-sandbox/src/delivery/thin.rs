//! Thin events: what happened to which object, and nothing of the object itself.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{events::EventRecord, present::text, version::ApiVersion};

/// `customer.subscription.updated` → `v1.customer.subscription.updated`
pub(crate) fn name(kind: &str) -> String {
    format!("v1.{kind}")
}

/// Thin events have ids of their own; here each is made from the id of its snapshot event.
fn id(snapshot: &str) -> String {
    format!("evt_test_{}", snapshot.trim_start_matches("evt_"))
}

pub(crate) fn snapshot_id(id: &str) -> Option<String> {
    id.strip_prefix("evt_test_").map(|rest| format!("evt_{rest}"))
}

/// As the v2 API writes times.
pub(crate) fn time(seconds: i64) -> String {
    let time = Timestamp::from_second(seconds).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

/// What is delivered.
pub(super) fn notification(event: &EventRecord) -> Value {
    json!({
        "id": id(&event.id),
        "object": "v2.core.event",
        "context": null,
        "created": time(event.created),
        "livemode": false,
        "related_object": related_object(&event.object),
        "snapshot_event": event.id,
        "type": name(&event.kind),
    })
}

/// What `GET /v2/core/events/{id}` answers.
pub(crate) fn in_full(event: &EventRecord) -> Value {
    let mut full = notification(event);
    if let Some(request) = &event.request_id {
        full["reason"] = json!({"type": "request", "request": {"id": request, "idempotency_key": event.idempotency_key}});
    }
    let rendered = event.render(&ApiVersion::default(), 0);
    if let Some(before) = rendered["data"].get("previous_attributes") {
        full["changes"] = json!({"before": before});
    }
    if let Some(members) = full.as_object_mut() {
        // Answers of the v2 API leave out what is empty.
        members.retain(|_, member| !member.is_null());
    }
    full
}

/// Where the object can be read; none for summaries, which have no id.
fn related_object(object: &Value) -> Value {
    let (id, kind) = (text(object, "id"), text(object, "object"));
    if id.is_empty() {
        return Value::Null;
    }
    json!({"id": id, "type": kind, "url": format!("/v1/{}/{id}", collection(kind))})
}

/// `checkout.session` → `checkout/sessions`
fn collection(kind: &str) -> String {
    format!("{}s", kind.replace('.', "/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notifications_name_the_object_and_where_to_read_it() {
        let event = |object: Value| EventRecord {
            id: "evt_1".into(),
            kind: "customer.subscription.updated".into(),
            created: 0,
            object,
            before: None,
            request_id: None,
            idempotency_key: None,
        };
        let thin = notification(&event(json!({"id": "sub_1", "object": "subscription", "status": "active"})));
        let expected = json!({
            "id": "evt_test_1",
            "object": "v2.core.event",
            "context": null,
            "created": "1970-01-01T00:00:00.000Z",
            "livemode": false,
            "related_object": {"id": "sub_1", "type": "subscription", "url": "/v1/subscriptions/sub_1"},
            "snapshot_event": "evt_1",
            "type": "v1.customer.subscription.updated",
        });
        assert_eq!(thin, expected);
        assert_eq!(notification(&event(json!({"object": "entitlements.active_entitlement_summary"})))["related_object"], Value::Null);
        assert_eq!(collection("billing.meter"), "billing/meters");
        assert_eq!(snapshot_id("evt_test_1").as_deref(), Some("evt_1"));
    }
}

//! The changes of items that took effect, for tests to count: "exactly one change at the gateway".

use serde_json::{Value, json};

use super::items_of;
use crate::{call::Call, present::text, resource::put};

/// Stores a changed subscription, tells of it, and notes the change if its items differ.
pub(crate) fn take_effect(call: &mut Call<'_>, before: &Value, after: &Value, invoice: Option<&str>) {
    put(&mut call.store.subscriptions, after.clone());
    call.emit_update("customer.subscription.updated", before, after);
    let (old, new) = (summary(before), summary(after));
    if old != new {
        call.store.changes.push(json!({
            "subscription": text(after, "id"),
            "at": call.now,
            "request": call.origin.request_id,
            "idempotency_key": call.origin.idempotency_key,
            "invoice": invoice,
            "before": old,
            "after": new,
        }));
    }
}

fn summary(subscription: &Value) -> Vec<Value> {
    let item = |item: &Value| json!({"id": item["id"], "price": item["price"], "quantity": item["quantity"]});
    items_of(subscription).iter().map(item).collect()
}

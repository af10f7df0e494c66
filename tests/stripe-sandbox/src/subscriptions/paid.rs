//! What the payment of an invoice makes of its subscription.

use serde_json::{Value, json};

use super::{carry_out::status_after, is_over, pending};
use crate::{call::Call, invoices::subscription_of, present::text, resource::put};

pub(crate) fn paid(call: &mut Call<'_>, invoice: &Value) {
    let Some(before) = call.store.subscriptions.get(subscription_of(invoice)).cloned() else {
        return;
    };
    let waits = call.store.pending_updates.get(text(&before, "id")).is_some_and(|update| invoice["id"] == update.invoice.as_str());
    if is_over(&before) {
        return;
    }
    if waits {
        pending::apply(call, &before);
        return;
    }
    // The status follows the latest invoice; paying an older one does not mend it.
    if before["latest_invoice"] == invoice["id"] {
        let mut after = before.clone();
        after["status"] = json!(status_after(&before, false));
        put(&mut call.store.subscriptions, after.clone());
        call.emit_update("customer.subscription.updated", &before, &after);
    }
}

//! The subscription object as Stripe gives it out, in the newest shape.

use serde_json::{Value, json};

use super::start::Start;
use crate::ids;

/// Members that the sandbox has nothing to say about yet.
const NULL_MEMBERS: [&str; 22] = [
    "application",
    "application_fee_percent",
    "billing_cycle_anchor_config",
    "billing_thresholds",
    "cancel_at",
    "canceled_at",
    "customer_account",
    "days_until_due",
    "default_payment_method",
    "default_source",
    "description",
    "ended_at",
    "latest_invoice",
    "managed_payments",
    "next_pending_invoice_item_invoice",
    "on_behalf_of",
    "pause_collection",
    "pending_invoice_item_interval",
    "pending_setup_intent",
    "pending_update",
    "schedule",
    "transfer_data",
];

/// A subscription without items.
pub(crate) fn construct(customer: &str, start: &Start, flexible: bool, now: i64) -> Value {
    let id = ids::new_id("sub");
    let mut subscription = json!({
        "id": id,
        "object": "subscription",
        "automatic_tax": {"disabled_reason": null, "enabled": false, "liability": null},
        "billing_cycle_anchor": start.billing_cycle_anchor(now),
        "billing_mode": billing_mode(flexible),
        "billing_schedules": [],
        "cancel_at_period_end": false,
        "cancellation_details": {"comment": null, "feedback": null, "feedback_option": null, "reason": null},
        "collection_method": "charge_automatically",
        "created": now,
        "currency": null,
        "customer": customer,
        "default_tax_rates": [],
        "discounts": [],
        "invoice_settings": invoice_settings(),
        "items": items_list(&[], &id),
        "livemode": false,
        "metadata": {},
        "payment_settings": payment_settings(),
        "start_date": now,
        "status": if start.trial_end.is_some() { "trialing" } else { "active" },
        "test_clock": null,
        "trial_end": start.trial_end,
        "trial_settings": {"end_behavior": {"billing_cycle_anchor": null, "missing_payment_method": "create_invoice"}},
        "trial_start": start.trial_end.map(|_| now),
    });
    for name in NULL_MEMBERS {
        subscription[name] = Value::Null;
    }
    subscription
}

fn billing_mode(flexible: bool) -> Value {
    if flexible {
        json!({"type": "flexible", "flexible": {"proration_discounts": "included"}})
    } else {
        json!({"type": "classic", "flexible": null})
    }
}

fn invoice_settings() -> Value {
    json!({
        "account_tax_ids": null,
        "custom_fields": null,
        "description": null,
        "footer": null,
        "issuer": {"type": "self"},
    })
}

fn payment_settings() -> Value {
    json!({
        "payment_method_options": null,
        "payment_method_types": null,
        "save_default_payment_method": "off",
    })
}

pub(crate) fn items_list(items: &[Value], subscription: &str) -> Value {
    json!({
        "object": "list",
        "has_more": false,
        "total_count": items.len(),
        "url": format!("/v1/subscription_items?subscription={subscription}"),
        "data": items,
    })
}

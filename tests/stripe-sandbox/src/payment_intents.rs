//! `/v1/payment_intents`: the payments of invoices, to read. They come about with invoices only.

use std::sync::Arc;

use axum::Router;
use serde_json::{Value, json};

use crate::{
    app::App,
    billing::payment::Outlook,
    call::{Call, get},
    error::ApiError,
    ids,
    pages::Query,
    present::text,
    resource::{lookup, put},
};

const NOUN: &str = "payment_intent";

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new().route("/v1/payment_intents", get(list)).route("/v1/payment_intents/{id}", get(retrieve))
}

/// Members that the sandbox has nothing to say about.
const NULL_MEMBERS: [&str; 23] = [
    "application",
    "application_fee_amount",
    "automatic_payment_methods",
    "canceled_at",
    "cancellation_reason",
    "customer_account",
    "excluded_payment_method_types",
    "last_payment_error",
    "latest_charge",
    "managed_payments",
    "next_action",
    "on_behalf_of",
    "payment_method",
    "payment_method_configuration_details",
    "payment_method_options",
    "payment_record",
    "processing",
    "receipt_email",
    "review",
    "shipping",
    "source",
    "statement_descriptor",
    "statement_descriptor_suffix",
];

/// Gives an invoice with something due the payment intent that will pay it.
pub(crate) fn open(call: &mut Call<'_>, invoice: &mut Value) {
    let id = ids::new_id("pi");
    let secret = format!("{id}_secret_{}", &ids::new_id("s")[2..]);
    let mut intent = json!({
        "id": id,
        "object": "payment_intent",
        "allowed_payment_method_types": ["card"],
        "amount": invoice["amount_due"],
        "amount_capturable": 0,
        "amount_received": 0,
        "capture_method": "automatic",
        "client_secret": secret,
        "confirmation_method": "automatic",
        "created": call.now,
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "description": match text(invoice, "billing_reason") {
            "subscription_create" => "Subscription creation",
            _ => "Subscription update",
        },
        "invoice": invoice["id"],
        "livemode": false,
        "metadata": {},
        "payment_method_types": ["card"],
        "setup_future_usage": "off_session",
        "status": "requires_payment_method",
        "transfer_group": null,
    });
    for name in NULL_MEMBERS {
        intent[name] = Value::Null;
    }
    invoice["confirmation_secret"] = json!({"client_secret": secret, "type": "payment_intent"});
    invoice["payment_intent"] = json!(id);
    invoice["payments"] = payments(invoice, &intent, "open", call.now);
    put(&mut call.store.payment_intents, intent);
}

/// What `invoice.payments` lists: the one payment that there is.
fn payments(invoice: &Value, intent: &Value, status: &str, now: i64) -> Value {
    let paid = status == "paid";
    let old = &invoice["payments"]["data"][0];
    let payment = json!({
        "id": old["id"].as_str().map_or_else(|| ids::new_id("inpay"), str::to_owned),
        "object": "invoice_payment",
        "amount_paid": paid.then(|| intent["amount"].clone()),
        "amount_requested": intent["amount"],
        "created": intent["created"],
        "currency": intent["currency"],
        "invoice": invoice["id"],
        "is_default": true,
        "livemode": false,
        "payment": {"payment_intent": intent["id"], "type": "payment_intent"},
        "status": status,
        "status_transitions": {"canceled_at": (status == "canceled").then_some(now), "paid_at": paid.then_some(now)},
    });
    let url = format!("/v1/invoice_payments?invoice={}", text(invoice, "id"));
    json!({"object": "list", "data": [payment], "has_more": false, "total_count": 1, "url": url})
}

/// Notes what came of an attempt, on the intent and on the invoice's list of payments.
pub(crate) fn attempted(call: &mut Call<'_>, invoice: &mut Value, outlook: &Outlook) {
    let Some(mut intent) = call.store.payment_intents.get(text(invoice, "payment_intent")).cloned() else {
        return;
    };
    intent["payment_method"] = json!(outlook.method());
    intent["last_payment_error"] = Value::Null;
    intent["next_action"] = Value::Null;
    let status = match outlook {
        Outlook::Succeeds { .. } => "succeeded",
        Outlook::NeedsAction { .. } => {
            let page = json!({"return_url": null, "url": invoice["hosted_invoice_url"]});
            intent["next_action"] = json!({"type": "redirect_to_url", "redirect_to_url": page});
            "requires_action"
        }
        Outlook::Declined { decline, method } => {
            let mut error = decline.error().body()["error"].take();
            error["payment_method"] = call.store.payment_methods.get(method).cloned().unwrap_or_default();
            intent["last_payment_error"] = error;
            "requires_payment_method"
        }
        Outlook::NoMethod => "requires_payment_method",
    };
    if status == "succeeded" {
        intent["amount_received"] = intent["amount"].clone();
    }
    intent["status"] = json!(status);
    invoice["payments"] = payments(invoice, &intent, if status == "succeeded" { "paid" } else { "open" }, call.now);
    put(&mut call.store.payment_intents, intent);
}

pub(crate) fn cancel(call: &mut Call<'_>, invoice: &mut Value) {
    let Some(mut intent) = call.store.payment_intents.get(text(invoice, "payment_intent")).cloned() else {
        return;
    };
    intent["status"] = json!("canceled");
    intent["canceled_at"] = json!(call.now);
    intent["cancellation_reason"] = json!("void_invoice");
    intent["next_action"] = Value::Null;
    invoice["payments"] = payments(invoice, &intent, "canceled", call.now);
    put(&mut call.store.payment_intents, intent);
}

fn retrieve(call: &mut Call<'_>) -> Result<Value, ApiError> {
    call.no_params()?;
    lookup(&call.store.payment_intents, NOUN, &call.id())
}

fn list(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let query = Query::read(&mut params)?;
    let customer = params.text("customer")?;
    params.finish()?;
    query.page(&call.url, call.store.payment_intents.values().rev(), |intent| {
        customer.as_ref().is_none_or(|customer| intent["customer"] == *customer)
    })
}

//! Issuing an invoice, and attempts to have it paid.

use serde_json::{Value, json};

use super::{draft::ending_balance, payment::Outlook};
use crate::{call::Call, clock::DAY, payment_intents, present::text, resource::put};

/// How an invoice with something due is to be settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Settlement {
    Attempt(Outlook),
    /// Until its payer, or a call of `pay`, does something.
    Wait,
    /// Paid by means that Stripe does not see.
    OutOfBand,
}

/// Whether invoices of this subscription are charged without anybody doing anything.
pub(crate) fn collects(subscription: &Value) -> bool {
    subscription["collection_method"] == "charge_automatically" && subscription["pause_collection"].is_null()
}

/// Numbers, finalizes and stores a draft, and settles it.
pub(crate) fn issue(call: &mut Call<'_>, subscription: &Value, mut invoice: Value, settlement: &Settlement) -> Value {
    number(call, &mut invoice);
    call.emit("invoice.created", &invoice);
    let paused = text(&subscription["pause_collection"], "behavior").to_owned();
    if paused == "keep_as_draft" {
        invoice["auto_advance"] = json!(false);
        put(&mut call.store.invoices, invoice.clone());
        return invoice;
    }
    finalize(call, &mut invoice);
    put(&mut call.store.invoices, invoice.clone());
    match paused.as_str() {
        "void" => return void(call, invoice),
        "mark_uncollectible" => return mark_uncollectible(call, invoice),
        _ => {}
    }
    if invoice["amount_due"] == 0 {
        return paid(call, invoice);
    }
    if subscription["collection_method"] == "send_invoice" {
        call.emit("invoice.sent", &invoice);
        return invoice;
    }
    match settlement {
        Settlement::Attempt(outlook) => attempt(call, invoice, outlook),
        Settlement::Wait => invoice,
        Settlement::OutOfBand => paid_out_of_band(call, invoice),
    }
}

/// `A1B2C3D4-0001`
fn number(call: &mut Call<'_>, invoice: &mut Value) {
    let Some(customer) = call.store.customers.get_mut(text(invoice, "customer")) else {
        return;
    };
    let sequence = customer["next_invoice_sequence"].as_i64().unwrap_or(1);
    invoice["number"] = json!(format!("{}-{sequence:04}", text(customer, "invoice_prefix")));
    customer["next_invoice_sequence"] = json!(sequence + 1);
}

fn finalize(call: &mut Call<'_>, invoice: &mut Value) {
    let balance = ending_balance(invoice);
    invoice["status"] = json!("open");
    invoice["effective_at"] = json!(call.now);
    invoice["ending_balance"] = json!(balance);
    invoice["status_transitions"]["finalized_at"] = json!(call.now);
    let page = format!("{}/i/{}", call.store.base_url, text(invoice, "id"));
    invoice["hosted_invoice_url"] = json!(page);
    invoice["invoice_pdf"] = json!(format!("{page}/pdf"));
    if invoice["amount_due"] != 0 {
        payment_intents::open(call, invoice);
    }
    set_balance(call, text(invoice, "customer"), balance);
    call.emit("invoice.finalized", invoice);
}

fn set_balance(call: &mut Call<'_>, customer: &str, balance: i64) {
    let Some(before) = call.store.customers.get(customer).cloned() else {
        return;
    };
    let mut after = before.clone();
    after["balance"] = json!(balance);
    put(&mut call.store.customers, after.clone());
    call.emit_update("customer.updated", &before, &after);
}

/// One attempt to charge what is due.
pub(crate) fn attempt(call: &mut Call<'_>, mut invoice: Value, outlook: &Outlook) -> Value {
    invoice["attempted"] = json!(true);
    invoice["attempt_count"] = json!(invoice["attempt_count"].as_i64().unwrap_or_default() + 1);
    payment_intents::attempted(call, &mut invoice, outlook);
    if let Outlook::Succeeds { .. } = outlook {
        invoice["amount_paid"] = invoice["amount_due"].clone();
        invoice["amount_remaining"] = json!(0);
        return paid(call, invoice);
    }
    // The first of Stripe's retries; here, nothing happens by itself.
    invoice["next_payment_attempt"] = json!(call.now + 3 * DAY);
    put(&mut call.store.invoices, invoice.clone());
    if let Outlook::NeedsAction { .. } = outlook {
        call.emit("invoice.payment_action_required", &invoice);
    }
    call.emit("invoice.payment_failed", &invoice);
    invoice
}

pub(crate) fn paid_out_of_band(call: &mut Call<'_>, mut invoice: Value) -> Value {
    payment_intents::cancel(call, &mut invoice);
    invoice["amount_remaining"] = json!(0);
    invoice["paid_out_of_band"] = json!(true);
    paid(call, invoice)
}

fn paid(call: &mut Call<'_>, mut invoice: Value) -> Value {
    invoice["attempted"] = json!(true);
    invoice["auto_advance"] = json!(false);
    invoice["next_payment_attempt"] = Value::Null;
    invoice["status"] = json!("paid");
    invoice["status_transitions"]["paid_at"] = json!(call.now);
    put(&mut call.store.invoices, invoice.clone());
    call.emit("invoice.paid", &invoice);
    call.emit("invoice.payment_succeeded", &invoice);
    invoice
}

pub(crate) fn void(call: &mut Call<'_>, mut invoice: Value) -> Value {
    payment_intents::cancel(call, &mut invoice);
    invoice["amount_remaining"] = json!(0);
    invoice["auto_advance"] = json!(false);
    invoice["next_payment_attempt"] = Value::Null;
    invoice["status"] = json!("void");
    invoice["status_transitions"]["voided_at"] = json!(call.now);
    put(&mut call.store.invoices, invoice.clone());
    call.emit("invoice.voided", &invoice);
    invoice
}

fn mark_uncollectible(call: &mut Call<'_>, mut invoice: Value) -> Value {
    invoice["status"] = json!("uncollectible");
    invoice["status_transitions"]["marked_uncollectible_at"] = json!(call.now);
    put(&mut call.store.invoices, invoice.clone());
    call.emit("invoice.marked_uncollectible", &invoice);
    invoice
}

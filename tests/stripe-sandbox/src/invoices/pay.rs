//! Paying an open invoice, and what its subscription becomes by it.

use serde_json::{Value, json};

use super::{NOUN, subscription_of};
use crate::{
    billing::{
        issue::{attempt, paid_out_of_band},
        payment::{Outlook, foresee, foresee_with},
    },
    call::Call,
    error::ApiError,
    payment_methods,
    present::text,
    resource::lookup,
    subscriptions,
};

pub(crate) fn pay(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let method = params.text("payment_method")?;
    let out_of_band = params.boolean("paid_out_of_band")?.unwrap_or(false);
    params.boolean("off_session")?;
    params.finish()?;
    let invoice = payable(call)?;
    if out_of_band {
        let invoice = paid_out_of_band(call, invoice);
        subscriptions::paid(call, &invoice);
        return Ok(invoice);
    }
    let outlook = match method {
        Some(id) => {
            let id = payment_methods::of_customer(call, &id, text(&invoice, "customer"), "payment_method")?;
            foresee_with(call.store, &id)
        }
        None => foresee(call.store, &payer(call, &invoice)),
    };
    settle(call, invoice, &outlook)
}

/// As the customer does on the invoice's page: with this test card, authenticated where its bank asks for that.
pub(crate) fn pay_as_customer(call: &mut Call<'_>, id: &str, card: Option<&str>) -> Result<Value, ApiError> {
    call.path_ids = vec![id.to_owned()];
    let invoice = payable(call)?;
    let outlook = match card {
        Some(card) => {
            let method = payment_methods::attach(call, card, text(&invoice, "customer"), "payment_method")?;
            foresee_with(call.store, &method)
        }
        None => foresee(call.store, &payer(call, &invoice)),
    };
    let outlook = match outlook {
        Outlook::NeedsAction { method } => Outlook::Succeeds { method },
        outlook => outlook,
    };
    settle(call, invoice, &outlook)
}

fn payable(call: &Call<'_>) -> Result<Value, ApiError> {
    let invoice = lookup(&call.store.invoices, NOUN, &call.id())?;
    match text(&invoice, "status") {
        "open" | "uncollectible" => Ok(invoice),
        "paid" => Err(ApiError::invalid("Invoice is already paid")),
        status => Err(ApiError::invalid(format!("This invoice can no longer be paid: its status is {status}."))),
    }
}

fn payer(call: &Call<'_>, invoice: &Value) -> Value {
    let subscription = call.store.subscriptions.get(subscription_of(invoice)).cloned();
    subscription.unwrap_or_else(|| json!({"customer": invoice["customer"]}))
}

/// A failed attempt is one all the same: it is counted and told of, and the call answers 402.
fn settle(call: &mut Call<'_>, invoice: Value, outlook: &Outlook) -> Result<Value, ApiError> {
    if *outlook == Outlook::NoMethod {
        return Err(ApiError::no_payment_method());
    }
    let invoice = attempt(call, invoice, outlook);
    match outlook {
        Outlook::Succeeds { .. } => {
            subscriptions::paid(call, &invoice);
            Ok(invoice)
        }
        Outlook::NeedsAction { .. } => Err(ApiError::requires_action(
            "invoice_payment_intent_requires_action",
            "This payment requires additional user action before it can be completed successfully. Payment can be completed using the \
             PaymentIntent associated with the invoice.",
        )),
        outlook => Err(outlook.refusal().unwrap_or_else(ApiError::no_payment_method)),
    }
}

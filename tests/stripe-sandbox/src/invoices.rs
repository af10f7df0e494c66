//! `/v1/invoices`: issued with subscriptions, read, paid and voided here.

mod pay;
mod preview;

use std::sync::Arc;

use axum::Router;
use serde_json::Value;

pub(crate) use self::{pay::pay_as_customer, preview::create as preview};
use crate::{
    app::App,
    billing::issue,
    call::{Call, get, post},
    error::ApiError,
    pages::Query,
    present::text,
    resource::{lookup, lookup_param},
    subscriptions,
};

const NOUN: &str = "invoice";
const STATUSES: [&str; 5] = ["draft", "open", "paid", "uncollectible", "void"];

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/invoices", get(list))
        .route("/v1/invoices/create_preview", post(preview))
        .route("/v1/invoices/{id}", get(retrieve))
        .route("/v1/invoices/{id}/lines", get(list_lines))
        .route("/v1/invoices/{id}/pay", post(pay::pay))
        .route("/v1/invoices/{id}/void", post(void))
}

/// The subscription that an invoice is for.
pub(crate) fn subscription_of(invoice: &Value) -> &str {
    text(&invoice["parent"]["subscription_details"], "subscription")
}

fn retrieve(call: &mut Call<'_>) -> Result<Value, ApiError> {
    call.no_params()?;
    lookup(&call.store.invoices, NOUN, &call.id())
}

fn list(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let query = Query::read(&mut params)?;
    let customer = params.text("customer")?;
    let subscription = params.text("subscription")?;
    let status = params.choice("status", &STATUSES)?;
    let collection = params.choice("collection_method", &["charge_automatically", "send_invoice"])?;
    params.finish()?;
    if let Some(id) = &customer {
        lookup_param(&call.store.customers, "customer", id, "customer")?;
    }
    if let Some(id) = &subscription {
        lookup_param(&call.store.subscriptions, "subscription", id, "subscription")?;
    }
    let same = |wanted: &Option<String>, value: &str| wanted.as_ref().is_none_or(|wanted| wanted == value);
    query.page(&call.url, call.store.invoices.values().rev(), |invoice| {
        same(&customer, text(invoice, "customer"))
            && same(&subscription, subscription_of(invoice))
            && same(&status, text(invoice, "status"))
            && same(&collection, text(invoice, "collection_method"))
    })
}

/// As the lines stand on the invoice.
fn list_lines(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let query = Query::read(&mut params)?;
    params.finish()?;
    let invoice = lookup(&call.store.invoices, NOUN, &call.id())?;
    query.page(&call.url, invoice["lines"]["data"].as_array().into_iter().flatten(), |_| true)
}

/// An invoice that nobody is to pay any more; a pending update that waits for it is dropped.
fn void(call: &mut Call<'_>) -> Result<Value, ApiError> {
    call.no_params()?;
    let invoice = lookup(&call.store.invoices, NOUN, &call.id())?;
    if !matches!(text(&invoice, "status"), "open" | "uncollectible") {
        let message = format!("You can only pass in open invoices. This invoice isn't open: its status is {}.", text(&invoice, "status"));
        return Err(ApiError::invalid(message));
    }
    if subscriptions::discard_pending(call, &invoice) {
        return lookup(&call.store.invoices, NOUN, &call.id());
    }
    Ok(issue::void(call, invoice))
}

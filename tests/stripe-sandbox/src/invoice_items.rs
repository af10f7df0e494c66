//! `/v1/invoiceitems`: prorations, kept until an invoice takes them up. They come about by updates only.

use std::sync::Arc;

use axum::Router;
use serde_json::Value;

use crate::{
    app::App,
    call::{Call, get},
    error::ApiError,
    pages::Query,
    resource::lookup,
};

const NOUN: &str = "invoiceitem";

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new().route("/v1/invoiceitems", get(list)).route("/v1/invoiceitems/{id}", get(retrieve))
}

fn retrieve(call: &mut Call<'_>) -> Result<Value, ApiError> {
    call.no_params()?;
    lookup(&call.store.invoice_items, NOUN, &call.id())
}

fn list(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let query = Query::read(&mut params)?;
    let customer = params.text("customer")?;
    let invoice = params.text("invoice")?;
    let pending = params.boolean("pending")?;
    params.finish()?;
    query.page(&call.url, call.store.invoice_items.values().rev(), |item| {
        customer.as_ref().is_none_or(|id| item["customer"] == *id)
            && invoice.as_ref().is_none_or(|id| item["invoice"] == *id)
            && pending.is_none_or(|pending| item["invoice"].is_null() == pending)
    })
}

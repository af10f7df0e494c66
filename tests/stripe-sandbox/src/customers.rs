//! `/v1/customers`.

use std::sync::Arc;

use axum::Router;
use serde_json::{Value, json};

use crate::{
    app::App,
    call::{Call, delete, get, post},
    error::ApiError,
    ids, metadata,
    pages::Query,
    params::Params,
    present::{text, tombstone},
    resource::{copy_texts, lookup, put},
    subscriptions,
};

const NOUN: &str = "customer";

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/customers", post(create).merge(get(list)))
        .route("/v1/customers/{id}", get(retrieve).merge(post(update)).merge(delete(remove)))
}

fn construct(now: i64) -> Value {
    let prefix: String = std::iter::repeat_with(fastrand::alphanumeric).take(8).collect();
    json!({
        "id": ids::new_id("cus"),
        "object": "customer",
        "address": null,
        "balance": 0,
        "created": now,
        "currency": null,
        "customer_account": null,
        "default_source": null,
        "delinquent": false,
        "description": null,
        "discount": null,
        "email": null,
        "invoice_prefix": prefix.to_uppercase(),
        "invoice_settings": {
            "custom_fields": null,
            "default_payment_method": null,
            "footer": null,
            "rendering_options": null,
        },
        "livemode": false,
        "metadata": {},
        "name": null,
        "next_invoice_sequence": 1,
        "phone": null,
        "preferred_locales": [],
        "shipping": null,
        "tax_exempt": "none",
        "test_clock": null,
    })
}

fn apply(params: &mut Params, customer: &mut Value) -> Result<(), ApiError> {
    copy_texts(params, customer, &["description", "email", "name", "phone"])?;
    if let Some(locales) = params.texts("preferred_locales")? {
        customer["preferred_locales"] = json!(locales);
    }
    if customer["email"].as_str().is_some_and(|email| !email.contains('@')) {
        let message = format!("Invalid email address: {}", text(customer, "email"));
        return Err(ApiError::invalid_coded("email_invalid", "email", message));
    }
    customer["metadata"] = metadata::merged(&customer["metadata"], params)?;
    Ok(())
}

fn create(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let mut customer = construct(call.now);
    apply(&mut params, &mut customer)?;
    params.finish()?;
    put(&mut call.store.customers, customer.clone());
    call.emit("customer.created", &customer);
    Ok(customer)
}

/// A deleted customer is still found, as a stub: Stripe keeps it for the sake of what refers to it.
fn retrieve(call: &mut Call<'_>) -> Result<Value, ApiError> {
    call.no_params()?;
    let id = call.id();
    call.store.customers.get(&id).cloned().ok_or_else(|| ApiError::no_such(NOUN, &id))
}

fn update(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let before = lookup(&call.store.customers, NOUN, &call.id())?;
    let mut customer = before.clone();
    apply(&mut params, &mut customer)?;
    params.finish()?;
    put(&mut call.store.customers, customer.clone());
    call.emit_update("customer.updated", &before, &customer);
    Ok(customer)
}

fn list(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let query = Query::read(&mut params)?;
    let email = params.text("email")?;
    params.finish()?;
    query.page(&call.url, call.store.customers.values().rev(), |customer| {
        // Stripe documents this filter as case-sensitive.
        email.as_ref().is_none_or(|email| customer["email"] == *email)
    })
}

/// Deleting a customer cancels their subscriptions at once.
fn remove(call: &mut Call<'_>) -> Result<Value, ApiError> {
    call.no_params()?;
    let id = call.id();
    let customer = lookup(&call.store.customers, NOUN, &id)?;
    subscriptions::cancel_all_of(call, &id);
    put(&mut call.store.customers, tombstone("customer", &id));
    call.emit("customer.deleted", &customer);
    Ok(tombstone("customer", &id))
}

//! `/v1/customers`.

use std::sync::Arc;

use axum::Router;
use serde_json::{Value, json};

use crate::{
    app::App,
    call::{Call, delete, get, post},
    coupons,
    error::ApiError,
    ids, metadata,
    pages::Query,
    params::{Change, Params},
    payment_methods,
    present::{text, tombstone},
    resource::{copy_texts, lookup, put},
    subscriptions,
};

const NOUN: &str = "customer";

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/customers", post(create).merge(get(list)))
        .route("/v1/customers/{id}", get(retrieve).merge(post(update)).merge(delete(remove)))
        .route("/v1/customers/{id}/discount", delete(remove_discount))
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
    if let Some(balance) = params.integer("balance")? {
        customer["balance"] = json!(balance);
    }
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

pub(crate) fn create(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let mut customer = construct(call.now);
    apply(&mut params, &mut customer)?;
    let payment = Payment::read(call, &mut params, true)?;
    params.finish()?;
    payment.check(call)?;
    payment.apply_discount(call, &mut customer)?;
    put(&mut call.store.customers, customer.clone());
    payment.apply_method(call, &mut customer)?;
    call.emit("customer.created", &customer);
    Ok(customer)
}

/// What a customer pays with, and what is taken off it.
struct Payment {
    attach: Option<String>,
    default: Change<String>,
    coupon: Change<String>,
}

impl Payment {
    /// Only creation takes a payment method to attach.
    fn read(call: &Call<'_>, params: &mut Params, creates: bool) -> Result<Self, ApiError> {
        let attach = if creates { params.text("payment_method")? } else { None };
        let default = match params.hash("invoice_settings")? {
            Some(mut settings) => {
                let default = settings.unsettable("default_payment_method")?;
                settings.finish()?;
                default
            }
            None => Change::Keep,
        };
        // The parameter went with 2025-03-31; discounts of customers stayed.
        let coupon = if call.version.customers_take_coupons() { params.unsettable("coupon")? } else { Change::Keep };
        Ok(Self { attach, default, coupon })
    }

    /// Before anything is stored: a customer that is refused must leave nothing behind.
    fn check(&self, call: &Call<'_>) -> Result<(), ApiError> {
        let Some(id) = &self.attach else {
            return Ok(());
        };
        payment_methods::check_attachable(call, id, "payment_method")?;
        match &self.default {
            Change::Set(default) if default != id => {
                let message = format!(
                    "The customer does not have a payment method with the ID {default}. The payment method must be attached to the customer."
                );
                Err(ApiError::invalid_coded("resource_missing", "invoice_settings[default_payment_method]", message))
            }
            _ => Ok(()),
        }
    }

    fn apply_discount(&self, call: &mut Call<'_>, customer: &mut Value) -> Result<(), ApiError> {
        match &self.coupon {
            Change::Keep => {}
            Change::Clear => customer["discount"] = Value::Null,
            Change::Set(coupon) => {
                let discount = coupons::construct(call, coupon, "coupon", (text(customer, "id"), None))?;
                coupons::keep(call, std::slice::from_ref(&discount));
                customer["discount"] = discount;
            }
        }
        Ok(())
    }

    /// The customer is stored by now, so that a payment method can be attached.
    fn apply_method(&self, call: &mut Call<'_>, customer: &mut Value) -> Result<(), ApiError> {
        let id = text(customer, "id").to_owned();
        if let Some(method) = &self.attach {
            payment_methods::attach(call, method, &id, "payment_method")?;
        }
        let default = match &self.default {
            Change::Keep => return Ok(()),
            Change::Clear => Value::Null,
            Change::Set(method) => {
                json!(payment_methods::of_customer(call, method, &id, "invoice_settings[default_payment_method]")?)
            }
        };
        customer["invoice_settings"]["default_payment_method"] = default;
        put(&mut call.store.customers, customer.clone());
        Ok(())
    }
}

/// `DELETE /v1/customers/{id}/discount`
fn remove_discount(call: &mut Call<'_>) -> Result<Value, ApiError> {
    call.no_params()?;
    let before = lookup(&call.store.customers, NOUN, &call.id())?;
    let discount = before["discount"].clone();
    if discount.is_null() {
        return Err(ApiError::no_such("discount", &call.id()));
    }
    let mut after = before.clone();
    after["discount"] = Value::Null;
    put(&mut call.store.customers, after.clone());
    call.emit_update("customer.updated", &before, &after);
    Ok(tombstone("discount", text(&discount, "id")))
}

/// A deleted customer is still found, as a stub: Stripe keeps it for the sake of what refers to it.
fn retrieve(call: &mut Call<'_>) -> Result<Value, ApiError> {
    call.no_params()?;
    let id = call.id();
    call.store.customers.get(&id).cloned().ok_or_else(|| ApiError::no_such(NOUN, &id))
}

pub(crate) fn update(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let before = lookup(&call.store.customers, NOUN, &call.id())?;
    let mut customer = before.clone();
    apply(&mut params, &mut customer)?;
    let payment = Payment::read(call, &mut params, false)?;
    params.finish()?;
    payment.apply_method(call, &mut customer)?;
    payment.apply_discount(call, &mut customer)?;
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

//! `/v1/payment_methods`: Stripe's test cards, attached to customers.

use std::sync::Arc;

use axum::Router;
use serde_json::{Value, json};

use crate::{
    app::App,
    call::{Call, get, post},
    error::ApiError,
    ids, metadata,
    pages::Query,
    params::Params,
    present::text,
    resource::{lookup, lookup_param, put},
    test_cards::{self, TestCard},
};

const NOUN: &str = "PaymentMethod";
/// A year that test cards are good until; tests need not be touched before.
const EXPIRY_YEAR: i64 = 2040;

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/payment_methods", post(create).merge(get(list)))
        .route("/v1/payment_methods/{id}", get(retrieve).merge(post(update)))
        .route("/v1/payment_methods/{id}/attach", post(attach_called))
        .route("/v1/payment_methods/{id}/detach", post(detach))
        .route("/v1/customers/{id}/payment_methods", get(list_of_customer))
        .route("/v1/customers/{id}/payment_methods/{method}", get(retrieve_of_customer))
}

fn construct(card: TestCard, now: i64) -> Value {
    json!({
        "id": ids::new_id("pm"),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": {"address": null, "email": null, "name": null, "phone": null, "tax_id": null},
        "card": {
            "brand": card.brand,
            "checks": {"address_line1_check": null, "address_postal_code_check": null, "cvc_check": "pass"},
            "country": "US",
            "display_brand": card.brand,
            "exp_month": 12,
            "exp_year": EXPIRY_YEAR,
            "fingerprint": format!("sandbox{}", card.last4),
            "funding": if card.name.ends_with("_debit") { "debit" } else { "credit" },
            "generated_from": null,
            "last4": card.last4,
            "networks": {"available": [card.brand], "preferred": null},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": true},
            "wallet": null,
        },
        "created": now,
        "customer": null,
        "customer_account": null,
        "livemode": false,
        "metadata": {},
        "type": "card",
    })
}

/// The stored payment method, or a fresh one of a test card: at Stripe, too, `pm_card_visa` stands for a new one each time.
fn find(call: &Call<'_>, id: &str) -> Option<Value> {
    let stored = call.store.payment_methods.get(id).cloned();
    stored.or_else(|| Some(construct(test_cards::by_payment_method(id)?, call.now)))
}

/// Whether [`attach`] would attach it to a customer that is new.
pub(crate) fn check_attachable(call: &Call<'_>, id: &str, param: &str) -> Result<(), ApiError> {
    let method = find(call, id).ok_or_else(|| ApiError::no_such_param(NOUN, id, param))?;
    if method["customer"].is_null() {
        return Ok(());
    }
    Err(ApiError::invalid("The payment method you provided has already been attached to a customer."))
}

/// Attaches a payment method, or a new one of a test card, and gives back its id.
pub(crate) fn attach(call: &mut Call<'_>, id: &str, customer: &str, param: &str) -> Result<String, ApiError> {
    let mut method = find(call, id).ok_or_else(|| ApiError::no_such_param(NOUN, id, param))?;
    let attached_to = method["customer"].as_str();
    if attached_to.is_some_and(|other| other != customer) {
        return Err(ApiError::invalid("The payment method you provided has already been attached to a customer."));
    }
    let id = text(&method, "id").to_owned();
    if attached_to.is_none() {
        method["customer"] = json!(customer);
        put(&mut call.store.payment_methods, method.clone());
        call.emit("payment_method.attached", &method);
    }
    Ok(id)
}

/// The customer's own payment method with this id. A test card's name means the one last attached of that card.
pub(crate) fn of_customer(call: &Call<'_>, id: &str, customer: &str, param: &str) -> Result<String, ApiError> {
    let own = |method: &&Value| method["customer"] == customer;
    let found = match test_cards::by_payment_method(id) {
        Some(card) => {
            let same_card = |method: &&Value| method["card"]["last4"] == card.last4;
            call.store.payment_methods.values().rev().filter(own).find(same_card)
        }
        None => Some(lookup_param(&call.store.payment_methods, NOUN, id, param)?).filter(own),
    };
    found.map(|method| text(method, "id").to_owned()).ok_or_else(|| {
        let message =
            format!("The customer does not have a payment method with the ID {id}. The payment method must be attached to the customer.");
        ApiError::invalid_coded("resource_missing", param, message)
    })
}

/// `type=card` with a test token. Card numbers are not taken, as most accounts may not send them either.
fn create(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    params.choice("type", &["card"])?.ok_or_else(|| ApiError::missing_param("type"))?;
    let mut card = params.hash("card")?.ok_or_else(|| ApiError::missing_param("card"))?;
    let token = card.required_text("token")?;
    card.finish()?;
    let metadata = metadata::merged(&Value::Null, &mut params)?;
    params.finish()?;
    let card = test_cards::by_token(&token).ok_or_else(|| ApiError::no_such_param("token", &token, "card[token]"))?;
    let mut method = construct(card, call.now);
    method["metadata"] = metadata;
    put(&mut call.store.payment_methods, method.clone());
    Ok(method)
}

fn retrieve(call: &mut Call<'_>) -> Result<Value, ApiError> {
    call.no_params()?;
    let id = call.id();
    find(call, &id).ok_or_else(|| ApiError::no_such(NOUN, &id))
}

fn update(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let before = lookup(&call.store.payment_methods, NOUN, &call.id())?;
    let mut method = before.clone();
    method["metadata"] = metadata::merged(&method["metadata"], &mut params)?;
    params.finish()?;
    put(&mut call.store.payment_methods, method.clone());
    call.emit_update("payment_method.updated", &before, &method);
    Ok(method)
}

fn attach_called(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let customer = params.required_text("customer")?;
    params.finish()?;
    lookup_param(&call.store.customers, "customer", &customer, "customer")?;
    let id = call.id();
    let id = attach(call, &id, &customer, "id")?;
    lookup(&call.store.payment_methods, NOUN, &id)
}

fn detach(call: &mut Call<'_>) -> Result<Value, ApiError> {
    call.no_params()?;
    let id = call.id();
    let before = lookup(&call.store.payment_methods, NOUN, &id)?;
    if before["customer"].is_null() {
        let message = "The payment method you provided is not attached to a customer so detachment is impossible.";
        return Err(ApiError::invalid_param("payment_method", message));
    }
    forget_default(call, text(&before, "customer"), &id);
    let mut method = before.clone();
    method["customer"] = Value::Null;
    put(&mut call.store.payment_methods, method.clone());
    call.emit_update("payment_method.detached", &before, &method);
    Ok(method)
}

/// What is detached can no longer be anybody's default.
fn forget_default(call: &mut Call<'_>, customer: &str, method: &str) {
    if let Some(before) = call.store.customers.get(customer).cloned()
        && before["invoice_settings"]["default_payment_method"] == method
    {
        let mut after = before.clone();
        after["invoice_settings"]["default_payment_method"] = Value::Null;
        put(&mut call.store.customers, after.clone());
        call.emit_update("customer.updated", &before, &after);
    }
    let uses = |subscription: &&Value| subscription["default_payment_method"] == method;
    let subscriptions: Vec<Value> = call.store.subscriptions.values().filter(uses).cloned().collect();
    for before in subscriptions {
        let mut after = before.clone();
        after["default_payment_method"] = Value::Null;
        put(&mut call.store.subscriptions, after.clone());
        call.emit_update("customer.subscription.updated", &before, &after);
    }
}

fn list(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let customer = params.text("customer")?;
    page(call, params, customer.as_deref())
}

fn list_of_customer(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let params = call.take_params();
    let customer = call.id();
    lookup(&call.store.customers, "customer", &customer)?;
    page(call, params, Some(&customer))
}

fn page(call: &Call<'_>, mut params: Params, customer: Option<&str>) -> Result<Value, ApiError> {
    let query = Query::read(&mut params)?;
    params.choice("type", &["card"])?;
    params.finish()?;
    query.page(&call.url, call.store.payment_methods.values().rev(), |method| match customer {
        Some(customer) => method["customer"] == customer,
        None => !method["customer"].is_null(),
    })
}

fn retrieve_of_customer(call: &mut Call<'_>) -> Result<Value, ApiError> {
    call.no_params()?;
    let [customer, id] = call.path_ids.as_slice() else {
        return Err(ApiError::unrecognized_url(&call.method, &call.url));
    };
    let method = lookup(&call.store.payment_methods, NOUN, id)?;
    if method["customer"] == customer.as_str() { Ok(method) } else { Err(ApiError::no_such(NOUN, id)) }
}

//! The session object and its line items.

use serde_json::{Value, json};

use crate::{error::ApiError, ids, present::text, store::Store};

/// Members that the sandbox has nothing to say about.
const NULL_MEMBERS: [&str; 34] = [
    "adaptive_pricing",
    "after_expiration",
    "allow_promotion_codes",
    "allowed_payment_method_types",
    "billing_address_collection",
    "cancel_url",
    "client_reference_id",
    "client_secret",
    "collected_information",
    "consent",
    "consent_collection",
    "currency_conversion",
    "customer",
    "customer_account",
    "customer_creation",
    "customer_details",
    "customer_email",
    "integration_identifier",
    "invoice",
    "invoice_creation",
    "locale",
    "managed_payments",
    "origin_context",
    "payment_intent",
    "payment_link",
    "payment_method_configuration_details",
    "permissions",
    "recovered_from",
    "setup_intent",
    "shipping_address_collection",
    "shipping_cost",
    "submit_type",
    "subscription",
    "wallet_options",
];

pub(super) fn construct(id: &str, now: i64) -> Value {
    let custom_text = json!({"after_submit": null, "shipping_address": null, "submit": null, "terms_of_service_acceptance": null});
    let mut session = json!({
        "id": id,
        "object": "checkout.session",
        "automatic_tax": {"enabled": false, "liability": null, "provider": null, "status": null},
        "created": now,
        "custom_fields": [],
        "custom_text": custom_text,
        "discounts": [],
        "livemode": false,
        "metadata": {},
        "mode": "subscription",
        "payment_method_collection": "always",
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "phone_number_collection": {"enabled": false},
        "saved_payment_method_options":
            {"allow_redisplay_filters": ["always"], "payment_method_remove": "disabled", "payment_method_save": null},
        "shipping_options": [],
        "status": "open",
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
    });
    for name in NULL_MEMBERS {
        session[name] = Value::Null;
    }
    session
}

pub(super) fn customer_details(email: &Value) -> Value {
    json!({
        "address": null,
        "business_name": null,
        "email": email,
        "individual_name": null,
        "name": null,
        "phone": null,
        "tax_exempt": "none",
        "tax_ids": null,
    })
}

/// A line of the page.
#[derive(Debug)]
pub(super) struct Line {
    price: String,
    currency: String,
    description: String,
    quantity: i64,
    amount: i64,
}

impl Line {
    pub(super) fn new(price: &Value, quantity: i64, product: &str) -> Self {
        Self {
            price: text(price, "id").to_owned(),
            currency: text(price, "currency").to_owned(),
            description: product.to_owned(),
            quantity,
            amount: price["unit_amount"].as_i64().unwrap_or_default().saturating_mul(quantity),
        }
    }

    /// As an item of the subscription to come.
    pub(super) fn as_item(&self) -> Value {
        json!({"price": self.price, "quantity": self.quantity})
    }

    /// [`crate::present`] fills in the price.
    fn as_line_item(&self) -> Value {
        json!({
            "id": ids::new_id("li"),
            "object": "item",
            "adjustable_quantity": null,
            "amount_discount": 0,
            "amount_subtotal": self.amount,
            "amount_tax": 0,
            "amount_total": self.amount,
            "currency": self.currency,
            "description": self.description,
            "metadata": {},
            "price": self.price,
            "quantity": self.quantity,
        })
    }
}

pub(super) fn total(session: &mut Value, lines: &[Line]) -> Result<(), ApiError> {
    let currency = lines.first().map(|line| line.currency.clone());
    if lines.iter().any(|line| Some(&line.currency) != currency.as_ref()) {
        return Err(ApiError::invalid_param("line_items", "All prices of a Checkout Session must have the same currency."));
    }
    let amount: i64 = lines.iter().map(|line| line.amount).sum();
    session["currency"] = json!(currency);
    session["amount_subtotal"] = json!(amount);
    session["amount_total"] = json!(amount);
    Ok(())
}

/// Where the line items of a session are kept: Stripe leaves them out of the session unless they are asked for.
pub(crate) fn line_items_id(session: &str) -> String {
    format!("{session}/line_items")
}

pub(super) fn line_items_list(session: &str, lines: &[Line]) -> Value {
    json!({
        "object": "list",
        "data": lines.iter().map(Line::as_line_item).collect::<Vec<_>>(),
        "has_more": false,
        "url": format!("/v1/checkout/sessions/{session}/line_items"),
    })
}

pub(crate) fn line_items(store: &Store, session: &str) -> Vec<Value> {
    let list = store.checkout_line_items.get(&line_items_id(session));
    list.and_then(|list| list["data"].as_array()).cloned().unwrap_or_default()
}

//! The test cards that a person can choose from on a hosted page.

use std::fmt::Write as _;

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{call::Call, customers, error::ApiError, invoices, outside::request, payment_methods};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Card {
    #[default]
    Works,
    Declined,
    NeedsAuthentication,
}

/// What a person does on a page with a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Action {
    Pay,
    /// The owner of the card has authenticated.
    Authenticate,
    /// Or has not.
    Refuse,
}

const CHOICES: [(&str, &str); 3] = [
    ("works", "4242 4242 4242 4242 — works"),
    ("declined", "4000 0000 0000 0002 — is declined"),
    ("needs_authentication", "4000 0025 0000 3155 — needs authentication"),
];

/// The choice as part of a form.
pub(super) fn select() -> String {
    let mut html = "<label for=\"card\">Test card</label><select id=\"card\" name=\"card\">".to_owned();
    for (value, label) in CHOICES {
        // Writing to a string cannot fail.
        let _ = write!(html, "<option value=\"{value}\">{label}</option>");
    }
    html + "</select>"
}

pub(crate) fn declined() -> ApiError {
    ApiError::for_status(StatusCode::PAYMENT_REQUIRED)
}

/// The owner of the card did not show that it is theirs.
pub(super) fn unauthenticated() -> ApiError {
    let message = "We are unable to authenticate your payment method. Please choose a different payment method and try again.";
    ApiError { code: Some("payment_intent_authentication_failure"), message: message.to_owned(), ..declined() }
}

/// Where the card's bank asks its owner; `hidden` are the form's fields that have to come along.
pub(super) fn challenge(amount: &str, hidden: &str) -> String {
    format!(
        "<h1>Is this you?</h1><p>Your bank asks whether you want to pay {amount}.</p>\
         <form method=\"post\"><input type=\"hidden\" name=\"card\" value=\"needs_authentication\">{hidden}\
         <button name=\"action\" value=\"authenticate\">Complete</button>\
         <button class=\"second\" name=\"action\" value=\"refuse\">Fail</button></form>"
    )
}

impl Card {
    fn payment_method(self) -> &'static str {
        match self {
            Self::Works => "pm_card_visa",
            Self::Declined => "pm_card_chargeDeclined",
            Self::NeedsAuthentication => "pm_card_authenticationRequired",
        }
    }
}

/// What a subscription that is paid with this card is created with.
pub(crate) fn subscription_terms(call: &mut Call<'_>, customer: &str, card: Card) -> Result<Value, ApiError> {
    let method = payment_methods::attach(call, card.payment_method(), customer, "payment_method")?;
    Ok(json!({"customer": customer, "default_payment_method": method, "payment_behavior": "allow_incomplete"}))
}

/// A card that is saved for what comes.
pub(crate) fn make_default(call: &mut Call<'_>, customer: &str, card: Card) -> Result<(), ApiError> {
    let method = payment_methods::attach(call, card.payment_method(), customer, "payment_method")?;
    let settings = json!({"invoice_settings": {"default_payment_method": method}});
    request(call, customers::update, &[customer], &settings).map(drop)
}

/// Pays an open invoice, with a new card or with the payment method that was to pay it. Its owner is there and
/// authenticates where that is asked for.
pub(crate) fn pay(call: &mut Call<'_>, invoice: &str, card: Option<Card>) -> Result<Value, ApiError> {
    invoices::pay_as_customer(call, invoice, card.map(Card::payment_method))
}

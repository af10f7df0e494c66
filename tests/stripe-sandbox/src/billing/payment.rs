//! Who pays an invoice, and what would come of it.

use serde_json::Value;

use crate::{
    error::ApiError,
    present::text,
    store::Store,
    test_cards::{self, Decline, OnCharge},
};

/// What would come of charging.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outlook {
    Succeeds { method: String },
    Declined { method: String, decline: Decline },
    NeedsAction { method: String },
    NoMethod,
}

impl Outlook {
    pub(crate) fn method(&self) -> Option<&str> {
        match self {
            Self::Succeeds { method } | Self::Declined { method, .. } | Self::NeedsAction { method } => Some(method),
            Self::NoMethod => None,
        }
    }

    /// The error of a call that would rather not have changed anything; none where the payment succeeds.
    pub(crate) fn refusal(&self) -> Option<ApiError> {
        match self {
            Self::Succeeds { .. } => None,
            Self::Declined { decline, .. } => Some(decline.error()),
            Self::NeedsAction { .. } => Some(ApiError::requires_action(
                "subscription_payment_intent_requires_action",
                "Payment for this subscription requires additional user action before it can be completed successfully. Payment can be \
                 completed using the PaymentIntent associated with `subscription.latest_invoice`. Additional information is available \
                 here: https://stripe.com/docs/billing/subscriptions/overview#requires-action",
            )),
            Self::NoMethod => Some(ApiError::no_payment_method()),
        }
    }
}

/// The subscription's own payment method, else its customer's default. Being attached is not enough.
pub(crate) fn foresee(store: &Store, subscription: &Value) -> Outlook {
    let customer = store.customers.get(text(subscription, "customer"));
    let of_customer = customer.and_then(|customer| customer["invoice_settings"]["default_payment_method"].as_str());
    match subscription["default_payment_method"].as_str().or(of_customer) {
        Some(method) => foresee_with(store, method),
        None => Outlook::NoMethod,
    }
}

pub(crate) fn foresee_with(store: &Store, method: &str) -> Outlook {
    let Some(object) = store.payment_methods.get(method) else {
        return Outlook::NoMethod;
    };
    let method = method.to_owned();
    match test_cards::on_charge(object) {
        OnCharge::Succeeds => Outlook::Succeeds { method },
        OnCharge::Declines(decline) => Outlook::Declined { method, decline },
        OnCharge::NeedsAuthentication => Outlook::NeedsAction { method },
    }
}

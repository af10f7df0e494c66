//! Stripe's test cards: what each looks like, and what becomes of a charge to it.
//!
//! <https://docs.stripe.com/testing#cards>. A card is known by the name that its test token and test payment method
//! share (`tok_visa`, `pm_card_visa`); once attached, by its last four digits, which differ between all of them.

use serde_json::Value;

use crate::error::ApiError;

/// What happens when the card is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnCharge {
    Succeeds,
    Declines(Decline),
    /// The bank wants the card's holder to authenticate, for every charge.
    NeedsAuthentication,
}

/// Why a bank refuses, in Stripe's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decline {
    pub(crate) code: &'static str,
    /// The `decline_code`.
    pub(crate) reason: &'static str,
    pub(crate) message: &'static str,
}

impl Decline {
    pub(crate) fn error(self) -> ApiError {
        ApiError::declined(self.code, self.reason, self.message)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TestCard {
    /// `visa` of `pm_card_visa` and `tok_visa`.
    pub(crate) name: &'static str,
    pub(crate) brand: &'static str,
    pub(crate) last4: &'static str,
    pub(crate) on_charge: OnCharge,
}

const fn card(name: &'static str, brand: &'static str, last4: &'static str, on_charge: OnCharge) -> TestCard {
    TestCard { name, brand, last4, on_charge }
}

const fn declined(reason: &'static str, message: &'static str) -> OnCharge {
    OnCharge::Declines(Decline { code: "card_declined", reason, message })
}

/// Declines whose code is not the general `card_declined`.
const fn refused(code: &'static str, message: &'static str) -> OnCharge {
    OnCharge::Declines(Decline { code, reason: code, message })
}

const CARDS: [TestCard; 17] = [
    card("visa", "visa", "4242", OnCharge::Succeeds),
    card("visa_debit", "visa", "5556", OnCharge::Succeeds),
    card("mastercard", "mastercard", "4444", OnCharge::Succeeds),
    card("amex", "amex", "8431", OnCharge::Succeeds),
    card("chargeDeclined", "visa", "0002", declined("generic_decline", "Your card was declined.")),
    card("visa_chargeDeclined", "visa", "0003", declined("generic_decline", "Your card was declined.")),
    card("chargeCustomerFail", "visa", "0341", declined("generic_decline", "Your card was declined.")),
    card("chargeDeclinedInsufficientFunds", "visa", "9995", declined("insufficient_funds", "Your card has insufficient funds.")),
    card("chargeDeclinedLostCard", "visa", "9987", declined("lost_card", "Your card was declined.")),
    card("chargeDeclinedStolenCard", "visa", "9979", declined("stolen_card", "Your card was declined.")),
    card("chargeDeclinedFraudulent", "visa", "0019", declined("fraudulent", "Your card was declined.")),
    card("chargeDeclinedExpiredCard", "visa", "0069", refused("expired_card", "Your card has expired.")),
    card("chargeDeclinedIncorrectCvc", "visa", "0127", refused("incorrect_cvc", "Your card's security code is incorrect.")),
    card(
        "chargeDeclinedProcessingError",
        "visa",
        "0119",
        refused("processing_error", "An error occurred while processing your card. Try again in a little bit."),
    ),
    card("authenticationRequired", "visa", "3184", OnCharge::NeedsAuthentication),
    card("threeDSecure2Required", "visa", "3220", OnCharge::NeedsAuthentication),
    // Asks once, when it is set up; the sandbox has no set-up, so it behaves as after it.
    card("authenticationRequiredOnSetup", "visa", "3155", OnCharge::Succeeds),
];

/// The card of a test payment method, `pm_card_visa`.
pub(crate) fn by_payment_method(id: &str) -> Option<TestCard> {
    by_name(id.strip_prefix("pm_card_")?)
}

/// The card of a test token, `tok_visa`.
pub(crate) fn by_token(id: &str) -> Option<TestCard> {
    by_name(id.strip_prefix("tok_")?)
}

fn by_name(name: &str) -> Option<TestCard> {
    CARDS.into_iter().find(|card| card.name == name)
}

/// What comes of charging an attached payment method. One that the table does not know is taken for good.
pub(crate) fn on_charge(payment_method: &Value) -> OnCharge {
    let card = CARDS.into_iter().find(|card| payment_method["card"]["last4"] == card.last4);
    card.map_or(OnCharge::Succeeds, |card| card.on_charge)
}

/// The decline with this code, for a fault that plays it.
pub(crate) fn decline(reason: &str) -> Option<Decline> {
    CARDS.into_iter().find_map(|card| match card.on_charge {
        OnCharge::Declines(decline) if decline.reason == reason => Some(decline),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::json;

    use super::*;

    #[test]
    fn a_card_is_known_by_its_last_digits() {
        let digits: HashSet<&str> = CARDS.iter().map(|card| card.last4).collect();
        assert_eq!(digits.len(), CARDS.len());
        for card in CARDS {
            assert_eq!(on_charge(&json!({"card": {"last4": card.last4}})), card.on_charge);
            assert_eq!(by_payment_method(&format!("pm_card_{}", card.name)), Some(card));
            assert_eq!(by_token(&format!("tok_{}", card.name)), Some(card));
        }
        assert_eq!(by_payment_method("pm_card_unheard_of"), None);
    }

    #[test]
    fn declines_have_stripes_codes() {
        for (name, code, decline_code) in [
            ("chargeDeclined", "card_declined", "generic_decline"),
            ("chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
            ("chargeDeclinedLostCard", "card_declined", "lost_card"),
            ("chargeDeclinedExpiredCard", "expired_card", "expired_card"),
        ] {
            let Some(TestCard { on_charge: OnCharge::Declines(decline), .. }) = by_name(name) else {
                panic!("{name} is not declined");
            };
            assert_eq!((decline.code, decline.reason), (code, decline_code), "{name}");
        }
    }
}

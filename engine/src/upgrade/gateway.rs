//! What Stripe's answer to a change means, and whether to ask again.
//!
//! <https://docs.stripe.com/error-low-level>: an answer that never came, 409 and 429 are asked again under the *same*
//! idempotency key, so that nothing happens twice; a decline is stored under its key and needs a new one;
//! `Stripe-Should-Retry` overrides.

use crate::time::{DurationMs, SECOND};

/// An answer, as far as it matters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answer<'a> {
    /// The HTTP status; 0 when none came.
    pub status: u16,
    /// The header `Stripe-Should-Retry`.
    pub should_retry: Option<bool>,
    /// `error.code`
    pub code: &'a str,
    /// `error.decline_code`
    pub decline_code: &'a str,
    /// `error.param`
    pub param: &'a str,
}

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Done.
    Done,
    /// Whether it was done is not known, or it was not done for now: ask again under the same key.
    Again,
    /// The bank refused. Nothing was changed.
    Declined,
    /// The bank wants to see the customer (3-D Secure). Nothing was changed.
    Authenticate,
    /// There is nothing to charge. Nothing was changed.
    NoPaymentMethod,
    /// Stripe refuses the request itself. Nothing was changed.
    Refused,
}

/// Reads an answer.
pub fn verdict(answer: &Answer<'_>) -> Verdict {
    match (answer.status, answer.should_retry) {
        (200..=299, _) => Verdict::Done,
        (402, _) => payment(answer),
        (400, _) if answer.code == "resource_missing" && !answer.param.starts_with("items") => Verdict::NoPaymentMethod,
        // A failure that Stripe says not to send again may still have been done: reading tells, asking again does not.
        (500.., _) | (_, Some(true)) | (0 | 409 | 429, None) => Verdict::Again,
        _ => Verdict::Refused,
    }
}

fn payment(answer: &Answer<'_>) -> Verdict {
    let says = |word: &str| answer.code == word || answer.decline_code == word;
    if says("authentication_required")
        || says("subscription_payment_intent_requires_action")
        || says("invoice_payment_intent_requires_action")
    {
        Verdict::Authenticate
    } else if says("resource_missing") || says("missing_payment_method") {
        Verdict::NoPaymentMethod
    } else {
        Verdict::Declined
    }
}

/// The most times one request is sent.
pub const MAX_SENDS: u32 = 4;

/// How long to wait before sending for the `sent + 1`-th time, or `None` to give up for now. `luck` is any random number: it
/// spreads those who failed together. Doubling from half a second, between half and all of it, as Stripe's own clients wait.
pub fn wait_before(sent: u32, should_retry: Option<bool>, luck: u32) -> Option<DurationMs> {
    if sent >= MAX_SENDS || should_retry == Some(false) {
        return None;
    }
    let most = (SECOND / 2) << sent.saturating_sub(1).min(4);
    Some(most / 2 + i64::from(luck) % (most / 2 + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_mean_what_stripe_documents() {
        use Verdict as V;
        for (status, should_retry, code, decline_code, expected) in [
            (200, None, "", "", V::Done),
            (402, None, "card_declined", "insufficient_funds", V::Declined),
            (402, Some(false), "expired_card", "", V::Declined),
            (402, None, "card_declined", "authentication_required", V::Authenticate),
            (402, None, "subscription_payment_intent_requires_action", "", V::Authenticate),
            (400, None, "resource_missing", "", V::NoPaymentMethod),
            (402, None, "resource_missing", "", V::NoPaymentMethod),
            (400, None, "parameter_invalid", "", V::Refused),
            (404, None, "resource_missing", "", V::Refused),
            (0, None, "", "", V::Again),
            (409, None, "idempotency_key_in_use", "", V::Again),
            (429, None, "lock_timeout", "", V::Again),
            (500, None, "", "", V::Again),
            (503, Some(true), "", "", V::Again),
            (409, Some(false), "", "", V::Refused),
            (400, Some(true), "", "", V::Again),
            (500, Some(false), "", "", V::Again),
        ] {
            let answer = Answer { status, should_retry, code, decline_code, param: "" };
            assert_eq!(verdict(&answer), expected, "{answer:?}");
        }
        let wrong_item = Answer { status: 400, code: "resource_missing", param: "items[0][id]", ..Answer::default() };
        assert_eq!(verdict(&wrong_item), V::Refused);
    }

    #[test]
    fn waits_grow_and_end() {
        let range = |sent| (wait_before(sent, None, 0), wait_before(sent, None, 250 << (sent - 1)));
        assert_eq!(range(1), (Some(250), Some(500)));
        assert_eq!(range(2), (Some(500), Some(1_000)));
        assert_eq!(range(3), (Some(1_000), Some(2_000)));
        assert_eq!(wait_before(MAX_SENDS, None, 0), None);
        assert_eq!(wait_before(1, Some(false), 0), None, "Stripe says not to");
    }
}

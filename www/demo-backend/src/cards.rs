//! Test cards, by what becomes of a payment with them.

use serde::{Deserialize, Serialize};

/// What the tenant pays with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Card {
    /// Every payment goes through.
    Works,
    /// The bank declines: insufficient funds.
    Declined,
    /// The bank wants the payer to confirm.
    NeedsAuthentication,
    /// There is no card.
    None,
}

impl Card {
    const ALL: [Self; 4] = [Self::Works, Self::Declined, Self::NeedsAuthentication, Self::None];

    /// Stripe's name for it; a new payment method comes of it each time it is attached.
    pub(crate) fn test_method(self) -> Option<&'static str> {
        match self {
            Self::Works => Some("pm_card_visa"),
            Self::Declined => Some("pm_card_chargeDeclinedInsufficientFunds"),
            Self::NeedsAuthentication => Some("pm_card_authenticationRequired"),
            Self::None => None,
        }
    }

    /// What it was called when it was kept in the customer's metadata.
    pub(crate) fn from_kept(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|card| card.kept() == name)
    }

    pub(crate) fn kept(self) -> &'static str {
        self.test_method().unwrap_or("none")
    }
}

//! How upgrades are made: the section `upgrade` of the document.

use serde::{Deserialize, Serialize};

use crate::rollout::Rollout;
use crate::wire;

/// How upgrades are made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpgradeRules {
    /// When the difference is charged.
    pub proration: Proration,
    /// What becomes of the change while its payment waits for the customer.
    pub payment: PaymentBehavior,
    /// Which tenants may upgrade by themselves.
    pub rollout: Rollout,
}

wire! { struct UpgradeRules { proration, payment, rollout } }

/// When the difference is charged (<https://docs.stripe.com/billing/subscriptions/prorations>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Proration {
    /// At once.
    #[default]
    AlwaysInvoice,
    /// With the next invoice.
    CreateProrations,
}

wire! { enum Proration { AlwaysInvoice, CreateProrations } }

impl Proration {
    /// Every way.
    pub const ALL: [Self; 2] = [Self::AlwaysInvoice, Self::CreateProrations];

    /// Stripe's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::AlwaysInvoice => "always_invoice",
            Self::CreateProrations => "create_prorations",
        }
    }
}

/// What becomes of a change that cannot be paid at once. Stripe knows two more, which make the change although nothing was
/// paid; an upgrade that failed changes nothing, so they are not on offer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PaymentBehavior {
    /// It is refused.
    #[default]
    ErrorIfIncomplete,
    /// It waits for the payment, up to 23 hours.
    PendingIfIncomplete,
}

wire! { enum PaymentBehavior { ErrorIfIncomplete, PendingIfIncomplete } }

impl PaymentBehavior {
    /// Every way.
    pub const ALL: [Self; 2] = [Self::ErrorIfIncomplete, Self::PendingIfIncomplete];

    /// Stripe's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::ErrorIfIncomplete => "error_if_incomplete",
            Self::PendingIfIncomplete => "pending_if_incomplete",
        }
    }
}

//! How upgrades are made: the section `upgrade` of the document.

use serde::{Deserialize, Serialize};

use super::json::Json;
use super::parts::rollout;
use super::reader::Reader;
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

/// Reads the section.
pub(super) fn upgrade(part: Option<&Json>, reader: &mut Reader) -> UpgradeRules {
    let section = reader.object(part, &[], &["proration", "payment_behavior", "rollout"]);
    let prorations = Proration::ALL.map(|p| (p.word(), p));
    let payments = PaymentBehavior::ALL.map(|p| (p.word(), p));
    UpgradeRules {
        proration: reader.choice(section.get("proration"), "proration", &prorations).unwrap_or_default(),
        payment: reader.choice(section.get("payment_behavior"), "payment behaviour", &payments).unwrap_or_default(),
        rollout: rollout(section.get("rollout"), reader),
    }
}

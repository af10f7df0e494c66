//! What a provider reports of a mail after it took it.

use serde::{Deserialize, Serialize};
use upcue_engine::time::Millis;
use upcue_engine::wire;

/// One report. Providers deliver at least once and in no order: the same report comes again under the same `id`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MailReport {
    /// Names this report.
    pub(crate) id: String,
    /// The mail's own key, where the report tells it.
    pub(crate) key: Option<String>,
    /// The provider's name for the mail.
    pub(crate) mail: Option<String>,
    /// The addresses it is about.
    pub(crate) addresses: Vec<String>,
    /// What happened.
    pub(crate) what: Reported,
    /// When, by the provider's clock.
    pub(crate) at: Option<Millis>,
    /// The provider's own words for it; empty where it has none.
    pub(crate) detail: String,
}

wire! { struct MailReport { id, key, mail, addresses, what, at, detail } }

/// What can happen to a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reported {
    /// The recipient's server has it.
    Delivered,
    /// The recipient's server puts it off; the provider goes on trying.
    Delayed,
    /// The recipient's server will never take mail for the address.
    Bounced,
    /// It came back, but the address may work another time: a full mailbox, a server that is down.
    Returned,
    /// The recipient called it spam.
    Complained,
    /// The provider did not even try, as the address bounced or complained before.
    Suppressed,
    /// The provider could not send it, and not because of the address.
    Failed,
}

wire! { enum Reported { Delivered, Delayed, Bounced, Returned, Complained, Suppressed, Failed } }

impl Reported {
    /// The stable word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Delayed => "delayed",
            Self::Bounced => "bounced",
            Self::Returned => "returned",
            Self::Complained => "complained",
            Self::Suppressed => "suppressed",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing should be sent to the address again.
    pub(crate) fn ends_the_address(self) -> bool {
        matches!(self, Self::Bounced | Self::Complained | Self::Suppressed)
    }
}

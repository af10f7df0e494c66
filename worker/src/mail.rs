//! Mail on its way out: one letter to one recipient, by the provider that an app is set up with.
//!
//! [`send`] never fails otherwise than in its answer: whoever keeps the letter decides by it whether the letter is done, is
//! tried again, or is nobody's. `log` is the provider of an app that has named none: nothing leaves, and the outbox shows
//! what would have.

mod access;
mod report;
pub(crate) mod webhook;

pub(crate) use access::{MailAccess, MailSettings, Security};
pub(crate) use report::{MailReport, Reported};

use upcue_engine::time::DurationMs;
use worker::Env;

/// Somebody who writes or is written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mailbox {
    /// `ada@acme.example`; the domain may be in any script.
    pub(crate) address: String,
    /// What people call it.
    pub(crate) name: Option<String>,
}

/// One mail to one recipient.
#[derive(Debug)]
pub(crate) struct Mail<'a> {
    /// Names this mail and no other: the idempotency key, the left part of the Message-ID, and what reports name it by.
    pub(crate) key: &'a str,
    /// Who writes.
    pub(crate) from: Mailbox,
    /// Who is answered, where that is another.
    pub(crate) reply_to: Option<Mailbox>,
    /// Who is written to.
    pub(crate) to: Mailbox,
    /// One line.
    pub(crate) subject: &'a str,
    /// The letter as a page.
    pub(crate) html: &'a str,
    /// The letter as text.
    pub(crate) text: &'a str,
    /// Further headers: `List-Unsubscribe` …
    pub(crate) headers: Vec<(&'static str, String)>,
}

/// What became of a mail that was handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// The provider has it.
    Sent {
        /// The provider's name for it.
        id: Option<String>,
    },
    /// The provider does not have it, and may take it later.
    Later {
        /// Why.
        detail: String,
        /// How long the provider wants to be left alone, where it says so.
        wait: Option<DurationMs>,
    },
    /// No answer: the provider may have it or not.
    Unknown {
        /// What was seen of it.
        detail: String,
    },
    /// The provider will not take it, however often it is asked.
    Refused {
        /// Why.
        detail: String,
        /// Whether it is the recipient's address that is at fault, so that nothing should be sent there again.
        address: bool,
    },
}

/// Hands a mail over.
pub(crate) async fn send(_env: &Env, access: &MailAccess, _mail: &Mail<'_>) -> Delivery {
    match access {
        MailAccess::Log => Delivery::Sent { id: None },
        _ => Delivery::Later { detail: format!("{} is not ready yet", access.name()), wait: None },
    }
}

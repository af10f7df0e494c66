//! Mail on its way out: one letter to one recipient, by the provider that an app is set up with.
//!
//! [`send`] never fails otherwise than in its answer: whoever keeps the letter decides by it whether the letter is done, is
//! tried again, or is nobody's. `log` is the provider of an app that has named none: nothing leaves, and the outbox shows
//! what would have.

mod access;
mod address;
mod cloudflare;
mod envelope;
mod mime;
mod provider;
mod report;
mod resend;
mod smtp;
pub(crate) mod webhook;

pub(crate) use access::{MailAccess, MailSettings};
pub(crate) use report::{MailReport, Reported};
pub(crate) use resend::report::read as resend_report;

use upcue_engine::time::DurationMs;
use worker::Env;

use self::envelope::Envelope;
use self::provider::Provider;
use crate::host;

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
    /// Names this mail and no other: the idempotency key, the left part of the Message-ID, and what reports name it by. 1 to
    /// 200 letters, digits, `-` and `_`.
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
    /// Further headers, each one line of ASCII: `List-Unsubscribe` …
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

impl Mail<'_> {
    /// The mail's headers, and one that keeps the machines of people who are away from answering ours (RFC 3834).
    fn headers_with_ours(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let theirs = self.headers.iter().map(|(name, value)| (*name, value.as_str()));
        theirs.chain([("Auto-Submitted", "auto-generated")])
    }
}

/// Told right before a provider that knows no keys may have all of a mail; answers whether the mail is to be handed over at all.
pub(crate) type Handing<'a> = dyn Fn() -> bool + 'a;

/// What became of a mail that its sender took back before the last of it was handed over.
const CALLED_BACK: &str = "it was called back before the last of it was handed over";

/// Hands a mail over.
pub(crate) async fn send(env: &Env, access: &MailAccess, mail: &Mail<'_>) -> Delivery {
    hand_over(env, access, mail, &|| true).await
}

/// Hands a mail over, telling when it may be there.
pub(crate) async fn hand_over(env: &Env, access: &MailAccess, mail: &Mail<'_>, handing: &Handing<'_>) -> Delivery {
    let envelope = match Envelope::check(mail, &host::ascii_domain) {
        Ok(envelope) => envelope,
        Err(delivery) => return delivery,
    };
    match access {
        MailAccess::Log => provider::Log.deliver(mail, &envelope, handing).await,
        MailAccess::Resend { api_key, .. } => resend::Resend { env, api_key }.deliver(mail, &envelope, handing).await,
        MailAccess::Smtp { host, port, security, username, password } => {
            smtp::Server { host, port: *port, security: *security, username, password }.deliver(mail, &envelope, handing).await
        }
        MailAccess::Cloudflare => cloudflare::Service { env }.deliver(mail, &envelope, handing).await,
    }
}

/// Whether mail can go to this address; what is wrong with it, if not.
pub(crate) fn check_address(text: &str, to_ascii: &dyn Fn(&str) -> Option<String>) -> Result<(), &'static str> {
    address::Address::read(text, to_ascii).map(|_| ())
}

/// The beginning of what somebody else said, as one line of a sentence of ours.
fn cut(text: &str) -> &str {
    let line = text.lines().next().unwrap_or("");
    line.char_indices().nth(200).map_or(line, |(end, _)| line.get(..end).unwrap_or(line))
}

//! Calls to a tenant's object about its mails, and their answers.

use serde::{Deserialize, Serialize};
use upcue_engine::sequence::{Contact, Enrolment, Letter};
use upcue_engine::time::Millis;
use upcue_engine::wire;

use crate::auth::link::Place;

/// What the tenant's object does about mails.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum MailCall {
    /// What a recipient wants, after this change of it, if one is named → [`ConsentReport`].
    Consent {
        /// Which letter says so.
        from: Place,
        /// What they want otherwise now.
        change: Option<ConsentChange>,
    },
    /// A link of a letter was followed → `bool`: whether it may still lead there.
    Follow {
        /// Of which letter.
        from: Place,
        /// Where it leads.
        target: String,
        /// Whether this counts as a click.
        counts: bool,
    },
    /// A letter was opened → `()`.
    Opened(Place),
    /// Everything about mails → [`LettersReport`].
    Letters,
    /// A letter as it was written → `Option<Posted>`.
    Letter(String),
    /// The provider reports something of a letter → `()`.
    Reported {
        /// Which.
        letter: String,
        /// `bounced`, `complained` …
        what: String,
        /// In the provider's words.
        detail: String,
        /// Whether nothing is to be sent to the address again.
        suppresses: bool,
    },
    /// This address takes mail again → `()`.
    Unsuppress(String),
}

wire! { enum MailCall {
    Consent { from, change }, Follow { from, target, counts }, Opened(from), Letters, Letter(id), Reported { letter, what, detail, suppresses },
    Unsuppress(address),
} }

/// What a recipient wants otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ConsentChange {
    /// No more of the letter's sequences.
    StopThese,
    /// No more mails at all.
    StopAll,
    /// The letter's sequences, and whatever else is not refused by itself, again.
    Resume,
}

wire! { enum ConsentChange { StopThese, StopAll, Resume } }

/// What a recipient wants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ConsentReport {
    /// Whether they get no more of the letter's sequences.
    pub(crate) stopped: bool,
    /// Whether they get no more mails at all.
    pub(crate) stopped_all: bool,
    /// Where they are written to, if anywhere.
    pub(crate) address: Option<String>,
    /// Whether the tenant knows that this address takes no mail.
    pub(crate) takes_none: bool,
}

wire! { struct ConsentReport { stopped, stopped_all, address, takes_none } }

/// A letter as it was written, and what became of it at its recipient's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Posted {
    /// Where to.
    pub(crate) address: String,
    /// One line.
    pub(crate) subject: String,
    /// As a page.
    pub(crate) html: String,
    /// As text.
    pub(crate) text: String,
    /// By which provider.
    pub(crate) provider: String,
    /// The links that were followed, each with the first time.
    pub(crate) clicks: Vec<(String, Millis)>,
    /// When it was first opened, where that is asked for.
    pub(crate) opened: Option<Millis>,
    /// What the provider reported, last.
    pub(crate) reported: Option<(String, Millis)>,
}

wire! { struct Posted { address, subject, html, text, provider, clicks, opened, reported } }

/// Everything about the mails of a tenant.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct LettersReport {
    /// The letters, newest first, each with what was written, without its texts.
    pub(crate) letters: Vec<(Letter, Option<Posted>)>,
    /// Who is or was on the way through which sequence, newest first.
    pub(crate) enrolments: Vec<Enrolment>,
    /// Who could be written to.
    pub(crate) contacts: Vec<Contact>,
}

wire! { struct LettersReport { letters, enrolments, contacts } }

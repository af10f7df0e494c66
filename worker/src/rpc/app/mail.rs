//! What an app's object knows of mail: who must not be written to, how fast, and what became of letters.

use serde::{Deserialize, Serialize};
use upcue_engine::sequence::Letter;
use upcue_engine::time::Millis;
use upcue_engine::touch::First;
use upcue_engine::wire;

use crate::rpc::LetterReply;

/// A letter to be looked at in a browser.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Look {
    /// Its template.
    pub(crate) template: String,
    /// Whom it is filled in for; `None`: sample facts.
    pub(crate) tenant: Option<String>,
    /// The letter.
    pub(crate) letter: LetterReply,
}

wire! { struct Look { template, tenant, letter } }

/// Asks whether a mail may go out now.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MailWish {
    /// Who asks: should the address be suppressed, they are told when it is let go. `None`: nobody, a trial.
    pub(crate) tenant: Option<String>,
    /// The keyed hash of the address, as [`address_hash`](crate::auth::link::address_hash) makes it.
    pub(crate) hash: [u8; 32],
    /// Mails a second at most, in the whole app.
    pub(crate) rate: u32,
    /// The moment that was given to whoever asks now, if one was.
    pub(crate) slot: Option<Millis>,
}

wire! { struct MailWish { tenant, hash, rate, slot } }

/// Whether a mail may go out now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum MailLeave {
    /// It may.
    Go,
    /// Not before this moment, which is kept for whoever asked.
    At(Millis),
    /// Never: mail to this address has come back, or its owner has complained.
    Suppressed(String),
}

wire! { enum MailLeave { Go, At(moment), Suppressed(reason) } }

/// An address that no mail goes to, known by its hash alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Suppression {
    /// Of the address.
    pub(crate) hash: [u8; 32],
    /// `bounce`, `complaint` or `manual`.
    pub(crate) reason: String,
    /// Since when.
    pub(crate) at: Millis,
}

wire! { struct Suppression { hash, reason, at } }

/// Which suppressions are wanted: in the order of their hashes, which means nothing and stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct SuppressionListing {
    /// Lists what comes after it.
    pub(crate) after: Option<[u8; 32]>,
    /// At most so many.
    pub(crate) limit: u32,
}

wire! { struct SuppressionListing { after, limit } }

/// A letter as its tenant last told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LetterFact {
    /// The letter.
    pub(crate) letter: Letter,
    /// Where it goes; `None` where nobody knows.
    pub(crate) address: Option<String>,
    /// Its subject; `None` before it was written.
    pub(crate) subject: Option<String>,
    /// Which provider was asked, likewise.
    pub(crate) provider: Option<String>,
    /// How many of its links were followed.
    pub(crate) clicks: u32,
    /// When it was first opened, where that is asked for.
    pub(crate) opened: Option<Millis>,
    /// What the provider reported, last.
    pub(crate) reported: Option<(String, Millis)>,
    /// The signal that its sequence is about now, and when that was detected.
    pub(crate) signal: Option<(String, Millis)>,
    /// The hour of the week where it goes, 0 to 167; Monday's first is 0.
    pub(crate) hour: u8,
    /// How the tenant stands now to the sequence.
    pub(crate) first: First,
}

wire! { struct LetterFact { letter, address, subject, provider, clicks, opened, reported, signal, hour, first } }

/// Which letters are wanted: newest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct LetterListing {
    /// Only this tenant's.
    pub(crate) tenant: Option<String>,
    /// Only those that stand so.
    pub(crate) state: Option<String>,
    /// Lists what comes after this moment and this letter.
    pub(crate) after: Option<(Millis, String)>,
    /// At most so many.
    pub(crate) limit: u32,
}

wire! { struct LetterListing { tenant, state, after, limit } }

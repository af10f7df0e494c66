//! What a step of the mailing did, and what must be stored and told for it.

use serde::{Deserialize, Serialize};

use super::{Letter, Reason};
use crate::ledger::Moment;
use crate::time::Millis;
use crate::usage::NoteKind;
use crate::wire;

/// What a step of the mailing did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Whether [`Mailing`](super::Mailing) changed.
    pub changed: bool,
    /// What the ledgers were told: where there is any, [`Counts`](crate::tenant::Counts) changed, and the users named here. History is
    /// to be told as well.
    pub spent: Vec<Spent>,
    /// What people and reports are told.
    pub told: Vec<Told>,
    /// The letters to be sent.
    pub letters: Vec<Letter>,
}

/// A letter counts in the ledgers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// The recipient.
    pub user: String,
    /// The sequence's key.
    pub key: u32,
    /// As what.
    pub kind: NoteKind,
    /// When, and of which letter.
    pub moment: Moment,
}

wire! { struct Spent { user, key, kind, moment } }

/// Something happened with an enrolment, or a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// When.
    pub at: Millis,
    /// The sequence; of a letter, that of its first part.
    pub sequence: String,
    /// The recipient.
    pub recipient: String,
    /// The letter's id, if it is about one.
    pub letter: Option<String>,
    /// What.
    pub what: What,
}

wire! { struct Told { at, sequence, recipient, letter, what } }

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// Somebody entered.
    Entered,
    /// Somebody's way is over.
    Left(Reason),
    /// Somebody was not let in.
    Barred(Reason),
    /// A step was left out.
    Skipped(Reason),
    /// A letter was made.
    Drawn,
    /// The provider has it.
    Sent,
    /// It would have been sent, were the tenant not in a control group.
    Ghost,
    /// It is sent later.
    Delayed(Reason),
    /// It cannot be sent.
    Failed(Reason),
    /// It is not wanted any more.
    Cancelled(Reason),
}

wire! { enum What {
    Entered, Left(reason), Barred(reason), Skipped(reason), Drawn, Sent, Ghost, Delayed(reason), Failed(reason), Cancelled(reason),
} }

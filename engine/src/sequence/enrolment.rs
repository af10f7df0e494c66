//! One recipient's way through one sequence.

use serde::{Deserialize, Serialize};

use super::Reason;
use crate::time::Millis;
use crate::wire;

/// One recipient's way through one sequence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    /// The tenant's how manieth it is.
    pub number: u32,
    /// The sequence.
    pub sequence: String,
    /// The user's id, or [`OWNER`](super::OWNER).
    pub recipient: String,
    /// When they entered.
    pub entered: Millis,
    /// What became of its steps so far.
    pub taken: Vec<Taken>,
    /// How it stands.
    pub stage: Stage,
}

wire! { struct Enrolment { number, sequence, recipient, entered, taken, stage } }

/// How an enrolment stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// A step is to come.
    Waiting(Waiting),
    /// A step is in a letter that is not settled: its id.
    Writing(String),
    /// It is over.
    Ended {
        /// Since when.
        at: Millis,
        /// Why.
        reason: Reason,
    },
}

wire! { enum Stage { Waiting(waiting), Writing(letter), Ended { at, reason } } }

/// A step that is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Its place among the sequence's steps.
    pub step: u16,
    /// From when on it may go.
    pub ripe: Millis,
    /// When it is looked at next.
    pub look: Millis,
    /// What holds it back although it is ripe.
    pub held: Option<Reason>,
}

wire! { struct Waiting { step, ripe, look, held } }

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// Its place among the sequence's steps.
    pub step: u16,
    /// When.
    pub at: Millis,
    /// What.
    pub as_what: TakenAs,
}

wire! { struct Taken { step, at, as_what } }

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TakenAs {
    /// It went into the letter of this id.
    Letter(String),
    /// It was left out.
    Skipped(Reason),
}

wire! { enum TakenAs { Letter(id), Skipped(reason) } }

/// All the times that a recipient was enrolled in a sequence, in short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// The hash of sequence and recipient.
    pub of: u64,
    /// How often.
    pub times: u16,
    /// When the last time ended; when it began, if it has not.
    pub last: Millis,
}

wire! { struct Past { of, times, last } }

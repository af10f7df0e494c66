//! Email sequences of one tenant: who is on the way through which, what is to be sent when, and what became of it.
//!
//! A recipient's way through a sequence is an [`Enrolment`]. When `enter` begins to hold, its recipients are enrolled; each of its
//! steps ripens in its time, and becomes a [`Letter`] when everything lets it: the exit does not hold, the recipient wants it, it is
//! not night there, there is room in the ledgers that it shares with nudges. What is ripe for one recipient goes as one letter.
//!
//! The host calls, each in one transaction with writing what it changed:
//!
//! | when | what |
//! |---|---|
//! | whatever came in, and by the clock | [`Tenant::advance`](crate::tenant::Tenant::advance): who enters, who leaves |
//! | at [`Mailing::due`] | [`Tenant::draw`](crate::tenant::Tenant::draw): which letters are to be sent |
//! | right before the provider is asked | [`Tenant::sending`](crate::tenant::Tenant::sending): looks at everything once more; written down before the call |
//! | after it has answered, or has not | [`Tenant::settled`](crate::tenant::Tenant::settled) |
//! | once, when the object starts | [`Mailing::recover`]: what was being sent is unsure, and is asked for again under its own key |
//!
//! So a letter is never lost: until it is settled it is drawn again. And it is sent once as far as the provider lets it: what is
//! unsure is asked for again under the same key, of a provider that knows no keys at most once.

mod advance;
mod cancel;
mod clocks;
mod desk;
mod draw;
mod enrolment;
mod gates;
mod letter;
mod moved;
mod people;
mod reason;
mod settle;

use serde::{Deserialize, Serialize};

pub use clocks::Zones;
pub use enrolment::{Enrolment, Past, Stage, Taken, TakenAs, Waiting};
pub use letter::{Letter, LetterState, Outcome, Part};
pub use moved::{Moved, Spent, Told, What};
pub use people::{Consent, Contact, OWNER, Seen};
pub use reason::Reason;

use crate::time::Millis;
use crate::wire;

/// Everything about the mails of one tenant: one row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailing {
    /// Who could be written to.
    pub contacts: Vec<Contact>,
    /// Which sequences' `enter` holds.
    pub doors: Vec<Door>,
    /// Those on their way, and the last that have ended; oldest first.
    pub enrolments: Vec<Enrolment>,
    /// Those that have ended, as far as it matters to who may enter again.
    pub past: Vec<Past>,
    /// Those that are open, and the last that are not; oldest first.
    pub letters: Vec<Letter>,
    /// How many enrolments there ever were.
    pub numbered: u32,
}

wire! { struct Mailing { contacts, doors, enrolments, past, letters, numbered } }

/// What is known of a sequence's `enter`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Door {
    /// The sequence.
    pub sequence: String,
    /// Whether it holds.
    pub is_open: bool,
    /// Whether it began to hold when nobody was known who could be written to: somebody may still be.
    pub is_unmet: bool,
    /// When it last changed.
    pub since: Millis,
}

wire! { struct Door { sequence, is_open, is_unmet, since } }

impl Mailing {
    /// Who is on the way through a sequence: their users must be loaded before anything is evaluated for them.
    pub fn recipients(&self) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        for enrolment in self.enrolments.iter().filter(|enrolment| !enrolment.is_over()) {
            if !found.contains(&enrolment.recipient.as_str()) {
                found.push(&enrolment.recipient);
            }
        }
        found
    }
}

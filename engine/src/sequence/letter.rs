//! One mail to one recipient.

use serde::{Deserialize, Serialize};

use super::{Reason, Told, What};
use crate::time::{DurationMs, Millis};
use crate::wire;

/// One mail to one recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// `ltr_…`, the same for the same step of the same enrolment: the provider's idempotency key.
    pub id: String,
    /// The user's id, or [`OWNER`](super::OWNER).
    pub recipient: String,
    /// What it says: the first in full, the others in a line each. Never empty.
    pub parts: Vec<Part>,
    /// When it was made.
    pub drawn: Millis,
    /// At which moment it counts in the ledgers.
    pub noted: Millis,
    /// How it stands.
    pub state: LetterState,
    /// How often the provider was asked.
    pub attempts: u16,
    /// When it was first asked.
    pub asked: Option<Millis>,
    /// How often it is unknown what came of asking: it may have been sent.
    pub unsure: u8,
    /// When it was asked the first time of those.
    pub doubted: Option<Millis>,
    /// What the provider last said, or the text's fault.
    pub detail: String,
    /// The provider's id of it.
    pub provider_id: Option<String>,
    /// When a link in it was first followed.
    pub clicked: Option<Millis>,
}

wire! { struct Letter {
    id, recipient, parts, drawn, noted, state, attempts, asked, unsure, doubted, detail, provider_id, clicked,
} }

impl Letter {
    /// Nobody knows what came of asking the provider.
    pub(super) fn doubt(&mut self) {
        self.unsure = self.unsure.saturating_add(1);
        if let LetterState::Asking(since) = self.state {
            self.doubted.get_or_insert(since);
        }
    }

    /// That something happened with it.
    pub(super) fn told(&self, at: Millis, what: What) -> Told {
        let sequence = self.parts.first().map(|part| part.sequence.clone()).unwrap_or_default();
        Told { at, sequence, recipient: self.recipient.clone(), letter: Some(self.id.clone()), what }
    }
}

/// One step that a letter is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The number of the enrolment.
    pub enrolment: u32,
    /// The sequence.
    pub sequence: String,
    /// Its key in ledgers.
    pub key: u32,
    /// The step's place in it.
    pub step: u16,
    /// The template.
    pub template: String,
    /// The arm of the campaign whose variants the sequence shares.
    pub variant: Option<String>,
}

wire! { struct Part { enrolment, sequence, key, step, template, variant } }

/// How a letter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LetterState {
    /// It is to be sent.
    Ready,
    /// It is on its way to the provider since then, who certainly does not have it yet.
    Sending(Millis),
    /// The provider is being asked since then, and may have it.
    Asking(Millis),
    /// It is to be sent later.
    Waiting {
        /// When.
        until: Millis,
        /// Why.
        reason: Reason,
    },
    /// The provider has it since then.
    Sent(Millis),
    /// It would have been sent then, were the tenant not in a control group.
    Ghost(Millis),
    /// It will not be sent: it cannot be.
    Failed {
        /// Since when.
        at: Millis,
        /// Why.
        reason: Reason,
    },
    /// It will not be sent: it is not wanted any more.
    Cancelled {
        /// Since when.
        at: Millis,
        /// Why.
        reason: Reason,
    },
}

wire! { enum LetterState {
    Ready, Sending(since), Asking(since), Waiting { until, reason }, Sent(at), Ghost(at), Failed { at, reason }, Cancelled { at, reason },
} }

impl LetterState {
    /// The stable word in reports.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Sending(_) | Self::Asking(_) => "sending",
            Self::Waiting { .. } => "waiting",
            Self::Sent(_) => "sent",
            Self::Ghost(_) => "ghost",
            Self::Failed { .. } => "failed",
            Self::Cancelled { .. } => "cancelled",
        }
    }

    /// Whether something is still to come of it.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Ready | Self::Sending(_) | Self::Asking(_) | Self::Waiting { .. })
    }

    /// Why it is so, where there is a reason.
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::Waiting { reason, .. } | Self::Failed { reason, .. } | Self::Cancelled { reason, .. } => Some(*reason),
            _ => None,
        }
    }
}

/// What came of a letter that was being sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The provider has it.
    Sent {
        /// The provider's id of it.
        id: Option<String>,
    },
    /// The provider does not take it now, and certainly has not: it is asked again.
    Later {
        /// In its words.
        detail: String,
        /// Not before so long.
        wait: Option<DurationMs>,
    },
    /// Nobody knows: there was no answer.
    Unknown {
        /// What happened.
        detail: String,
    },
    /// The provider will not take it, ever.
    Refused {
        /// In its words.
        detail: String,
        /// Whether the address is at fault: nothing more is sent there.
        address: bool,
    },
    /// The app sends nothing to this address. The provider was not asked.
    Suppressed,
    /// Others go first. The provider was not asked.
    Wait {
        /// Until when.
        until: Millis,
    },
    /// Its text cannot be written: a value is missing, or it is too large. The provider was not asked.
    Unwritable {
        /// What is wrong.
        detail: String,
    },
}

wire! { enum Outcome {
    Sent { id }, Later { detail, wait }, Unknown { detail }, Refused { detail, address }, Suppressed, Wait { until }, Unwritable { detail },
} }

//! Why a letter was not sent, or not yet.

use serde::{Deserialize, Serialize};

use crate::wire;

/// Why something waits, was left out, or is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// It waits for others that may go with it.
    Digest,
    /// It is night for the recipient.
    QuietHours,
    /// It is weekend for the recipient.
    Weekend,
    /// The sequence was sent often enough.
    OwnCap,
    /// People were prompted often enough, in the app and by mail.
    SharedCap,
    /// Whether to leave the sequence cannot be computed.
    ExitUnknown,
    /// The app's other mails go first.
    Pace,
    /// The provider does not take it now.
    Provider,
    /// The provider did not answer: it may have been sent.
    Unsure,
    /// The step's condition does not hold.
    WhenFalse,
    /// The step's condition cannot be computed.
    WhenUnknown,
    /// All its steps are done.
    Finished,
    /// The exit holds.
    Exit,
    /// The tenant has upgraded.
    Converted,
    /// The recipient does not want it.
    Unsubscribed,
    /// The address takes no mail.
    Suppressed,
    /// No address is known.
    NoAddress,
    /// The configuration has no such sequence any more.
    Removed,
    /// It was held back for too long.
    Late,
    /// The recipient was enrolled too lately, or too often.
    Reentry,
    /// Too many are on their way.
    Full,
    /// The provider will not take it.
    Refused,
    /// The provider was asked for too long.
    GaveUp,
    /// The text cannot be written.
    Unwritable,
}

wire! { enum Reason {
    Digest, QuietHours, Weekend, OwnCap, SharedCap, ExitUnknown, Pace, Provider, Unsure, WhenFalse, WhenUnknown, Finished, Exit, Converted,
    Unsubscribed, Suppressed, NoAddress, Removed, Late, Reentry, Full, Refused, GaveUp, Unwritable,
} }

impl Reason {
    /// Every reason, in the order of their numbers on the wire.
    pub const ALL: [Self; 24] = [
        Self::Digest,
        Self::QuietHours,
        Self::Weekend,
        Self::OwnCap,
        Self::SharedCap,
        Self::ExitUnknown,
        Self::Pace,
        Self::Provider,
        Self::Unsure,
        Self::WhenFalse,
        Self::WhenUnknown,
        Self::Finished,
        Self::Exit,
        Self::Converted,
        Self::Unsubscribed,
        Self::Suppressed,
        Self::NoAddress,
        Self::Removed,
        Self::Late,
        Self::Reentry,
        Self::Full,
        Self::Refused,
        Self::GaveUp,
        Self::Unwritable,
    ];

    /// The stable word in reports, and the sentence that people read.
    fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::Digest => ("digest", "it waits for others that may go with it"),
            Self::QuietHours => ("quiet_hours", "it is night for the recipient"),
            Self::Weekend => ("weekend", "it is weekend for the recipient"),
            Self::OwnCap => ("own_cap", "the sequence was sent as often as its own cap allows"),
            Self::SharedCap => ("cap", "people were prompted as often as the caps for everything allow, in the app and by mail"),
            Self::ExitUnknown => ("exit_unknown", "whether to leave the sequence cannot be computed"),
            Self::Pace => ("pace", "other mails of the app go first"),
            Self::Provider => ("provider", "the provider does not take it now"),
            Self::Unsure => ("unsure", "the provider did not answer, so that it may have been sent"),
            Self::WhenFalse => ("when_false", "the step's condition does not hold"),
            Self::WhenUnknown => ("when_unknown", "the step's condition cannot be computed"),
            Self::Finished => ("finished", "all steps are done"),
            Self::Exit => ("exit", "the exit holds"),
            Self::Converted => ("converted", "the tenant has upgraded"),
            Self::Unsubscribed => ("unsubscribed", "the recipient does not want it"),
            Self::Suppressed => ("suppressed", "the address takes no mail: it bounced, or somebody complained"),
            Self::NoAddress => ("no_address", "no address is known"),
            Self::Removed => ("removed", "the configuration has no such sequence or step any more"),
            Self::Late => ("late", "it was held back for longer than it is worth"),
            Self::Reentry => ("reentry", "the recipient was in the sequence too lately, or too often"),
            Self::Full => ("full", "too many are on their way at this tenant"),
            Self::Refused => ("refused", "the provider refused it"),
            Self::GaveUp => ("gave_up", "the provider was asked for too long"),
            Self::Unwritable => ("unwritable", "its text could not be written"),
        }
    }

    /// The stable word in reports.
    pub fn code(self) -> &'static str {
        self.told().0
    }

    /// The sentence that people read.
    pub fn words(self) -> &'static str {
        self.told().1
    }
}

//! Why a campaign is or is not shown, gate by gate, and what would change it.
//!
//! [`decision`](crate::decision) decides, in the browser and at the edge; this tells the same story in words, at the edge alone.
//! A test holds the two together: over generated scenes the gate that stops a campaign here is the reason it is given there.
//!
//! | gate | stops a campaign when |
//! |---|---|
//! | `rollout` | it is not on for the tenant |
//! | `schedule` | it has not begun or is over |
//! | `audience` | its audience does not hold, or cannot be computed |
//! | `texts` | one of its texts names a value that is unknown |
//! | `converted` | the tenant has upgraded just now |
//! | `dismissed` | the user put it away |
//! | `snoozed` | the user wants it later |
//! | `quiet_hours` | it is quiet for the user; told of campaigns that have quiet hours |
//! | `cap` | it was shown often enough, or all campaigns together were; one gate for each cap, the campaign's own first |
//! | `exclusive` | the page shows another of its group; told of campaigns that are in one |
//! | `holdout` | the tenant is in its control group, or in that of all campaigns |
//! | `placement` | a campaign before it has the place |

mod claim;
mod frequency;
mod gates;
mod names;
mod print;
#[cfg(test)]
mod tests;
mod tree;
mod want;

use serde::{Deserialize, Serialize};

pub use gates::{Chance, Stage, Subject};
pub use names::{Condition, Names};

use crate::decision::Reason;
use crate::wire;

/// What is decided for one placement, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// Where.
    pub placement: String,
    /// What is shown.
    pub campaign: Option<String>,
    /// The title it is shown with.
    pub title: Option<String>,
    /// Why this, or why nothing.
    pub reason: Reason,
    /// Of every campaign there, highest priority first: why it is or is not shown.
    pub campaigns: Vec<Account>,
    /// How many more there are, of which nothing is told: they cannot be shown whatever happens in the page.
    pub settled: u32,
}

wire! { struct Explanation { placement, campaign, title, reason, campaigns, settled } }

/// Why one campaign is or is not shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The campaign.
    pub campaign: String,
    /// The tenant's arm of it; `None` where there are no variants.
    pub variant: Option<String>,
    /// What decided about it.
    pub reason: Reason,
    /// Its gates, in the order in which they are passed.
    pub gates: Vec<Gate>,
    /// What would have to change for it to be shown; `None`: nothing, or nothing that can.
    pub would_show_if: Option<String>,
}

wire! { struct Account { campaign, variant, reason, gates, would_show_if } }

/// One gate of a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// Which.
    pub kind: GateKind,
    /// What became of the campaign there.
    pub verdict: Verdict,
    /// What the gate looks at.
    pub inputs: Vec<Reading>,
    /// What it asks of them; `None`: nothing.
    pub threshold: Option<String>,
    /// What would open it; `None`: it is open, or nothing can. Told of gates that were not reached as well.
    pub would: Option<String>,
}

wire! { struct Gate { kind, verdict, inputs, threshold, would } }

/// Something a gate looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Its name.
    pub name: String,
    /// Its present value, as expressions write it.
    pub value: String,
}

wire! { struct Reading { name, value } }

/// The gates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GateKind {
    /// Which tenants it is on for.
    Rollout,
    /// When it runs.
    Schedule,
    /// For whom.
    Audience,
    /// Whether its texts are complete.
    Texts,
    /// Whether the tenant has upgraded just now.
    Converted,
    /// Whether the user put it away.
    Dismissed,
    /// Whether the user wants it later.
    Snoozed,
    /// Whether it is quiet for the user.
    QuietHours,
    /// How often at most.
    Cap,
    /// Whether the page shows another of its group.
    Exclusive,
    /// Whether the tenant is in the control group.
    Holdout,
    /// Whether the place is free.
    Placement,
}

wire! { enum GateKind {
    Rollout, Schedule, Audience, Texts, Converted, Dismissed, Snoozed, QuietHours, Cap, Exclusive, Holdout, Placement,
} }

impl GateKind {
    /// The stable word in traces.
    pub fn code(self) -> &'static str {
        match self {
            Self::Rollout => "rollout",
            Self::Schedule => "schedule",
            Self::Audience => "audience",
            Self::Texts => "texts",
            Self::Converted => "converted",
            Self::Dismissed => "dismissed",
            Self::Snoozed => "snoozed",
            Self::QuietHours => "quiet_hours",
            Self::Cap => "cap",
            Self::Exclusive => "exclusive",
            Self::Holdout => "holdout",
            Self::Placement => "placement",
        }
    }
}

/// What became of a campaign at a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// It went through.
    Pass,
    /// It was stopped.
    Stop,
    /// It was stopped, as something could not be computed.
    Unknown,
    /// A gate before had stopped it.
    NotReached,
}

wire! { enum Verdict { Pass, Stop, Unknown, NotReached } }

impl Verdict {
    /// The stable word in traces.
    pub fn code(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Stop => "stop",
            Self::Unknown => "unknown",
            Self::NotReached => "not_reached",
        }
    }
}

//! Configuration: one document per app, as people write it ([`raw`]) and as machines run it ([`Config`]).
//!
//! [`compile`] is the only way from one to the other, and tells every problem at once, each with the place in the document
//! and what to do about it.

mod compile;
mod names;
pub mod raw;
mod texts;

use serde::{Deserialize, Serialize};

pub use compile::compile;

use crate::campaign::{Campaign, Nudge};
use crate::facts::Role;
use crate::plan::{Feature, Meter, Plan};
use crate::wire;

/// A configuration that can run: validated, numbered, compiled.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// The meters; facts and plans number them by position.
    pub meters: Vec<Meter>,
    /// The features, likewise.
    pub features: Vec<Feature>,
    /// The names of tracked events that expressions read, likewise.
    pub events: Vec<String>,
    /// Highest priority first, then in the order of the document.
    pub campaigns: Vec<CampaignRule>,
    /// The plans written into the document; `None` when they come from Stripe.
    pub inline_plans: Option<Vec<Plan>>,
    /// The id of the plan of tenants without a subscription; `None`: the plan of rank 0, if there is one.
    pub default_plan: Option<String>,
}

wire! { struct Config { meters, features, events, campaigns, inline_plans, default_plan } }

/// A campaign for every role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CampaignRule {
    /// With what admins see.
    pub campaign: Campaign,
    /// What members see.
    pub member: Nudge,
}

wire! { struct CampaignRule { campaign, member } }

impl CampaignRule {
    /// The campaign as a user of this role meets it.
    pub fn for_role(&self, role: Role) -> Campaign {
        let mut campaign = self.campaign.clone();
        if role == Role::Member {
            campaign.nudge = self.member.clone();
        }
        campaign
    }
}

/// Something wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// A stable code.
    pub code: &'static str,
    /// Where: a JSON pointer (RFC 6901).
    pub pointer: String,
    /// Within the string there: the byte offset, for expressions and texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<usize>,
    /// What is wrong and what to do about it.
    pub detail: String,
}

impl Problem {
    fn new(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, pointer: pointer.into(), offset: None, detail: detail.into() }
    }
}

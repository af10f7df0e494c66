//! Configuration: one document per app, as people write it (JSON) and as machines run it ([`Config`]).
//!
//! [`compile`] is the only way from one to the other, and tells every problem at once, those of shape beside those of
//! meaning, each with the place in the document and what to do about it.

mod builtins;
mod campaigns;
mod compile;
mod decimal;
pub mod diff;
mod features;
mod json;
mod meters;
mod names;
mod order;
mod parts;
mod plans;
mod reader;
mod review;
mod segments;
mod signals;
mod source;
#[cfg(test)]
mod tests;
mod texts;
mod traits;
mod upgrade;

use serde::{Deserialize, Serialize};

pub use compile::{compile, review};
pub use names::unknown;
pub use upgrade::{PaymentBehavior, Proration, UpgradeRules};

use crate::campaign::{Campaign, Cap, Nudge};
use crate::facts::Role;
use crate::hash::bucket;
use crate::plan::{Feature, Meter, MeterSource, Plan};
use crate::rollout::Rollout;
use crate::segment::Segment;
use crate::signal::Signal;
use crate::traits::Traits;
use crate::wire;

/// The JSON Schema (draft 2020-12) of the document, for editors: what of a document's shape [`compile`] refuses, it refuses.
pub const SCHEMA: &str = include_str!("config/schema.json");

/// A configuration that can run: validated, numbered, compiled.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// The meters; facts and plans number them by position.
    pub meters: Vec<Meter>,
    /// Where each meter is read from.
    pub sources: Vec<MeterSource>,
    /// The features, likewise.
    pub features: Vec<Feature>,
    /// What the back end says of users and tenants, likewise.
    pub traits: Traits,
    /// The names of tracked events that expressions read, likewise.
    pub events: Vec<String>,
    /// The signals, likewise.
    pub signals: Vec<Signal>,
    /// The numbers of the signals, those that others read first.
    pub signal_order: Vec<u16>,
    /// The segments, likewise.
    pub segments: Vec<Segment>,
    /// The numbers of the segments, those that others read first.
    pub segment_order: Vec<u16>,
    /// Highest priority first, then in the order of the document.
    pub campaigns: Vec<CampaignRule>,
    /// The plans written into the document; `None` when they come from Stripe.
    pub inline_plans: Option<Vec<Plan>>,
    /// The id of the plan of tenants without a subscription; `None`: the plan of rank 0, if there is one.
    pub default_plan: Option<String>,
    /// How upgrades are made.
    pub upgrade: UpgradeRules,
    /// How often people are prompted at all.
    pub frequency: Frequency,
}

wire! { struct Config {
    meters, sources, features, traits, events, signals, signal_order, segments, segment_order, campaigns, inline_plans, default_plan,
    upgrade, frequency,
} }

/// How often people are prompted at all, whatever the campaign.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frequency {
    /// All of them must allow it, in the app and by mail.
    pub caps: Vec<Cap>,
}

wire! { struct Frequency { caps } }

/// A campaign for every role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CampaignRule {
    /// With what admins see.
    pub campaign: Campaign,
    /// What members see.
    pub member: Nudge,
    /// Which tenants it is on for.
    pub rollout: Rollout,
    /// How many tenants are kept from seeing it, for comparison: in basis points.
    pub holdout: u16,
    /// Its audience as written.
    pub audience_source: String,
}

wire! { struct CampaignRule { campaign, member, rollout, holdout, audience_source } }

impl CampaignRule {
    /// The campaign as users of this role meet it at `tenant`, which is in one arm with all its users.
    pub fn for_user(&self, tenant: &str, role: Role) -> Campaign {
        let mut campaign = self.campaign.clone();
        if role == Role::Member {
            campaign.nudge = self.member.clone();
        }
        campaign.gates.held_out = self.holdout_bucket(tenant) < self.holdout;
        campaign
    }

    /// The basis point of `tenant`: below the holdout it is kept from seeing the campaign.
    pub fn holdout_bucket(&self, tenant: &str) -> u16 {
        bucket(&["holdout", &self.campaign.id, tenant])
    }
}

/// Something wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// A stable code.
    pub code: &'static str,
    /// Where: a JSON pointer (RFC 6901).
    pub pointer: String,
    /// The line there, from 1.
    pub line: usize,
    /// The character of that line, from 1. What belongs to an object begins with its name; where something is missing, it is
    /// the object that lacks it.
    pub column: usize,
    /// Within the string there: the byte offset, for expressions and texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<usize>,
    /// What is wrong and what to do about it.
    pub detail: String,
}

impl Problem {
    /// The code of a document that is no JSON.
    pub const MALFORMED: &str = "malformed_json";
}

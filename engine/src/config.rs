//! Configuration: one document per app, as people write it (JSON) and as machines run it ([`Config`]).
//!
//! [`compile`] is the only way from one to the other, and tells every problem at once, those of shape beside those of
//! meaning, each with the place in the document and what to do about it.

mod attribution;
mod builtins;
mod campaigns;
mod compile;
mod decimal;
pub mod diff;
mod email;
mod features;
mod frequency;
mod json;
mod meters;
mod names;
mod order;
mod parts;
mod plans;
mod reader;
mod review;
mod segments;
mod sequences;
mod signals;
mod source;
mod templates;
#[cfg(test)]
mod tests;
mod texts;
mod traits;
mod upgrade;
mod variants;

use serde::{Deserialize, Serialize};

pub use compile::{Host, compile, review, review_for};
pub use email::{Email, Mailbox};
pub use names::unknown;
pub use sequences::{After, MAX_STEPS, Reentry, Sequence, Step, To};
pub use upgrade::{PaymentBehavior, Proration, UpgradeRules};

use crate::attribution::Attribution;
use crate::campaign::{Campaign, Cap, Nudge, NudgeKind};
use crate::facts::Role;
use crate::hash::{bucket, hash_parts, key};
use crate::letter::LetterTemplate;
use crate::plan::{Feature, Meter, MeterSource, Plan};
use crate::rollout::Rollout;
use crate::segment::Segment;
use crate::signal::Signal;
use crate::tally::Arm;
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
    /// How many tenants are kept from seeing any campaign, for comparison: in basis points.
    pub holdout: u16,
    /// Mail as such.
    pub email: Email,
    /// The email sequences, highest priority first, then in the order of the document.
    pub sequences: Vec<Sequence>,
    /// What letters are made from, in the order of the document.
    pub templates: Vec<LetterTemplate>,
    /// What conversions are credited by.
    pub attribution: Attribution,
}

wire! { struct Config {
    meters, sources, features, traits, events, signals, signal_order, segments, segment_order, campaigns, inline_plans, default_plan,
    upgrade, frequency, holdout, email, sequences, templates, attribution,
} }

/// How often people are prompted at all, whatever the campaign.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frequency {
    /// All of them must allow it, in the app and by mail.
    pub caps: Vec<Cap>,
    /// All quiet hours that there are; campaigns name theirs by their place here.
    pub quiet: Vec<QuietHours>,
    /// Whose clocks calendar windows and quiet hours go by.
    pub zone: Clock,
}

wire! { struct Frequency { caps, quiet, zone } }

/// From when to when on every day nobody is prompted, by the clocks of the zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietHours {
    /// In minutes after midnight.
    pub from: u16,
    /// Exclusive, likewise; of the next day if it is not after `from`.
    pub to: u16,
}

wire! { struct QuietHours { from, to } }

/// Whose clocks count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Clock {
    /// Those of this zone of the IANA time zone database.
    Zone(String),
    /// Those of the user's own zone; UTC for who does not say.
    User,
}

wire! { enum Clock { Zone(name), User } }

impl Default for Clock {
    fn default() -> Self {
        Self::Zone("UTC".to_owned())
    }
}

/// A campaign for every role and arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CampaignRule {
    /// With what admins see where there are no variants.
    pub campaign: Campaign,
    /// What members see there.
    pub member: Nudge,
    /// What is shown in its place, by arm; may be empty.
    pub variants: Vec<Variant>,
    /// What tenants are assigned to arms by.
    pub salt: String,
    /// Which tenants it is on for.
    pub rollout: Rollout,
    /// How many tenants are kept from seeing it, for comparison: in basis points.
    pub holdout: u16,
    /// How many are kept from seeing any campaign: the [`Config::holdout`].
    pub holdout_of_all: u16,
    /// Its audience as written.
    pub audience_source: String,
}

wire! { struct CampaignRule { campaign, member, variants, salt, rollout, holdout, holdout_of_all, audience_source } }

/// The share of tenants that is in one of two control groups, in basis points: the two draws know nothing of each other.
fn either(one: u16, other: u16) -> u16 {
    let kept = |held: u16| 10_000 - u32::from(held.min(10_000));
    u16::try_from(10_000 - kept(one) * kept(other) / 10_000).unwrap_or(10_000)
}

/// One arm of a campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// Its name in events and reports.
    pub id: String,
    /// Its share of the tenants, among the weights of all.
    pub weight: u16,
    /// What admins see.
    pub admin: Nudge,
    /// What members see.
    pub member: Nudge,
}

wire! { struct Variant { id, weight, admin, member } }

/// The key of the group that all modals are in: no name has it by being written.
const MODALS: &str = " modals";

impl CampaignRule {
    /// The campaign as users of this role meet it at `tenant`, which is in one arm with all its users.
    pub fn for_user(&self, tenant: &str, role: Role) -> Campaign {
        let mut campaign = self.campaign.clone();
        if let Some(variant) = self.variant(tenant) {
            campaign.variant = Some(variant.id.clone());
            campaign.nudge.clone_from(if role == Role::Member { &variant.member } else { &variant.admin });
        } else if role == Role::Member {
            campaign.nudge.clone_from(&self.member);
        }
        if campaign.nudge.kind == NudgeKind::Modal {
            campaign.gates.groups.push(key(MODALS));
        }
        campaign.gates.held_out = self.is_held_out(tenant);
        campaign
    }

    /// What `tenant` sees; `None` where there are no variants. A tenant that is held out has one as well, and does not see it.
    pub fn variant(&self, tenant: &str) -> Option<&Variant> {
        let total: u64 = self.variants.iter().map(|variant| u64::from(variant.weight)).sum();
        let mut place = hash_parts(&["variant", &self.salt, tenant]).checked_rem(total)?;
        self.variants.iter().find(|variant| {
            let is_here = place < u64::from(variant.weight);
            place = place.saturating_sub(u64::from(variant.weight));
            is_here
        })
    }

    /// The arm of `tenant`, as reports name it.
    pub fn arm(&self, tenant: &str) -> Arm {
        let variant = self.variant(tenant).map(|variant| variant.id.clone());
        Arm { campaign: self.campaign.id.clone(), variant, held_out: self.is_held_out(tenant) }
    }

    /// Whether `tenant` is in a control group: this campaign's, or that of all.
    pub fn is_held_out(&self, tenant: &str) -> bool {
        self.holdout_bucket(tenant) < self.holdout || Self::bucket_of_all(tenant) < self.holdout_of_all
    }

    /// The share of all tenants that is in a control group, in basis points.
    pub fn share_held_out(&self) -> u16 {
        either(self.holdout, self.holdout_of_all)
    }

    /// The basis point of `tenant`: below the holdout it is kept from seeing the campaign.
    pub fn holdout_bucket(&self, tenant: &str) -> u16 {
        bucket(&["holdout", &self.salt, tenant])
    }

    /// The basis point of `tenant`, for all campaigns the same: below the holdout of all it is kept from seeing any.
    pub fn bucket_of_all(tenant: &str) -> u16 {
        bucket(&["holdout of all", tenant])
    }

    /// Everything it may show.
    pub fn nudges(&self) -> impl Iterator<Item = &Nudge> {
        let own = [&self.campaign.nudge, &self.member].into_iter().filter(|_| self.variants.is_empty());
        own.chain(self.variants.iter().flat_map(|variant| [&variant.admin, &variant.member]))
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

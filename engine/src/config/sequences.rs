//! Email sequences as they run. The section `sequences` of the document.

mod read;
mod steps;

use serde::{Deserialize, Serialize};

pub(super) use read::{Around, sequences};

use super::{CampaignRule, Config, QuietHours};
use crate::campaign::Cap;
use crate::expr::Program;
use crate::hash::bucket;
use crate::time::DurationMs;
use crate::wire;

/// The most steps of a sequence.
pub const MAX_STEPS: usize = 20;

/// Mails that follow each other until they have nothing more to say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sequence {
    /// Its name.
    pub id: String,
    /// Its name in ledgers: no campaign has the same.
    pub key: u32,
    /// Who is enrolled when this begins to hold: a program of type bool about the tenant.
    pub enter: Program,
    /// Whoever this holds for leaves: a program of type bool about the recipient.
    pub exit: Program,
    /// `enter` as written.
    pub enter_source: String,
    /// `exit` as written.
    pub exit_source: String,
    /// To whom.
    pub to: To,
    /// When nothing is sent, by the recipient's clocks.
    pub quiet: Option<QuietHours>,
    /// Whether nothing is sent on Saturdays and Sundays either.
    pub skips_weekends: bool,
    /// How long the first mail waits for others that go with it.
    pub digest: DurationMs,
    /// Who may be enrolled again.
    pub reentry: Reentry,
    /// The campaign whose arms it shares.
    pub campaign: Option<String>,
    /// What tenants are assigned to the control group by.
    pub salt: String,
    /// How many tenants are kept from getting it, for comparison: in basis points.
    pub holdout: u16,
    /// How many are kept from seeing or getting anything: the [`Config::holdout`].
    pub holdout_of_all: u16,
    /// How often at most, besides what holds for everything.
    pub caps: Vec<Cap>,
    /// Of several in one mail the highest writes it.
    pub priority: i32,
    /// The mails, one after the other.
    pub steps: Vec<Step>,
}

wire! { struct Sequence {
    id, key, enter, exit, enter_source, exit_source, to, quiet, skips_weekends, digest, reentry, campaign, salt, holdout, holdout_of_all,
    caps, priority, steps,
} }

/// One mail of a sequence.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// How long after the step before; after entering, for the first.
    pub after: After,
    /// Not before this time of day there, in minutes after midnight.
    pub at: Option<u16>,
    /// The template.
    pub template: String,
    /// Left out unless this holds: a program of type bool.
    pub when: Option<Program>,
    /// Other templates, by the campaign's variant.
    pub variants: Vec<(String, String)>,
}

wire! { struct Step { after, at, template, when, variants } }

/// How long after the step before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum After {
    /// So long.
    Elapsed(DurationMs),
    /// On the next morning at the recipient's.
    NextMorning,
}

wire! { enum After { Elapsed(ms), NextMorning } }

impl Default for After {
    fn default() -> Self {
        Self::Elapsed(0)
    }
}

/// To whom a sequence goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum To {
    /// All admins of the tenant.
    #[default]
    Admins,
    /// The user whose event made it begin; where it was nobody's, the admin seen last.
    User,
    /// The tenant's owner; where none is known, the admin seen last.
    Owner,
}

wire! { enum To { Admins, User, Owner } }

impl To {
    /// Everybody.
    pub const ALL: [Self; 3] = [Self::Admins, Self::User, Self::Owner];

    /// The word in configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::Admins => "admins",
            Self::User => "user",
            Self::Owner => "owner",
        }
    }
}

/// Who may be enrolled again when `enter` begins to hold once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reentry {
    /// Whoever was out of it for so long, and at most so often in all.
    After {
        /// Since the end of the last time.
        after: DurationMs,
        /// The first time included; `None`: without end.
        max: Option<u16>,
    },
    /// Nobody.
    Never,
    /// Everybody.
    Always,
}

wire! { enum Reentry { After { after, max }, Never, Always } }

impl Default for Reentry {
    fn default() -> Self {
        Self::After { after: 30 * crate::time::DAY, max: None }
    }
}

impl Sequence {
    /// The share of all tenants that is in a control group, in basis points.
    pub fn share_held_out(&self) -> u16 {
        super::either(self.holdout, self.holdout_of_all)
    }

    /// Whether `tenant` is in a control group: this sequence's (its campaign's, where it shares one), or that of all.
    pub fn is_held_out(&self, tenant: &str) -> bool {
        bucket(&["holdout", &self.salt, tenant]) < self.holdout || CampaignRule::bucket_of_all(tenant) < self.holdout_of_all
    }

    /// The arm of `tenant` in the campaign it shares; `None` where that has no variants or there is none.
    pub fn variant<'c>(&self, config: &'c Config, tenant: &str) -> Option<&'c str> {
        let id = self.campaign.as_ref()?;
        let campaign = config.campaigns.iter().find(|rule| rule.campaign.id == *id)?;
        Some(campaign.variant(tenant)?.id.as_str())
    }
}

impl Step {
    /// The template for an arm.
    pub fn template(&self, variant: Option<&str>) -> &str {
        self.variants.iter().find(|(id, _)| Some(id.as_str()) == variant).map_or(&self.template, |(_, template)| template)
    }
}

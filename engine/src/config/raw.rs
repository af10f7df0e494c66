//! The document as people write it. Shape only: [`compile`](super::compile) judges the meaning.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::map::Map;

/// The whole document.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawConfig {
    /// Lets editors find the schema; not read.
    #[serde(rename = "$schema", default)]
    pub schema: Option<String>,
    /// By name.
    #[serde(default)]
    pub meters: Map<RawMeter>,
    /// By name.
    #[serde(default)]
    pub features: Map<RawFeature>,
    /// Where plans come from.
    #[serde(default)]
    pub plans: RawPlans,
    /// In the order of the document.
    #[serde(default)]
    pub campaigns: Vec<RawCampaign>,
    /// Expansion signals: part of the design, refused by this version.
    pub signals: Option<IgnoredAny>,
    /// Segments: likewise.
    pub segments: Option<IgnoredAny>,
    /// Email sequences: likewise.
    pub sequences: Option<IgnoredAny>,
    /// Email templates: likewise.
    pub templates: Option<IgnoredAny>,
    /// Attribution of conversions: likewise.
    pub attribution: Option<IgnoredAny>,
    /// How upgrades are charged: likewise.
    pub upgrade: Option<IgnoredAny>,
}

/// A meter.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawMeter {
    /// `counter` or `gauge`.
    pub kind: RawMeterKind,
    /// `billing` (the default), `month` or `day`; counters only.
    pub period: Option<RawPeriod>,
    /// What people read; the name when it is absent.
    pub label: Option<String>,
    /// The unit of one.
    #[serde(default)]
    pub unit: String,
}

/// The kinds of meters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RawMeterKind {
    /// Adds up.
    Counter,
    /// Holds the last value.
    Gauge,
}

/// Over what a counter adds up.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RawPeriod {
    /// The billing period.
    Billing,
    /// The UTC calendar month.
    Month,
    /// The UTC day.
    Day,
}

/// A feature.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawFeature {
    /// What people read; the name when it is absent.
    pub label: Option<String>,
}

/// Where plans come from.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawPlans {
    /// `stripe` (the default) or `inline`.
    #[serde(default)]
    pub source: RawPlanSource,
    /// With `inline`: the plans.
    #[serde(default)]
    pub list: Vec<RawPlan>,
    /// The id of the plan of tenants without a subscription.
    pub default: Option<String>,
}

/// Where plans come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RawPlanSource {
    /// Stripe's products.
    #[default]
    Stripe,
    /// This document.
    Inline,
}

/// A plan written into the document.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawPlan {
    /// Its key.
    pub id: String,
    /// What people read; the id when it is absent.
    pub name: Option<String>,
    /// Order among plans.
    pub rank: i32,
    /// By meter; a meter that is absent is unlimited.
    #[serde(default)]
    pub limits: Map<RawLimit>,
    /// By meter.
    #[serde(default)]
    pub soft_limits: Map<u64>,
    /// The features it has.
    #[serde(default)]
    pub features: Vec<String>,
    /// The ids of the gateway's prices that sell it.
    #[serde(default)]
    pub prices: Vec<String>,
}

/// A whole number, or `"unlimited"`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum RawLimit {
    /// At most this many.
    Upto(u64),
    /// A word.
    Word(String),
}

/// A campaign.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawCampaign {
    /// Its name.
    pub id: String,
    /// Where it appears.
    pub placement: String,
    /// The highest wins.
    #[serde(default)]
    pub priority: i32,
    /// An expression of type bool; `true` when absent.
    pub audience: Option<String>,
    /// What is shown.
    pub nudge: RawNudge,
    /// By role: what differs.
    #[serde(default)]
    pub roles: RawRoles,
    /// How often at most.
    #[serde(default)]
    pub cap: Vec<RawCap>,
    /// A duration; for ever when absent.
    pub cooldown_after_dismiss: Option<String>,
    /// When it runs.
    #[serde(default)]
    pub schedule: RawSchedule,
    /// Part of the design, refused by this version.
    pub holdout: Option<IgnoredAny>,
    /// Part of the design, refused by this version.
    pub variants: Option<IgnoredAny>,
    /// Part of the design, refused by this version.
    pub rollout: Option<IgnoredAny>,
}

/// A nudge, or what differs from it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawNudge {
    /// `banner`, `toast`, `modal`, `inline` or `badge`.
    pub kind: Option<String>,
    /// A text.
    pub title: Option<String>,
    /// A text.
    pub body: Option<String>,
    /// What can be done about it.
    pub cta: Option<RawCta>,
}

/// A call to action.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawCta {
    /// What the button says.
    pub label: String,
    /// What the app is told.
    pub action: String,
}

/// What differs by role.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawRoles {
    /// For members.
    pub member: Option<RawNudge>,
    /// For admins.
    pub admin: Option<RawNudge>,
}

/// At most so often.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawCap {
    /// How many.
    pub max: u16,
    /// A duration.
    pub window: String,
    /// `user` (the default) or `tenant`.
    #[serde(default)]
    pub scope: RawScope,
}

/// Over whom a cap counts.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RawScope {
    /// This user.
    #[default]
    User,
    /// All users of the tenant.
    Tenant,
}

/// When a campaign runs, in milliseconds since 1970.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawSchedule {
    /// From when.
    pub from: Option<i64>,
    /// Until when.
    pub until: Option<i64>,
}

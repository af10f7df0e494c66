//! The decision: which campaign, if any, and why.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::almanac::Almanac;
#[cfg(feature = "edge")]
use crate::campaign::Campaign;
use crate::campaign::{Cap, Gates, Scope};
use crate::expr::{Lookup, Value};
use crate::ledger::Ledger;
use crate::time::Millis;
use crate::wire;

/// What was decided for a placement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The position of the campaign to show.
    pub campaign: Option<usize>,
    /// Why this one; or, with no campaign, why the one of highest priority was held back.
    pub reason: Reason,
}

/// Why a campaign is shown or is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// All gates let it through.
    Match,
    /// No campaign uses this placement.
    NoCampaign,
    /// It has not begun or is over.
    NotScheduled,
    /// The audience does not hold.
    AudienceFalse,
    /// The audience could not be computed.
    AudienceUnknown,
    /// A text names a fact that is unknown.
    MissingValue,
    /// The user put it away.
    Dismissed,
    /// The user wants it later.
    Snoozed,
    /// It was shown often enough.
    Capped,
    /// Another campaign of higher priority has the placement.
    Outranked,
    /// The tenant is in the control group.
    HeldOut,
    /// It is not on for this tenant.
    NotRolledOut,
    /// The tenant has upgraded just now.
    Converted,
    /// It is night for the user.
    QuietHours,
    /// The page shows another one of its group.
    Excluded,
}

wire! { enum Reason {
    Match, NoCampaign, NotScheduled, AudienceFalse, AudienceUnknown, MissingValue, Dismissed, Snoozed, Capped, Outranked, HeldOut,
    NotRolledOut, Converted, QuietHours, Excluded,
} }

impl Reason {
    /// Every reason, in the order of their numbers on the wire.
    pub const ALL: [Self; 15] = [
        Self::Match,
        Self::NoCampaign,
        Self::NotScheduled,
        Self::AudienceFalse,
        Self::AudienceUnknown,
        Self::MissingValue,
        Self::Dismissed,
        Self::Snoozed,
        Self::Capped,
        Self::Outranked,
        Self::HeldOut,
        Self::NotRolledOut,
        Self::Converted,
        Self::QuietHours,
        Self::Excluded,
    ];

    /// The stable word in traces and reports.
    pub fn code(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::NoCampaign => "no_campaign",
            Self::NotScheduled => "not_scheduled",
            Self::AudienceFalse => "audience_false",
            Self::AudienceUnknown => "audience_unknown",
            Self::MissingValue => "missing_value",
            Self::Dismissed => "dismissed",
            Self::Snoozed => "snoozed",
            Self::Capped => "capped",
            Self::Outranked => "outranked",
            Self::HeldOut => "held_out",
            Self::NotRolledOut => "not_rolled_out",
            Self::Converted => "converted",
            Self::QuietHours => "quiet_hours",
            Self::Excluded => "excluded",
        }
    }
}

/// Something that is shown if it passes its gates.
pub trait Contender {
    /// Its gates.
    fn gates(&self) -> &Gates;

    /// Whether every value that its texts name is known.
    fn is_complete(&self, facts: &impl Lookup) -> bool;
}

#[cfg(feature = "edge")]
impl Contender for Campaign {
    fn gates(&self) -> &Gates {
        &self.gates
    }

    fn is_complete(&self, facts: &impl Lookup) -> bool {
        self.texts().all(|text| text.is_complete(facts))
    }
}

/// What is on display in one page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Display {
    /// The keys of the campaigns.
    shown: Vec<u32>,
    /// The keys of the groups they belong to, as often as they do.
    groups: Vec<u32>,
}

impl Display {
    /// Nothing is.
    pub const NONE: Self = Self { shown: Vec::new(), groups: Vec::new() };

    /// Remembers that a campaign is on display, or no longer is.
    pub fn set(&mut self, gates: &Gates, shown: bool) {
        if self.has(gates.key) != shown {
            put(&mut self.shown, gates.key, shown);
            gates.groups.iter().for_each(|group| put(&mut self.groups, *group, shown));
        }
    }

    /// What of it there still is when there are other rules, each in the groups that it has now.
    #[must_use]
    pub fn among(&self, candidates: &[impl Contender]) -> Self {
        let mut left = Self::default();
        for gates in candidates.iter().map(Contender::gates).filter(|gates| self.has(gates.key)) {
            left.set(gates, true);
        }
        left
    }

    /// Whether a campaign is.
    pub(crate) fn has(&self, campaign: u32) -> bool {
        self.shown.contains(&campaign)
    }

    /// Whether one of a group is that this one is in.
    pub(crate) fn excludes(&self, gates: &Gates) -> bool {
        gates.groups.iter().any(|group| self.groups.contains(group))
    }
}

/// Adds `key`, or takes it out once.
fn put(keys: &mut Vec<u32>, key: u32, add: bool) {
    if add {
        keys.push(key);
    } else if let Some(place) = keys.iter().position(|known| *known == key) {
        keys.remove(place);
    }
}

/// What a decision is made from.
#[derive(Debug)]
pub struct Scene<'a, F> {
    /// The facts.
    pub facts: &'a F,
    /// When.
    pub now: Millis,
    /// What this user has met.
    pub user: &'a Ledger,
    /// What the tenant's users have met together.
    pub tenant: &'a Ledger,
    /// How often any campaigns at all, in the app and by mail.
    pub frequency: &'a [Cap],
    /// What the calendar says.
    pub almanac: &'a Almanac,
    /// When the tenant last upgraded.
    pub converted: Option<Millis>,
    /// What is on display in this very page: its budget is spent already, so caps no longer hold it back.
    pub display: &'a Display,
}

impl<F: Lookup> Scene<'_, F> {
    /// Decides between the campaigns of a placement, highest priority first.
    pub fn decide<'c, C: Contender + 'c>(&self, here: impl IntoIterator<Item = (usize, &'c C)>) -> Decision {
        let mut first = None;
        for (i, campaign) in here {
            let reason = self.judge(campaign);
            if reason == Reason::Match {
                return Decision { campaign: Some(i), reason };
            }
            first.get_or_insert(reason);
        }
        Decision { campaign: None, reason: first.unwrap_or(Reason::NoCampaign) }
    }

    /// Says of each of them, in order, why it is or is not shown.
    pub fn trace<'c, C: Contender + 'c>(&self, here: impl IntoIterator<Item = (usize, &'c C)>) -> Vec<(usize, Reason)> {
        let mut taken = false;
        let mut trace = Vec::new();
        for (i, campaign) in here {
            let reason = self.judge(campaign);
            let reason = if reason == Reason::Match && taken { Reason::Outranked } else { reason };
            taken |= reason == Reason::Match;
            trace.push((i, reason));
        }
        trace
    }

    /// The gates, in the order in which a trace tells them.
    pub fn judge(&self, campaign: &impl Contender) -> Reason {
        let gates = campaign.gates();
        if !gates.schedule.covers(self.now) {
            return Reason::NotScheduled;
        }
        let audience = match gates.audience.eval(self.facts) {
            Value::Bool(holds) => Some(holds),
            _ => None,
        };
        self.judge_by(campaign, audience)
    }

    /// The same by what is known of its audience.
    pub fn judge_by(&self, campaign: &impl Contender, audience: Option<bool>) -> Reason {
        if !campaign.gates().schedule.covers(self.now) {
            return Reason::NotScheduled;
        }
        match audience {
            Some(true) => self.admit(campaign),
            Some(false) => Reason::AudienceFalse,
            None => Reason::AudienceUnknown,
        }
    }

    /// The gates behind the audience.
    fn admit(&self, campaign: &impl Contender) -> Reason {
        let now = self.now;
        let gates = campaign.gates();
        if !campaign.is_complete(self.facts) {
            return Reason::MissingValue;
        }
        if self.converted.is_some_and(|at| now < at.plus(gates.cooldown_after_convert)) {
            return Reason::Converted;
        }
        if self.is_dismissed(gates) {
            return Reason::Dismissed;
        }
        if self.user.snoozed_until(gates.key).is_some_and(|until| now < until) {
            return Reason::Snoozed;
        }
        if !self.display.has(gates.key) {
            if self.almanac.quiet_until(gates.quiet, now).is_some() {
                return Reason::QuietHours;
            }
            if !self.has_budget(gates) {
                return Reason::Capped;
            }
            if self.display.excludes(gates) {
                return Reason::Excluded;
            }
        }
        if gates.held_out {
            return Reason::HeldOut; // the last gate: whoever comes so far would have seen it
        }
        Reason::Match
    }

    fn is_dismissed(&self, gates: &Gates) -> bool {
        let lasts = |at: Millis| gates.cooldown_after_dismiss.is_none_or(|ms| self.now < at.plus(ms));
        self.user.dismissed(gates.key).is_some_and(lasts)
    }

    fn has_budget(&self, gates: &Gates) -> bool {
        let allows = |campaign, caps: &[Cap]| {
            caps.iter().all(|cap| {
                let ledger = match cap.scope {
                    Scope::User => self.user,
                    Scope::Tenant => self.tenant,
                };
                ledger.allows(campaign, cap, self.almanac, self.now)
            })
        };
        allows(Some(gates.key), &gates.caps) && allows(None, self.frequency)
    }
}

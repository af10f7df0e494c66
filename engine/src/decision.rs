//! The decision: which campaign, if any, and why.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::campaign::{Campaign, Scope};
use crate::expr::{Lookup, Value};
use crate::ledger::Ledger;
use crate::snapshot::Settled;
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
}

wire! { enum Reason {
    Match, NoCampaign, NotScheduled, AudienceFalse, AudienceUnknown, MissingValue, Dismissed, Snoozed, Capped, Outranked, HeldOut,
    NotRolledOut,
} }

impl Reason {
    /// Every reason, in the order of their numbers on the wire.
    pub const ALL: [Self; 12] = [
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
        }
    }
}

/// What a decision is made from.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a, F> {
    /// All campaigns, highest priority first (ties in the order of the configuration).
    pub campaigns: &'a [Campaign],
    /// Placements whose first campaign was left out, as it cannot be shown.
    pub settled: &'a [Settled],
    /// The facts.
    pub facts: &'a F,
    /// When.
    pub now: Millis,
    /// What this user has met.
    pub user: &'a Ledger,
    /// What the tenant's users have met together.
    pub tenant: &'a Ledger,
    /// Campaigns on display in this very page: their exposure is counted already, so caps no longer hold them back.
    pub on_display: &'a [usize],
}

impl<F: Lookup> Scene<'_, F> {
    /// Decides for `placement`.
    pub fn decide(&self, placement: &str) -> Decision {
        let mut decision = None;
        self.each(placement, &mut |i, reason| {
            let campaign = (reason == Reason::Match).then_some(i);
            if campaign.is_some() || decision.is_none() {
                decision = Some(Decision { campaign, reason });
            }
            campaign.is_none()
        });
        let settled = || self.settled.iter().find(|s| s.is_at(placement)).map(|s| s.reason_at(self.now));
        match decision {
            Some(decision) if decision.campaign.is_some() => decision,
            other => {
                let reason = settled().or(other.map(|d| d.reason)).unwrap_or(Reason::NoCampaign);
                Decision { campaign: None, reason }
            }
        }
    }

    /// Says of every campaign of `placement`, in order, why it is or is not shown.
    pub fn trace(&self, placement: &str) -> Vec<(usize, Reason)> {
        let mut taken = false;
        let mut trace = Vec::new();
        self.each(placement, &mut |i, reason| {
            let reason = if reason == Reason::Match && taken { Reason::Outranked } else { reason };
            taken |= reason == Reason::Match;
            trace.push((i, reason));
            true
        });
        trace
    }

    /// Judges the campaigns of `placement` in order, for as long as `go_on` says so.
    fn each(&self, placement: &str, go_on: &mut dyn FnMut(usize, Reason) -> bool) {
        for (i, campaign) in self.campaigns.iter().enumerate() {
            if campaign.placement == placement && !go_on(i, self.judge(i, campaign)) {
                return;
            }
        }
    }

    /// The gates, in the order in which a trace tells them.
    fn judge(&self, i: usize, campaign: &Campaign) -> Reason {
        let now = self.now;
        if !campaign.schedule.covers(now) {
            return Reason::NotScheduled;
        }
        match campaign.audience.eval(self.facts) {
            Value::Bool(true) => {}
            Value::Bool(false) => return Reason::AudienceFalse,
            _ => return Reason::AudienceUnknown,
        }
        if campaign.texts().any(|text| !text.is_complete(self.facts)) {
            return Reason::MissingValue;
        }
        if self.is_dismissed(campaign, now) {
            return Reason::Dismissed;
        }
        if self.user.snoozed_until(&campaign.id).is_some_and(|until| now < until) {
            return Reason::Snoozed;
        }
        if !self.on_display.contains(&i) && !self.has_budget(campaign, now) {
            return Reason::Capped;
        }
        if campaign.held_out {
            return Reason::HeldOut; // the last gate: whoever comes so far would have seen it
        }
        Reason::Match
    }

    fn is_dismissed(&self, campaign: &Campaign, now: Millis) -> bool {
        self.user.dismissed(&campaign.id).is_some_and(|at| campaign.cooldown_after_dismiss.is_none_or(|ms| now < at.plus(ms)))
    }

    fn has_budget(&self, campaign: &Campaign, now: Millis) -> bool {
        campaign.caps.iter().all(|cap| {
            let ledger = match cap.scope {
                Scope::User => self.user,
                Scope::Tenant => self.tenant,
            };
            ledger.allows(&campaign.id, cap, now)
        })
    }
}

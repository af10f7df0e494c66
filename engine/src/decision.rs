//! The decision: which campaign, if any, and why.

use alloc::vec::Vec;

use crate::campaign::{Campaign, Scope};
use crate::expr::Value;
use crate::facts::StandingAt;
use crate::ledger::Ledger;
use crate::time::Millis;

/// What was decided for a placement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The position of the campaign to show.
    pub campaign: Option<usize>,
    /// Why this one; or, with no campaign, why the one of highest priority was held back.
    pub reason: Reason,
}

/// Why a campaign is shown or is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}

impl Reason {
    /// Every reason, in the order of their numbers on the wire.
    pub const ALL: [Self; 10] = [
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
        }
    }
}

/// What a decision is made from.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// All campaigns, highest priority first (ties in the order of the configuration).
    pub campaigns: &'a [Campaign],
    /// The facts.
    pub facts: StandingAt<'a>,
    /// What this user has met.
    pub user: &'a Ledger,
    /// What the tenant's users have met together.
    pub tenant: &'a Ledger,
    /// Campaigns on display in this very page: their exposure is counted already, so caps no longer hold them back.
    pub on_display: &'a [usize],
}

impl Scene<'_> {
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
        decision.unwrap_or(Decision { campaign: None, reason: Reason::NoCampaign })
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
        let now = self.facts.now;
        if !campaign.schedule.covers(now) {
            return Reason::NotScheduled;
        }
        match campaign.audience.eval(&self.facts) {
            Value::Bool(true) => {}
            Value::Bool(false) => return Reason::AudienceFalse,
            _ => return Reason::AudienceUnknown,
        }
        let nudge = &campaign.nudge;
        let texts = [Some(&nudge.title), Some(&nudge.body), nudge.cta.as_ref().map(|c| &c.label)];
        if texts.into_iter().flatten().any(|t| !t.is_complete(&self.facts)) {
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

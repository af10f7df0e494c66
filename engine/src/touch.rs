//! Touches: what somebody met of a prompt, one for each decision of a page and each letter, as reports count them.
//!
//! What happens with a decision is told piece by piece (drawn, seen, followed), in whatever order and more than once; each piece
//! names the same decision, so that adding them up says the same however they came.

use serde::{Deserialize, Serialize};

use crate::config::CampaignRule;
use crate::expr::Program;
use crate::facts::{Fact, Input};
use crate::ledger::Moment;
use crate::tenant::{Rulebook, Tenant};
use crate::time::{DAY, HOUR, Millis};
use crate::wire;
use crate::zone::Zone;

/// The bits of [`Touch::did`], in the order in which they happen.
pub mod did {
    /// It was drawn on a page.
    pub const RENDER: u8 = 1;
    /// At least half of it was in view for a second.
    pub const EXPOSURE: u8 = 1 << 1;
    /// It would have been seen or sent, were the tenant not in the control group.
    pub const GHOST: u8 = 1 << 2;
    /// It was followed.
    pub const CLICK: u8 = 1 << 3;
    /// It was put away.
    pub const DISMISS: u8 = 1 << 4;
    /// It was put off.
    pub const SNOOZE: u8 = 1 << 5;
    /// The mail provider has it.
    pub const SENT: u8 = 1 << 6;
}

/// How somebody was prompted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Channel {
    /// By a nudge in the app.
    #[default]
    InApp,
    /// By mail.
    Email,
}

wire! { enum Channel { InApp, Email } }

impl Channel {
    /// The stable word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::InApp => "in_app",
            Self::Email => "email",
        }
    }
}

/// What was told of one decision or letter now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touch {
    /// How.
    pub channel: Channel,
    /// The campaign, or the sequence.
    pub of: String,
    /// Its variant; `None` where it has none.
    pub variant: Option<String>,
    /// Whether the tenant is in the control group.
    pub held_out: bool,
    /// Where in the app; empty for mails.
    pub placement: String,
    /// Whose.
    pub user: String,
    /// The hash of the decision's or the letter's id.
    pub decision: u32,
    /// The signal behind it and when that was detected.
    pub signal: Option<(String, Millis)>,
    /// What is news: see [`did`].
    pub did: u8,
    /// When.
    pub at: Millis,
    /// The hour of the week by the clocks there, 0 to 167; Monday's first is 0.
    pub hour: u8,
    /// How the tenant stood, if this is the first time that it met the campaign.
    pub first: Option<First>,
}

wire! { struct Touch { channel, of, variant, held_out, placement, user, decision, signal, did, at, hour, first } }

/// How a tenant stood when it first met a prompt: which experiment that was a part of, and what there was to gain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct First {
    /// What it paid a month, in minor units.
    pub paid: i64,
    /// Of what; empty where it paid nothing.
    pub currency: String,
    /// The share of all tenants that was kept from this prompt then, in basis points.
    pub share: u16,
    /// The share that was kept from all of them.
    pub share_of_all: u16,
    /// Whether it was one of those.
    pub of_all: bool,
}

wire! { struct First { paid, currency, share, share_of_all, of_all } }

/// The hour of the week that the clocks of a zone show, 0 to 167: Monday's first is 0.
pub fn hour_of_week(zone: &Zone, at: Millis) -> u8 {
    // The first day of 1970 was a Thursday.
    u8::try_from((zone.local(at) + 3 * DAY).rem_euclid(7 * DAY) / HOUR).unwrap_or(0)
}

impl Tenant {
    /// A nudge as its decision is told of: `new`, of which it was not known before; `is_first`: of its arm.
    pub(crate) fn touch(&self, rules: &Rulebook, rule: &CampaignRule, user: &str, moment: Moment, (new, is_first): (u8, bool)) -> Touch {
        let arm = rule.arm(&self.name);
        Touch {
            channel: Channel::InApp,
            of: arm.campaign,
            variant: arm.variant,
            held_out: arm.held_out,
            placement: rule.campaign.placement.clone(),
            user: user.to_owned(),
            decision: moment.tag,
            signal: self.signal_behind(rules, &rule.campaign.gates.audience),
            did: new,
            at: moment.at,
            hour: hour_of_week(&self.counts.zone, moment.at),
            first: is_first.then(|| self.first(rules, rule.share_held_out(), rule.holdout_of_all)),
        }
    }

    /// How the tenant stands now, to a prompt that such shares of all tenants are kept from.
    pub fn first(&self, rules: &Rulebook, share: u16, share_of_all: u16) -> First {
        let (paid, currency) = self.held(rules).pays(rules);
        First { paid, currency, share, share_of_all, of_all: CampaignRule::bucket_of_all(&self.name) < share_of_all }
    }

    /// The signal that a condition holds by: of those it reads the active one that was detected last. A condition that reads none but
    /// the score or a segment holds by any.
    pub fn signal_behind(&self, rules: &Rulebook, condition: &Program) -> Option<(String, Millis)> {
        let read: Vec<u16> = condition.facts().filter_map(signal).collect();
        let by_any = read.is_empty() && condition.facts().any(|fact| matches!(fact, Fact::Score | Fact::Segment(_)));
        let all = rules.config.signals.iter().zip(0_u16..).filter(|(_, i)| by_any || read.contains(i));
        let active = all.filter_map(|(signal, _)| {
            let state = self.detected.signals.get(&signal.id).filter(|state| state.active)?;
            Some((signal.id.clone(), state.last?))
        });
        active.max_by_key(|(_, at)| *at)
    }
}

fn signal(fact: Fact) -> Option<u16> {
    if let Fact::Input(Input::Signal(i)) = fact { Some(i) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_week_begins_with_monday_by_the_clocks_there() {
        // The first of June 2026 is a Monday.
        let monday = Millis(1_780_272_000_000);
        let zone = |hours: i64| Zone { changes: vec![(Millis(0), hours * HOUR)] };
        for (hours_east, after, expected) in [(0, 0, 0), (0, HOUR - 1, 0), (0, HOUR, 1), (2, 0, 2), (-1, 0, 167), (0, 7 * DAY - 1, 167)] {
            assert_eq!(hour_of_week(&zone(hours_east), monday.plus(after)), expected, "{hours_east} {after}");
        }
    }
}

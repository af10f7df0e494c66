//! What the edge thinks of exposures that pages report: recorded, so that a replay can be held against it.

use serde::{Deserialize, Serialize};

use super::facts::{Facts, Person};
use super::{Batch, Rulebook, Tenant};
use crate::almanac::Almanac;
use crate::decision::{Display, Reason, Scene};
use crate::facts::Role;
use crate::ledger::Ledger;
use crate::time::Millis;
use crate::usage::{Event, EventKind, NoteKind};
use crate::wire;
use crate::zone::Zone;

/// What the edge would have said to a nudge that a page has shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// To whom it was shown.
    pub user: String,
    /// What was shown.
    pub campaign: String,
    /// When, by the Worker's clock.
    pub at: Millis,
    /// Why the edge would have shown it, too, or would not.
    pub reason: Reason,
}

wire! { struct Verdict { user, campaign, at, reason } }

impl Tenant {
    /// Judges the exposures of a batch before they are counted. The users must be loaded.
    pub fn judge(&self, rules: &Rulebook, batch: &Batch, zone: &Zone, now: Millis) -> Vec<Verdict> {
        // Who sends for others does not say their role; an admin's nudge has the texts that name more.
        let role = batch.role.unwrap_or(Role::Admin);
        batch.events.iter().filter_map(|event| self.judge_one(rules, event, role, zone, now)).collect()
    }

    fn judge_one(&self, rules: &Rulebook, event: &Event, role: Role, zone: &Zone, now: Millis) -> Option<Verdict> {
        let (EventKind::Note { kind: NoteKind::Exposure, campaign, .. }, Some(name)) = (&event.kind, &event.user) else { return None };
        let rule = rules.config.campaigns.iter().find(|rule| rule.campaign.id == *campaign)?;
        let user = self.users.get(name);
        let unknown = Ledger::default();
        let at = crate::usage::settle_time(event.at, now);
        let facts = Facts::new(self, rules, Some(Person { user, role }), at);
        let scene = Scene {
            facts: &facts,
            now: at,
            user: user.map_or(&unknown, |user| &user.ledger),
            tenant: &self.counts.ledger,
            frequency: &rules.config.frequency.caps,
            almanac: &Almanac::of(&rules.config, zone, at),
            converted: self.counts.converted,
            display: &Display::default(),
        };
        let is_on = rule.rollout.includes(campaign, &self.name);
        let reason = if is_on { scene.judge(&rule.for_user(&self.name, role)) } else { Reason::NotRolledOut };
        Some(Verdict { user: name.clone(), campaign: campaign.clone(), at, reason })
    }
}

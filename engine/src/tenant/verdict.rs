//! What the edge thinks of exposures that pages report: recorded, so that a replay can be held against it.

use serde::{Deserialize, Serialize};

use super::apply::moment;
use super::facts::{Facts, Person};
use super::{Batch, Rulebook, Tenant};
use crate::almanac::Almanac;
use crate::decision::{Display, Reason, Scene};
use crate::facts::Role;
use crate::ledger::Ledger;
use crate::time::Millis;
use crate::usage::{Event, EventKind, NoteKind, settle_time};
use crate::wire;

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
    /// Judges the nudges that a batch tells of before they are counted: each decision once, whether it is told as rendered, as seen or
    /// as both. The users must be loaded.
    pub fn judge(&self, rules: &Rulebook, batch: &Batch, now: Millis) -> Vec<Verdict> {
        // Who sends for others does not say their role; an admin's nudge has the texts that name more.
        let role = batch.role.unwrap_or(Role::Admin);
        let mut judged: Vec<(u32, u32)> = Vec::new();
        batch.events.iter().filter_map(|event| self.judge_one(rules, event, role, &mut judged, now)).collect()
    }

    fn judge_one(&self, rules: &Rulebook, event: &Event, role: Role, judged: &mut Vec<(u32, u32)>, now: Millis) -> Option<Verdict> {
        let EventKind::Note { kind: NoteKind::Render | NoteKind::Exposure, campaign, decision } = &event.kind else { return None };
        let name = event.user.as_ref()?;
        let rule = rules.config.campaigns.iter().find(|rule| rule.campaign.id == *campaign)?;
        let unknown = Ledger::default();
        let user = self.users.get(name);
        let ledger = user.map_or(&unknown, |user| &user.ledger);
        let at = settle_time(event.at, now);
        let (key, moment) = (rule.campaign.gates.key, moment(name, campaign, decision.as_deref(), at));
        if ledger.has(key, moment.tag) || judged.contains(&(key, moment.tag)) {
            return None; // it was judged when it was first told of
        }
        judged.push((key, moment.tag));
        let facts = Facts::new(self, rules, Some(Person { user, role }), at);
        let scene = Scene {
            facts: &facts,
            now: at,
            user: ledger,
            tenant: &self.counts.ledger,
            frequency: &rules.config.frequency.caps,
            almanac: &Almanac::of(&rules.config, &self.counts.zone, at),
            converted: self.counts.converted,
            display: &Display::default(),
        };
        let is_on = rule.rollout.includes(campaign, &self.name);
        let reason = if is_on { scene.judge(&rule.for_user(&self.name, role)) } else { Reason::NotRolledOut };
        Some(Verdict { user: name.clone(), campaign: campaign.clone(), at, reason })
    }
}

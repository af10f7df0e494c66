//! Decisions at the edge, over the whole rules: what a page of this user would show now, and why.

use super::facts::{Facts, Person};
use super::{Rulebook, Tenant, Viewer};
use crate::decision::{Decision, Reason, Scene};
use crate::ledger::Ledger;
use crate::template::plain;
use crate::time::Millis;

/// What is decided for one placement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Where.
    pub placement: String,
    /// What is shown.
    pub campaign: Option<String>,
    /// The title it is shown with.
    pub title: Option<String>,
    /// Why this, or why nothing.
    pub reason: Reason,
    /// Of every campaign there, highest priority first: why it is or is not shown.
    pub trace: Vec<(String, Reason)>,
}

impl Tenant {
    /// Decides for `placement`, or for every placement of the configuration. The user must be loaded.
    pub fn decide(&self, rules: &Rulebook, viewer: &Viewer<'_>, placement: Option<&str>, now: Millis) -> Vec<Told> {
        let user = self.users.get(viewer.user);
        let facts = Facts::new(self, rules, Some(Person { user, role: viewer.role }), now);
        let campaigns = rules.nominees(&self.name, viewer.role);
        let unknown = Ledger::default();
        let ledger = user.map_or(&unknown, |user| &user.ledger);
        let scene =
            Scene { campaigns: &campaigns, settled: &[], facts: &facts, now, user: ledger, tenant: &self.counts.ledger, on_display: &[] };
        let name = |i: usize| campaigns.get(i).map(|c| c.id.clone()).unwrap_or_default();
        let tell = |placement: &str| {
            let mut trace: Vec<_> = scene.trace(placement).into_iter().map(|(i, reason)| (name(i), reason)).collect();
            let Decision { campaign, mut reason } = scene.decide(placement);
            let mut here = rules.config.campaigns.iter().filter(|rule| rule.campaign.placement == placement);
            let is_off = |id: &str| !campaigns.iter().any(|c| c.id == id);
            if campaign.is_none() && here.clone().next().is_some_and(|first| is_off(&first.campaign.id)) {
                reason = Reason::NotRolledOut;
            }
            trace.extend(
                here.by_ref().filter(|rule| is_off(&rule.campaign.id)).map(|rule| (rule.campaign.id.clone(), Reason::NotRolledOut)),
            );
            let shown = campaign.and_then(|i| campaigns.get(i));
            Told {
                placement: placement.to_owned(),
                campaign: shown.map(|c| c.id.clone()),
                title: shown.and_then(|c| c.nudge.title.fill(&facts)).map(|marked| plain(&marked)),
                reason,
                trace,
            }
        };
        match placement {
            Some(placement) => vec![tell(placement)],
            None => rules.placements().into_iter().map(tell).collect(),
        }
    }
}

impl Rulebook {
    /// The placements that campaigns use, highest priority first.
    pub fn placements(&self) -> Vec<&str> {
        let mut placements: Vec<&str> = Vec::new();
        for rule in &self.config.campaigns {
            if !placements.contains(&rule.campaign.placement.as_str()) {
                placements.push(&rule.campaign.placement);
            }
        }
        placements
    }
}

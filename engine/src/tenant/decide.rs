//! Decisions at the edge, in words: what a page of this user would show now, and why.

use super::facts::{Facts, Person};
use super::{Rulebook, Tenant, Viewer};
use crate::almanac::Almanac;
use crate::campaign::Campaign;
use crate::config::CampaignRule;
use crate::decision::{Display, Reason, Scene};
use crate::explain::{Chance, Explanation, Names, Stage, Subject};
use crate::hash::key;
use crate::ledger::Ledger;
use crate::rollout::Rollout;
use crate::session::Session;
use crate::time::Millis;

impl Tenant {
    /// Decides for `placement`, or for every placement of the configuration, by the whole rules. The user must be loaded.
    pub fn decide(&self, rules: &Rulebook, viewer: &Viewer<'_>, placement: Option<&str>, now: Millis) -> Vec<Explanation> {
        let user = self.users.get(viewer.user);
        let facts = Facts::new(self, rules, Some(Person { user, role: viewer.role }), now);
        let nobody = Ledger::default();
        let names = Names::of_config(&rules.config);
        let stage = Stage {
            names: &names,
            scene: Scene {
                facts: &facts,
                now,
                user: user.map_or(&nobody, |user| &user.ledger),
                tenant: &self.counts.ledger,
                frequency: &rules.config.frequency.caps,
                almanac: &Almanac::of(&rules.config, viewer.zone, now),
                converted: self.counts.converted,
                display: &Display::default(),
            },
        };
        let tell = |placement: &str| {
            let here = rules.config.campaigns.iter().filter(|rule| rule.campaign.placement == placement);
            let subjects: Vec<Subject<'_>> = here.map(|rule| self.subject(rule, viewer)).collect();
            stage.explain(placement, &subjects)
        };
        match placement {
            Some(placement) => vec![tell(placement)],
            None => rules.placements().into_iter().map(tell).collect(),
        }
    }

    /// The same by what the viewer's own page holds: nothing is told that it could not know. Without a `placement`, those of
    /// campaigns that may be shown there; the rest are told of only to who names them, and their campaigns only counted.
    pub fn decide_as_page(&self, rules: &Rulebook, viewer: &Viewer<'_>, placement: Option<&str>, now: Millis) -> Vec<Explanation> {
        let told = self.page(rules, viewer, now);
        let page = Session::new(told.snapshot.clone(), now);
        let facts = page.facts(now); // its signals have been looked at
        let names = Names::of_page(&told);
        let stage = Stage { names: &names, scene: page.scene(&facts) };
        let tell = |placement: &str| {
            let here = told.campaigns.iter().filter(|campaign| campaign.placement == placement);
            let subjects: Vec<Subject<'_>> =
                here.map(|c| Subject { campaign: c.clone(), rollout: None, holdout: None, holdout_of_all: None, audience: None }).collect();
            let all = rules.config.campaigns.iter().filter(|rule| rule.campaign.placement == placement).count();
            let place = page.place(key(placement));
            Explanation {
                reason: place.map_or(Reason::NoCampaign, |place| page.judge(place, &facts).reason),
                settled: u32::try_from(all.saturating_sub(subjects.len())).unwrap_or(u32::MAX),
                ..stage.explain(placement, &subjects)
            }
        };
        match placement {
            Some(placement) => vec![tell(placement)],
            None => placements(told.campaigns.iter()).into_iter().map(tell).collect(),
        }
    }

    /// A campaign as `viewer` meets it, with everything that is known of it.
    fn subject<'r>(&self, rule: &'r CampaignRule, viewer: &Viewer<'_>) -> Subject<'r> {
        let rollout = Chance {
            bucket: Rollout::bucket(&rule.campaign.id, &self.name),
            share: rule.rollout.basis_points,
            named: rule.rollout.names(&self.name),
        };
        let holdout = Chance { bucket: rule.holdout_bucket(&self.name), share: rule.holdout, named: false };
        let bucket = CampaignRule::bucket_of_all(&self.name);
        let holdout_of_all = Chance { bucket, share: rule.holdout_of_all, named: false };
        Subject {
            campaign: rule.for_user(&self.name, viewer.role),
            rollout: Some(rollout),
            holdout: Some(holdout),
            holdout_of_all: Some(holdout_of_all),
            audience: Some(&rule.audience_source),
        }
    }
}

impl Rulebook {
    /// The placements that campaigns use, highest priority first.
    pub fn placements(&self) -> Vec<&str> {
        placements(self.config.campaigns.iter().map(|rule| &rule.campaign))
    }
}

/// The placements of `campaigns`, each once, in their order.
fn placements<'c>(campaigns: impl Iterator<Item = &'c Campaign>) -> Vec<&'c str> {
    let mut placements: Vec<&str> = Vec::new();
    for campaign in campaigns {
        if !placements.contains(&campaign.placement.as_str()) {
            placements.push(&campaign.placement);
        }
    }
    placements
}

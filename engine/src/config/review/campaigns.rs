//! Campaigns that nobody sees, and rollouts to nobody.

use super::search::Verdict;
use super::{Review, items, member, read_in};
use crate::campaign::{Nudge, NudgeKind};
use crate::config::json::Json;
use crate::config::{CampaignRule, QuietHours};
use crate::rollout::Rollout;
use crate::template::Template;

/// All tenants, in basis points.
const ALL: u16 = 10_000;
const MINUTES_A_DAY: i32 = 24 * 60;
/// Who leaves less of the day has hardly meant it: in minutes.
const MIN_LOUD: i32 = 4 * 60;

impl Review<'_> {
    /// The campaigns, those that go first before the others.
    pub(super) fn campaigns(&mut self, parts: &[&Json]) {
        // Placements that are taken, and by whom.
        let mut taken: Vec<(&str, &str)> = Vec::new();
        for (rule, part) in self.config.campaigns.iter().zip(parts) {
            if self.reader.is_full() {
                break;
            }
            let verdict = self.audience(rule, part);
            self.gates(rule, part);
            let (placement, id) = (rule.campaign.placement.as_str(), rule.campaign.id.as_str());
            let first = taken.iter().find(|(p, _)| *p == placement).map(|(_, id)| *id);
            match first {
                Some(first) if verdict != Verdict::Never => {
                    let detail = format!(
                        "`{first}` is shown to everybody at `{placement}` and goes first: only users who put it away see this one. \
                         Give this one a higher `priority`, or the other an `audience` or a `cap`"
                    );
                    self.reader.tell(part, "outranked", detail);
                }
                None if verdict == Verdict::Always && self.has_no_gates(rule) => taken.push((placement, id)),
                _ => {}
            }
        }
    }

    fn audience(&mut self, rule: &CampaignRule, part: &Json) -> Verdict {
        let audience = &rule.campaign.gates.audience;
        let verdict = self.search.verdict(audience);
        let Some(part) = member(part, "audience") else { return verdict };
        self.words(audience, part);
        if verdict == Verdict::Never {
            let detail = format!("this never holds, so nobody sees the campaign{}", self.search.hint(audience));
            self.reader.tell(part, "never_holds", detail);
        }
        // `true` says in so many words that everybody is meant.
        if verdict == Verdict::Always && audience.facts().next().is_some() {
            self.reader.tell(part, "always_holds", "this always holds; remove it, if everybody is meant");
        }
        verdict
    }

    fn gates(&mut self, rule: &CampaignRule, part: &Json) {
        let schedule = member(part, "schedule").and_then(|schedule| member(schedule, "until"));
        if let (Some(part), true) = (schedule, rule.campaign.gates.schedule.until.is_some_and(|until| until <= self.now)) {
            self.reader.tell(part, "over", "this is past, so nobody sees the campaign any more; move the end or remove the campaign");
        }
        self.rollout(&rule.rollout, member(part, "rollout"), "nobody sees the campaign");
        if let (Some(part), ALL..) = (member(part, "holdout"), rule.holdout) {
            self.reader.tell(part, "held_out", "this keeps all tenants from seeing the campaign; a tenth, 0.1, is usual");
        }
        let quiet = rule.campaign.gates.quiet.and_then(|place| self.config.frequency.quiet.get(usize::from(place)));
        self.quiet(member(part, "quiet_hours"), quiet.copied());
        let variants = items(member(part, "variants"));
        for (variant, part) in rule.variants.iter().zip(variants).filter(|(variant, _)| variant.weight == 0) {
            let detail = format!("the weight of `{}` is 0, so nobody sees it; give it a `weight`, or remove it", variant.id);
            self.reader.tell(member(part, "weight").unwrap_or(part), "no_share", detail);
        }
        if let (Some(part), [_]) = (member(part, "variants"), rule.variants.as_slice()) {
            self.reader.tell(part, "one_variant", "there is nothing to compare a single variant with; add another, or a `holdout`");
        }
    }

    /// What is said of all campaigns together, of the document `root`.
    pub(super) fn frequency(&mut self, root: &Json) {
        let quiet = member(root, "frequency").and_then(|section| member(section, "quiet_hours"));
        self.quiet(quiet, self.config.frequency.quiet.first().copied());
        if let (Some(part), ALL..) = (member(root, "holdout"), self.config.holdout) {
            self.reader.tell(part, "held_out", "this keeps all tenants from seeing any campaign; a twentieth, 0.05, is usual");
        }
    }

    /// The quiet hours that are written there.
    pub(super) fn quiet(&mut self, part: Option<&Json>, hours: Option<QuietHours>) {
        let Some((part, QuietHours { from, to })) = part.zip(hours) else { return };
        let loud = (i32::from(from) - i32::from(to)).rem_euclid(MINUTES_A_DAY);
        if loud < MIN_LOUD {
            let detail = format!("this leaves {loud} minutes of the day; `from` is when the quiet begins and `to` when it ends");
            self.reader.tell(part, "mostly_quiet", detail);
        }
    }

    /// The upgrades of the section at `part`.
    pub(super) fn upgrade(&mut self, part: Option<&Json>) {
        let rollout = part.and_then(|part| member(part, "rollout"));
        self.rollout(&self.config.upgrade.rollout, rollout, "no tenant can upgrade by itself");
    }

    fn rollout(&mut self, rollout: &Rollout, part: Option<&Json>, so: &str) {
        if let (Some(part), 0, []) = (part, rollout.basis_points, rollout.tenants.as_slice()) {
            self.reader.tell(part, "rolled_out_to_nobody", format!("0 % and no `tenants`, so {so}"));
        }
    }

    /// Whether everybody in its audience sees the campaign until they put it away.
    fn has_no_gates(&self, rule: &CampaignRule) -> bool {
        let campaign = &rule.campaign;
        let is_complete = |nudge: &Nudge| texts(nudge).flat_map(read_in).all(|fact| self.search.is_known(fact));
        let is_always_on =
            campaign.gates.schedule.from.is_none() && campaign.gates.schedule.until.is_none() && campaign.gates.caps.is_empty();
        let is_for_all = rule.rollout.basis_points >= ALL && rule.holdout == 0 && rule.holdout_of_all == 0;
        let is_any_time = self.config.frequency.caps.is_empty() && campaign.gates.quiet.is_none() && campaign.gates.groups.is_empty();
        let is_modal = rule.nudges().any(|nudge| nudge.kind == NudgeKind::Modal); // all modals are one group
        let cooldown = campaign.gates.cooldown_after_dismiss.unwrap_or_default();
        is_always_on && is_for_all && is_any_time && !is_modal && cooldown == 0 && rule.nudges().all(is_complete)
    }
}

/// The texts of a nudge.
pub(super) fn texts(nudge: &Nudge) -> impl Iterator<Item = &Template> {
    [&nudge.title, &nudge.body].into_iter().chain(nudge.cta.iter().map(|cta| &cta.label))
}

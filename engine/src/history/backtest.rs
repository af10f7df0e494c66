//! Back-test: what other rules would have made of what came in.
//!
//! The candidate runs over the inputs from the base, with signals, segments and ledgers of its own. Nobody knows what pages were
//! open then; so an *opportunity* is assumed whenever a batch tells of a user: one that the user's own browser sent, or one
//! of a back end that names the user. At each, after the batch has been counted, every placement is decided once:
//!
//! - what matches and was not counted in the last half hour of this user is counted as shown, and enters the candidate's
//!   ledgers, so that its caps work. For that half hour it is on display;
//! - a campaign that a cap, a dismissal or the control group holds back before one matches is counted as that, likewise once in
//!   half an hour;
//! - dismissals and snoozes that were recorded apply to the campaign of the same name. Recorded exposures do not.
//!
//! Quiet hours and calendar windows go by the clocks that nudges were last judged by.
//!
//! Its limits: an open page that sends nothing is no opportunity; a page that does not have a placement is one for it all the
//! same; a role is known only of browsers, others count as admins; and users do with what they would have seen only what
//! they did with what they saw. So the numbers compare rules, and are no forecast of exposures.
//!
//! Time alone is run as the alarm runs it: hour by hour after each step, until the next.

use serde::{Deserialize, Serialize};

use super::{Base, CampaignReport, Chunk, Compared, Entry, Input, SegmentReport, TenantBacktest, Unplayable};
use crate::almanac::{Almanac, Span};
use crate::campaign::Campaign;
use crate::decision::{Display, Reason, Scene};
use crate::facts::Role;
use crate::hash::key;
use crate::ledger::{Ledger, Moment};
use crate::map::Map;
use crate::tenant::{Batch, Changed, Facts, Person, Rulebook, Tenant, Transition};
use crate::time::{DurationMs, HOUR, MINUTE, Millis};
use crate::usage::{EventKind, NoteKind};
use crate::wire;

/// So long something that was shown stays on display, and something that was held back is not counted again.
pub const SESSION: DurationMs = 30 * MINUTE;
/// The most hours in a row that nothing comes in and time is run through.
const MAX_SILENCE: u32 = 24 * 180;

/// Of how many decisions it is remembered that they were told of.
const MAX_TOLD: usize = 64;

/// What is reported; what comes before it is run through all the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// From when, inclusive.
    pub from: Millis,
    /// Until when, exclusive.
    pub until: Millis,
}

wire! { struct Window { from, until } }

impl Window {
    fn covers(&self, at: Millis) -> bool {
        self.from <= at && at < self.until
    }
}

/// Runs `candidate` over the history of the tenant `name`: `base`, then `chunks`, oldest first. One pass, linear in the events.
pub fn backtest(
    name: &str,
    base: Base,
    chunks: impl IntoIterator<Item = Vec<u8>>,
    candidate: &Rulebook,
    window: Window,
) -> Result<TenantBacktest, Unplayable> {
    let mut run = Run::new(base.tenant(name), candidate, window);
    'all: for bytes in chunks {
        for entry in Chunk::read(&bytes).ok_or(Unplayable::Damaged)? {
            if entry.at >= window.until {
                break 'all;
            }
            run.step(&entry);
        }
    }
    run.wait_until(window.until);
    run.report.count_tenant();
    Ok(run.report)
}

/// What was counted of a campaign for a user not long ago.
struct Recent {
    campaign: usize,
    reason: Reason,
    at: Millis,
}

struct Run<'a> {
    tenant: Tenant,
    rules: &'a Rulebook,
    window: Window,
    /// The campaigns that are on, as members and as admins meet them.
    members: Vec<Campaign>,
    admins: Vec<Campaign>,
    placements: Vec<&'a str>,
    /// By user.
    recent: Map<Vec<Recent>>,
    /// What the calendar says, and from when to when.
    almanac: Option<(Span, Almanac)>,
    /// The decisions that were told of last, so that one told as rendered and as seen counts once.
    told: Vec<u32>,
    /// The last step.
    last: Option<Millis>,
    report: TenantBacktest,
}

/// The campaigns that are on for `tenant`, as users of this role meet them.
fn nominees(rules: &Rulebook, tenant: &str, role: Role) -> Vec<Campaign> {
    let on = rules.config.campaigns.iter().filter(|rule| rule.rollout.includes(&rule.campaign.id, tenant));
    on.map(|rule| rule.for_user(tenant, role)).collect()
}

impl<'a> Run<'a> {
    fn new(tenant: Tenant, rules: &'a Rulebook, window: Window) -> Self {
        let mut report = TenantBacktest::default();
        for rule in &rules.config.campaigns {
            report.campaigns.insert(&rule.campaign.id, CampaignReport::default());
        }
        for signal in &rules.config.signals {
            report.signals.insert(&signal.id, Compared::default());
        }
        for segment in &rules.config.segments {
            report.segments.insert(&segment.id, SegmentReport::default());
        }
        Self {
            members: nominees(rules, &tenant.name, Role::Member),
            admins: nominees(rules, &tenant.name, Role::Admin),
            placements: rules.placements(),
            tenant,
            rules,
            window,
            recent: Map::new(),
            almanac: None,
            told: Vec::new(),
            last: None,
            report,
        }
    }

    fn step(&mut self, entry: &Entry) {
        self.wait_until(entry.at);
        self.last = Some(entry.at);
        self.tell_recorded(entry);
        for input in &entry.inputs {
            match input {
                Input::Batch(batch) => {
                    self.tenant.apply(self.rules, &without_exposures(batch), entry.at);
                }
                Input::Mirror(mirror) => self.tenant.mirror.clone_from(mirror),
                Input::Requests(requests) => self.tenant.requests.clone_from(requests),
                Input::Met(user) => {
                    self.tenant.meet(user, entry.at);
                }
                Input::Zone(zone) => {
                    self.tenant.judge_by(zone);
                    self.almanac = None;
                }
                // What was sent was sent, whatever the rules that are tried.
                Input::Spent(spent) => spent.iter().for_each(|spent| self.tenant.spend(spent)),
                Input::Rules(_) => {}
            }
        }
        self.detect(entry.at);
        for input in &entry.inputs {
            if let Input::Batch(batch) = input {
                self.report.events += u64::try_from(batch.events.len()).unwrap_or(u64::MAX);
                for user in users(batch) {
                    self.seize(user, batch.role.unwrap_or(Role::Admin), entry.at);
                }
            }
        }
    }

    /// Runs time alone, from the last step on.
    fn wait_until(&mut self, until: Millis) {
        let config = &self.rules.config;
        let Some(last) = self.last.filter(|_| !config.signals.is_empty() || !config.segments.is_empty()) else { return };
        let mut at = last.plus(HOUR);
        for _ in 0..MAX_SILENCE {
            if at >= until {
                return;
            }
            self.detect(at);
            at = at.plus(HOUR);
        }
    }

    fn detect(&mut self, at: Millis) {
        let transitions = self.tenant.detect(self.rules, at);
        self.tell(&transitions, |compared| &mut compared.would);
    }

    /// Counts what happened then.
    fn tell_recorded(&mut self, entry: &Entry) {
        self.tell(&entry.transitions, |compared| &mut compared.did);
        if !self.window.covers(entry.at) {
            return;
        }
        for input in &entry.inputs {
            let Input::Batch(batch) = input else { continue };
            for event in &batch.events {
                let EventKind::Note { kind: NoteKind::Render | NoteKind::Exposure, campaign, decision } = &event.kind else { continue };
                let is_known = decision.as_ref().is_some_and(|decision| self.is_told(key(decision)));
                self.report.campaigns.entry(campaign, Default::default).did_fire += u32::from(!is_known);
            }
        }
    }

    /// Whether a decision was told of before.
    fn is_told(&mut self, tag: u32) -> bool {
        let is_known = self.told.contains(&tag);
        if !is_known {
            self.told.push(tag);
            let surplus = self.told.len().saturating_sub(MAX_TOLD);
            self.told.drain(..surplus);
        }
        is_known
    }

    fn tell(&mut self, transitions: &[Transition], side: fn(&mut Compared) -> &mut u32) {
        for Transition { id, of, at, .. } in transitions {
            if !self.window.covers(*at) {
                continue;
            }
            let compared = match of {
                Changed::Detected => self.report.signals.entry(id, Default::default),
                Changed::Rearmed => continue,
                Changed::Entered => &mut self.report.segments.entry(id, Default::default).entered,
                Changed::Left => &mut self.report.segments.entry(id, Default::default).left,
            };
            *side(compared) += 1;
        }
    }

    /// Decides every placement for a user.
    fn seize(&mut self, user: &str, role: Role, now: Millis) {
        let is_told = self.window.covers(now);
        self.report.opportunities += u64::from(is_told);
        let recent = self.recent.entry(user, Vec::new);
        recent.retain(|r| now.since(r.at) < SESSION && r.at <= now);
        let campaigns = if role == Role::Admin { &self.admins } else { &self.members };
        let mut display = Display::default();
        for shown in recent.iter().filter(|r| r.reason == Reason::Match).filter_map(|r| campaigns.get(r.campaign)) {
            display.set(&shown.gates, true);
        }
        let known = self.tenant.users.get(user);
        let facts = Facts::new(&self.tenant, self.rules, Some(Person { user: known, role }), now);
        let unknown = Ledger::default();
        let zone = &self.tenant.counts.zone;
        let (_, almanac) = match self.almanac.take() {
            Some((day, almanac)) if day.from <= now && now < day.until => self.almanac.insert((day, almanac)),
            _ => self.almanac.insert((Almanac::holds(zone, now), Almanac::of(&self.rules.config, zone, now))),
        };
        let scene = Scene {
            facts: &facts,
            now,
            user: known.map_or(&unknown, |known| &known.ledger),
            tenant: &self.tenant.counts.ledger,
            frequency: &self.rules.config.frequency.caps,
            almanac,
            converted: self.tenant.counts.converted,
            display: &display,
        };
        let mut met: Vec<(usize, Reason)> = Vec::new();
        for placement in &self.placements {
            let here = campaigns.iter().enumerate().filter(|(_, campaign)| campaign.placement == *placement);
            for (campaign, reason) in scene.trace(here) {
                if matters(reason) && !recent.iter().any(|r| r.campaign == campaign && r.reason == reason) {
                    met.push((campaign, reason));
                }
                if reason == Reason::Match {
                    break;
                }
            }
        }
        for (i, reason) in met {
            recent.push(Recent { campaign: i, reason, at: now });
            let Some(Campaign { id, gates, .. }) = campaigns.get(i) else { continue };
            let kind = match reason {
                Reason::Match => Some(NoteKind::Render),
                Reason::HeldOut => Some(NoteKind::Ghost),
                _ => None,
            };
            if let Some(kind) = kind {
                let moment = Moment { at: now, tag: key(&format!("{user} {}", now.0)) };
                self.tenant.users.entry(user, Default::default).ledger.note(gates.key, kind, moment);
                self.tenant.counts.ledger.note(gates.key, kind, moment);
            }
            if is_told {
                let report = self.report.campaigns.entry(id, Default::default);
                match reason {
                    Reason::Match => report.would_fire += 1,
                    Reason::Capped => report.would_be_capped += 1,
                    Reason::HeldOut => report.would_be_held_out += 1,
                    _ => report.would_be_dismissed += 1,
                }
            }
        }
    }
}

fn matters(reason: Reason) -> bool {
    matches!(reason, Reason::Match | Reason::Capped | Reason::HeldOut | Reason::Dismissed | Reason::Snoozed)
}

fn without_exposures(batch: &Batch) -> Batch {
    let kept = |kind: &EventKind| !matches!(kind, EventKind::Note { kind: NoteKind::Render | NoteKind::Exposure | NoteKind::Ghost, .. });
    Batch { client: None, role: batch.role, events: batch.events.iter().filter(|e| kept(&e.kind)).cloned().collect() }
}

/// The users a batch tells of, each once.
fn users(batch: &Batch) -> Vec<&str> {
    let mut users: Vec<&str> = Vec::new();
    for user in batch.events.iter().filter_map(|event| event.user.as_deref()) {
        // Runs of one user are the rule; a batch of many has at most a thousand.
        if users.last() != Some(&user) && !users.contains(&user) {
            users.push(user);
        }
    }
    users
}

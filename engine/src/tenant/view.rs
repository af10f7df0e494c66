//! What one user's browser gets to see of a tenant.

use serde::{Deserialize, Serialize};

use super::facts::Asked;
use super::residue::Left;
use super::{Rulebook, Tenant};
use crate::facts::{MeterStanding, PlanStanding, RequestsStanding, Role, Standing};
use crate::ledger::Ledger;
use crate::page::{Course, Page, State};
use crate::plan::{Allowance, Meter, MeterKind, MeterSource, Plan};
use crate::snapshot::{Live, Residue, Snapshot};
use crate::time::Millis;
use crate::usage::{Bounds, Pace, Quota};
use crate::wire;
use crate::zone::Zone;

/// For whom a view is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer<'a> {
    /// The user.
    pub user: &'a str,
    /// Their role.
    pub role: Role,
    /// The key of the client that asks ([`Batch::client_key`](super::Batch::client_key)); 0 for none.
    pub client: u64,
    /// Where it is what o'clock for them: the zone that the configuration names, or the user's own.
    pub zone: &'a Zone,
}

/// How a tenant stands, for its app's back end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// In numbers.
    pub standing: Standing,
    /// In words.
    pub state: State,
}

wire! { struct Overview { standing, state } }

/// What a tenant is on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Present<'a> {
    /// The plan; `None` when it is not known.
    pub plan: Option<&'a Plan>,
    /// The price paid for it; `None` when nothing is.
    pub price: Option<&'a str>,
}

/// What of a ledger a page is told: what was met of other campaigns would only tell that there are such.
#[derive(Debug)]
pub(super) struct Kept {
    /// The keys of the page's campaigns, in order.
    campaigns: Vec<u32>,
    /// Whether there are caps over all campaigns, so that the others count.
    with_others: bool,
}

impl Kept {
    fn of(residue: &Residue) -> Self {
        let mut campaigns: Vec<u32> = residue.candidates.iter().map(|c| c.gates.key).collect();
        campaigns.sort_unstable();
        Self { campaigns, with_others: !residue.frequency.is_empty() }
    }

    fn of_ledger(&self, ledger: &Ledger) -> Ledger {
        ledger.only(self.with_others, |key| self.campaigns.binary_search(&key).is_ok())
    }
}

impl Tenant {
    /// Everything the page of `viewer` is told. The user must be loaded.
    pub fn page(&self, rules: &Rulebook, viewer: &Viewer<'_>, now: Millis) -> Page {
        let (mut page, kept, _) = self.common_page(rules, viewer, now);
        self.make_own(&mut page.snapshot.live, viewer, &kept);
        page
    }

    /// What the page of `viewer` has in common with others; what of ledgers its rules look at; and what of the user they have read.
    pub(super) fn common_page(&self, rules: &Rulebook, viewer: &Viewer<'_>, now: Millis) -> (Page, Kept, Asked) {
        let Left { residue, campaigns, events, watched, asked } = self.residue(rules, viewer, now);
        let kept = Kept::of(&residue);
        let counted = |name: &String| self.counts.events.get(name).cloned().unwrap_or_default();
        let is_active = |i: &u16| {
            let signal = rules.config.signals.get(usize::from(*i)).and_then(|signal| self.detected.signals.get(&signal.id));
            signal.is_some_and(|state| state.active)
        };
        let Overview { standing, state } = self.overview(rules, viewer.role, now);
        let live = Live {
            server_time: now,
            standing: Standing {
                events: events.iter().map(counted).collect(),
                signals: watched.iter().map(is_active).collect(),
                ..standing
            },
            converted: self.counts.converted,
            tenant: kept.of_ledger(&self.counts.ledger),
            ..Live::default()
        };
        let page = Page {
            config_version: rules.version,
            meters: rules.config.meters.clone(),
            features: rules.config.features.clone(),
            events,
            campaigns,
            snapshot: Snapshot { rules: residue, live },
            state,
        };
        (page, kept, asked)
    }

    /// Adds to what pages have in common what is of `viewer` alone.
    pub(super) fn make_own(&self, live: &mut Live, viewer: &Viewer<'_>, kept: &Kept) {
        (live.applied, live.missing) = self.counts.clients.applied(viewer.client);
        live.user = self.users.get(viewer.user).map(|user| kept.of_ledger(&user.ledger)).unwrap_or_default();
    }

    /// How the tenant stands. No signals and events, which residues number.
    pub fn overview(&self, rules: &Rulebook, role: Role, now: Millis) -> Overview {
        let plan = self.present(rules).plan;
        let standing = Standing {
            meters: self.meters(rules, now),
            features: plan.map(|p| p.features.clone()).unwrap_or_default(), // no plan known: nothing is wrongly blocked
            ..Standing::default()
        };
        let state = State {
            plan: plan.map(|p| PlanStanding { id: p.id.clone(), name: p.name.clone(), rank: p.rank }),
            role,
            status: self.mirror.current().map(|s| s.status.word().to_owned()),
            courses: (0..).zip(&standing.meters).map(|(i, meter)| self.course(rules, i, meter, now)).collect(),
        };
        Overview { standing, state }
    }

    fn course(&self, rules: &Rulebook, i: u16, meter: &MeterStanding, now: Millis) -> Course {
        let Some(pace) = self.pace(rules, i, meter, now) else { return Course::default() };
        Course { projected: pace.projected, exhausts_at: pace.exhausts_in.map(|ms| now.plus(ms)) }
    }

    /// How every meter stands.
    pub fn meters(&self, rules: &Rulebook, now: Millis) -> Vec<MeterStanding> {
        let Present { plan, price } = self.present(rules);
        let meters = rules.config.meters.iter().enumerate();
        meters.map(|(i, m)| self.meter(rules, i, m, plan.map(|p| p.allowance(i, price)).unwrap_or_default(), now)).collect()
    }

    /// What the history of a meter that stands so says of its pace; `None` for one that keeps none here.
    pub fn pace(&self, rules: &Rulebook, meter: u16, standing: &MeterStanding, now: Millis) -> Option<Pace> {
        let meter = rules.config.meters.get(usize::from(meter))?;
        let quota = Quota { value: standing.value, limit: standing.limit, resets_at: standing.resets_at };
        Some(self.counts.meters.get(&meter.key)?.pace(meter.kind, quota, now))
    }

    /// The plan and the price that count now.
    pub fn present<'a>(&'a self, rules: &'a Rulebook) -> Present<'a> {
        match self.mirror.current().filter(|s| s.status.grants_plan()) {
            // A payer whose product the catalogue does not know is on an unknown plan, never on the free one.
            Some(subscription) => match subscription.holding(&rules.plans) {
                Some((plan, item)) => Present { plan: Some(plan), price: Some(&item.price) },
                None => Present::default(),
            },
            None => Present { plan: rules.default_plan(), price: None },
        }
    }

    pub(super) fn meter(&self, rules: &Rulebook, i: usize, meter: &Meter, allowance: Allowance, now: Millis) -> MeterStanding {
        let bounds = match meter.kind {
            MeterKind::Counter(period) => Some(Bounds::of(period, self.billing(), now)),
            MeterKind::Gauge => None,
        };
        MeterStanding {
            value: self.reads(rules, i, meter, now),
            limit: allowance.limit,
            soft: allowance.soft,
            since: bounds.map(|b| b.start),
            resets_at: bounds.map(|b| b.end),
        }
    }

    /// What teammates ask for most.
    pub(super) fn asked_most(&self, rules: &Rulebook, now: Millis) -> Option<RequestsStanding> {
        let most = self.requests.totals(now).into_iter().next()?;
        Some(RequestsStanding { count: most.count, label: rules.label(&most.subject) })
    }

    /// The subscription's billing period.
    pub(super) fn billing(&self) -> Option<Bounds> {
        self.mirror.current().and_then(|s| s.period)
    }

    /// What the `i`-th meter reads, wherever it is read from.
    pub(super) fn reads(&self, rules: &Rulebook, i: usize, meter: &Meter, now: Millis) -> u64 {
        match rules.source(i) {
            MeterSource::Events => self.counts.meters.get(&meter.key).map_or(0, |s| s.value(meter.kind, self.billing(), now)),
            MeterSource::StripeMeter(_) => {
                let known = self.mirror.metered.get(&meter.key).copied().unwrap_or_default();
                let MeterKind::Counter(period) = meter.kind else { return known.value };
                if known.bounds.start == Bounds::of(period, self.billing(), now).start { known.value } else { 0 }
            }
            MeterSource::SubscriptionQuantity => {
                let current = self.mirror.current().filter(|s| s.status.grants_plan());
                current.and_then(|s| s.holding(&rules.plans)).map_or(0, |(_, item)| item.quantity)
            }
        }
    }
}

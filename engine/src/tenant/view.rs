//! What one user's browser gets to see of a tenant.

use super::{Rulebook, Tenant};
use crate::campaign::Campaign;
use crate::facts::{MeterStanding, PlanStanding, Role, Standing};
use crate::plan::{Meter, MeterKind, Plan};
use crate::snapshot::{Live, Snapshot};
use crate::time::Millis;
use crate::usage::Bounds;

/// For whom a view is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer<'a> {
    /// The user.
    pub user: &'a str,
    /// Their role.
    pub role: Role,
    /// The key of the client that asks ([`Batch::client_key`](super::Batch::client_key)); 0 for none.
    pub client: u64,
}

impl Tenant {
    /// Everything `viewer` needs to decide by themselves. The user must be loaded.
    pub fn snapshot(&self, rules: &Rulebook, viewer: &Viewer<'_>, now: Millis) -> Snapshot {
        Snapshot {
            config_version: rules.version,
            meters: rules.config.meters.clone(),
            features: rules.config.features.clone(),
            events: rules.config.events.clone(),
            campaigns: campaigns(rules, viewer.role),
            live: self.live(rules, viewer, now),
        }
    }

    /// What changes from moment to moment, for `viewer`.
    pub fn live(&self, rules: &Rulebook, viewer: &Viewer<'_>, now: Millis) -> Live {
        Live {
            server_time: now,
            applied: self.counts.clients.applied(viewer.client),
            standing: self.standing(rules, viewer.role, now),
            user: self.users.get(viewer.user).map(|u| u.ledger.clone()).unwrap_or_default(),
            tenant: self.counts.ledger.clone(),
        }
    }

    /// The facts for a user of this role.
    pub fn standing(&self, rules: &Rulebook, role: Role, now: Millis) -> Standing {
        let current = self.mirror.current();
        let plan = match current.filter(|s| s.status.grants_plan()) {
            // A payer whose product the catalogue does not know is on an unknown plan, never on the free one.
            Some(subscription) => subscription.plan(&rules.plans),
            None => rules.default_plan(),
        };
        let meters = rules.config.meters.iter().enumerate().map(|(i, m)| self.meter(i, m, plan, now));
        let events = rules.config.events.iter().map(|name| self.counts.events.get(name).cloned().unwrap_or_default());
        Standing {
            meters: meters.collect(),
            events: events.collect(),
            features: plan.map(|p| p.features.clone()).unwrap_or_default(), // no plan known: nothing is wrongly blocked
            plan: plan.map(|p| PlanStanding { id: p.id.clone(), name: p.name.clone(), rank: p.rank }),
            max_rank: rules.plans.iter().map(|p| p.rank).max().unwrap_or(0),
            role,
            status: current.map(|s| s.status.word().to_owned()),
        }
    }

    fn meter(&self, i: usize, meter: &Meter, plan: Option<&Plan>, now: Millis) -> MeterStanding {
        let billing = self.mirror.current().and_then(|s| s.period);
        let allowance = plan.and_then(|p| p.allowances.get(i)).copied().unwrap_or_default();
        let state = self.counts.meters.get(&meter.key);
        let bounds = match meter.kind {
            MeterKind::Counter(period) => Some(Bounds::of(period, billing, now)),
            MeterKind::Gauge => None,
        };
        MeterStanding {
            value: state.map_or(0, |s| s.value(meter.kind, billing, now)),
            limit: allowance.limit,
            soft: allowance.soft,
            since: bounds.map(|b| b.start),
            resets_at: bounds.map(|b| b.end),
        }
    }
}

fn campaigns(rules: &Rulebook, role: Role) -> Vec<Campaign> {
    rules.config.campaigns.iter().map(|c| c.for_role(role)).collect()
}

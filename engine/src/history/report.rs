//! What a back-test found: of one tenant, and of all together.

use serde::{Deserialize, Serialize};

use crate::map::Map;
use crate::wire;

/// What one campaign did and would have done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignReport {
    /// Times it would have been shown.
    pub would_fire: u32,
    /// Times a cap would have kept it from being shown.
    pub would_be_capped: u32,
    /// Times it would have been shown, were the tenant not in the control group.
    pub would_be_held_out: u32,
    /// Times it would have been shown, had the user not put it away.
    pub would_be_dismissed: u32,
    /// Times it would have been shown, were it not for its quiet hours.
    pub would_be_quiet: u32,
    /// Times it would have been shown, had the tenant not upgraded just before.
    pub would_be_converted: u32,
    /// Times it would have been shown, were no other one of its group on display.
    pub would_be_excluded: u32,
    /// Exposures that were recorded.
    pub did_fire: u32,
    /// Tenants it would have been shown to.
    pub tenants_would: u32,
    /// Tenants it was shown to.
    pub tenants_did: u32,
}

wire! { struct CampaignReport {
    would_fire, would_be_capped, would_be_held_out, would_be_dismissed, would_be_quiet, would_be_converted, would_be_excluded, did_fire,
    tenants_would, tenants_did,
} }

/// How often something would have happened, and did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// By the candidate.
    pub would: u32,
    /// By the rules of then.
    pub did: u32,
}

wire! { struct Compared { would, did } }

/// A segment's coming and going.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentReport {
    /// Times it was entered.
    pub entered: Compared,
    /// Times it was left.
    pub left: Compared,
}

wire! { struct SegmentReport { entered, left } }

/// What a back-test found in one tenant's history.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantBacktest {
    /// Events that were run through; what one user used of one meter at one moment is one.
    pub events: u64,
    /// Opportunities to show something within the window.
    pub opportunities: u64,
    /// By campaign.
    pub campaigns: Map<CampaignReport>,
    /// By signal: detections.
    pub signals: Map<Compared>,
    /// By segment.
    pub segments: Map<SegmentReport>,
}

wire! { struct TenantBacktest { events, opportunities, campaigns, signals, segments } }

/// What a back-test has found in all tenants so far.
pub type Totals = TenantBacktest;

impl TenantBacktest {
    /// Adds what was found in one tenant.
    pub fn add(&mut self, one: &Self) {
        self.events = self.events.saturating_add(one.events);
        self.opportunities = self.opportunities.saturating_add(one.opportunities);
        for (id, report) in one.campaigns.iter() {
            self.campaigns.entry(id, Default::default).add(report);
        }
        for (id, compared) in one.signals.iter() {
            self.signals.entry(id, Default::default).add(*compared);
        }
        for (id, SegmentReport { entered, left }) in one.segments.iter() {
            let sum = self.segments.entry(id, Default::default);
            sum.entered.add(*entered);
            sum.left.add(*left);
        }
    }

    /// Counts the tenant itself, once all else is counted.
    pub(super) fn count_tenant(&mut self) {
        let ids: Vec<String> = self.campaigns.keys().cloned().collect();
        for id in ids {
            let report = self.campaigns.entry(&id, Default::default);
            report.tenants_would = u32::from(report.would_fire > 0);
            report.tenants_did = u32::from(report.did_fire > 0);
        }
    }
}

impl CampaignReport {
    fn add(&mut self, one: &Self) {
        let pairs = [
            (&mut self.would_fire, one.would_fire),
            (&mut self.would_be_capped, one.would_be_capped),
            (&mut self.would_be_held_out, one.would_be_held_out),
            (&mut self.would_be_dismissed, one.would_be_dismissed),
            (&mut self.would_be_quiet, one.would_be_quiet),
            (&mut self.would_be_converted, one.would_be_converted),
            (&mut self.would_be_excluded, one.would_be_excluded),
            (&mut self.did_fire, one.did_fire),
            (&mut self.tenants_would, one.tenants_would),
            (&mut self.tenants_did, one.tenants_did),
        ];
        for (sum, n) in pairs {
            *sum = sum.saturating_add(n);
        }
    }
}

impl Compared {
    fn add(&mut self, one: Self) {
        self.would = self.would.saturating_add(one.would);
        self.did = self.did.saturating_add(one.did);
    }
}

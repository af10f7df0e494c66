//! One tenant's state and what changes it. Its Durable Object loads it, calls one function here, and stores what changed.

mod apply;
mod compare;
mod decide;
mod detect;
mod editions;
mod facts;
mod fold;
mod limits;
mod residue;
mod upgrade;
mod verdict;
mod view;

use serde::{Deserialize, Serialize};

pub use apply::{Applied, Batch, Receipt, Rejection};
pub use compare::{Came, Comparison, Offer, Outcome, Relation, Row};
pub use detect::{Changed, Detected, Transition};
pub use editions::Editions;
pub use facts::{Facts, Person};
pub use fold::Folded;
pub use limits::{Crossing, Mark, Told};
pub use upgrade::{NewUpgrade, Unready};
pub use verdict::Verdict;
pub use view::{Overview, Present, Viewer};

use crate::config::Config;
use crate::facts::EventStanding;
use crate::ledger::Ledger;
use crate::map::Map;
use crate::plan::{MeterSource, Plan};
use crate::sequence::Mailing;
use crate::subscription::Mirror;
use crate::tally::Tallies;
use crate::time::Millis;
use crate::traits::TraitValue;
use crate::upgrade::requests::{Requests, Subject};
use crate::upgrade::state::Upgrades;
use crate::usage::{Clients, MeterState, RecentIds};
use crate::wire;
use crate::zone::Zone;

/// The rules that apply to a tenant: a published configuration and the plans that go with it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rulebook {
    /// The version of the configuration; 0 before the first.
    pub version: u32,
    /// Rises with every change of configuration or catalogue.
    pub revision: u32,
    /// What was published.
    pub config: Config,
    /// The plans, lowest rank first.
    pub plans: Vec<Plan>,
    /// Rises with every change of the plans.
    pub catalogue: u32,
    /// The ids of Stripe's billing meters, by the name of their events: those that the configuration reads.
    pub stripe_meters: Map<String>,
}

wire! { struct Rulebook { version, revision, config, plans, catalogue, stripe_meters } }

impl Rulebook {
    /// The plan of a tenant without a subscription: the one the configuration names, else the one of rank 0, if any.
    pub fn default_plan(&self) -> Option<&Plan> {
        match &self.config.default_plan {
            Some(id) => self.plans.iter().find(|p| p.id == *id),
            None => self.plans.iter().find(|p| p.rank == 0),
        }
    }

    /// The currency that most prices on sale are in; of equals the first by its letters. For tenants who pay in none yet.
    pub fn currency(&self) -> Option<&str> {
        let on_sale = || self.plans.iter().filter(|p| p.active).flat_map(|p| &p.prices).filter(|p| p.active).map(|p| p.currency.as_str());
        on_sale().max_by_key(|c| (on_sale().filter(|other| other == c).count(), std::cmp::Reverse(*c)))
    }

    /// What a request is for, as people read it; empty for any upgrade.
    pub fn label(&self, Subject { plan, feature, meter }: &Subject) -> String {
        let config = &self.config;
        let feature = feature.as_ref().and_then(|key| config.features.iter().find(|f| f.key == *key)).map(|f| &f.label);
        let meter = meter.as_ref().and_then(|key| config.meters.iter().find(|m| m.key == *key)).map(|m| &m.label);
        let plan = plan.as_ref().and_then(|id| self.plans.iter().find(|p| p.id == *id)).map(|p| &p.name);
        feature.or(meter).or(plan).cloned().unwrap_or_default()
    }

    /// Where the `meter`-th meter is read from.
    pub fn source(&self, meter: usize) -> &MeterSource {
        self.config.sources.get(meter).unwrap_or(&MeterSource::Events)
    }
}

/// What every batch of events rewrites: one row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// By meter, under its name: positions change with the configuration.
    pub meters: Map<MeterState>,
    /// By tracked event.
    pub events: Map<EventStanding>,
    /// Which batches have been counted.
    pub clients: Clients,
    /// What the tenant's users have met together.
    pub ledger: Ledger,
    /// By feature: when it was last refused to somebody.
    pub refused: Map<Millis>,
    /// Since when there has been a reason to upgrade; `None` when there is none, and after an upgrade.
    pub needs_since: Option<Millis>,
    /// When the tenant last upgraded; `None`: not since it is known.
    pub converted: Option<Millis>,
    /// What has come of the campaigns here.
    pub tallies: Tallies,
    /// By whose clocks nudges that pages report are judged: as of the last batch that had some.
    pub zone: Zone,
}

wire! { struct Counts { meters, events, clients, ledger, refused, needs_since, converted, tallies, zone } }

/// One user.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// What the user has met.
    pub ledger: Ledger,
    /// When the user was first seen.
    pub first_seen: Option<Millis>,
    /// What the back end says of the user, by the trait's name.
    pub traits: Map<TraitValue>,
}

wire! { struct User { ledger, first_seen, traits } }

/// What is known of a tenant that changes rarely.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// When the tenant was first seen.
    pub first_seen: Option<Millis>,
    /// What the back end says of the tenant, by the trait's name.
    pub traits: Map<TraitValue>,
}

wire! { struct Profile { first_seen, traits } }

/// A tenant, with those users that the matter at hand concerns.
#[derive(Clone, Debug, Default)]
pub struct Tenant {
    /// Its name.
    pub name: String,
    /// Metering.
    pub counts: Counts,
    /// What changes rarely.
    pub profile: Profile,
    /// Signals and segments.
    pub detected: Detected,
    /// The ids of recent events.
    pub ids: RecentIds,
    /// Subscriptions.
    pub mirror: Mirror,
    /// Upgrades on their way and done.
    pub upgrades: Upgrades,
    /// What teammates ask for.
    pub requests: Requests,
    /// Mails.
    pub mailing: Mailing,
    /// What was told of meters that came near their limits, by the meter's name.
    pub limits: Map<Told>,
    /// By user id.
    pub users: Map<User>,
}

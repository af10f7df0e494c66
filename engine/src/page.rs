//! Everything that the page of one user is told: the numbers its core decides by, and the words people read.

pub(crate) mod words;

use serde::{Deserialize, Serialize};

use crate::campaign::Campaign;
use crate::facts::{PlanStanding, Role};
use crate::hash::hash64;
use crate::plan::{Feature, Meter};
use crate::snapshot::{Frame, Live, Snapshot};
use crate::time::Millis;
use crate::wire;

/// What one page is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// The version of the configuration this comes from.
    pub config_version: u32,
    /// The meters, in the order programs number them.
    pub meters: Vec<Meter>,
    /// The features, likewise.
    pub features: Vec<Feature>,
    /// The names of tracked events that programs read, likewise.
    pub events: Vec<String>,
    /// What is left of the campaigns that may be shown, as the numbers have them.
    pub campaigns: Vec<Campaign>,
    /// The numbers.
    pub snapshot: Snapshot,
    /// How the tenant stands, in words.
    pub state: State,
}

wire! { struct Page { config_version, meters, features, events, campaigns, snapshot, state } }

/// How a tenant and its user stand, in words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The plan; `None` for a tenant without one.
    pub plan: Option<PlanStanding>,
    /// The user's role.
    pub role: Role,
    /// The subscription's status in Stripe's words.
    pub status: Option<String>,
    /// By meter: where its pace leads.
    pub courses: Vec<Course>,
}

wire! { struct State { plan, role, status, courses } }

/// Where the pace of a meter leads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    /// What a counter will read when its period ends; `None`: there is no telling, or it is a gauge.
    pub projected: Option<u64>,
    /// When the limit is reached; `None`: not before the counter starts again, or no telling.
    pub exhausts_at: Option<Millis>,
}

wire! { struct Course { projected, exhausts_at } }

impl Page {
    /// A hash of everything but what changes from moment to moment.
    pub fn rules_hash(&self) -> u64 {
        rules_hash(&self.words_of_rules(), &wire::encode(&self.snapshot.rules))
    }

    /// A hash of everything but the clock, and what goes by it alone.
    pub fn hash(&self) -> u64 {
        tag(self.rules_hash(), &self.snapshot.live, &self.state)
    }

    /// Everything, as bytes.
    pub fn whole(&self) -> Vec<u8> {
        Frame { rules: Some(self.snapshot.rules.clone()), live: self.snapshot.live.clone() }.encode(&self.words())
    }

    /// Only what changes from moment to moment.
    pub fn live(&self) -> Vec<u8> {
        Frame { rules: None, live: self.snapshot.live.clone() }.encode(&self.words_of_state())
    }

    /// What a page that knows the rules of the hash `known` is to be sent, and the hash of the rules it knows then: what changes
    /// from moment to moment, or everything if other rules are left for it.
    pub fn frame(&self, known: Option<u64>) -> (Vec<u8>, u64) {
        let hash = self.rules_hash();
        (if known == Some(hash) { self.live() } else { self.whole() }, hash)
    }
}

/// The hash of the rules, of their words and their bytes.
pub(crate) fn rules_hash(words: &str, rules: &[u8]) -> u64 {
    hash64(&[words.as_bytes(), rules].concat())
}

/// The hash of a page, of that of its rules and what changes from moment to moment, but for the clock and what goes by it alone.
pub(crate) fn tag(rules: u64, live: &Live, state: &State) -> u64 {
    let still = Live { server_time: Millis(0), ..live.clone() };
    let state = State { courses: Vec::new(), ..state.clone() };
    hash64(&wire::extend(wire::extend(rules.to_be_bytes().to_vec(), &still), &state))
}

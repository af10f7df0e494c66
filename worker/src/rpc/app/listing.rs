//! Lists of tenants and of the members of segments, page by page.

use serde::{Deserialize, Serialize};
use upcue_engine::time::Millis;
use upcue_engine::wire;

/// Which tenants are wanted, and in which order.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Listing {
    /// Only members of this segment.
    pub(crate) segment: Option<String>,
    /// Only those on this plan, by its id.
    pub(crate) plan: Option<String>,
    /// Only those whose subscription Stripe calls so.
    pub(crate) status: Option<String>,
    /// What they are sorted by.
    pub(crate) order: Order,
    /// Lists what comes after it.
    pub(crate) after: Option<Place>,
    /// At most so many.
    pub(crate) limit: u32,
}

wire! { struct Listing { segment, plan, status, order, after, limit } }

/// What tenants are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Order {
    /// By name.
    #[default]
    Tenant,
    /// Highest score first, those without one last; among equals by name.
    Score,
}

wire! { enum Order { Tenant, Score } }

/// A tenant's place in an order; others may come and go around it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Its score.
    pub(crate) score: Option<u8>,
    /// Its name.
    pub(crate) tenant: String,
}

wire! { struct Place { score, tenant } }

/// A tenant in the app's list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TenantRow {
    /// Its name.
    pub(crate) tenant: String,
    /// When it was last heard of; exact to a day.
    pub(crate) seen_at: Millis,
    /// The plan's id.
    pub(crate) plan: Option<String>,
    /// Stripe's word for the subscription.
    pub(crate) status: Option<String>,
    /// The expansion score it last told of: 0 to 100.
    pub(crate) score: Option<u8>,
    /// When it had that score.
    pub(crate) scored_at: Option<Millis>,
    /// Since when it is in the segment that was asked for.
    pub(crate) since: Option<Millis>,
    /// All segments it is in, by name.
    pub(crate) segments: Vec<String>,
}

wire! { struct TenantRow { tenant, seen_at, plan, status, score, scored_at, since, segments } }

/// A segment of the configuration.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SegmentRow {
    /// Its name.
    pub(crate) segment: String,
    /// What people read.
    pub(crate) label: String,
    /// Tenants in it.
    pub(crate) members: u32,
}

wire! { struct SegmentRow { segment, label, members } }

/// A segment with some of its members.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SegmentPage {
    /// The segment, with the number of all its members.
    pub(crate) of: SegmentRow,
    /// Some of them.
    pub(crate) members: Vec<TenantRow>,
}

wire! { struct SegmentPage { of, members } }

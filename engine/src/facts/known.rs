//! What only the edge knows.

use serde::{Deserialize, Serialize};

use super::Input;
use crate::wire;

/// One fact of the table. Numbers are positions in the configuration's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// One that the browser reads by itself as well.
    Input(Input),
    /// `usage.<meter>.limit`
    Limit(u16),
    /// `usage.<meter>.velocity_1d` and its like.
    Pace {
        /// Which meter.
        meter: u16,
        /// What of it.
        field: PaceField,
    },
    /// `feature.<feature>`
    Feature(u16),
    /// `user.role`
    UserRole,
    /// `user.age`
    UserAge,
    /// `user.<trait>`
    UserTrait(u16),
    /// `tenant.age`
    TenantAge,
    /// `tenant.seats`
    TenantSeats,
    /// `tenant.<trait>`
    TenantTrait(u16),
    /// `plan.<field>`
    Plan(PlanField),
    /// `plan.max_rank`
    PlanMaxRank,
    /// `best_plan.<field>`
    BestPlan(PlanField),
    /// `subscription.status`
    SubscriptionStatus,
    /// `subscription.trial_ends_in`
    TrialEndsIn,
    /// `subscription.renews_in`
    RenewsIn,
    /// `signal.<id>.age`
    SignalAge(u16),
    /// `signal.<id>.count`
    SignalCount(u16),
    /// `score`
    Score,
    /// `segment.<id>`
    Segment(u16),
    /// `requests.count`
    RequestsCount,
    /// `requests.top`
    RequestsTop,
    /// `now`
    Now,
    /// `converted`
    Converted,
}

wire! { enum Fact {
    Input(input), Limit(meter), Pace { meter, field }, Feature(feature), UserRole, UserAge, UserTrait(number), TenantAge, TenantSeats,
    TenantTrait(number), Plan(field), PlanMaxRank, BestPlan(field), SubscriptionStatus, TrialEndsIn, RenewsIn, SignalAge(signal),
    SignalCount(signal), Score, Segment(segment), RequestsCount, RequestsTop, Now,
    Converted,
} }

impl Fact {
    /// Whether it is about a user: nothing that speaks of a tenant may read it.
    pub fn is_of_user(self) -> bool {
        matches!(self, Self::UserRole | Self::UserAge | Self::UserTrait(_) | Self::RequestsCount | Self::RequestsTop)
    }
}

/// What can be read of a meter's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PaceField {
    /// Units a day over the last 24 hours.
    Velocity1d,
    /// Units a day over the last 7 days.
    Velocity7d,
    /// The last 7 days against the 7 before.
    Growth7d,
    /// The last 28 days against the 28 before.
    Growth28d,
    /// Until the limit is reached.
    ExhaustsIn,
    /// Whether that is before the counter starts again.
    WillExhaust,
}

wire! { enum PaceField { Velocity1d, Velocity7d, Growth7d, Growth28d, ExhaustsIn, WillExhaust } }

/// What can be read of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlanField {
    /// Its id.
    Id,
    /// What people read.
    Name,
    /// Its order among plans.
    Rank,
    /// How often its price is charged.
    Interval,
}

wire! { enum PlanField { Id, Name, Rank, Interval } }

/// What teammates ask for most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestsStanding {
    /// How many do.
    pub count: u32,
    /// What people read; empty for any upgrade.
    pub label: String,
}

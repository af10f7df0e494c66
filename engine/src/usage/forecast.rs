//! forecast

mod counter;
mod gauge;
mod median;
mod outlook;
mod past;
mod shape;

use crate::plan::Limit;
use crate::time::{DAY, DurationMs, Millis};

pub(super) use counter::pace as of_counter;
pub(super) use gauge::pace as of_gauge;
pub(super) use past::{KEEP_DAYS, KEEP_HOURS};

const HOURS_A_DAY: usize = 24;
/// A gauge has no period: what it reaches within this time counts as soon.
pub(super) const SOON: DurationMs = 30 * DAY;

/// What a meter reads and where it ends: what a forecast is held against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// What the meter reads now.
    pub value: u64,
    /// Where the plan ends.
    pub limit: Limit,
    /// When a counter starts again at zero; `None` when it never does (a gauge), or nobody knows.
    pub resets_at: Option<Millis>,
}

/// What a meter's history says of its pace.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pace {
    /// Counter: units counted in the last 24 hours. Gauge: the change within them. 0 without history.
    pub velocity_1d: f64,
    /// The same per day
    pub velocity_7d: f64,
    /// g7
    pub growth_7d: Option<f64>,
    /// g28
    pub growth_28d: Option<f64>,
    /// exh
    pub exhausts_in: Option<DurationMs>,
    /// will
    pub will_exhaust: bool,
}

/// The share of `whole` that `part` is; both in milliseconds.
#[expect(clippy::cast_precision_loss, reason = "lengths of time are far below 2^53")]
fn share_of(part: DurationMs, whole: DurationMs) -> f64 {
    part as f64 / whole as f64
}

/// Days as milliseconds, rounded down.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "less than a thousand days")]
fn millis(days: f64) -> DurationMs {
    (days * DAY as f64) as DurationMs
}

#[cfg(test)]
mod accuracy;
#[cfg(test)]
#[expect(clippy::cast_precision_loss, clippy::cast_possible_wrap, reason = "made-up numbers are small")]
mod measure;
#[cfg(test)]
mod tests;
#[cfg(test)]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "made-up numbers are small and positive"
)]
mod traces;

//! placeholder until merged
use crate::plan::{Limit, MeterKind};
use crate::time::{DurationMs, Millis};
/// q
#[derive(Clone, Copy, Debug)]
pub struct Quota {
    /// v
    pub value: u64,
    /// l
    pub limit: Limit,
    /// r
    pub resets_at: Option<Millis>,
}
/// p
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    /// v
    pub velocity_1d: f64,
    /// v
    pub velocity_7d: f64,
    /// v
    pub growth_7d: Option<f64>,
    /// v
    pub growth_28d: Option<f64>,
    /// v
    pub exhausts_in: Option<DurationMs>,
    /// v
    pub will_exhaust: bool,
}
impl super::MeterState {
    /// p
    pub fn pace(&self, _kind: MeterKind, _quota: Quota, _now: Millis) -> Pace {
        Pace::default()
    }
}

//! A gauge's pace: the robust slope of what it read.

use super::median::median;
use super::past::number;
use super::{Pace, Quota, SOON, millis, share_of};
use crate::plan::Limit;
use crate::time::{DAY, DurationMs, Millis};
use crate::usage::Buckets;

/// Days that the slope is taken over.
const SLOPE_DAYS: usize = 21;
/// Readings it is taken from: the ends of those days, and now.
const READINGS: usize = SLOPE_DAYS + 1;
/// Pairs of them.
const PAIRS: usize = READINGS * SLOPE_DAYS / 2;
/// Fewer readings tell no slope.
const FEWEST: usize = 3;
/// Readings closer than this many days (now, and the end of yesterday) tell none either.
const CLOSEST: f64 = 0.5;
/// What lies further ahead than this many days is not told.
const FARTHEST: f64 = 400.0;

/// The pace of a gauge with this history.
pub(in crate::usage) fn pace(hours: &Buckets, days: &Buckets, quota: Quota, now: Millis) -> Pace {
    let reports = Reports { hours, days, value: number(quota.value), now };
    let exhausts_in = reports.exhausts_in(quota);
    Pace {
        velocity_1d: reports.value - reports.a_day_ago(),
        velocity_7d: reports.velocity(7),
        growth_7d: reports.growth(7),
        growth_28d: reports.growth(28),
        exhausts_in,
        will_exhaust: exhausts_in.is_some_and(|left| left <= SOON),
        projected: None,
    }
}

/// What a gauge has read.
struct Reports<'a> {
    hours: &'a Buckets,
    days: &'a Buckets,
    value: f64,
    now: Millis,
}

impl Reports<'_> {
    /// What it read at the end of `bucket`: the last known value stands on; `None` before the first report.
    fn read(&self, buckets: &Buckets, bucket: i64) -> Option<f64> {
        let (oldest, newest) = (buckets.oldest()?, buckets.newest()?);
        (bucket >= oldest).then(|| if bucket >= newest { self.value } else { number(buckets.get(bucket)) })
    }

    /// What it read at the end of the hour 24 hours ago; what it read first, when that is later.
    fn a_day_ago(&self) -> f64 {
        let hour = self.hours.oldest().unwrap_or_default().max(self.now.hour() - 24);
        self.read(self.hours, hour).unwrap_or(self.value)
    }

    /// What it read at the end of the UTC day `back` days before today, and how many days ago that is.
    fn ending(&self, back: usize) -> Option<(f64, f64)> {
        let day = self.now.day().saturating_sub(i64::try_from(back).ok()?);
        let ago = share_of(self.now.since(Millis(day.saturating_add(1).saturating_mul(DAY))), DAY);
        self.read(self.days, day).map(|value| (value, ago))
    }

    /// The change a day since the end of the day `n` days ago, or of the first day; over one day at least.
    fn velocity(&self, n: usize) -> f64 {
        let first = (1..=n).rev().find_map(|back| self.ending(back));
        first.map_or_else(|| self.value - self.a_day_ago(), |(value, ago)| (self.value - value) / ago.max(1.0))
    }

    /// What it reads now against the end of the day `n` days ago; `None` when nothing was reported until then, or zero.
    fn growth(&self, n: usize) -> Option<f64> {
        let (base, _) = self.ending(n)?;
        (base > 0.0).then(|| self.value / base - 1.0)
    }

    fn exhausts_in(&self, quota: Quota) -> Option<DurationMs> {
        let Limit::Upto(limit) = quota.limit else { return None };
        let left = limit.saturating_sub(quota.value);
        if left == 0 {
            return Some(0);
        }
        let slope = self.slope().filter(|slope| *slope > 0.0)?;
        let days = number(left) / slope;
        (days <= FARTHEST).then(|| millis(days))
    }

    /// The change a day: the median slope over all pairs of readings (Theil 1950, Sen 1968), so that neither one day on which
    /// many joined nor one on which they were taken out again makes a trend.
    fn slope(&self) -> Option<f64> {
        let mut readings = [(self.value, 0.0); READINGS];
        let mut n = 1;
        for (reading, back) in readings.iter_mut().skip(1).zip(1..) {
            let Some(past) = self.ending(back) else { break };
            *reading = past;
            n += 1;
        }
        let readings = readings.get(..n).filter(|_| n >= FEWEST)?;
        let mut slopes = [0.0; PAIRS];
        let mut pairs = 0;
        for (i, (new, at)) in readings.iter().enumerate() {
            for (old, ago) in readings.iter().skip(i + 1).filter(|(_, ago)| ago - at >= CLOSEST) {
                if let Some(slope) = slopes.get_mut(pairs) {
                    *slope = (new - old) / (ago - at);
                    pairs += 1;
                }
            }
        }
        slopes.get_mut(..pairs).and_then(median)
    }
}

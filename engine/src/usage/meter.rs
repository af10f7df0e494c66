//! The state of one meter of one tenant.

use serde::{Deserialize, Serialize};

use super::Buckets;
use super::forecast::{KEEP_DAYS, KEEP_HOURS, Pace, Quota, of_counter, of_gauge};
use crate::plan::{MeterKind, Period};
use crate::time::{DAY, DurationMs, Millis, calendar_month};
use crate::wire;

/// From when (inclusive) to when (exclusive) a counter adds up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// The first moment.
    pub start: Millis,
    /// The first moment after.
    pub end: Millis,
}

wire! { struct Bounds { start, end } }

impl Bounds {
    /// The bounds of `period` around `now`; `billing` are those of the subscription, if there is one.
    ///
    /// A billing period that ended before `now` (its webhook is late) rolls on by its own length, so that a new period
    /// starts at zero even while Stripe is silent.
    pub fn of(period: Period, billing: Option<Self>, now: Millis) -> Self {
        match (period, billing) {
            (Period::Day, _) => {
                let start = Millis(now.day() * DAY);
                Self { start, end: start.plus(DAY) }
            }
            (Period::Billing, Some(billing)) if billing.length() > 0 => billing.rolled_to(now),
            _ => {
                let (start, end) = calendar_month(now);
                Self { start, end }
            }
        }
    }

    fn length(self) -> DurationMs {
        self.end.since(self.start)
    }

    fn rolled_to(self, now: Millis) -> Self {
        if now < self.end {
            return self;
        }
        let periods = now.since(self.start) / self.length();
        let start = self.start.plus(periods.saturating_mul(self.length()));
        Self { start, end: start.plus(self.length()) }
    }
}

/// What a meter reads, and the bounded history that tells its pace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeterState {
    /// Counter: the sum within `bounds`. Gauge: the value last set.
    value: u64,
    /// The counter's current period; meaningless for a gauge.
    bounds: Bounds,
    /// When a gauge was last set, so that an older report does not overwrite a newer one.
    set_at: Millis,
    /// Counter: sums per hour. Gauge: the hour's last value.
    hours: Buckets,
    /// The same per UTC day.
    days: Buckets,
}

wire! { struct MeterState { value, bounds, set_at, hours, days } }

impl MeterState {
    /// What the meter reads at `now`.
    pub fn value(&self, kind: MeterKind, billing: Option<Bounds>, now: Millis) -> u64 {
        match kind {
            MeterKind::Gauge => self.value,
            MeterKind::Counter(period) => {
                let current = Bounds::of(period, billing, now);
                if self.belongs_to(current) { self.value } else { 0 }
            }
        }
    }

    /// Counts `n` that happened `at`; what happened before the current period enters the history only.
    pub fn add(&mut self, period: Period, n: u64, at: Millis, billing: Option<Bounds>, now: Millis) {
        let current = Bounds::of(period, billing, now);
        if !self.belongs_to(current) {
            self.value = 0;
        }
        self.bounds = current;
        if at >= current.start {
            self.value = self.value.saturating_add(n);
        }
        self.hours.add(at.hour(), n, KEEP_HOURS);
        self.days.add(at.day(), n, KEEP_DAYS);
    }

    /// Sets a gauge to `n` as of `at`; a report older than the last one enters the history only.
    pub fn set(&mut self, n: u64, at: Millis) {
        if at >= self.set_at {
            self.value = n;
            self.set_at = at;
            self.hours.set(at.hour(), n, KEEP_HOURS);
            self.days.set(at.day(), n, KEEP_DAYS);
        }
    }

    /// The sum (counter) over the `n` UTC days that end with the day of `now`.
    pub fn last_days(&self, n: u32, now: Millis) -> u64 {
        self.days.sum(now.day(), n)
    }

    /// What the history says of the meter's pace at `now`, and of when it will reach the limit of `quota`: see
    /// [`forecast`](super::forecast). Allocates nothing and costs a few microseconds, whatever the history.
    pub fn pace(&self, kind: MeterKind, quota: Quota, now: Millis) -> Pace {
        match kind {
            MeterKind::Counter(_) => of_counter(&self.hours, &self.days, quota, now),
            MeterKind::Gauge => of_gauge(&self.hours, &self.days, quota, now),
        }
    }

    /// The stored sum belongs to `current` when it was counted within it. A subscription whose period was corrected at
    /// its end only (same start) goes on counting.
    fn belongs_to(&self, current: Bounds) -> bool {
        self.bounds.start == current.start
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::HOUR;

    const T0: Millis = Millis(1_750_000_000_000);

    fn billing(start: i64, days: i64) -> Bounds {
        let start = T0.plus(start * DAY);
        Bounds { start, end: start.plus(days * DAY) }
    }

    fn counted(meter: &MeterState, billing: Option<Bounds>, now: Millis) -> u64 {
        meter.value(MeterKind::Counter(Period::Billing), billing, now)
    }

    #[test]
    fn a_counter_starts_again_with_each_billing_period() {
        let mut meter = MeterState::default();
        let june = Some(billing(0, 30));
        meter.add(Period::Billing, 40, T0.plus(DAY), june, T0.plus(DAY));
        meter.add(Period::Billing, 2, T0.plus(2 * DAY), june, T0.plus(2 * DAY));
        assert_eq!(counted(&meter, june, T0.plus(29 * DAY)), 42);
        assert_eq!(counted(&meter, june, T0.plus(30 * DAY)), 0, "the webhook of the new period is late");
        let july = Some(billing(30, 30));
        meter.add(Period::Billing, 5, T0.plus(31 * DAY), june, T0.plus(31 * DAY));
        assert_eq!(counted(&meter, july, T0.plus(31 * DAY)), 5, "and changes nothing when it comes");
    }

    #[test]
    fn late_events_of_the_last_period_do_not_count_in_this_one() {
        let mut meter = MeterState::default();
        let july = Some(billing(30, 30));
        meter.add(Period::Billing, 7, T0.plus(29 * DAY), july, T0.plus(31 * DAY));
        assert_eq!(counted(&meter, july, T0.plus(31 * DAY)), 0);
        assert_eq!(meter.last_days(7, T0.plus(31 * DAY)), 7);
    }

    #[test]
    fn a_period_that_only_grows_longer_keeps_its_count() {
        let mut meter = MeterState::default();
        meter.add(Period::Billing, 3, T0.plus(HOUR), Some(billing(0, 14)), T0.plus(HOUR));
        assert_eq!(counted(&meter, Some(billing(0, 30)), T0.plus(2 * HOUR)), 3);
    }

    #[test]
    fn without_a_subscription_the_calendar_month_counts() {
        let mut meter = MeterState::default();
        meter.add(Period::Billing, 3, T0, None, T0);
        assert_eq!(counted(&meter, None, T0), 3);
        assert_eq!(counted(&meter, None, T0.plus(31 * DAY)), 0);
    }

    #[test]
    fn a_gauge_keeps_the_newest_report() {
        let mut seats = MeterState::default();
        seats.set(7, T0.plus(HOUR));
        seats.set(5, T0);
        assert_eq!(seats.value(MeterKind::Gauge, None, T0.plus(90 * DAY)), 7);
    }
}

//! A counter's history: days that end now, days of the calendar, hours.

use super::{HOURS_A_DAY, share_of};
use crate::time::{DAY, HOUR, Millis};
use crate::usage::Buckets;

/// Days of the past that are compared: four weeks, and the four before them.
const WINDOWS: usize = 56;
/// Days of which the hours are kept.
const HOURLY: usize = 3;
/// Hour buckets that cover them however far the present hour has run.
pub(in crate::usage) const KEEP_HOURS: usize = HOURLY * HOURS_A_DAY + 1;
/// Day buckets that cover all windows however far today has run, and tell that the first of them was a whole day.
pub(in crate::usage) const KEEP_DAYS: usize = WINDOWS + 2;

/// What a counter counted, seen from now.
#[derive(Debug)]
pub(super) struct Past<'a> {
    hours: &'a Buckets,
    days: &'a Buckets,
    now: Millis,
    /// What was counted in each of the last 56 times 24 hours; window 0 ends now. The last three come from hour buckets,
    /// older ones from day buckets, as if each day's count was spread evenly over it.
    windows: [f64; WINDOWS],
    /// Days since the first use, as far as is known: exact to the hour in the first three days, rounded down after.
    age: f64,
}

impl<'a> Past<'a> {
    pub(super) fn of(hours: &'a Buckets, days: &'a Buckets, now: Millis) -> Self {
        let mut past = Self { hours, days, now, windows: [0.0; WINDOWS], age: age(hours, days, now) };
        let mut windows = [0.0; WINDOWS];
        for ((i, window), back) in windows.iter_mut().enumerate().zip(0_i64..) {
            *window = if i < HOURLY { past.window_of_hours(back) } else { past.window_of_days(back) };
        }
        past.windows = windows;
        past
    }

    fn window_of_hours(&self, back: i64) -> f64 {
        let end = self.now.hour() - 24 * back;
        let gone = share_of(self.now.0.rem_euclid(HOUR), HOUR);
        let whole = (1..24).fold(0, |sum: u64, hours| sum.saturating_add(self.hours.get(end - hours)));
        // The present hour has only what was counted until now, all of which belongs here.
        let last = number(self.hours.get(end)) * if back == 0 { 1.0 } else { gone };
        last + number(whole) + (1.0 - gone) * number(self.hours.get(end - 24))
    }

    fn window_of_days(&self, back: i64) -> f64 {
        let (end, gone) = (self.now.day() - back, self.of_today());
        gone * number(self.days.get(end)) + (1.0 - gone) * number(self.days.get(end - 1))
    }

    /// The share of today that is over.
    pub(super) fn of_today(&self) -> f64 {
        share_of(self.now.0.rem_euclid(DAY), DAY)
    }

    /// What was counted today.
    pub(super) fn today(&self) -> f64 {
        number(self.days.get(self.now.day()))
    }

    /// What was counted in the 24 hours that end `back` days ago; `None` when there was no use yet when they began.
    pub(super) fn window(&self, back: usize) -> Option<f64> {
        self.windows.get(back).filter(|_| self.age >= small(back + 1)).copied()
    }

    /// Units per day over the last `n` days, or since the first use if that is shorter; over one day at least.
    pub(super) fn velocity(&self, n: usize) -> f64 {
        self.sum(0, n) / self.age.clamp(1.0, small(n.max(1)))
    }

    /// The last `n` days against the `n` before; `None` when these are not wholly known, or nothing was counted in them.
    pub(super) fn growth(&self, n: usize) -> Option<f64> {
        let base = self.sum(n, n);
        (self.age >= small(2 * n) && base > 0.0).then(|| self.sum(0, n) / base - 1.0)
    }

    fn sum(&self, from: usize, n: usize) -> f64 {
        self.windows.iter().skip(from).take(n).fold(0.0, |sum, window| sum + window)
    }

    /// Fills `days` with what was counted yesterday, the day before and so on; how many of them lie wholly after the first use.
    pub(super) fn whole_days(&self, days: &mut [f64]) -> usize {
        for (count, back) in days.iter_mut().zip(1_i64..) {
            *count = number(self.days.get(self.now.day() - back));
        }
        let known = self.age - self.of_today();
        (1..=days.len()).take_while(|n| small(*n) <= known).count()
    }

    /// What was counted in the hour of the day `hour` of the UTC day `back` days ago; `None` when that is not known.
    pub(super) fn hour(&self, back: i64, hour: i64) -> Option<f64> {
        let hour = (self.now.day() - back) * 24 + hour;
        let kept = self.hours.newest()?.max(self.now.hour()) - hour < KEEP_HOURS.try_into().unwrap_or(0);
        (kept && hour >= self.hours.oldest()?).then(|| number(self.hours.get(hour)))
    }

    /// In how many of the last 24 hours anything was counted.
    pub(super) fn active_hours(&self) -> usize {
        (0..24).filter(|hours| self.hours.get(self.now.hour() - hours) > 0).count()
    }
}

/// Days since the first use; 0 when there was none.
fn age(hours: &Buckets, days: &Buckets, now: Millis) -> f64 {
    let (Some(first_hour), Some(first_day)) = (hours.oldest(), days.oldest()) else { return 0.0 };
    let first = if first_hour.div_euclid(24) == first_day {
        Millis(first_hour.saturating_mul(HOUR))
    } else {
        // The use may have begun late on the first day: what is certain begins with the next.
        Millis(first_day.saturating_add(1).saturating_mul(DAY))
    };
    share_of(now.since(first).max(0), DAY)
}

/// A count as a double.
#[expect(clippy::cast_precision_loss, reason = "a sum beyond 2^53 is off by less than a 2^52nd of itself")]
pub(super) fn number(n: u64) -> f64 {
    n as f64
}

/// A number of days, hours or pairs as a double.
#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
pub(super) fn small(n: usize) -> f64 {
    n as f64
}

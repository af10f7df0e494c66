//! The time, and the calendar arithmetic of billing periods.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use jiff::{Span, Timestamp, tz::TimeZone};

use crate::error::ApiError;

/// One clock for the whole process, as the machine has one: every edge reads the same time.
static OFFSET: AtomicI64 = AtomicI64::new(0);

/// Seconds since the epoch. Handlers get it as a value; only the edges of the crate call this.
pub(crate) fn now() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX).saturating_add(offset())
}

/// Seconds that [`now`] is ahead of the machine's clock.
pub(crate) fn offset() -> i64 {
    OFFSET.load(Ordering::Relaxed)
}

pub(crate) fn set_offset(seconds: i64) {
    OFFSET.store(seconds, Ordering::Relaxed);
}

pub(crate) const DAY: i64 = 86_400;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interval {
    Day,
    Week,
    Month,
    Year,
}

impl Interval {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "day" => Some(Self::Day),
            "week" => Some(Self::Week),
            "month" => Some(Self::Month),
            "year" => Some(Self::Year),
            _ => None,
        }
    }

    /// The longest that one such interval can last.
    fn longest(self) -> i64 {
        DAY * match self {
            Self::Day => 1,
            Self::Week => 7,
            Self::Month => 31,
            Self::Year => 366,
        }
    }
}

/// How often a price bills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cadence {
    pub(crate) interval: Interval,
    pub(crate) count: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) start: i64,
    pub(crate) end: i64,
}

impl Cadence {
    /// The `n`th boundary after the anchor. Always counted from the anchor, so that a subscription begun on the 31st
    /// bills on 28 February and on 31 March again.
    pub(crate) fn boundary(self, anchor: i64, n: i64) -> Result<i64, ApiError> {
        let units = n.checked_mul(self.count).ok_or_else(out_of_range)?;
        let span = match self.interval {
            Interval::Day => Span::new().try_days(units),
            Interval::Week => Span::new().try_weeks(units),
            Interval::Month => Span::new().try_months(units),
            Interval::Year => Span::new().try_years(units),
        };
        let anchor = Timestamp::from_second(anchor).map_err(|_| out_of_range())?.to_zoned(TimeZone::UTC);
        let boundary = span.and_then(|span| anchor.checked_add(span)).map_err(|_| out_of_range())?;
        Ok(boundary.timestamp().as_second())
    }

    /// The period that holds `now`, for an anchor that is not in the future.
    pub(crate) fn period(self, anchor: i64, now: i64) -> Result<Period, ApiError> {
        // Estimated from the longest interval, so never too late; the loop then takes the last few steps.
        let mut n = (now - anchor).max(0) / (self.interval.longest() * self.count);
        let mut end = self.boundary(anchor, n + 1)?;
        while end <= now {
            n += 1;
            end = self.boundary(anchor, n + 1)?;
        }
        Ok(Period { start: self.boundary(anchor, n)?, end })
    }
}

fn out_of_range() -> ApiError {
    ApiError::invalid("Invalid timestamp: out of range")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONTHLY: Cadence = every(1, Interval::Month);
    const QUARTERLY: Cadence = every(3, Interval::Month);
    const YEARLY: Cadence = every(1, Interval::Year);
    const FORTNIGHTLY: Cadence = every(2, Interval::Week);
    const DAILY: Cadence = every(1, Interval::Day);

    const fn every(count: i64, interval: Interval) -> Cadence {
        Cadence { interval, count }
    }

    /// Noon of a day of this century, `26-01-31`.
    fn at(day: &str) -> i64 {
        let noon: Timestamp = format!("20{day}T12:00:00Z").parse().unwrap();
        noon.as_second()
    }

    #[test]
    fn periods_follow_the_calendar() {
        // Anchor, now, and the period expected: start and end.
        let cases = [
            (MONTHLY, "26-01-31 26-01-31 26-01-31 26-02-28"),
            (MONTHLY, "26-01-31 26-03-01 26-02-28 26-03-31"),
            (MONTHLY, "26-01-31 26-04-01 26-03-31 26-04-30"),
            (MONTHLY, "24-01-31 24-02-10 24-01-31 24-02-29"),
            (MONTHLY, "20-05-15 26-05-14 26-04-15 26-05-15"),
            (MONTHLY, "20-05-15 26-05-15 26-05-15 26-06-15"),
            (QUARTERLY, "25-11-30 26-02-27 25-11-30 26-02-28"),
            (YEARLY, "24-02-29 25-03-01 25-02-28 26-02-28"),
            (YEARLY, "24-02-29 28-02-29 28-02-29 29-02-28"),
            (FORTNIGHTLY, "26-01-01 26-01-20 26-01-15 26-01-29"),
            (DAILY, "26-01-01 26-03-01 26-03-01 26-03-02"),
        ];
        for (cadence, days) in cases {
            let days: Vec<i64> = days.split(' ').map(at).collect();
            let period = cadence.period(days[0], days[1]).unwrap();
            assert_eq!([period.start, period.end], days[2..], "{cadence:?}: {days:?}");
        }
    }

    #[test]
    fn far_timestamps_are_errors_not_panics() {
        assert!(YEARLY.boundary(i64::MAX, 1).is_err());
        assert!(YEARLY.boundary(0, i64::MAX).is_err());
    }
}

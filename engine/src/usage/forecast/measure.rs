//! How well an alarm tells what will happen, on made-up traces.

use super::traces::{DAYS, Manner, PERIOD, Trace};
use super::{Pace, Quota};
use crate::plan::{Limit, MeterKind, Period};
use crate::time::{DAY, DurationMs, HOUR, Millis};
use crate::usage::{Bounds, MeterState};

/// Something that says "the limit will be reached".
pub(super) type Alarm = fn(&Pace, Quota, Bounds, Millis) -> bool;

/// The limit is reached within three days at the forecast pace.
pub(super) fn forecast(pace: &Pace, _: Quota, _: Bounds, _: Millis) -> bool {
    pace.will_exhaust && pace.exhausts_in.is_some_and(|left| left < 72 * HOUR)
}

/// The limit is reached within a fortnight at the forecast pace.
pub(super) fn fortnight(pace: &Pace, _: Quota, _: Bounds, _: Millis) -> bool {
    pace.will_exhaust && pace.exhausts_in.is_some_and(|left| left < 14 * DAY)
}

/// The limit is reached at the forecast pace, however far ahead.
pub(super) fn ever(pace: &Pace, _: Quota, _: Bounds, _: Millis) -> bool {
    pace.will_exhaust
}

/// Four fifths of the limit are used.
pub(super) fn threshold(_: &Pace, quota: Quota, _: Bounds, _: Millis) -> bool {
    quota.value as f64 >= 0.8 * limit_of(quota)
}

/// The mean of the last seven days goes on, and reaches the limit within three days and before the reset.
pub(super) fn mean(pace: &Pace, quota: Quota, period: Bounds, now: Millis) -> bool {
    let days = (limit_of(quota) - quota.value as f64) / pace.velocity_7d;
    pace.velocity_7d > 0.0 && days < 3.0 && days * (DAY as f64) < period.end.since(now) as f64
}

fn limit_of(quota: Quota) -> f64 {
    match quota.limit {
        Limit::Upto(limit) => limit as f64,
        Limit::Unlimited => f64::INFINITY,
    }
}

/// What became of an alarm's words.
#[derive(Clone, Debug)]
pub(super) struct Score {
    /// Periods that did not reach the limit.
    pub(super) calm: usize,
    /// Those of them with an alarm.
    pub(super) false_alarms: usize,
    /// Periods that reached it.
    pub(super) reached: usize,
    /// Those of them in which a single hour took a day's share of the limit (a thirtieth) and so reached it.
    pub(super) sudden: usize,
    /// Those that reached it without an alarm before, and not by such an hour.
    pub(super) missed: usize,
    /// Those that reached it without an alarm before, by such an hour.
    pub(super) missed_sudden: usize,
    /// From the first alarm until the limit was reached.
    pub(super) leads: Vec<DurationMs>,
}

impl Score {
    pub(super) const NONE: Self = Self { calm: 0, false_alarms: 0, reached: 0, sudden: 0, missed: 0, missed_sudden: 0, leads: Vec::new() };

    pub(super) fn add(&mut self, other: &Self) {
        self.calm += other.calm;
        self.false_alarms += other.false_alarms;
        self.reached += other.reached;
        self.sudden += other.sudden;
        self.missed += other.missed;
        self.missed_sudden += other.missed_sudden;
        self.leads.extend(&other.leads);
    }

    pub(super) fn false_alarm_rate(&self) -> f64 {
        self.false_alarms as f64 / self.calm.max(1) as f64
    }

    pub(super) fn recall(&self) -> f64 {
        1.0 - (self.missed + self.missed_sudden) as f64 / self.reached.max(1) as f64
    }

    /// In hours.
    pub(super) fn median_lead(&self) -> i64 {
        let mut leads = self.leads.clone();
        leads.sort_unstable();
        leads.get(leads.len() / 2).map_or(0, |lead| lead / HOUR)
    }

    /// What share of the periods had an alarm before, of those that reached the limit otherwise than by one sudden hour.
    pub(super) fn foreseen(&self) -> f64 {
        1.0 - self.missed as f64 / (self.reached - self.sudden).max(1) as f64
    }

    /// Counts a period: when the alarm first sounded in it, and when it reached the limit and whether suddenly.
    fn period(&mut self, alarm: Option<Millis>, reached: Option<(Millis, bool)>) {
        let Some((at, sudden)) = reached else {
            self.calm += 1;
            self.false_alarms += usize::from(alarm.is_some());
            return;
        };
        self.reached += 1;
        self.sudden += usize::from(sudden);
        match alarm {
            Some(alarm) => self.leads.push(at.since(alarm)),
            None if sudden => self.missed_sudden += 1,
            None => self.missed += 1,
        }
    }
}

/// Monday, 2025-01-06T00:00:00Z.
const MONDAY: Millis = Millis(1_736_121_600_000);

/// How well each of `alarms` does on the trace of `manner` and `seed`, asked every
/// `every` steps, of which an hour has `steps`.
pub(super) fn measure<const N: usize>(manner: Manner, seed: u64, (steps, every): (usize, usize), alarms: [Alarm; N]) -> [Score; N] {
    let (trace, kind) = (Trace::of(manner, seed), manner.kind());
    let start = MONDAY.plus(trace.offset * HOUR);
    let (mut meter, mut value) = (MeterState::default(), trace.start);
    if kind == MeterKind::Gauge {
        meter.set(value, start);
    }
    let mut scores = [const { Score::NONE }; N];
    let (mut first, mut reached, mut period) = ([None; N], None, period_of(kind, start, start));
    for step in 0..trace.hours.len() * steps {
        let now = start.plus(step as i64 * HOUR / steps as i64);
        let current = period_of(kind, start, now);
        if current != period {
            for (score, first) in scores.iter_mut().zip(&mut first) {
                score.period(first.take(), reached);
            }
            (period, reached) = (current, None);
        }
        let resets_at = (kind != MeterKind::Gauge).then_some(period.end);
        let quota = Quota { value: meter.value(kind, Some(period), now), limit: Limit::Upto(trace.limit), resets_at };
        if step % every == 0 && reached.is_none() {
            let pace = meter.pace(kind, quota, now);
            for (alarm, first) in alarms.iter().zip(&mut first) {
                if first.is_none() && alarm(&pace, quota, period, now) {
                    *first = Some(now);
                }
            }
        }
        let (at, hour) = (now.plus(HOUR / 2 / steps as i64), trace.hours[step / steps]);
        let moved = (hour + (step % steps) as i64) / steps as i64;
        match kind {
            MeterKind::Gauge if moved != 0 => {
                value = value.saturating_add_signed(moved);
                meter.set(value, at);
            }
            MeterKind::Counter(of) if moved > 0 => meter.add(of, moved.unsigned_abs(), at, Some(period), at),
            _ => {}
        }
        if reached.is_none() && meter.value(kind, Some(period), at) >= trace.limit {
            reached = Some((at, kind == MeterKind::Counter(Period::Billing) && hour.unsigned_abs() * 30 >= trace.limit));
        }
    }
    for (score, first) in scores.iter_mut().zip(first) {
        score.period(first, reached);
    }
    scores
}

/// A gauge has one period, the whole trace.
fn period_of(kind: MeterKind, start: Millis, now: Millis) -> Bounds {
    match kind {
        MeterKind::Gauge => Bounds { start, end: start.plus(DAYS as i64 * DAY) },
        MeterKind::Counter(Period::Day) => Bounds::of(Period::Day, None, now),
        MeterKind::Counter(period) => Bounds::of(period, Some(Bounds { start, end: start.plus(PERIOD as i64 * DAY) }), now),
    }
}

//! What somebody who reads a pace relies on.

use proptest::prelude::*;

use super::Pace;
use crate::plan::{Limit, MeterKind, Period};
use crate::time::{DAY, DurationMs, HOUR, MINUTE, Millis};
use crate::usage::{MeterState, Quota};
use crate::wire::encode;

const COUNTER: MeterKind = MeterKind::Counter(Period::Billing);
/// Wednesday, 2025-06-18T00:00:00Z.
const NOW: Millis = Millis(1_750_204_800_000);

fn counted(uses: impl IntoIterator<Item = (Millis, u64)>) -> MeterState {
    let mut meter = MeterState::default();
    for (at, n) in uses {
        meter.add(Period::Billing, n, at, None, at);
    }
    meter
}

/// So many days of hours until `NOW`, each with what `count` says of its moment.
fn hourly(days: i64, count: impl Fn(Millis) -> u64) -> MeterState {
    counted((0..days * 24).map(|hour| NOW.plus(hour * HOUR - days * DAY + HOUR / 2)).map(|at| (at, count(at))))
}

fn quota(value: u64, limit: u64, resets_in: DurationMs) -> Quota {
    Quota { value, limit: Limit::Upto(limit), resets_at: Some(NOW.plus(resets_in)) }
}

fn is_weekend(at: Millis) -> bool {
    (at.day() + 3).rem_euclid(7) >= 5
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * (a.abs() + b.abs() + 1e-6)
}

#[test]
fn a_steady_counter_has_its_velocity_at_any_minute() {
    for minutes in [0, 1, 29, 30, 59, 60, 719, 1_439] {
        let now = NOW.plus(minutes * MINUTE);
        // One every minute up to now.
        let meter = counted((1..=40 * 24 * 60).map(|back| (now.plus(-back * MINUTE), 1)));
        let pace = meter.pace(COUNTER, Quota::default(), now);
        assert!((pace.velocity_1d - 1_440.0).abs() < 1.5, "{minutes}: {pace:?}");
        assert!((pace.velocity_7d - 1_440.0).abs() < 1.5, "{minutes}: {pace:?}");
        assert!(pace.growth_7d.is_some_and(|growth| growth.abs() < 0.001), "{minutes}: {pace:?}");
        assert_eq!(pace.growth_28d, None, "there are not 56 days");
    }
}

#[test]
fn growth_compares_with_as_many_days_before() {
    let doubled = |days: i64| move |at: Millis| if NOW.since(at) < days * DAY { 20 } else { 10 };
    for (history, doubled_since, growth_7d, growth_28d) in [
        (70, 7, Some(1.0), Some(0.25)),
        (70, 28, Some(0.0), Some(1.0)),
        // The first day does not count: it may have begun late.
        (57, 28, Some(0.0), Some(1.0)),
        (56, 28, Some(0.0), None),
        (15, 7, Some(1.0), None),
        (14, 7, None, None),
    ] {
        let pace = hourly(history, doubled(doubled_since)).pace(COUNTER, Quota::default(), NOW);
        assert_eq!((pace.growth_7d, pace.growth_28d), (growth_7d, growth_28d), "{history} days, doubled {doubled_since} days ago");
    }
    let silent = hourly(15, |at| if NOW.since(at) < 7 * DAY { 5 } else { 0 }).pace(COUNTER, Quota::default(), NOW);
    assert_eq!(silent.growth_7d, None, "from nothing there is no growth to tell");
}

#[test]
fn a_limit_is_reached_before_the_reset_or_not_at_all() {
    let meter = hourly(40, |_| 10); // 240 a day
    let pace = |quota| {
        let Pace { exhausts_in, will_exhaust, .. } = meter.pace(COUNTER, quota, NOW);
        (exhausts_in.map(|left| (left + HOUR / 2) / HOUR), will_exhaust)
    };
    for (what, quota, expected) in [
        ("two days' use is left", quota(520, 1_000, 20 * DAY), (Some(48), true)),
        ("and the reset is before", quota(520, 1_000, 40 * HOUR), (None, false)),
        ("ten days' use is left", quota(1_600, 4_000, 20 * DAY), (Some(240), true)),
        ("the limit is reached", quota(1_000, 1_000, 20 * DAY), (Some(0), true)),
        ("the limit is passed", quota(1_700, 1_000, 20 * DAY), (Some(0), true)),
        ("it is passed by less than a tenth of what is left", quota(520, 1_000, 49 * HOUR), (None, false)),
        ("it comes within a hundredth of the limit", quota(1_905, 2_000, 9 * HOUR), (Some(9), true)),
        ("nothing is allowed", quota(0, 0, 20 * DAY), (Some(0), true)),
        ("the period is over", quota(999, 1_000, 0), (None, false)),
        ("no limit", Quota { limit: Limit::Unlimited, ..quota(520, 0, 20 * DAY) }, (None, false)),
        ("no reset: within a month", Quota { resets_at: None, ..quota(0, 2_400, 0) }, (Some(240), true)),
        ("no reset: later", Quota { resets_at: None, ..quota(0, 24_000, 0) }, (Some(2_400), false)),
        ("no reset: too far to tell", Quota { resets_at: None, ..quota(0, 2_400_000, 0) }, (None, false)),
    ] {
        assert_eq!(pace(quota), expected, "{what}");
    }
}

#[test]
fn an_hour_of_import_does_not_cry_wolf() {
    let import = |at: Millis| if NOW.since(at) < DAY && at.hour() % 24 == 9 { 3_000 } else { 10 };
    for (what, history) in [("yesterday", 40), ("yesterday, in the third week", 16), ("yesterday, in the first week", 5)] {
        // 8,000 are left, at 240 a day for 20 days: 4,800 will be used.
        let pace = hourly(history, import).pace(COUNTER, quota(7_000, 15_000, 20 * DAY), NOW);
        assert_eq!((pace.exhausts_in, pace.will_exhaust), (None, false), "{what}: {pace:?}");
        assert!(pace.velocity_1d > 3_000.0, "what was counted is told as it is");
    }
}

#[test]
fn a_quiet_weekend_hides_nothing() {
    // 1,000 on each working day, growing or not; nothing at weekends. Asked on the midnight after Sunday.
    let monday = NOW.plus(-2 * DAY);
    let uses = |days: i64| (1..days * 24).rev().map(|back| monday.plus(-back * HOUR)).filter(|at| !is_weekend(*at)).map(|at| (at, 42));
    for days in [28, 56] {
        let pace = counted(uses(days)).pace(COUNTER, Quota { resets_at: Some(monday.plus(20 * DAY)), ..quota(8_000, 10_000, 0) }, monday);
        assert!(pace.exhausts_in.is_some_and(|left| (47 * HOUR..=49 * HOUR).contains(&left)), "two working days: {pace:?}");
        // From Friday evening on, the weekend is expected to be quiet.
        let saturday = monday.plus(-2 * DAY);
        let pace = counted(uses(days)).pace(COUNTER, Quota { resets_at: Some(monday), ..quota(9_000, 10_000, 0) }, saturday);
        assert_eq!(pace.exhausts_in, None, "the period ends with the weekend: {pace:?}");
    }
}

#[test]
fn a_new_tenant_is_told_nothing_rash() {
    let used = |hours: &[(i64, u64)]| counted(hours.iter().map(|(back, n)| (NOW.plus(-back * HOUR), *n)));
    for (what, meter, exhausts) in [
        ("never used", MeterState::default(), false),
        ("an import, an hour ago", used(&[(1, 5_000)]), false),
        ("an import, and a try", used(&[(3, 5_000), (1, 3)]), false),
        ("six hours of use", used(&[(6, 900), (5, 800), (4, 900), (3, 900), (2, 700), (1, 800)]), true),
        ("an import two days ago and little since", used(&[(50, 5_000), (26, 3), (2, 1)]), false),
    ] {
        let pace = meter.pace(COUNTER, quota(5_000, 10_000, 20 * DAY), NOW);
        assert_eq!((pace.exhausts_in.is_some(), pace.will_exhaust), (exhausts, exhausts), "{what}: {pace:?}");
        assert_eq!((pace.growth_7d, pace.growth_28d), (None, None), "{what}");
    }
    assert_eq!(MeterState::default().pace(COUNTER, Quota::default(), NOW), Pace::default());
    let days = used(&[(49, 480), (1, 480)]).pace(COUNTER, Quota::default(), NOW);
    assert!((days.velocity_7d - 960.0 * 24.0 / 49.0).abs() < 10.0, "per day since the first use: {days:?}");
}

#[test]
fn a_launch_is_seen_within_three_days() {
    for (since, expected) in [(1, false), (3, true), (10, true)] {
        let meter = hourly(40, |at| if NOW.since(at) < since * DAY { 40 } else { 10 });
        let pace = meter.pace(COUNTER, quota(2_000, 10_000, 12 * DAY), NOW); // 240 a day would leave half of it, 960 none
        assert_eq!(pace.will_exhaust, expected, "{since} days ago: {pace:?}");
    }
}

fn gauge(reports: &[(DurationMs, u64)]) -> MeterState {
    let mut meter = MeterState::default();
    for (back, n) in reports {
        meter.set(*n, NOW.plus(-back));
    }
    meter
}

#[test]
fn a_gauge_is_forecast_by_its_slope() {
    let daily = |days: i64, of: fn(u64) -> u64| {
        gauge(&(0..days).rev().map(|back| (back * DAY + HOUR, of((days - 1 - back).unsigned_abs()))).collect::<Vec<_>>())
    };
    let half_day = |left: DurationMs| (left + DAY / 4) / (DAY / 2);
    for (what, meter, value, limit, velocity_7d, exhausts_in, will) in [
        ("one a day", daily(40, |day| 10 + day), 49, 60, 1.0, Some(22), true),
        ("one a day, far from full", daily(40, |day| 10 + day), 49, 149, 1.0, Some(200), false),
        ("never changed", daily(40, |_| 10), 10, 11, 0.0, None, false),
        ("shrinking", daily(40, |day| 90 - day), 51, 60, -1.0, None, false),
        ("full", daily(40, |_| 10), 10, 10, 0.0, Some(0), true),
        ("many on one day, and never again", daily(40, |day| if day < 35 { 10 } else { 20 }), 20, 22, 1.25, None, false),
        ("first seen today", daily(1, |_| 10), 10, 11, 0.0, None, false),
    ] {
        let quota = Quota { value, limit: Limit::Upto(limit), resets_at: None };
        let pace = meter.pace(MeterKind::Gauge, quota, NOW.plus(-1));
        assert_eq!((pace.exhausts_in.map(half_day), pace.will_exhaust), (exhausts_in, will), "{what}: {pace:?}");
        assert!((pace.velocity_7d - velocity_7d).abs() < 0.3, "{what}: {pace:?}");
    }
}

#[test]
fn a_gauge_compares_with_what_stood_then() {
    // Set three times only; it stands in between.
    let meter = gauge(&[(40 * DAY, 10), (20 * DAY, 20), (2 * HOUR, 26)]);
    let pace = meter.pace(MeterKind::Gauge, Quota { value: 26, ..Quota::default() }, NOW);
    assert!(near(pace.growth_7d.unwrap_or(0.0), 0.3), "{pace:?}");
    assert!(near(pace.growth_28d.unwrap_or(0.0), 1.6), "{pace:?}");
    assert!(near(pace.velocity_1d, 6.0) && near(pace.velocity_7d, 1.0), "{pace:?}");
    let young = gauge(&[(3 * DAY, 10), (2 * HOUR, 26)]).pace(MeterKind::Gauge, Quota { value: 26, ..Quota::default() }, NOW);
    assert_eq!((young.growth_7d, young.growth_28d), (None, None), "nobody knows what it would have read before");
}

#[test]
fn a_row_stays_small() {
    let mut meter = hourly(90, |at| 40_000 + at.hour().unsigned_abs() % 977);
    assert!(encode(&meter).len() < 600, "{} bytes for a million a day", encode(&meter).len());
    meter = hourly(90, |at| 40 + at.hour().unsigned_abs() % 97);
    assert!(encode(&meter).len() < 300, "{} bytes for a thousand a day", encode(&meter).len());
}

/// Some weeks of use by hour: on some days nothing, in some hours much.
fn some_use() -> impl Strategy<Value = Vec<(i64, u64)>> {
    prop::collection::vec((0_i64..60 * 24, prop_oneof![0_u64..50, 1_000_u64..9_000]), 0..400).prop_map(|mut uses| {
        uses.sort_unstable();
        uses.reverse(); // the oldest first
        uses
    })
}

fn pace_of(uses: &[(i64, u64)], times: u64, quota: Quota, now: Millis) -> Pace {
    let meter = counted(uses.iter().map(|(back, n)| (now.plus(-back * HOUR), n * times)));
    meter.pace(COUNTER, quota, now)
}

proptest! {
    #[test]
    fn more_use_of_everything_is_as_much_more_pace(
        uses in some_use(),
        times in 1_u64..1_000,
        value in 0_u64..9_000,
        limit in 1_u64..10_000,
    ) {
        let one = pace_of(&uses, 1, quota(value, limit, 20 * DAY), NOW);
        let many = pace_of(&uses, times, quota(value * times, limit * times, 20 * DAY), NOW);
        let factor = f64::from(u32::try_from(times).unwrap());
        prop_assert!(near(one.velocity_1d * factor, many.velocity_1d) && near(one.velocity_7d * factor, many.velocity_7d));
        prop_assert!(near(one.growth_7d.unwrap_or(0.0), many.growth_7d.unwrap_or(0.0)), "{one:?} {many:?}");
    }

    #[test]
    fn whole_weeks_later_nothing_is_different(
        uses in some_use(),
        weeks in -500_i64..500,
        value in 0_u64..9_000,
        limit in 1_u64..10_000,
        ms in 0..DAY,
    ) {
        let now = NOW.plus(ms);
        let by = weeks * 7 * DAY;
        let quota = |now: Millis| Quota { value, limit: Limit::Upto(limit), resets_at: Some(now.plus(20 * DAY)) };
        prop_assert_eq!(pace_of(&uses, 1, quota(now), now), pace_of(&uses, 1, quota(now.plus(by)), now.plus(by)));
    }

    #[test]
    fn a_higher_limit_is_not_reached_sooner(
        uses in some_use(),
        value in 0_u64..9_000,
        limit in 1_u64..30_000,
        more in 0_u64..9_000,
        days in 1_i64..90,
    ) {
        for kind in [COUNTER, MeterKind::Gauge] {
            let meter = match kind {
                MeterKind::Gauge => gauge(&uses.iter().map(|(back, n)| (back * HOUR, *n)).collect::<Vec<_>>()),
                MeterKind::Counter(_) => counted(uses.iter().map(|(back, n)| (NOW.plus(-back * HOUR), *n))),
            };
            let exhausts = |limit| meter.pace(kind, quota(value, limit, days * DAY), NOW).exhausts_in.unwrap_or(DurationMs::MAX);
            prop_assert!(exhausts(limit) <= exhausts(limit + more), "{:?}", kind);
        }
    }

    #[test]
    fn a_forecast_ends_with_the_period(
        uses in some_use(),
        value in 0_u64..9_000,
        limit in 1_u64..30_000,
        ms in 1..90 * DAY,
    ) {
        let pace = pace_of(&uses, 1, quota(value, limit, ms), NOW);
        prop_assert!(pace.exhausts_in.is_none_or(|left| (0..=ms).contains(&left)), "{:?}", pace);
        prop_assert_eq!(pace.will_exhaust, pace.exhausts_in.is_some());
        prop_assert_eq!(pace.exhausts_in == Some(0), value >= limit, "nothing left, and nothing else: {:?}", pace);
    }

    #[test]
    fn late_events_may_come_in_any_order(
        uses in prop::collection::vec((0_i64..72, 1_u64..100), 1..60),
        value in 0_u64..2_000,
    ) {
        let mut other = uses.clone();
        other.reverse();
        let quota = quota(value, 2_000, 20 * DAY);
        prop_assert_eq!(pace_of(&uses, 1, quota, NOW), pace_of(&other, 1, quota, NOW));
    }

    #[test]
    fn no_history_and_no_quota_is_too_odd(
        counts in prop::collection::vec((any::<i64>(), any::<u64>()), 0..9),
        value: u64,
        limit: u64,
        end: i64,
        now: i64,
    ) {
        let mut meter = MeterState::default();
        for (at, n) in counts {
            meter.add(Period::Billing, n, Millis(at), None, Millis(NOW.0));
        }
        for kind in [COUNTER, MeterKind::Gauge] {
            let pace = meter.pace(kind, Quota { value, limit: Limit::Upto(limit), resets_at: Some(Millis(end)) }, Millis(now));
            prop_assert!(pace.velocity_1d.is_finite() && pace.velocity_7d.is_finite() && pace.exhausts_in.is_none_or(|left| left >= 0));
        }
    }
}

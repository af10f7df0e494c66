//! Almanacs against an independent library of time zones (jiff, with the database it brings along).

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span as Ahead, Timestamp, Zoned};
use proptest::prelude::*;

use super::*;
use crate::config::compile;
use crate::time::{DurationMs, HOUR, SECOND};

/// Zones of every kind: none, north, south, half hours of difference, days that begin at one, clocks that are changed by half an hour,
/// around Ramadan, and the ends of the date line.
const ZONES: [&str; 12] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Santiago",
    "America/Havana",
    "Asia/Kolkata",
    "Asia/Beirut",
    "Africa/Casablanca",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
];

const CONFIG: &str = r#"{
  "frequency": {"cap": [{"max": 1, "window": "day"}, {"max": 2, "window": "week"}, {"max": 3, "window": "month"}],
                "quiet_hours": {"from": "20:00", "to": "08:00"}},
  "campaigns": [
    {"id": "a", "placement": "p", "nudge": {"title": "t"}, "quiet_hours": {"from": "02:15", "to": "02:45"}},
    {"id": "b", "placement": "p", "nudge": {"title": "t"}, "quiet_hours": {"from": "00:00", "to": "23:30"}}
  ]
}"#;

fn library(name: &str) -> TimeZone {
    TimeZone::get(name).expect(name)
}

/// The zone as a host tells it: its changes over [`now` − 100 d, `now` + 400 d].
fn zone(of: &TimeZone, now: Millis) -> Zone {
    let (from, until) = (now.plus(-100 * DAY), now.plus(400 * DAY));
    let offset = |at: Millis| i64::from(of.to_offset(stamp(at)).seconds()) * SECOND;
    let following = of.following(stamp(from)).map(|change| Millis(change.timestamp().as_millisecond()));
    let changes = [from].into_iter().chain(following.take_while(|at| *at < until));
    Zone { changes: changes.map(|at| (at, offset(at))).collect() }
}

fn stamp(at: Millis) -> Timestamp {
    Timestamp::from_millisecond(at.0).expect("in range")
}

fn millis(zoned: &Zoned) -> Millis {
    Millis(zoned.timestamp().as_millisecond())
}

/// When the days begin that lie so many after `first`.
fn begins(of: &TimeZone, first: Date, days: impl Iterator<Item = i64>) -> Vec<Millis> {
    let day = |ahead| first.checked_add(Ahead::new().days(ahead)).expect("a date").to_zoned(of.clone()).expect("it begins");
    days.map(|ahead| millis(&day(ahead))).collect()
}

fn expected(of: &TimeZone, now: Millis) -> [Vec<Millis>; 3] {
    let today = stamp(now).to_zoned(of.clone()).date();
    let from_monday = i64::from(today.weekday().to_monday_zero_offset());
    let next = today.first_of_month().checked_add(Ahead::new().months(1)).expect("a month");
    [
        begins(of, today, 0..=AHEAD),
        begins(of, today, (-from_monday..=AHEAD).step_by(7)),
        [today.first_of_month(), next].map(|first| begins(of, first, 0..1)).concat(),
    ]
}

/// Whether the wall clock is within quiet hours.
fn is_quiet(of: &TimeZone, hours: QuietHours, at: Millis) -> bool {
    let time = stamp(at).to_zoned(of.clone()).time();
    let minute = u16::try_from(time.hour()).expect("an hour") * 60 + u16::try_from(time.minute()).expect("a minute");
    if hours.from < hours.to { (hours.from..hours.to).contains(&minute) } else { minute >= hours.from || minute < hours.to }
}

/// Whether clocks are changed not further away than this.
fn is_near_a_change(zone: &Zone, at: Millis, around: DurationMs) -> bool {
    zone.changes.iter().skip(1).any(|(change, _)| (change.0 - at.0).abs() <= around)
}

/// Some moment from 2020 to 2030, often near a change of clocks.
fn moments() -> impl Strategy<Value = (usize, Millis)> {
    (0..ZONES.len(), 1_577_836_800_000..1_893_456_000_000_i64, any::<bool>(), -40 * HOUR..40 * HOUR).prop_map(|(i, at, near, by)| {
        let of = library(ZONES[i]);
        let change = of.following(stamp(Millis(at))).next().filter(|_| near);
        (i, change.map_or(Millis(at), |change| Millis(change.timestamp().as_millisecond() + by)))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn days_weeks_and_months_begin_when_the_library_says((i, now) in moments()) {
        let of = library(ZONES[i]);
        let almanac = Almanac::of(&compile(CONFIG).expect("good"), &zone(&of, now), now);
        prop_assert_eq!(almanac.begins, expected(&of, now), "{} {:?}", ZONES[i], now);
    }

    #[test]
    fn it_is_quiet_when_the_wall_clock_says_so((i, now) in moments(), after in 0..14 * DAY) {
        let of = library(ZONES[i]);
        let (zone, config) = (zone(&of, now), compile(CONFIG).expect("good"));
        let almanac = Almanac::of(&config, &zone, now);
        let at = now.plus(after);
        for (place, hours) in (0_u8..).zip(&config.frequency.quiet) {
            let (told, clock) = (almanac.quiet_until(Some(place), at).is_some(), is_quiet(&of, *hours, at));
            if is_near_a_change(&zone, at, 2 * HOUR) {
                prop_assert!(told || !clock, "{} {:?}: quiet by the clock, and not told", ZONES[i], at);
            } else {
                prop_assert_eq!(told, clock, "{} {:?} {:?}", ZONES[i], at, hours);
            }
        }
    }

    #[test]
    fn it_changes_once_a_day_at_midnight((i, now) in moments(), after in 0..30 * HOUR) {
        let of = library(ZONES[i]);
        let (zone, config) = (zone(&of, now), compile(CONFIG).expect("good"));
        let day = Almanac::holds(&zone, now);
        let at = now.plus(after);
        let is_same = Almanac::of(&config, &zone, now) == Almanac::of(&config, &zone, at);
        prop_assert!(day.from <= now && now < day.until);
        prop_assert_eq!(is_same, at < day.until, "{} {:?} {:?}", ZONES[i], now, at);
    }
}

/// Clocks in Berlin go back from 3:00 to 2:00 at 2025-10-26T01:00Z, and on from 2:00 to 3:00 at 2025-03-30T01:00Z.
#[test]
fn an_hour_that_comes_twice_is_quiet_from_its_first_coming_to_its_second_and_one_that_is_skipped_not_at_all() {
    let of = library("Europe/Berlin");
    let (autumn, spring) = (Millis(1_761_440_400_000), Millis(1_743_296_400_000));
    let span_on = |change: Millis, place: usize| {
        let almanac = Almanac::of(&compile(CONFIG).expect("good"), &zone(&of, change), change.plus(-12 * HOUR));
        let span = almanac.quiet[place].chunks(2).find(|span| (span[0].0 - change.0).abs() < 12 * HOUR).map(<[Millis]>::to_vec);
        span.map(|span| (span[0].since(change), span[1].since(change)))
    };
    // 2:15 to 2:45: from the first 2:15 to the second 2:45; in spring there is neither.
    assert_eq!(span_on(autumn, 1), Some((-45 * MINUTE, 45 * MINUTE)));
    assert_eq!(span_on(spring, 1), None);
    // 20:00 to 8:00 lasts an hour longer, and an hour shorter.
    assert_eq!(span_on(autumn, 0), Some((-7 * HOUR, 6 * HOUR)));
    assert_eq!(span_on(spring, 0), Some((-6 * HOUR, 5 * HOUR)));
}

#[test]
fn what_no_cap_counts_in_is_not_told() {
    for (config, expected) in [
        ("{}", &[0][..]),
        (r#"{"frequency": {"cap": [{"max": 1, "window": "7d"}]}}"#, &[0]),
        (r#"{"frequency": {"cap": [{"max": 1, "window": "day"}]}}"#, &[15, 0, 0, 0]),
        (r#"{"frequency": {"cap": [{"max": 1, "window": "month"}]}}"#, &[0, 0, 2, 0]),
        (
            r#"{"campaigns": [{"id": "a", "placement": "p", "nudge": {"title": "t"}, "cap": [{"max": 1, "window": "week"}]}]}"#,
            &[0, 3, 0, 0],
        ),
        (r#"{"frequency": {"quiet_hours": {"from": "20:00", "to": "08:00"}}}"#, &[0, 0, 0, 1]),
    ] {
        let Almanac { begins, quiet } = Almanac::of(&compile(config).expect(config), &crate::zone::UTC, Millis(1_750_000_000_000));
        let told: Vec<usize> = begins.iter().map(Vec::len).chain([quiet.len()]).collect();
        assert_eq!(told, expected, "{config}");
    }
}

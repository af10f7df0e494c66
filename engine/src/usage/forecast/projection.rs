//! What a counter is expected to read at the end of its period, beside what it reads then, on the made-up traces.

use super::Quota;
use super::traces::{DAYS, Manner, PERIOD, Trace};
use crate::plan::{Limit, MeterKind, Period};
use crate::time::{DAY, HOUR, Millis};
use crate::usage::{Bounds, MeterState};

/// Monday, 2025-01-06T00:00:00Z.
const MONDAY: Millis = Millis(1_736_121_600_000);
/// The numbers in the forecast were chosen on seeds below a hundred; these it has not seen.
const HELD_OUT: u64 = 1_000;
const SEEDS: u64 = 40;
/// How much of the period is over when it is asked, in per cent.
const ASKED: [usize; 4] = [10, 33, 50, 80];

/// Of the second and third period of a trace: how far off the projection is, and how far what was counted is, stretched to the whole
/// period; as shares of what it reads in the end. By how much of the period is over.
fn misses(manner: Manner, seed: u64) -> [Vec<(f64, f64)>; ASKED.len()] {
    let trace = Trace::of(manner, seed);
    let start = MONDAY.plus(trace.offset * HOUR);
    let kind = MeterKind::Counter(Period::Billing);
    let mut misses = ASKED.map(|_| Vec::new());
    let mut meter = MeterState::default();
    for period in 0..DAYS / PERIOD {
        let bounds = Bounds { start: start.plus((period * PERIOD) as i64 * DAY), end: start.plus(((period + 1) * PERIOD) as i64 * DAY) };
        let mut asked: Vec<(usize, u64, f64)> = Vec::new();
        for hour in 0..PERIOD * 24 {
            let now = bounds.start.plus(hour as i64 * HOUR);
            if let Some(which) = ASKED.iter().position(|percent| hour == PERIOD * 24 * percent / 100).filter(|_| period > 0) {
                let quota = Quota { value: meter.value(kind, Some(bounds), now), limit: Limit::Unlimited, resets_at: Some(bounds.end) };
                let stretched = quota.value as f64 * (PERIOD * 24) as f64 / hour as f64;
                // Without use for weeks there is no pace to tell.
                asked.extend(meter.pace(kind, quota, now).projected.map(|projected| (which, projected, stretched)));
            }
            let n = trace.hours[period * PERIOD * 24 + hour];
            if n > 0 {
                let at = now.plus(HOUR / 2);
                meter.add(Period::Billing, n.unsigned_abs(), at, Some(bounds), at);
            }
        }
        let end = meter.value(kind, Some(bounds), bounds.end.plus(-1)).max(1) as f64;
        for (which, projected, stretched) in asked {
            misses[which].push(((projected as f64 - end).abs() / end, (stretched - end).abs() / end));
        }
    }
    misses
}

fn median(of: &mut [f64]) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

#[test]
fn a_projection_comes_near_the_end_and_nearer_than_what_was_counted_stretched_over_the_period_where_use_changes() {
    println!("median distance from the end (% of it), projection / stretched");
    println!("| manner        |{} all |", ASKED.map(|percent| format!(" after {percent:2} %    |")).concat());
    for manner in Manner::ALL.into_iter().filter(|manner| manner.kind() == MeterKind::Counter(Period::Billing)) {
        let mut sums = ASKED.map(|_| Vec::new());
        for seed in HELD_OUT..HELD_OUT + SEEDS {
            for (sum, more) in sums.iter_mut().zip(misses(manner, seed)) {
                sum.extend(more);
            }
        }
        let medians = |told: &[(f64, f64)]| {
            let (mut ours, mut theirs): (Vec<f64>, Vec<f64>) = told.iter().copied().unzip();
            (100.0 * median(&mut ours), 100.0 * median(&mut theirs))
        };
        let cells: Vec<String> = sums.iter().map(|told| medians(told)).map(|(a, b)| format!(" {a:5.1} / {b:5.1} |")).collect();
        let (ours, theirs) = medians(&sums.concat());
        println!("| {:13} |{} {ours:5.1} / {theirs:5.1} |", format!("{manner:?}"), cells.concat());
        assert!(ours <= 13.0, "{manner:?}");
        // Where use goes on as it did, stretching is as good as anything; it may be a little better, never much.
        assert!(ours <= theirs + 3.0, "{manner:?}");
        if matches!(manner, Manner::Growing | Manner::Import | Manner::Dying) {
            assert!(ours * 1.8 <= theirs, "{manner:?}");
        }
    }
}

#[test]
fn nothing_is_projected_of_what_has_no_end_or_no_history() {
    let now = MONDAY.plus(20 * DAY);
    let end = now.plus(10 * DAY);
    let mut meter = MeterState::default();
    let counter = MeterKind::Counter(Period::Month);
    let projected =
        |meter: &MeterState, kind, resets_at| meter.pace(kind, Quota { value: 200, limit: Limit::Unlimited, resets_at }, now).projected;
    assert_eq!(projected(&meter, counter, Some(end)), None, "no history");
    for hour in 0..20 * 24 {
        let at = MONDAY.plus(hour * HOUR);
        meter.add(Period::Month, 1, at, None, at);
    }
    let steady = projected(&meter, counter, Some(end)).expect("a projection");
    assert!((438..=442).contains(&steady), "24 a day for ten days on top of 200: {steady}");
    assert_eq!(projected(&meter, counter, Some(now)), None, "what was read belongs to a period that is over");
    assert_eq!((projected(&meter, counter, None), projected(&meter, MeterKind::Gauge, Some(end))), (None, None));
}

//! The shape of a counter's use: over the weeks, the week, and the day.

use super::HOURS_A_DAY;
use super::median::{median, smallest};
use super::past::{Past, small};

/// Days of a week, which is the season.
pub(super) const WEEK: usize = 7;
/// Weeks that are looked at.
const WEEKS: usize = 4;
/// Pairs of days that are one, two or three weeks apart within them.
const PAIRS: usize = WEEK * (WEEKS - 1) * WEEKS / 2;
/// Days before which neither season nor trend can be told.
const SEASONED: usize = 2 * WEEK;
/// No trend is believed beyond a tenth a day.
const STEEPEST: f64 = 0.1;
/// One hour's share of a day in which all are alike.
pub(super) const EVEN: f64 = 1.0 / 24.0;
/// How much of the shape of the last days is believed; the rest is taken to be even.
const BELIEF: f64 = 0.75;

/// The share by which a day exceeds the one before; `days` are whole ones, yesterday first.
///
/// The seasonal Kendall slope (Hirsch, Slack and Smith, "Techniques of trend analysis for monthly water quality data", 1982):
/// the median over pairs of days a whole number of weeks apart, so that the week's shape does not matter, and nor do single
/// days. Changes are taken relative to the mean of the two, and the median is weighed by Kendall's tau: the more the pairs
/// disagree on the direction, the less of it is left.
pub(super) fn growth(days: &[f64]) -> f64 {
    if days.len() < SEASONED {
        return 0.0;
    }
    let mut slopes = [0.0; PAIRS];
    let (mut n, mut direction) = (0, 0_i32);
    for apart in (1..WEEKS).map(|weeks| weeks * WEEK) {
        for (new, old) in days.iter().zip(days.iter().skip(apart)) {
            let sum = new + old;
            if sum > 0.0
                && let Some(slope) = slopes.get_mut(n)
            {
                *slope = 2.0 * (new - old) / sum / small(apart);
                direction += i32::from(new > old) - i32::from(new < old);
                n += 1;
            }
        }
    }
    let tau = f64::from(direction.abs()) / small(n.max(1));
    slopes.get_mut(..n).and_then(median).unwrap_or(0.0).clamp(-STEEPEST, STEEPEST) * tau
}

/// How much is used on each day of the week against a usual one, by how many days ago it lies: yesterday's weekday first,
/// today's last. All 1 before there are two weeks.
///
/// For each weekday the median over the weeks of its share of the week's median day: of an even number the lower one, so that of
/// two weeks the one with an import in it does not count. `growth` is taken out first.
pub(super) fn season(days: &[f64], growth: f64) -> [f64; WEEK] {
    let flat = [1.0; WEEK];
    if days.len() < SEASONED {
        return flat;
    }
    let mut shares = [[0.0; WEEKS]; WEEK];
    let mut weeks = 0;
    for (number, week) in days.chunks_exact(WEEK).take(WEEKS).enumerate() {
        let mut level = [0.0; WEEK];
        for (i, (level, count)) in level.iter_mut().zip(week).enumerate() {
            *level = count * (1.0 + growth * (small(i) - 3.0));
        }
        let Some(middle) = median(&mut level.clone()).filter(|middle| *middle > 0.0) else { return flat };
        for (shares, level) in shares.iter_mut().zip(level) {
            if let Some(share) = shares.get_mut(number) {
                *share = level / middle;
            }
        }
        weeks += 1;
    }
    let lower_middle = (weeks - 1) / 2;
    shares.map(|mut shares| shares.get_mut(..weeks).and_then(|shares| smallest(shares, lower_middle)).unwrap_or(1.0))
}

/// The share of a day's use that falls in each hour (UTC), by the last three days: of three the busiest hour does not count.
pub(super) fn shape_of_day(past: &Past<'_>) -> [f64; HOURS_A_DAY] {
    let mut shape = [0.0; HOURS_A_DAY];
    for (share, hour) in shape.iter_mut().zip(0_i64..) {
        let mut counts = [0.0; 3];
        let mut n = 0;
        for count in (1..=3).filter_map(|back| past.hour(back, hour)) {
            if let Some(slot) = counts.get_mut(n) {
                *slot = count;
                n += 1;
            }
        }
        let sum = counts.iter().fold(0.0, |sum, count| sum + count);
        *share = match n {
            0 => 0.0,
            3 => (sum - counts.iter().copied().fold(0.0, f64::max)) / 2.0,
            _ => sum / small(n),
        };
    }
    let sum = shape.iter().fold(0.0, |sum, count| sum + count);
    shape.map(|count| if sum > 0.0 { BELIEF * count / sum + (1.0 - BELIEF) * EVEN } else { EVEN })
}

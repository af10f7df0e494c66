//! What a counter is expected to count: a robust level, the shape of the week and of the day, the trend.

use super::HOURS_A_DAY;
use super::median::median;
use super::past::{Past, small};
use super::shape::{EVEN, WEEK, growth, season, shape_of_day};

/// Days that level, season and trend are taken from.
const DAYS: usize = 28;
/// Days that the level is the median of.
const LEVEL_DAYS: usize = 14;
/// A day of the week with less than this share of a usual day's use says nothing of the level.
const QUIET: f64 = 0.25;
/// When the least of the last three days exceeds the level by this factor, a new level has begun.
const STEP: f64 = 1.25;
/// The part of the trend that is left after a day ("damped trend": Gardner and `McKenzie`, 1985): no growth goes on for ever.
const DAMPING: f64 = 0.9;
/// Whole days before which there is no median: a tenant is new.
const NEW: usize = 3;
/// Hours with use before which the first day tells no pace: somebody tries things, or imports what there is.
const ACTIVE_HOURS: usize = 4;
/// How much of a usual day what was counted today is weighed against: the less the day is over, the less it says.
const PRIOR: f64 = 0.5;
/// Today counts as this many usual days at most: an import does not go on.
const BUSIEST: f64 = 1.5;

/// What is expected, from the beginning of today (UTC) on.
#[derive(Debug)]
pub(super) struct Outlook {
    /// Units on a usual day, as of the beginning of today.
    level: f64,
    /// By how many days ago (less one, counted in weeks) a day lies: its use against a usual day's. Today is the last.
    season: [f64; WEEK],
    /// The trend: the share by which a day exceeds the one before.
    growth: f64,
    /// The share of a day's use that falls in each of its hours.
    hours: [f64; HOURS_A_DAY],
    /// The share of today that is over.
    gone: f64,
    /// How much more or less is used today than usual, by what was counted so far.
    today: f64,
}

impl Outlook {
    /// What `past` lets expect; `None` when it is too short to say, or nothing is used any more.
    pub(super) fn of(past: &Past<'_>) -> Option<Self> {
        let mut days = [0.0; DAYS];
        let n = past.whole_days(&mut days);
        let known = days.get(..n).unwrap_or_default();
        let growth = growth(known);
        let season = season(known, growth);
        let level = if n < NEW { new_level(past)? } else { level(known, growth, &season) };
        let hours = shape_of_day(past);
        let mut outlook = Self { level, season, growth, hours, gone: past.of_today(), today: 1.0 };
        outlook.today = outlook.today_by(past.today());
        (level > 0.0).then_some(outlook)
    }

    /// Today against a usual day of its kind, `counted` so far.
    fn today_by(&self, counted: f64) -> f64 {
        let usual = self.level * self.season.last().copied().unwrap_or(1.0);
        let over: f64 = self.hours.iter().enumerate().fold(0.0, |over, (hour, share)| over + share * (1.0 - self.rest_of(0, hour)));
        if usual > 0.0 { ((counted / usual + PRIOR) / (over + PRIOR)).min(BUSIEST) } else { 1.0 }
    }

    /// The share of `hour` (of the day) that is still to come on the day `ahead` days from today.
    fn rest_of(&self, ahead: usize, hour: usize) -> f64 {
        if ahead > 0 { 1.0 } else { (small(hour) + 1.0 - self.gone * small(HOURS_A_DAY)).clamp(0.0, 1.0) }
    }

    /// In how many days `left` units are used up; `None` when they last for `end` days.
    pub(super) fn uses_up(&self, left: f64, end: f64) -> Option<f64> {
        let (mut left, mut level, mut growth) = (left, self.level, self.growth);
        // The season from today on: it is told from yesterday back.
        for (ahead, season) in self.season.iter().rev().cycle().enumerate() {
            if small(ahead) - self.gone >= end {
                break;
            }
            let factor = if ahead == 0 { self.today } else { 1.0 };
            let use_of_day = level * (1.0 + growth / 2.0) * season * factor;
            if ahead == 0 || use_of_day >= left {
                match self.within_day(ahead, use_of_day, left) {
                    Ok(at) => return (at < end).then_some(at),
                    Err(still_left) => left = still_left,
                }
            } else {
                left -= use_of_day;
            }
            level *= 1.0 + growth;
            growth *= DAMPING;
        }
        None
    }

    /// How much is used in the next `end` days.
    pub(super) fn until(&self, end: f64) -> f64 {
        let (mut sum, mut level, mut growth) = (0.0, self.level, self.growth);
        for (ahead, season) in self.season.iter().rev().cycle().enumerate() {
            let begins = small(ahead) - self.gone;
            if begins >= end {
                break;
            }
            let factor = if ahead == 0 { self.today } else { 1.0 };
            let use_of_day = level * (1.0 + growth / 2.0) * season * factor;
            sum += if ahead > 0 && begins + 1.0 <= end { use_of_day } else { use_of_day * self.part_of(ahead, end - begins) };
            level *= 1.0 + growth;
            growth *= DAMPING;
        }
        sum
    }

    /// The share of the day `ahead` days from today that is still to come before the day is `until` over, 1 being all of it.
    fn part_of(&self, ahead: usize, until: f64) -> f64 {
        self.hours.iter().enumerate().fold(0.0, |sum, (hour, share)| {
            let before = (until * small(HOURS_A_DAY) - small(hour)).clamp(0.0, 1.0);
            sum + share * (before + self.rest_of(ahead, hour) - 1.0).max(0.0)
        })
    }

    /// When on the day `ahead` days from today `left` units are used up, in days from now; what is left after the day when
    /// they are not.
    fn within_day(&self, ahead: usize, use_of_day: f64, left: f64) -> Result<f64, f64> {
        let mut left = left;
        for (hour, share) in self.hours.iter().enumerate() {
            let rest = self.rest_of(ahead, hour);
            let used = share * use_of_day * rest;
            if rest > 0.0 && used >= left {
                let into = 1.0 - rest + if used > 0.0 { rest * left / used } else { 0.0 };
                return Ok((small(ahead) - self.gone + (small(hour) + into) * EVEN).max(0.0));
            }
            left -= used;
        }
        Err(left)
    }
}

/// The level of somebody with less than three whole days: their least, or the first day's count when it was spread over some
/// hours. Cautious, because an import at the beginning is what most begin with.
fn new_level(past: &Past<'_>) -> Option<f64> {
    match (past.window(0), past.window(1), past.window(2)) {
        (Some(a), Some(b), Some(c)) => median(&mut [a, b, c]),
        (Some(a), Some(b), None) => Some(a.min(b)),
        _ => (past.active_hours() >= ACTIVE_HOURS).then(|| past.velocity(1)),
    }
}

/// The median of the last days without season and trend, or of the last three when all of them lie well above it.
fn level(known: &[f64], growth: f64, season: &[f64; WEEK]) -> f64 {
    let mut flat = [0.0; LEVEL_DAYS];
    let mut n = 0;
    let mut grown = 1.0 + growth / 2.0;
    for (count, season) in known.iter().take(LEVEL_DAYS).zip(season.iter().cycle()) {
        if *season >= QUIET
            && let Some(flat) = flat.get_mut(n)
        {
            *flat = count / season * grown;
            n += 1;
        }
        grown *= 1.0 + growth;
    }
    let mut last = [0.0; NEW];
    last.copy_from_slice(flat.get(..NEW).unwrap_or(&[0.0; NEW]));
    let least = last.iter().copied().fold(f64::INFINITY, f64::min);
    let middle = flat.get_mut(..n).and_then(median).unwrap_or(0.0);
    if n >= NEW && least > STEP * middle {
        return median(&mut last).unwrap_or(middle);
    }
    if middle > 0.0 { middle } else { mean_but_one(known) }
}

/// The mean without the busiest day: what remains to say when nothing is used on most days.
fn mean_but_one(known: &[f64]) -> f64 {
    let busiest = known.iter().copied().fold(0.0, f64::max);
    let sum = known.iter().fold(0.0, |sum, count| sum + count);
    (sum - busiest) / small(known.len().saturating_sub(1).max(1))
}

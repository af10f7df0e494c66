//! A counter's pace, and when it reaches its limit.

use super::outlook::Outlook;
use super::past::{Past, number};
use super::{Pace, Quota, SOON, millis, share_of};
use crate::plan::Limit;
use crate::time::{DAY, DurationMs, Millis};
use crate::usage::Buckets;

/// What lies further ahead than this many days is not told.
const FARTHEST: f64 = 400.0;
/// A limit counts as reached when the forecast passes what is left by a tenth: early in a period the forecast is uncertain by
/// about that, and much is left; late in it little is left, and a tenth of it is nothing.
const SURPLUS: f64 = 1.1;
/// Who is this close (a share of the limit) counts as having reached it, if anything is used at all. Single days and hours are
/// not forecast more exactly than that.
const CLOSE: f64 = 0.01;

/// The pace of a counter with this history.
pub(in crate::usage) fn pace(hours: &Buckets, days: &Buckets, quota: Quota, now: Millis) -> Pace {
    let past = Past::of(hours, days, now);
    let outlook = Outlook::of(&past);
    let exhausts_in = exhausts_in(outlook.as_ref(), quota, now);
    Pace {
        velocity_1d: past.velocity(1),
        velocity_7d: past.velocity(7),
        growth_7d: past.growth(7),
        growth_28d: past.growth(28),
        exhausts_in,
        will_exhaust: exhausts_in.is_some_and(|left| quota.resets_at.is_some() || left <= SOON),
        projected: projected(outlook.as_ref(), quota, now),
    }
}

/// What it reads now and what is expected until it starts again.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, and a cast saturates")]
fn projected(outlook: Option<&Outlook>, quota: Quota, now: Millis) -> Option<u64> {
    let end = share_of(quota.resets_at?.since(now), DAY);
    if end <= 0.0 || end > FARTHEST {
        return None;
    }
    let more = outlook?.until(end);
    Some(quota.value.saturating_add((more + 0.5) as u64))
}

fn exhausts_in(outlook: Option<&Outlook>, quota: Quota, now: Millis) -> Option<DurationMs> {
    let Limit::Upto(limit) = quota.limit else { return None };
    let end = quota.resets_at.map_or(FARTHEST, |at| share_of(at.since(now), DAY)).min(FARTHEST);
    if end <= 0.0 {
        return None; // what was read belongs to a period that is over
    }
    let left = limit.saturating_sub(quota.value);
    if left == 0 {
        return Some(0);
    }
    let outlook = outlook?;
    let sure = (SURPLUS * number(left) - CLOSE * number(limit)).max(0.0);
    outlook.uses_up(sure, end)?;
    // Who comes close only, is expected there at the end.
    Some(millis(outlook.uses_up(number(left), end).unwrap_or(end)))
}

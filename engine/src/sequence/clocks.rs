//! By whose clocks, and when something may leave.

use std::rc::Rc;

use super::{Contact, Reason};
use crate::almanac::made::quiet_until;
use crate::config::{After, Clock, Config, Sequence, Step};
use crate::time::{DAY, MINUTE, Millis};
use crate::zone::Zone;

/// Finds the zone of a name; UTC where the host knows none. The host hands it in, as it knows the rules of zones.
pub type Zones<'z> = dyn Fn(&str) -> Rc<Zone> + 'z;

/// The name of the zone that somebody's quiet hours, mornings and weekends go by: their own, where they say, else the configured one.
pub(super) fn own<'n>(config: &'n Config, contact: Option<&'n Contact>) -> &'n str {
    let said = contact.and_then(|contact| contact.tz.as_deref());
    said.unwrap_or_else(|| configured(config, None))
}

/// The name of the zone that caps count days, weeks and months by: the same as for nudges.
pub(super) fn configured<'n>(config: &'n Config, contact: Option<&'n Contact>) -> &'n str {
    match &config.frequency.zone {
        Clock::Zone(name) => name,
        Clock::User => contact.and_then(|contact| contact.tz.as_deref()).unwrap_or("UTC"),
    }
}

/// The days of a week; 1970-01-01 was a Thursday, three days after a Monday.
const WEEK: i64 = 7;
const FROM_MONDAY: i64 = 3;
const SATURDAY: i64 = 5;
/// The morning, where a step does not say when it begins: in minutes after midnight.
const MORNING: u16 = 9 * 60;
/// Nights and weekends take turns at most so often before something may leave.
const MAX_TURNS: usize = 8;

/// When a step may go, that counts from `base`.
pub(super) fn ripe(step: &Step, base: Millis, zone: &Zone) -> Millis {
    let time_of = |day: i64, minutes: u16| zone.first(day.saturating_mul(DAY).saturating_add(i64::from(minutes) * MINUTE));
    match step.after {
        After::Elapsed(ms) => {
            let from = base.plus(ms);
            step.at.map_or(from, |minutes| from.max(time_of(day(zone, from), minutes)))
        }
        After::NextMorning => {
            let (today, minutes) = (day(zone, base), step.at.unwrap_or(MORNING));
            // Where clocks are changed by hours a morning may come before the base all the same.
            let mornings = (0..=2).map(|ahead| time_of(today.saturating_add(ahead), minutes));
            mornings.into_iter().find(|morning| *morning > base).unwrap_or(base.plus(DAY))
        }
    }
}

/// The first moment from `from` on at which something of `sequence` may leave; and what it waits for, if it waits.
pub(super) fn opens(sequence: &Sequence, zone: &Zone, from: Millis) -> (Millis, Option<Reason>) {
    let (mut at, mut why) = (from, None);
    for _ in 0..MAX_TURNS {
        let weekend = sequence.skips_weekends.then(|| weekend_until(zone, at)).flatten();
        let (until, reason) = match (weekend, sequence.quiet.and_then(|hours| quiet_until(hours, zone, at))) {
            (Some(until), _) => (until, Reason::Weekend),
            (None, Some(until)) => (until, Reason::QuietHours),
            (None, None) => break,
        };
        why = why.or(Some(reason));
        at = until.max(at.plus(1));
    }
    (at, why)
}

/// Until when it is weekend at `at`, if it is: until Monday begins.
fn weekend_until(zone: &Zone, at: Millis) -> Option<Millis> {
    let today = day(zone, at);
    let of_week = (today + FROM_MONDAY).rem_euclid(WEEK);
    (of_week >= SATURDAY).then(|| zone.first((today + WEEK - of_week).saturating_mul(DAY)))
}

fn day(zone: &Zone, at: Millis) -> i64 {
    zone.local(at).div_euclid(DAY)
}

//! Time zones as the host knows them, remembered for a while.

use std::cell::RefCell;
use std::rc::Rc;

use upcue_engine::config::{Clock, Config};
use upcue_engine::time::{DAY, DurationMs, MINUTE, Millis};
use upcue_engine::zone::{UTC, Zone};

use crate::host;

/// From when to when around now a zone's clocks are looked at: as far back as history goes, and a year ahead.
const BACK: DurationMs = 100 * DAY;
const AHEAD: DurationMs = 400 * DAY;
/// Nobody changes clocks twice in so short a time, not even around Ramadan.
const STEP: DurationMs = 8 * DAY;
/// How long what was looked at is good for.
const GOOD_FOR: DurationMs = 30 * DAY;
/// The most zones remembered by one isolate.
const MAX_KNOWN: usize = 64;

/// A name, when its zone was looked at, and what was found: `None` where the host knows no such zone.
type Known = (String, Millis, Option<Rc<Zone>>);

thread_local! {
    static KNOWN: RefCell<Vec<Known>> = const { RefCell::new(Vec::new()) };
}

/// Whether the host knows a zone of this name.
pub(crate) fn is_known(name: &str) -> bool {
    find(name, host::now()).is_some()
}

/// By whose clocks somebody is prompted: those that `config` names, else those of `tz`, the user's own. UTC where neither is known.
pub(crate) fn of(config: &Config, tz: Option<&str>, now: Millis) -> Rc<Zone> {
    let own = || tz.and_then(|name| find(name, now));
    configured(config, now).or_else(own).unwrap_or_else(|| Rc::new(UTC.clone()))
}

/// The clocks that `config` names; `None` when it goes by each user's own. UTC where the host does not know them.
pub(crate) fn configured(config: &Config, now: Millis) -> Option<Rc<Zone>> {
    let Clock::Zone(name) = &config.frequency.zone else { return None };
    Some(named(name, now))
}

/// The clocks of the zone of this name; UTC where the host knows none.
pub(crate) fn named(name: &str, now: Millis) -> Rc<Zone> {
    find(name, now).unwrap_or_else(|| Rc::new(UTC.clone()))
}

fn find(name: &str, now: Millis) -> Option<Rc<Zone>> {
    if name == "UTC" {
        return Some(Rc::new(UTC.clone()));
    }
    KNOWN.with_borrow_mut(|known| {
        known.retain(|(_, at, _)| now.since(*at).abs() < GOOD_FOR);
        if let Some((.., zone)) = known.iter().find(|(other, ..)| other == name) {
            return zone.clone();
        }
        let zone = host::clocks(name).map(|clocks| Rc::new(look(&|at| clocks.offset(at), now)));
        if known.len() >= MAX_KNOWN {
            known.remove(0);
        }
        known.push((name.to_owned(), now, zone.clone()));
        zone
    })
}

/// What `offset` says of the clocks around `now`.
fn look(offset: &dyn Fn(Millis) -> DurationMs, now: Millis) -> Zone {
    let (from, until) = (now.plus(-BACK), now.plus(AHEAD));
    let mut known = offset(from);
    // As if it had always been so: two looks that find the same changes are the same.
    let mut changes = vec![(Millis(0), known)];
    let mut at = from;
    while at < until {
        let next = at.plus(STEP);
        let then = offset(next);
        if then != known {
            changes.push((change(offset, at, next), then));
            known = then;
        }
        at = next;
    }
    Zone { changes }
}

/// The minute, after `before` and not after `after`, from which on clocks stand as at `after`.
fn change(offset: &dyn Fn(Millis) -> DurationMs, before: Millis, after: Millis) -> Millis {
    let then = offset(after);
    let (mut low, mut high) = (before.0.div_euclid(MINUTE), after.0.div_euclid(MINUTE));
    while high - low > 1 {
        let middle = low.midpoint(high);
        if offset(Millis(middle * MINUTE)) == then {
            high = middle;
        } else {
            low = middle;
        }
    }
    Millis(high * MINUTE)
}

/// An offset as `GMT+05:30` in milliseconds; `GMT` is none.
pub(crate) fn read_offset(text: &str) -> Option<DurationMs> {
    let (_, offset) = text.rsplit_once("GMT")?;
    let sign = if offset.starts_with(['-', '\u{2212}']) { -1 } else { 1 };
    let mut minutes = 0;
    for part in offset.trim_start_matches(['+', '-', '\u{2212}']).split(':').take(2).filter(|part| !part.is_empty()) {
        minutes = minutes * 60 + part.parse::<DurationMs>().ok()?;
    }
    Some(sign * minutes * MINUTE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use upcue_engine::time::HOUR;

    /// 2025-11-22T10:00:00Z.
    const NOW: Millis = Millis(1_763_805_600_000);

    #[test]
    fn offsets_are_read_as_hosts_write_them() {
        for (text, expected) in [
            ("11/22/2025, GMT", Some(0)),
            ("11/22/2025, GMT+01:00", Some(HOUR)),
            ("11/22/2025, GMT-03:30", Some(-210 * MINUTE)),
            ("11/22/2025, GMT\u{2212}08:00", Some(-8 * HOUR)),
            ("GMT+05:53:28", Some(353 * MINUTE)),
            ("11/22/2025, CET", None),
            ("GMT+x", None),
        ] {
            assert_eq!(read_offset(text), expected, "{text}");
        }
    }

    #[test]
    fn changes_are_found_to_the_minute() {
        let (autumn, spring) = (NOW.plus(-27 * DAY - 9 * HOUR), NOW.plus(100 * DAY + 7 * MINUTE));
        let offset = |at: Millis| if autumn <= at && at < spring { HOUR } else { 2 * HOUR };
        let minute = |at: Millis| Millis(at.0.div_euclid(MINUTE) * MINUTE);
        let expected = [(Millis(0), 2 * HOUR), (minute(autumn), HOUR), (minute(spring), 2 * HOUR)];
        assert_eq!(look(&offset, NOW).changes, expected);
        assert_eq!(look(&offset, NOW.plus(20 * DAY)).changes, expected, "whenever one looks");
        assert_eq!(look(&|_| -3 * HOUR, NOW).changes, [(Millis(0), -3 * HOUR)]);
    }
}

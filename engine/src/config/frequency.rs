//! The section `frequency`, and what campaigns say of the same: caps, quiet hours, the zone they are told in.

use super::json::{Json, Value};
use super::parts::{MAX_DURATION, duration};
use super::reader::{Object, Reader};
use super::{Clock, Frequency, QuietHours};
use crate::campaign::{Cap, Scope, Unit, Window};
use crate::ledger::MAX_KEPT;
use crate::time::parse_duration;

/// The most caps of a campaign, and of all together.
const MAX_CAPS: usize = 50;
/// The most different quiet hours.
const MAX_QUIET: usize = 16;
/// The longest name of a zone.
const MAX_ZONE: usize = 64;
/// The windows that are not lengths of time.
const UNITS: [Unit; 3] = [Unit::Day, Unit::Week, Unit::Month];

/// What is said of all campaigns; `knows` tells whether the host knows a zone of that name.
pub(super) fn frequency(document: &Object<'_>, knows: fn(&str) -> bool, reader: &mut Reader) -> Frequency {
    let section = reader.object(document.get("frequency"), &[], &["cap", "quiet_hours", "zone"]);
    let mut frequency =
        Frequency { caps: caps(section.get("cap"), reader), quiet: Vec::new(), zone: clock(section.get("zone"), knows, reader) };
    quiet_hours(section.get("quiet_hours"), &mut frequency.quiet, reader);
    frequency
}

/// How often at most.
pub(super) fn caps(part: Option<&Json>, reader: &mut Reader) -> Vec<Cap> {
    reader.list(part, MAX_CAPS).iter().map(|part| cap(part, reader)).collect()
}

fn cap(part: &Json, reader: &mut Reader) -> Cap {
    let cap = reader.object(Some(part), &["max", "window"], &["scope"]);
    let most = i64::try_from(MAX_KEPT).unwrap_or(i64::MAX);
    let max = reader.whole(cap.get("max"), 1..=most);
    let scope = reader.choice(cap.get("scope"), "scope", &[("user", Scope::User), ("tenant", Scope::Tenant)]);
    Cap {
        max: max.and_then(|max| u16::try_from(max).ok()).unwrap_or_default(),
        window: window(cap.get("window"), reader),
        scope: scope.unwrap_or(Scope::User),
    }
}

fn window(part: Option<&Json>, reader: &mut Reader) -> Window {
    let Some((part, text)) = part.zip(reader.text(part)) else { return Window::Rolling(0) };
    if let Some(unit) = UNITS.into_iter().find(|unit| unit.name() == text) {
        return Window::Calendar(unit);
    }
    let length = parse_duration(text);
    if length.is_none() {
        let detail = format!("`{text}` is no window; write a duration as in \"7d\", or day, week or month for those of the calendar");
        reader.tell(part, "bad_duration", detail);
    } else if length > Some(MAX_DURATION) {
        reader.tell(part, "bad_cap", "at most 366d");
    }
    Window::Rolling(length.unwrap_or_default())
}

/// A length of time of a campaign that may not be longer than a year.
pub(super) fn bounded_duration(part: Option<&Json>, reader: &mut Reader) -> Option<i64> {
    let length = duration(part, reader)?;
    if length > MAX_DURATION {
        reader.tell(part?, "bad_duration", "at most 366d");
    }
    Some(length)
}

/// The place of these quiet hours among all that there are, which they join; `None`: there are none.
pub(super) fn quiet_hours(part: Option<&Json>, all: &mut Vec<QuietHours>, reader: &mut Reader) -> Option<u8> {
    let part = part.filter(|part| !matches!(part.value, Value::Bool(false)))?;
    let hours = reader.object(Some(part), &["from", "to"], &[]);
    let [from, to] = ["from", "to"].map(|name| time_of_day(hours.get(name), reader));
    let hours = QuietHours { from: from?, to: to? };
    if hours.from == hours.to {
        reader.tell(part, "conflict", "quiet hours begin when they end; for none at all write `false`, and for always remove the campaign");
    }
    let known = all.iter().position(|known| *known == hours);
    let place = known.unwrap_or_else(|| {
        all.push(hours);
        all.len() - 1
    });
    if place >= MAX_QUIET {
        reader.tell(part, "too_many", format!("more than {MAX_QUIET} different quiet hours"));
    }
    u8::try_from(place).ok()
}

/// `HH:MM` as minutes since midnight.
pub(super) fn time_of_day(part: Option<&Json>, reader: &mut Reader) -> Option<u16> {
    let text = reader.text(part)?;
    let minutes = minutes(text);
    if minutes.is_none() {
        reader.tell(part?, "bad_time", format!("`{text}` is no time of day; write hours and minutes, as in \"20:00\""));
    }
    minutes
}

fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str, below: u16| {
        let is_two_digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<u16>().ok().filter(|number| is_two_digits && *number < below)
    };
    Some(number(hours, 24)? * 60 + number(minutes, 60)?)
}

/// Whose clocks count.
fn clock(part: Option<&Json>, knows: fn(&str) -> bool, reader: &mut Reader) -> Clock {
    match reader.text(part) {
        None => Clock::default(),
        Some("user") => Clock::User,
        Some(name) => {
            if let Some(part) = part.filter(|_| !is_zone(name) || !knows(name)) {
                let detail = format!("`{name}` is no time zone; write a name as in \"Europe/Berlin\", or \"user\" for everybody's own");
                reader.tell(part, "unknown_zone", detail);
            }
            Clock::Zone(name.to_owned())
        }
    }
}

/// Whether it is written as the names of zones are (<https://data.iana.org/time-zones/theory.html>).
fn is_zone(name: &str) -> bool {
    let is_of = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '+' | '-');
    name.len() <= MAX_ZONE && name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(is_of)
}

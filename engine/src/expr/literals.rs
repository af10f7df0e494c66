//! The texts in `duration('..')` and `timestamp('..')`, in CEL's notation and range, to whole milliseconds.

use super::times::TIMESTAMPS;
use super::value::MAX_DURATION;
use crate::time::{DAY, days_from_civil};

/// Nanoseconds in a millisecond, the finest time that Upcue tells apart.
const NANOS_PER_MS: i128 = 1_000_000;

/// A duration as CEL writes it, in milliseconds: numbers with units one after the other (`72h`, `1h30m`, `1.5h`, `-10m`,
/// `250ms`); or what is wrong with it.
pub(super) fn duration(text: &str) -> Result<i64, String> {
    let no_duration = || format!("`{text}` is no duration; write numbers with h, m, s or ms, as in duration('1h30m')");
    let (sign, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (-1, text.get(1..).unwrap_or("")),
        Some(b'+') => (1, text.get(1..).unwrap_or("")),
        _ => (1, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(no_duration());
    }
    let mut nanos = 0_i128;
    while !rest.is_empty() {
        let (number, after) = split(rest, |c| c.is_ascii_digit() || c == '.');
        let (unit, after) = split(after, |c| !c.is_ascii_digit() && c != '.');
        let unit = nanos_of(unit).map_err(|days| days.map_or_else(no_duration, |hours| no_days(number, unit, hours)))?;
        let part = scaled(number, unit).map_err(|fault| match fault {
            Fault::NoNumber => no_duration(),
            Fault::TooFine => too_fine("duration", text),
            Fault::TooLarge => too_long(text),
        })?;
        nanos = nanos.saturating_add(part);
        rest = after;
    }
    if nanos % NANOS_PER_MS != 0 {
        return Err(too_fine("duration", text));
    }
    let ms = sign * (nanos / NANOS_PER_MS);
    i64::try_from(ms).ok().filter(|ms| (-MAX_DURATION..=MAX_DURATION).contains(ms)).ok_or_else(|| too_long(text))
}

fn split(text: &str, is_first: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !is_first(c)).unwrap_or(text.len()))
}

/// A unit's nanoseconds; for units that CEL lacks, their hours where they have some.
fn nanos_of(unit: &str) -> Result<i128, Option<u64>> {
    Ok(match unit {
        "h" => 3_600_000 * NANOS_PER_MS,
        "m" => 60_000 * NANOS_PER_MS,
        "s" => 1_000 * NANOS_PER_MS,
        "ms" => NANOS_PER_MS,
        // Both characters that look like a micro sign.
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ns" => 1,
        "d" => return Err(Some(24)),
        "w" => return Err(Some(7 * 24)),
        _ => return Err(None),
    })
}

fn no_days(number: &str, unit: &str, hours: u64) -> String {
    let name = if unit == "w" { "weeks" } else { "days" };
    let example = number.parse().ok().and_then(|number: u64| number.checked_mul(hours)).unwrap_or(72);
    format!("CEL has no {name}; write duration('{example}h')")
}

enum Fault {
    NoNumber,
    TooFine,
    TooLarge,
}

/// `number`, a decimal without sign, times `unit` nanoseconds. Exact, or refused.
fn scaled(number: &str, unit: i128) -> Result<i128, Fault> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return Err(Fault::NoNumber);
    }
    let fraction = fraction.trim_end_matches('0');
    let digits = u32::try_from(fraction.len()).ok().filter(|digits| *digits <= 18).ok_or(Fault::TooFine)?;
    let whole = if whole.is_empty() { 0 } else { whole.parse::<i128>().map_err(|_| Fault::TooLarge)? };
    let part = if fraction.is_empty() { 0 } else { fraction.parse::<i128>().map_err(|_| Fault::NoNumber)? };
    let divisor = 10_i128.pow(digits);
    let part = part.checked_mul(unit).ok_or(Fault::TooLarge)?;
    if part % divisor != 0 {
        return Err(Fault::TooFine);
    }
    whole.checked_mul(unit).and_then(|whole| whole.checked_add(part / divisor)).ok_or(Fault::TooLarge)
}

fn too_fine(kind: &str, text: &str) -> String {
    format!("the {kind} `{text}` is finer than a millisecond, which is outside this subset of CEL; write whole milliseconds")
}

fn too_long(text: &str) -> String {
    format!("`{text}` is longer than CEL's longest duration, 315576000000s")
}

/// A moment as CEL writes it (RFC 3339, `2025-06-18T10:30:00Z`), in milliseconds since 1970-01-01T00:00:00Z; or what is
/// wrong with it.
pub(super) fn timestamp(text: &str) -> Result<i64, String> {
    let no_timestamp = || format!("`{text}` is no timestamp; write date, time and zone, as in timestamp('2025-06-18T10:30:00Z')");
    let out_of_range = || format!("`{text}` is outside CEL's timestamps, years 0001 to 9999");
    // A year of five digits is a year out of range, not a slip of the pen.
    if text.split_once('-').is_some_and(|(year, _)| year.len() > 4 && year.bytes().all(|b| b.is_ascii_digit())) {
        return Err(out_of_range());
    }
    let (date, time) = text.split_at_checked("2025-06-18".len()).ok_or_else(no_timestamp)?;
    let (clock, rest) = time.split_at_checked("T10:30:00".len()).ok_or_else(no_timestamp)?;
    let zone_at = rest.find(['Z', '+', '-']).ok_or_else(no_timestamp)?;
    let (fraction, zone) = rest.split_at(zone_at);
    let day = day(date).ok_or_else(no_timestamp)?;
    let clock = clock_ms(clock).ok_or_else(no_timestamp)?;
    let zone = zone_ms(zone).ok_or_else(no_timestamp)?;
    let fraction =
        fraction_ms(fraction).map_err(|fault| if let Fault::TooFine = fault { too_fine("timestamp", text) } else { no_timestamp() })?;
    let ms = day * DAY + clock + fraction - zone;
    if TIMESTAMPS.contains(&ms) { Ok(ms) } else { Err(out_of_range()) }
}

/// The day since the epoch of `YYYY-MM-DD`, if there is such a day.
fn day(date: &str) -> Option<i64> {
    let [year, month, day] = fields(date, [("", 4), ("-", 2), ("-", 2)])?;
    if !(1..=12).contains(&month) {
        return None;
    }
    let first = days_from_civil(year, month);
    let next = if month == 12 { days_from_civil(year + 1, 1) } else { days_from_civil(year, month + 1) };
    (1..=next - first).contains(&day).then_some(first + day - 1)
}

/// The milliseconds of the day of `THH:MM:SS`. There are no leap seconds in CEL.
fn clock_ms(clock: &str) -> Option<i64> {
    let [hours, minutes, seconds] = fields(clock, [("T", 2), (":", 2), (":", 2)])?;
    (hours < 24 && minutes < 60 && seconds < 60).then_some(((hours * 60 + minutes) * 60 + seconds) * 1_000)
}

/// How far ahead of UTC `Z` or `+HH:MM` is, in milliseconds.
fn zone_ms(zone: &str) -> Option<i64> {
    let (sign, ahead) = match zone.split_at_checked(1)? {
        ("Z", "") => return Some(0),
        ("+", ahead) => (1, ahead),
        ("-", ahead) => (-1, ahead),
        _ => return None,
    };
    let [hours, minutes] = fields(ahead, [("", 2), (":", 2)])?;
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes) * 60_000)
}

/// The milliseconds of `.123`, or of nothing.
fn fraction_ms(fraction: &str) -> Result<i64, Fault> {
    if fraction.is_empty() {
        return Ok(0);
    }
    let digits = fraction.strip_prefix('.').filter(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()));
    match digits.ok_or(Fault::NoNumber)?.trim_end_matches('0') {
        digits if digits.len() > 3 => Err(Fault::TooFine),
        digits => format!("{digits:0<3}").parse().map_err(|_| Fault::NoNumber),
    }
}

/// Numbers of a fixed number of digits, each after its separator; `None` when `text` is written otherwise.
fn fields<const N: usize>(mut text: &str, shape: [(&str, usize); N]) -> Option<[i64; N]> {
    let mut numbers = [0; N];
    for (number, (separator, len)) in numbers.iter_mut().zip(shape) {
        let (digits, rest) = text.strip_prefix(separator)?.split_at_checked(len)?;
        *number = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())??;
        text = rest;
    }
    text.is_empty().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_follow_cel() {
        for (text, ms) in [
            ("72h", 259_200_000),
            ("1h30m", 5_400_000),
            ("1.5h", 5_400_000),
            ("-10m", -600_000),
            ("+10m", 600_000),
            ("250ms", 250),
            ("1h2m3s4ms", 3_723_004),
            ("-1h30m", -5_400_000),
            ("0", 0),
            ("0s", 0),
            ("-0s", 0),
            (".5s", 500),
            ("2.s", 2_000),
            ("0.001s", 1),
            ("1.5000000000000000000000s", 1_500),
            ("2000us", 2),
            ("0.25ms0.75ms", 1),
            ("3000000ns", 3),
            ("1000000s", 1_000_000_000),
            ("315576000000s", 315_576_000_000_000),
            ("-315576000000s", -315_576_000_000_000),
        ] {
            assert_eq!(duration(text), Ok(ms), "{text}");
        }
    }

    #[test]
    fn durations_that_are_refused_say_what_to_write() {
        for (text, part) in [
            ("3d", "CEL has no days; write duration('72h')"),
            ("7d", "CEL has no days; write duration('168h')"),
            ("1d12h", "CEL has no days; write duration('24h')"),
            ("2w", "CEL has no weeks; write duration('336h')"),
            ("1ns", "finer than a millisecond"),
            ("1500us", "finer than a millisecond"),
            ("0.0005s", "finer than a millisecond"),
            ("0.0000000000000000001h", "finer than a millisecond"),
            ("315576000001s", "longer than CEL's longest duration"),
            ("-315576000000.001s", "longer than CEL's longest duration"),
            ("99999999999999999999999999999999999999999h", "longer than CEL's longest duration"),
            ("170141183460469231731687303715884105727s", "longer than CEL's longest duration"),
            ("", "is no duration"),
            ("-", "is no duration"),
            ("soon", "is no duration"),
            ("10", "is no duration"),
            ("h", "is no duration"),
            (".s", "is no duration"),
            ("1.2.3s", "is no duration"),
            ("1 h", "is no duration"),
            ("1h ", "is no duration"),
            ("1h-30m", "is no duration"),
            ("1é", "is no duration"),
        ] {
            let message = duration(text).expect_err(text);
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    #[test]
    fn timestamps_are_rfc_3339() {
        for (text, ms) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2009-02-13T23:31:30Z", 1_234_567_890_000),
            ("2025-06-18T10:30:00Z", 1_750_242_600_000),
            ("2025-06-18T10:30:00.5Z", 1_750_242_600_500),
            ("2025-06-18T10:30:00.123000000Z", 1_750_242_600_123),
            ("2025-06-18T12:30:00+02:00", 1_750_242_600_000),
            ("2025-06-18T05:00:00-05:30", 1_750_242_600_000),
            ("2024-02-29T00:00:00Z", 1_709_164_800_000),
            ("2000-02-29T23:59:59Z", 951_868_799_000),
            ("1969-12-31T23:59:59.999Z", -1),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
            ("0000-12-31T23:00:00-01:00", -62_135_596_800_000),
        ] {
            assert_eq!(timestamp(text), Ok(ms), "{text}");
        }
    }

    #[test]
    fn timestamps_that_are_refused_say_what_to_write() {
        for (text, part) in [
            ("0000-01-01T00:00:00Z", "years 0001 to 9999"),
            ("10000-01-01T00:00:00Z", "years 0001 to 9999"),
            ("0001-01-01T00:00:00+00:01", "years 0001 to 9999"),
            ("9999-12-31T23:59:59-00:01", "years 0001 to 9999"),
            ("2025-06-18T10:30:00.0001Z", "finer than a millisecond"),
            ("", "is no timestamp"),
            ("2025-06-18", "is no timestamp"),
            ("2025-06-18T10:30:00", "is no timestamp"),
            ("2025-06-18 10:30:00Z", "is no timestamp"),
            ("2025-06-18T10:30Z", "is no timestamp"),
            ("2025-6-18T10:30:00Z", "is no timestamp"),
            ("2025-13-01T10:30:00Z", "is no timestamp"),
            ("2025-00-01T10:30:00Z", "is no timestamp"),
            ("2025-02-29T10:30:00Z", "is no timestamp"),
            ("1900-02-29T10:30:00Z", "is no timestamp"),
            ("2025-06-31T10:30:00Z", "is no timestamp"),
            ("2025-06-00T10:30:00Z", "is no timestamp"),
            ("2025-06-18T24:00:00Z", "is no timestamp"),
            ("2025-06-18T10:60:00Z", "is no timestamp"),
            ("2025-06-18T23:59:60Z", "is no timestamp"),
            ("2025-06-18T10:30:00.Z", "is no timestamp"),
            ("2025-06-18T10:30:00,5Z", "is no timestamp"),
            ("2025-06-18T10:30:00+24:00", "is no timestamp"),
            ("2025-06-18T10:30:00+0200", "is no timestamp"),
            ("2025-06-18T10:30:00Z ", "is no timestamp"),
            ("+025-06-18T10:30:00Z", "is no timestamp"),
            ("2025-06-1é8T10:30:00Z", "is no timestamp"),
        ] {
            let message = timestamp(text).expect_err(text);
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}

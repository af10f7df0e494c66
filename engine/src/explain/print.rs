//! Values as people read them, the way expressions write them. Whole numbers alone: every host prints the same.

use crate::expr::Value;
use crate::time::{DAY, DurationMs, HOUR, MINUTE, Millis, SECOND, civil_month, days_from_civil};

/// A value; text in quotes.
pub(super) fn value(value: Value<'_>) -> String {
    match value {
        Value::Unknown => "unknown".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Int(i) => i.to_string(),
        Value::Double(d) => decimal(d),
        Value::Duration(ms) => duration(ms),
        Value::Str(text) => quoted(text),
        Value::Timestamp(ms) => moment(Millis(ms)),
        Value::List(texts) => format!("[{}]", texts.iter().map(|t| quoted(t)).collect::<Vec<_>>().join(", ")),
    }
}

/// Text in single quotes, as expressions have it.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n"))
}

/// Digits after the point; of numbers below a thousandth so many that are not leading zeros.
const DECIMALS: u32 = 4;
/// The most digits after the point of all.
const MAX_DECIMALS: u32 = 20;

/// A double, rounded to [`DECIMALS`] digits after the point, without zeros at the end.
///
/// A double is a whole number times a power of two; the product with a power of ten is rounded to a whole number, whose digits are
/// the answer. That is exact.
pub(super) fn decimal(double: f64) -> String {
    let bits = double.to_bits();
    let sign = if bits >> 63 == 1 { "-" } else { "" };
    let (fraction, exponent) = (bits & ((1 << 52) - 1), (bits >> 52) & 0x7ff);
    match exponent {
        0x7ff if fraction != 0 => return "not a number".to_owned(),
        0x7ff => return format!("{sign}infinity"),
        _ => {}
    }
    let whole = u128::from(if exponent == 0 { fraction } else { fraction | 1 << 52 });
    // The value is `whole` times 2^(exponent - 1075).
    let Some(halvings) = 1_075_u64.checked_sub(exponent.max(1)) else {
        let doublings = u32::try_from(exponent.saturating_sub(1_075)).unwrap_or(u32::MAX);
        return match whole.leading_zeros().checked_sub(doublings) {
            Some(_) => format!("{sign}{}.0", whole << doublings),
            None => format!("{sign}more than 10^38"),
        };
    };
    let halvings = u32::try_from(halvings).unwrap_or(u32::MAX);
    let mut decimals = DECIMALS;
    let mut digits = rounded(whole, halvings, decimals);
    while whole != 0 && digits < 10 && decimals < MAX_DECIMALS {
        decimals += 1;
        digits = rounded(whole, halvings, decimals);
    }
    while digits != 0 && digits < 1_000 && decimals > DECIMALS && decimals < MAX_DECIMALS {
        decimals += 1;
        digits = rounded(whole, halvings, decimals);
    }
    let sign = if digits == 0 { "" } else { sign };
    format!("{sign}{}", pointed(digits, decimals))
}

/// `whole` / 2^`halvings` × 10^`decimals`, rounded half up.
fn rounded(whole: u128, halvings: u32, decimals: u32) -> u128 {
    let scaled = whole * 10_u128.pow(decimals); // below 2^53 × 2^67
    match halvings {
        0 => scaled,
        1..=126 => (scaled >> (halvings - 1)).div_ceil(2),
        _ => 0,
    }
}

/// `digits` / 10^`decimals` without zeros at the end, but with a digit after the point: a double, not an int.
fn pointed(digits: u128, decimals: u32) -> String {
    let unit = 10_u128.pow(decimals);
    let (mut fraction, mut width) = (digits % unit, usize::try_from(decimals).unwrap_or(0));
    while width > 1 && fraction % 10 == 0 {
        (fraction, width) = (fraction / 10, width - 1);
    }
    format!("{}.{fraction:0width$}", digits / unit)
}

/// A length of time as `duration()` takes it: `72h`, `1h30m`, `2.5s`.
pub(super) fn duration(ms: DurationMs) -> String {
    let mut text = String::new();
    if ms < 0 {
        text.push('-');
    }
    let ms = i128::from(ms).abs();
    let (hour, minute, second) = (i128::from(HOUR), i128::from(MINUTE), i128::from(SECOND));
    for (unit, of, letter) in [(hour, i128::MAX, 'h'), (minute, hour, 'm')] {
        let count = ms % of / unit;
        if count > 0 {
            text.push_str(&count.to_string());
            text.push(letter);
        }
    }
    let (seconds, thousandths) = (ms % minute / second, ms % second);
    if thousandths > 0 {
        text.push_str(format!("{seconds}.{thousandths:03}").trim_end_matches('0'));
    } else if seconds > 0 || ms == 0 {
        text.push_str(&seconds.to_string());
    } else {
        return text;
    }
    text.push('s');
    text
}

/// A moment as `timestamp()` takes it: `2026-11-29T10:00:00Z`.
pub(super) fn moment(at: Millis) -> String {
    let (year, month) = civil_month(at.day());
    let day = at.day() - days_from_civil(year, month) + 1;
    let ms = at.0.rem_euclid(DAY);
    let (hours, minutes, seconds, ms) = (ms / HOUR, ms % HOUR / MINUTE, ms % MINUTE / SECOND, ms % SECOND);
    let fraction = if ms == 0 { String::new() } else { format!(".{ms:03}") };
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}{fraction}Z")
}

/// A share in basis points as per cent: `12.5 %`.
pub(super) fn per_cent(basis_points: u16) -> String {
    match (basis_points / 100, basis_points % 100) {
        (whole, 0) => format!("{whole} %"),
        (whole, part) => format!("{} %", format!("{whole}.{part:02}").trim_end_matches('0')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn doubles_have_at_most_four_digits_after_the_point() {
        for (double, expected) in [
            (0.74, "0.74"),
            (0.7, "0.7"),
            (0.8, "0.8"),
            (1.0, "1.0"),
            (0.0, "0.0"),
            (-0.0, "0.0"),
            (-1.5, "-1.5"),
            (1.0 / 3.0, "0.3333"),
            (2.0 / 3.0, "0.6667"),
            (0.799_96, "0.8"),
            (99.999_96, "100.0"),
            (1e15, "1000000000000000.0"),
            (1e21, "1000000000000000000000.0"),
            (f64::MAX, "more than 10^38"),
            (0.000_012_345_6, "0.00001235"),
            (0.000_5, "0.0005"),
            (5e-324, "0.0"),
            (f64::NAN, "not a number"),
            (f64::INFINITY, "infinity"),
            (f64::NEG_INFINITY, "-infinity"),
        ] {
            assert_eq!(decimal(double), expected);
        }
    }

    #[test]
    fn lengths_of_time_are_written_as_expressions_take_them() {
        for (ms, expected) in [
            (72 * HOUR, "72h"),
            (HOUR + 30 * MINUTE, "1h30m"),
            (47 * HOUR + 12 * MINUTE + 3_500, "47h12m3.5s"),
            (HOUR + 1, "1h0.001s"),
            (0, "0s"),
            (-10 * MINUTE, "-10m"),
            (250, "0.25s"),
            (i64::MIN, "-2562047788015h12m55.808s"),
        ] {
            assert_eq!(duration(ms), expected);
        }
    }

    #[test]
    fn moments_are_written_as_iso_8601_has_them() {
        for (ms, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_750_242_600_000, "2025-06-18T10:30:00Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(moment(Millis(ms)), expected);
        }
    }

    #[test]
    fn shares_are_per_cent() {
        for (share, expected) in [(0, "0 %"), (1_000, "10 %"), (1_250, "12.5 %"), (5, "0.05 %"), (10_000, "100 %")] {
            assert_eq!(per_cent(share), expected);
        }
    }

    proptest! {
        #[test]
        fn doubles_are_rounded_to_the_nearest(double in -1e9..1e9_f64) {
            let printed: f64 = decimal(double).parse().expect("a number");
            prop_assert!((printed - double).abs() <= 0.000_050_1, "{double}: {}", decimal(double));
        }

        #[test]
        fn no_double_makes_the_printer_panic(bits in any::<u64>()) {
            prop_assert!(!decimal(f64::from_bits(bits)).is_empty());
        }

        #[test]
        fn no_length_or_moment_makes_the_printer_panic(ms in any::<i64>()) {
            prop_assert!(!duration(ms).is_empty());
            prop_assert!(!moment(Millis(ms)).is_empty());
        }
    }
}

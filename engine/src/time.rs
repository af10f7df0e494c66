//! Time as the engine knows it: whole milliseconds, always handed in.

use serde::{Deserialize, Serialize};

use crate::wire;

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Millis(pub i64);

wire! { struct Millis { 0 } }

/// A length of time in milliseconds.
pub type DurationMs = i64;

/// One second in milliseconds.
pub const SECOND: DurationMs = 1_000;
/// One minute in milliseconds.
pub const MINUTE: DurationMs = 60 * SECOND;
/// One hour in milliseconds.
pub const HOUR: DurationMs = 60 * MINUTE;
/// One day in milliseconds.
pub const DAY: DurationMs = 24 * HOUR;

impl Millis {
    /// The number of the second this moment lies in, counted from the epoch.
    pub fn second(self) -> i64 {
        self.0.div_euclid(SECOND)
    }

    /// The number of the hour this moment lies in, counted from the epoch.
    pub fn hour(self) -> i64 {
        self.0.div_euclid(HOUR)
    }

    /// The number of the UTC day this moment lies in, counted from the epoch.
    #[inline(never)] // so many callers: a call is shorter
    pub fn day(self) -> i64 {
        self.0.div_euclid(DAY)
    }

    /// This moment moved by `ms`, saturating at the ends of time.
    #[must_use]
    #[inline(never)] // so many callers: a call is shorter
    pub fn plus(self, ms: DurationMs) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this moment; negative when `earlier` lies later.
    #[inline(never)] // so many callers: a call is shorter
    pub fn since(self, earlier: Self) -> DurationMs {
        self.0.saturating_sub(earlier.0)
    }
}

/// Parses a duration as configuration writes it: a whole number and one unit of `s`, `m`, `h`, `d` (`"30s"`, `"7d"`).
pub fn parse_duration(text: &str) -> Option<DurationMs> {
    let unit_at = text.len().checked_sub(1)?;
    let (digits, unit) = text.split_at_checked(unit_at)?;
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: i64 = digits.parse().ok()?;
    let unit = match unit {
        "s" => SECOND,
        "m" => MINUTE,
        "h" => HOUR,
        "d" => DAY,
        _ => return None,
    };
    number.checked_mul(unit)
}

/// The first moment of the UTC calendar month that holds `at`, and of the next one.
///
/// Civil-from-days by Howard Hinnant, <https://howardhinnant.github.io/date_algorithms.html>.
pub fn calendar_month(at: Millis) -> (Millis, Millis) {
    let (year, month) = civil_month(at.day());
    let (next_year, next_month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    let start_of = |y, m| Millis(days_from_civil(y, m).saturating_mul(DAY));
    (start_of(year, month), start_of(next_year, next_month))
}

/// The year and the month (1 to 12) of a day, counted from the epoch.
pub fn civil_month(day: i64) -> (i64, i64) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month)
}

/// The day of the first of `month` (1 to 12) of `year`, counted from the epoch.
pub fn days_from_civil(year: i64, month: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted_month + 2) / 5;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_number_and_a_unit() {
        for (text, expected) in [
            ("30s", Some(30_000)),
            ("15m", Some(900_000)),
            ("24h", Some(DAY)),
            ("7d", Some(7 * DAY)),
            ("0s", Some(0)),
            ("", None),
            ("d", None),
            ("7", None),
            ("-7d", None),
            ("+7d", None),
            ("7 d", None),
            ("1.5h", None),
            ("7w", None),
            ("7é", None),
            ("9223372036854775807d", None),
        ] {
            assert_eq!(parse_duration(text), expected, "{text:?}");
        }
    }

    #[test]
    fn calendar_months_start_and_end_where_a_calendar_says() {
        for (inside, start, end) in [
            (0, 0, 31 * DAY),
            (1_709_164_800_000, 1_706_745_600_000, 1_709_251_200_000), // 2024-02-29: 2024-02-01 to 2024-03-01
            (1_735_689_599_999, 1_733_011_200_000, 1_735_689_600_000), // the last moment of 2024
            (1_735_689_600_000, 1_735_689_600_000, 1_738_368_000_000), // the first moment of 2025
            (-1, -31 * DAY, 0),                                        // December 1969
        ] {
            assert_eq!(calendar_month(Millis(inside)), (Millis(start), Millis(end)), "{inside}");
        }
    }
}

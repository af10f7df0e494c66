//! Moments as the standard has them.

use crate::time::{DAY, HOUR, MINUTE, Millis, SECOND, civil_month, days_from_civil};

/// A moment by ISO 8601, in UTC: `2026-11-30T22:23:30.123Z`.
pub fn iso8601(at: Millis) -> String {
    let (day, within) = (at.day(), at.0.rem_euclid(DAY));
    let (year, month) = civil_month(day);
    let of_month = day - days_from_civil(year, month) + 1;
    let (hour, minute, second, ms) = (within / HOUR, within / MINUTE % 60, within / SECOND % 60, within % SECOND);
    format!("{year:04}-{month:02}-{of_month:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_a_calendar_has_them() {
        for (at, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_735_689_599_007, "2024-12-31T23:59:59.007Z"),
            (1_796_076_210_123, "2026-11-30T22:03:30.123Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(iso8601(Millis(at)), expected);
        }
    }
}

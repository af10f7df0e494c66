//! Numbers with a fraction, exactly as they are written.

/// A number of JSON's: `digits` × 10^`exponent`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    is_negative: bool,
    /// Without zeros at either end; empty for zero.
    digits: String,
    exponent: i64,
}

/// Why a number is no share.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoShare {
    /// It is below 0 or above 1.
    OutOfRange,
    /// It has more than four decimals.
    TooPrecise,
}

impl Decimal {
    /// Reads `text`, a number as JSON writes them. An exponent of more than 18 digits reads as the largest there is.
    pub(super) fn read(text: &str) -> Self {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (is_negative, mantissa) = mantissa.strip_prefix('-').map_or((false, mantissa), |positive| (true, positive));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = [whole, fraction].concat();
        let digits = all.trim_end_matches('0');
        if digits.trim_start_matches('0').is_empty() {
            return Self { is_negative: false, digits: String::new(), exponent: 0 };
        }
        let exponent = exponent.parse().unwrap_or(if exponent.starts_with('-') { i64::MIN } else { i64::MAX });
        let dropped = length(&all) - length(digits) - length(fraction);
        Self { is_negative, digits: digits.trim_start_matches('0').to_owned(), exponent: exponent.saturating_add(dropped) }
    }

    /// A fraction of 0 to 1 in basis points: 0.1 is 1,000.
    pub(super) fn basis_points(&self) -> Result<u16, NoShare> {
        if self.digits.is_empty() {
            return Ok(0);
        }
        if !self.is_negative && self.exponent == 0 && self.digits == "1" {
            return Ok(10_000);
        }
        if self.is_negative || self.exponent.saturating_add(length(&self.digits)) > 0 {
            return Err(NoShare::OutOfRange);
        }
        // Below 1, so that all digits stand behind the point.
        let scale = [1, 10, 100, 1_000].get(usize::try_from(self.exponent.saturating_add(4)).unwrap_or(usize::MAX));
        let points = scale.zip(self.digits.parse::<u16>().ok()).map(|(scale, digits)| digits * scale);
        points.ok_or(NoShare::TooPrecise)
    }
}

fn length(text: &str) -> i64 {
    i64::try_from(text.len()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_same_number_reads_the_same_however_it_is_written() {
        for (one, other) in
            [("0.1", "1e-1"), ("0.10", "0.01E1"), ("100.0", "1e+2"), ("-2.50", "-25e-1"), ("0.000", "-0e7"), ("0.012", "12e-3")]
        {
            assert_eq!(Decimal::read(one), Decimal::read(other));
        }
        assert_ne!(Decimal::read("0.1"), Decimal::read("-0.1"));
        assert_ne!(Decimal::read("1e99999999999999999999"), Decimal::read("1e-99999999999999999999"));
    }

    #[test]
    fn a_share_has_four_decimals_and_lies_between_none_and_all() {
        for (text, expected) in [
            ("0.1", Ok(1_000)),
            ("1e-4", Ok(1)),
            ("0.9999", Ok(9_999)),
            ("0.12340", Ok(1_234)),
            ("1.0", Ok(10_000)),
            ("10e-1", Ok(10_000)),
            ("0.0", Ok(0)),
            ("0e99", Ok(0)),
            ("0.00001", Err(NoShare::TooPrecise)),
            ("0.33333333333333333333", Err(NoShare::TooPrecise)),
            ("1e-99999999999999999999", Err(NoShare::TooPrecise)),
            ("-0.1", Err(NoShare::OutOfRange)),
            ("1.00001", Err(NoShare::OutOfRange)),
            ("1e1", Err(NoShare::OutOfRange)),
            ("1e99999999999999999999", Err(NoShare::OutOfRange)),
        ] {
            assert_eq!(Decimal::read(text).basis_points(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_share_is_read_however_it_is_written(points in 0u16..=10_000, shift in 0i32..6, zeros in 0usize..3) {
            let (whole, fraction) = (points / 10_000, points % 10_000);
            let plain = format!("{whole}.{fraction:04}{}", "0".repeat(zeros));
            prop_assert_eq!(Decimal::read(&plain).basis_points(), Ok(points));
            let scientific = format!("{points}{}E{}", "0".repeat(zeros), -4 - i32::try_from(zeros).expect("small"));
            prop_assert_eq!(Decimal::read(&scientific).basis_points(), Ok(points));
            let shifted = format!("{}e{shift}", f64::from(points) / 10_000.0 / 10f64.powi(shift));
            let reference: f64 = shifted.parse().expect("a number");
            prop_assume!((reference * 10_000.0 - f64::from(points)).abs() < f64::EPSILON && shifted.len() < 12);
            prop_assert_eq!(Decimal::read(&shifted).basis_points(), Ok(points), "{}", shifted);
        }
    }
}

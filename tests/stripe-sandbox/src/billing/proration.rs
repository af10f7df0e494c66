//! The arithmetic of prorations.
//!
//! <https://docs.stripe.com/billing/subscriptions/prorations>: to the second, line by line.

/// `amount × part / whole`, rounded half away from zero. `part` counts at most as much as the whole.
pub(crate) fn share(amount: i64, part: i64, whole: i64) -> i64 {
    if whole <= 0 {
        return 0;
    }
    let twice = 2 * i128::from(amount) * i128::from(part.clamp(0, whole));
    let whole = i128::from(whole);
    let rounded = (twice.abs() + whole) / (2 * whole) * twice.signum();
    i64::try_from(rounded).unwrap_or(i64::MAX)
}

/// As [`share`], cut off instead of rounded: so Stripe divides a coupon among items (5.00 over 10.00 and 20.00 takes
/// 1.66 and, what is left, 3.34).
pub(crate) fn share_cut_off(amount: i64, part: i64, whole: i64) -> i64 {
    if whole <= 0 {
        return 0;
    }
    let cut_off = i128::from(amount) * i128::from(part) / i128::from(whole);
    i64::try_from(cut_off).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    #[test]
    fn stripes_own_examples_come_out() {
        // From the page above; the first two are of a real answer: 6 August to 6 September 2020, changed on 1 September.
        let (end, at, month) = (1_599_427_688, 1_598_982_148, 31 * DAY);
        let cases = [
            ("unused time at 10.00", -1_000, end - at, month, -166),
            ("remaining time at 32.52", 3_252, end - at, month, 541),
            ("classic: a third of a month of 20.00 is given back", -2_000, 10 * DAY, 30 * DAY, -667),
            ("a third of a month of 10.00 is charged", 1_000, 10 * DAY, 30 * DAY, 333),
            ("flexible: half of 10.00 less 1.66 of the coupon", -(1_000 - 166), 14 * DAY, 28 * DAY, -417),
            ("classic: half of 10.00 less the whole coupon", -(1_000 - 500), 14 * DAY, 28 * DAY, -250),
            ("half of 10.00 against half of 20.00", 2_000, 15 * DAY, 30 * DAY, 1_000),
        ];
        for (what, amount, part, whole, expected) in cases {
            assert_eq!(share(amount, part, whole), expected, "{what}");
        }
    }

    #[test]
    fn halves_go_away_from_zero_and_bounds_hold() {
        let cases = [
            (1, 1, 2, 1),
            (-1, 1, 2, -1),
            (3, 1, 2, 2),
            (-3, 1, 2, -2),
            (1, 1, 3, 0),
            (2, 1, 3, 1),
            (-2, 1, 3, -1),
            (100, 0, 10, 0),
            (100, 10, 10, 100),
            // Nothing is left of a period that is over; no more than all of one that has not begun.
            (100, -5, 10, 0),
            (100, 15, 10, 100),
            (100, 5, 0, 0),
            (99_999_999 * 999_999, 2_678_399, 2_678_400, 99_999_861_664_316),
        ];
        for (amount, part, whole, expected) in cases {
            assert_eq!(share(amount, part, whole), expected, "{amount} × {part} / {whole}");
        }
    }

    #[test]
    fn coupons_are_cut_off() {
        assert_eq!([share_cut_off(500, 1_000, 3_000), share_cut_off(500, 2_000, 3_000)], [166, 333]);
        assert_eq!(share_cut_off(500, 0, 0), 0);
    }
}

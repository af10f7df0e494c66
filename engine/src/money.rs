//! Money: whole minor units, as Stripe counts them (cents; whole yen).

/// `amount × part / whole`, rounded to the nearest minor unit, halves away from zero: how Stripe rounds each line of a
/// proration (<https://docs.stripe.com/billing/subscriptions/prorations>). `whole` of nothing gives nothing.
pub fn share(amount: i64, part: i64, whole: i64) -> i64 {
    if whole <= 0 {
        return 0;
    }
    let (product, whole) = (i128::from(amount) * i128::from(part), i128::from(whole));
    let half = if product < 0 { -whole / 2 } else { whole / 2 };
    i64::try_from((product + half) / whole).unwrap_or(if product < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_round_to_the_nearest_unit_halves_away_from_zero() {
        for (amount, part, whole, expected) in [
            (1_000, 1, 2, 500),
            (1, 1, 2, 1),
            (-1, 1, 2, -1),
            (1, 1, 3, 0),
            (-500, 1, 3, -167),
            (999, 0, 30, 0),
            (999, 5, 0, 0),
            (i64::MAX, 2, 1, i64::MAX),
        ] {
            assert_eq!(share(amount, part, whole), expected, "{amount} × {part}/{whole}");
        }
    }
}

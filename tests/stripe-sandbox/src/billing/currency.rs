//! What the sandbox knows of currencies: how to write an amount, and the least that Stripe charges.

/// Currencies without a smaller unit: <https://docs.stripe.com/currencies#zero-decimal>.
const ZERO_DECIMAL: [&str; 16] =
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"];

/// The smallest charges, where they are not [`USUAL`]: <https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts>.
const MINIMA: [(&str, i64); 14] = [
    ("aed", 200),
    ("bgn", 100),
    ("czk", 1_500),
    ("dkk", 250),
    ("gbp", 30),
    ("hkd", 400),
    ("huf", 17_500),
    ("mxn", 1_000),
    ("myr", 200),
    ("nok", 300),
    ("pln", 200),
    ("ron", 200),
    ("sek", 300),
    ("thb", 1_000),
];
/// Of the dollar, the euro, the franc, the rupee, and of the yen, which has no smaller unit.
const USUAL: i64 = 50;

/// The smallest amount that Stripe charges; what is less goes to the customer's balance.
pub(crate) fn minimum(currency: &str) -> i64 {
    MINIMA.iter().find(|(name, _)| *name == currency).map_or(USUAL, |(_, least)| *least)
}

/// `$32.52`, `€49.00`, `¥4900`, `49.00 CHF`, as descriptions of invoice lines have it.
pub(crate) fn written(amount: i64, currency: &str) -> String {
    let number =
        if ZERO_DECIMAL.contains(&currency) { amount.to_string() } else { format!("{}.{:02}", amount / 100, (amount % 100).abs()) };
    match currency {
        "usd" => format!("${number}"),
        "eur" => format!("€{number}"),
        "gbp" => format!("£{number}"),
        "jpy" => format!("¥{number}"),
        _ => format!("{number} {}", currency.to_uppercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minima_are_stripes() {
        assert_eq!(["usd", "eur", "gbp", "jpy", "sek"].map(minimum), [50, 50, 30, 50, 300]);
    }

    #[test]
    fn amounts_are_written_in_their_units() {
        for (amount, currency, expected) in [(3_252, "usd", "$32.52"), (4_900, "jpy", "¥4900"), (5, "chf", "0.05 CHF")] {
            assert_eq!(written(amount, currency), expected);
        }
    }
}

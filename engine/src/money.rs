//! Money: whole minor units, never apart from their currency.

use serde::{Deserialize, Serialize};

/// A three-letter ISO 4217 code in lower case, as Stripe writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Reads a code in either case; `None` when it is not three ASCII letters.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 3] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_alphabetic).then(|| Self(bytes.map(|b| b.to_ascii_lowercase())))
    }

    /// The code in lower case.
    pub fn code(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or("xxx")
    }
}

/// An amount in minor units (cents; whole yen) of one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Whole minor units; negative for credits.
    pub minor: i64,
    /// The currency these units are of.
    pub currency: Currency,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn currencies_are_three_letters() {
        assert_eq!(Currency::parse("USD").map(|c| c.code().to_owned()).as_deref(), Some("usd"));
        for text in ["", "us", "usdt", "u1d", "€"] {
            assert_eq!(Currency::parse(text), None, "{text:?}");
        }
    }
}

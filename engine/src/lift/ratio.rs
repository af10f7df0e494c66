//! Sample ratio mismatch: whether the arms are as large as they were meant to be. Where they are not, something loses tenants of one arm,
//! and the comparison means nothing.
//!
//! Looked at every day as well, so it is a sequential test: Lindon and Malek, "Anytime-valid inference for multinomial count data" (`NeurIPS`
//! 2022; arXiv:2011.03567). The Bayes factor of "some other share", spread about the one meant by a Dirichlet distribution, against
//! "the share meant" exceeds `1/α` with a probability of at most `α` over all looks, if the share is the one meant.

use super::double;

/// How often an alarm may be a false one, over all looks together.
pub const ALPHA: f64 = 0.01;
/// How closely other shares lie about the one meant: as if so many tenants had been seen.
const CONCENTRATION: f64 = 100.0;

/// What became of the check.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// The share of the tenants that should be treated.
    pub expected: f64,
    /// The share that is.
    pub found: f64,
    /// How often chance alone would lead to a mismatch like this at any look: a p-value that is valid at every one.
    pub p: f64,
}

impl Ratio {
    /// Checks `treated` and `control` tenants against the `expected` share of the treated, which lies between 0 and 1; `None` of nobody, and where
    /// there is one arm only.
    pub fn of(treated: u64, control: u64, expected: f64) -> Option<Self> {
        let n = treated + control;
        if n == 0 || expected <= 0.0 || expected >= 1.0 {
            return None;
        }
        let p = (-log_factor(treated, control, expected)).exp().min(1.0);
        Some(Self { expected, found: double(treated) / double(n), p })
    }

    /// Whether chance is no explanation.
    pub fn is_mismatch(&self) -> bool {
        self.p < ALPHA
    }
}

/// The logarithm of the Bayes factor.
fn log_factor(treated: u64, control: u64, expected: f64) -> f64 {
    let (a, b) = (CONCENTRATION * expected, CONCENTRATION * (1.0 - expected));
    let under_other = log_rising(a, treated) + log_rising(b, control) - log_rising(a + b, treated + control);
    let under_meant = double(treated) * expected.ln() + double(control) * (1.0 - expected).ln();
    under_other - under_meant
}

/// The logarithm of `x (x + 1) … (x + n - 1)`.
fn log_rising(x: f64, n: u64) -> f64 {
    (0..n).map(|i| (x + double(i)).ln()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against `betaln` of `SciPy` 1.17.1: `betaln(a + x, b + y) - betaln(a, b) - x*log(q) - y*log(1 - q)`.
    #[test]
    fn the_factor_is_that_of_an_independent_library() {
        for (treated, control, expected, factor) in REFERENCE {
            let found = log_factor(treated, control, expected);
            assert!((found - factor).abs() < 1e-8, "{treated} {control} {expected}: {found} {factor}");
        }
    }

    #[test]
    fn an_alarm_is_raised_where_tenants_are_lost_and_not_before() {
        for (treated, control, expected, is_mismatch) in [
            (900, 100, 0.9, false),
            (910, 90, 0.9, false),
            (5, 5, 0.9, false),
            (1_000, 40, 0.9, true),
            (500, 500, 0.5, false),
            (10_000, 10_600, 0.5, true),
        ] {
            let ratio = Ratio::of(treated, control, expected).unwrap();
            assert_eq!(ratio.is_mismatch(), is_mismatch, "{ratio:?}");
        }
        assert_eq!((Ratio::of(0, 0, 0.5), Ratio::of(10, 0, 1.0)), (None, None));
    }

    #[expect(clippy::unreadable_literal, reason = "as the library printed them")]
    const REFERENCE: [(u64, u64, f64, f64); 5] = [
        (5, 5, 0.9, 0.5493829836665007),
        (90, 10, 0.9, -0.3507841294141514),
        (1000, 40, 0.9, 23.90534571015408),
        (520, 480, 0.5, -0.4731252336701459),
        (10000, 10600, 0.5, 6.028443198222703),
    ];
}

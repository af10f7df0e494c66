//! Intervals that hold at every look: looking daily and stopping when one likes what one sees costs nothing.
//!
//! The asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and
//! asymptotic confidence sequences" (Annals of Statistics 52(6), 2024; arXiv:2103.06476), theorem 2.2, for the difference of two means:
//! with `n` observations in all, of which `V` is the estimated variance of the difference times `n`,
//!
//! ```text
//! difference ± sqrt(V/n) · sqrt( 2 (n ρ² + 1) / (n ρ²) · ln( sqrt(n ρ² + 1) / α ) )
//! ```
//!
//! `ρ` says at which `n` the interval is narrowest; their equation (24) solves it for a number of observations one has in mind.

use super::double;

/// At about so many tenants the interval is narrowest: what an app's holdout has seen after some months.
const IN_MIND: f64 = 1_000.0;

/// From where to where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// A mean of some observations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// Of how many.
    pub of: u64,
    /// The mean.
    pub mean: f64,
    /// The variance of one observation.
    pub variance: f64,
}

impl Mean {
    /// The two of them, each with at least the variance of both together. A small arm that has seen few of the rare, large values knows too
    /// little of its own spread, and would be surer than it may be.
    pub(super) fn cautious(self, other: Self) -> [Self; 2] {
        let n = double(self.of + other.of).max(1.0);
        let together = (double(self.of) * self.variance + double(other.of) * other.variance) / n;
        [self, other].map(|mean| Self { variance: mean.variance.max(together), ..mean })
    }
}

impl Interval {
    /// Where the difference between the true means lies: with a probability of `1 - alpha` at all looks together.
    pub fn of_difference(a: &Mean, b: &Mean, alpha: f64) -> Self {
        let difference = a.mean - b.mean;
        let half = half_width(a, b, alpha);
        Self { low: difference - half, high: difference + half }
    }

    /// Where the relative difference `a / b - 1` of the true means, which are not negative, lies: with the same probability at all looks. Each
    /// mean is given half of `alpha`, so that both lie within their own intervals (Bonferroni), and the ratio between the ends of those.
    /// `None` where `b` may be nothing.
    pub fn of_ratio(a: &Mean, b: &Mean, alpha: f64) -> Option<Self> {
        let [a, b] = [a, b].map(|mean| Self::of_mean(mean, alpha / 2.0));
        (b.low > 0.0).then(|| Self { low: a.low.max(0.0) / b.high - 1.0, high: a.high / b.low - 1.0 })
    }

    fn of_mean(of: &Mean, alpha: f64) -> Self {
        let half = if of.of == 0 { f64::INFINITY } else { (of.variance / double(of.of)).sqrt() * quantile(double(of.of), alpha) };
        Self { low: of.mean - half, high: of.mean + half }
    }

    /// Whether a value lies in it.
    pub fn holds(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

/// Half the interval's width; infinite where an arm is empty.
pub fn half_width(a: &Mean, b: &Mean, alpha: f64) -> f64 {
    if a.of == 0 || b.of == 0 {
        return f64::INFINITY;
    }
    let variance = a.variance / double(a.of) + b.variance / double(b.of);
    variance.sqrt() * quantile(double(a.of + b.of), alpha)
}

/// What stands in the place of 1.96: how many standard errors the interval reaches after `n` observations.
pub(super) fn quantile(n: f64, alpha: f64) -> f64 {
    let looks = n * rho_squared(alpha) + 1.0;
    (2.0 * looks / (looks - 1.0) * (looks.sqrt() / alpha).ln()).sqrt()
}

/// The `ρ²` with which the interval is narrowest at [`IN_MIND`].
fn rho_squared(alpha: f64) -> f64 {
    let twice = -2.0 * alpha.ln();
    (twice + twice.ln() + 1.0) / IN_MIND
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The two-sided normal mixture boundary of Howard, Ramdas, `McAuliffe` and Sekhon (Annals of Statistics 49(2), 2021, equation 14), which
    /// others arrived at on another way: `sqrt((v + r) · ln((v + r) / (r α²)))` for sums of variance `v`.
    #[test]
    fn the_boundary_is_the_one_that_others_have_found() {
        for (n, computed) in [(50.0, 4.563_953_622_679_34), (500.0, 3.069_915_000_985_478_3), (1e5, 3.575_611_305_105_797)] {
            let r = 1.0 / rho_squared(0.05);
            let boundary = ((n + r) * ((n + r) / (r * 0.05 * 0.05)).ln()).sqrt() / f64::sqrt(n);
            let found = quantile(n, 0.05);
            assert!((found - boundary).abs() < 1e-9 && (found - computed).abs() < 1e-9, "{n}: {found} {boundary} {computed}");
        }
    }

    #[test]
    fn it_is_narrowest_where_it_was_meant_to_be() {
        let at = |n| quantile(n, 0.05);
        assert!(at(IN_MIND) < at(IN_MIND / 4.0) && at(IN_MIND) < at(IN_MIND * 16.0));
    }

    #[test]
    fn it_is_never_narrower_than_an_interval_for_one_look() {
        for n in [40.0, 100.0, 1_000.0, 10_000.0, 1e6] {
            assert!(quantile(n, 0.05) > 1.96, "{n}");
        }
    }

    #[test]
    fn of_nobody_nothing_is_known() {
        let (some, none) = (Mean { of: 10, mean: 0.5, variance: 0.25 }, Mean { of: 0, mean: 0.0, variance: 0.0 });
        assert!(half_width(&some, &none, 0.05).is_infinite());
    }
}

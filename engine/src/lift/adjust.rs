//! Money, with what tenants paid before taken out: CUPED, "controlled experiment using pre-experiment data" (Deng, Xu, Kohavi and Walker,
//! WSDM 2013, doi:10.1145/2433396.2433413).
//!
//! A large customer who upgrades adds more than a small one, whatever prompted them, and chance puts more large ones into one arm. What a tenant
//! paid before says how large it is, and no prompt has changed it: `y - θ (x - mean of x)` has the same mean as `y` and a smaller variance, with
//! `θ = cov(x, y) / var(x)`. Where everybody paid the same before (all on a free plan), there is nothing to take out, and `explained` is 0.

use super::Gain;
use super::anytime::{Interval, Mean};
use super::double;

/// What tenants paid before and pay more, added up; exact, as money is whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pairs {
    n: u64,
    x: i128,
    y: i128,
    xx: i128,
    yy: i128,
    xy: i128,
}

impl Pairs {
    /// Adds a tenant that paid `before` and pays so much `more`.
    pub fn add(&mut self, before: i64, more: i64) {
        let (x, y) = (i128::from(before), i128::from(more));
        self.n += 1;
        self.x += x;
        self.y += y;
        self.xx += x * x;
        self.yy += y * y;
        self.xy += x * y;
    }

    /// What they pay more, all together.
    pub fn more(&self) -> i64 {
        i64::try_from(self.y).unwrap_or(i64::MAX)
    }

    fn mean_x(&self) -> f64 {
        real(self.x) / double(self.n.max(1))
    }

    fn mean_y(&self) -> f64 {
        real(self.y) / double(self.n.max(1))
    }

    /// The sum of the products of two sums' deviations from their means.
    fn deviations(&self, ab: i128, a: i128, b: i128) -> f64 {
        real(ab * i128::from(self.n) - a * b) / double(self.n.max(1))
    }

    fn var_x(&self) -> f64 {
        self.deviations(self.xx, self.x, self.x)
    }

    fn var_y(&self) -> f64 {
        self.deviations(self.yy, self.y, self.y)
    }

    fn cov(&self) -> f64 {
        self.deviations(self.xy, self.x, self.y)
    }

    /// The mean and variance of what is left when `theta` times what was paid before, less `center`, is taken out.
    fn adjusted(&self, theta: f64, center: f64) -> Mean {
        let left = self.var_y() - 2.0 * theta * self.cov() + theta * theta * self.var_x();
        Mean { of: self.n, mean: self.mean_y() - theta * (self.mean_x() - center), variance: left.max(0.0) / double(self.n.max(2) - 1) }
    }
}

/// What a treated tenant pays more than one of the control group.
pub fn gain(treated: &Pairs, control: &Pairs, alpha: f64) -> Gain {
    let (spread, cov, total) = (treated.var_x() + control.var_x(), treated.cov() + control.cov(), treated.var_y() + control.var_y());
    let theta = if spread > 0.0 { cov / spread } else { 0.0 };
    let center = real(treated.x + control.x) / double((treated.n + control.n).max(1));
    let [a, b] = treated.adjusted(theta, center).cautious(control.adjusted(theta, center));
    let explained = if total > 0.0 { theta * cov / total } else { 0.0 };
    Gain { difference: a.mean - b.mean, interval: Interval::of_difference(&a, &b, alpha), explained }
}

#[expect(clippy::cast_precision_loss, reason = "a relative error of 2^-53 is nothing to a mean")]
fn real(sum: i128) -> f64 {
    sum as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(of: &[(i64, i64)]) -> Pairs {
        let mut pairs = Pairs::default();
        for (before, more) in of {
            pairs.add(*before, *more);
        }
        pairs
    }

    /// Against an ordinary least squares fit of `more` on `before` and the arm by statsmodels: the coefficient of the arm is CUPED's
    /// difference with the pooled slope.
    #[test]
    fn the_difference_is_that_of_a_regression() {
        let treated = pairs(&[(100, 120), (200, 210), (300, 340), (50, 60), (400, 390)]);
        let control = pairs(&[(120, 90), (210, 180), (280, 300), (60, 20)]);
        let gain = gain(&treated, &control, 0.05);
        assert!((gain.difference - REGRESSION).abs() < 1e-6, "{gain:?}");
        assert!(gain.explained > 0.9, "{gain:?}");
    }

    #[test]
    fn where_everybody_paid_the_same_nothing_is_taken_out() {
        let (treated, control) = (pairs(&[(0, 10), (0, 0), (0, 20)]), pairs(&[(0, 0), (0, 0), (0, 10)]));
        let gain = gain(&treated, &control, 0.05);
        assert!((gain.difference - 20.0 / 3.0).abs() < 1e-9 && gain.explained == 0.0, "{gain:?}");
    }

    #[test]
    fn large_customers_in_one_arm_do_not_pass_for_an_effect() {
        // Everybody pays a tenth more; the treated are ten times as large.
        let of = |size: i64| pairs(&(1..100).map(|i| (i * size, i * size / 10)).collect::<Vec<_>>());
        let gain = gain(&of(1_000), &of(100), 0.05);
        assert!(gain.interval.holds(0.0) && gain.difference.abs() < 1.0, "{gain:?}");
    }

    const REGRESSION: f64 = 32.265_699_387_893_87;
}

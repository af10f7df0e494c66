//! Incremental lift: what prompting has added, compared with the control group that would have been prompted.
//!
//! Both arms are *triggered*: a treated tenant counts from its first exposure, a tenant of the control group from its first ghost
//! exposure, so that tenants whom a campaign never concerned dilute neither. A tenant is one observation, and counts once its
//! attribution window is over ([`Outcome`]): what is counted never changes afterwards, which is what makes looking every day harmless.
//!
//! | question | answered by |
//! |---|---|
//! | how much more, and how sure is it? | [`anytime`]: an interval that holds at every look |
//! | are the arms as large as they were meant to be? | [`ratio`]: the sample ratio mismatch |
//! | who belongs to which arm, and what became of them? | [`gather`] |
//! | how many tenants does it take? | [`enough`] |
//! | how much more money? | [`adjust`]: with what tenants paid before taken out (CUPED) |
//!
//! The figures are doubles: they are read by people, at the edge alone, and no decision hangs on their last digit.

pub mod adjust;
pub mod anytime;
pub mod enough;
pub mod gather;
pub mod ratio;
#[cfg(test)]
mod simulation;

use adjust::Pairs;
use anytime::{Interval, Mean};

/// How often an interval may miss the truth over all looks together: one in twenty.
pub const ALPHA: f64 = 0.05;
/// Fewer conversions than this in both arms together are told without an interval: its theory needs some.
pub const FEWEST_CONVERSIONS: u64 = 10;
/// Fewer tenants than this in either arm, likewise.
pub const FEWEST_TENANTS: u64 = 20;

/// What has become of one tenant at the end of its window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Whether it upgraded.
    pub converted: bool,
    /// What it paid a month before, and what it pays a month more (0 where it did not upgrade), in minor units; `None` where that is money of
    /// another kind.
    pub money: Option<(i64, i64)>,
}

/// One arm, tenant by tenant added up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Arm {
    /// Tenants whose window is over.
    pub tenants: u64,
    /// How many of them upgraded.
    pub converted: u64,
    /// Tenants whose window is not over; they are in no figure.
    pub waiting: u64,
    /// What they pay more, beside what they paid before.
    pub revenue: Pairs,
}

impl Arm {
    /// Adds a tenant whose window is over.
    pub fn add(&mut self, outcome: &Outcome) {
        self.tenants += 1;
        self.converted += u64::from(outcome.converted);
        if let Some((before, more)) = outcome.money {
            self.revenue.add(before, more);
        }
    }

    /// The share that upgraded; 0 of nobody.
    pub fn rate(&self) -> f64 {
        share(self.converted, self.tenants)
    }

    /// The share as a mean with its spread. One tenant that did and one that did not are added to the spread, as a few tenants
    /// of which none upgraded are no proof that nobody ever does (Agresti and Caffo 2000, doi:10.1080/00031305.2000.10474560).
    fn mean(&self) -> Mean {
        let smoothed = share(self.converted + 1, self.tenants + 2);
        Mean { of: self.tenants, mean: self.rate(), variance: smoothed * (1.0 - smoothed) }
    }
}

/// What a comparison has come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lift {
    /// The treated arm's rate minus the control's.
    pub difference: f64,
    /// Where the true difference lies, at every look with all of [`ALPHA`] to spare; `None`: too little is known.
    pub interval: Option<Interval>,
    /// The difference as a share of the control's rate; `None` where nobody of the control group upgraded.
    pub relative: Option<f64>,
    /// Where the true one lies, likewise at every look; `None` where too little is known, or the control's rate may be nothing.
    pub relative_interval: Option<Interval>,
    /// What a treated tenant pays more a month than one of the control group, in minor units, with what they paid before taken out.
    pub revenue: Option<Gain>,
}

/// A difference in money.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gain {
    /// Per tenant and month, in minor units.
    pub difference: f64,
    /// Where the true one lies.
    pub interval: Interval,
    /// The share of the variance that what tenants paid before explains, and that was taken out.
    pub explained: f64,
}

impl Lift {
    /// Compares two arms.
    pub fn of(treated: &Arm, control: &Arm) -> Self {
        let difference = treated.rate() - control.rate();
        let is_enough = treated.tenants.min(control.tenants) >= FEWEST_TENANTS;
        let is_spread = treated.converted + control.converted >= FEWEST_CONVERSIONS;
        let [a, b] = treated.mean().cautious(control.mean());
        let interval = (is_enough && is_spread).then(|| Interval::of_difference(&a, &b, ALPHA));
        Self {
            difference,
            interval,
            relative: (control.converted > 0).then(|| difference / control.rate()),
            relative_interval: if is_enough && is_spread { Interval::of_ratio(&a, &b, ALPHA) } else { None },
            revenue: (is_enough && is_spread).then(|| adjust::gain(&treated.revenue, &control.revenue, ALPHA)),
        }
    }

    /// Whether the interval leaves out "no difference".
    pub fn is_certain(&self) -> bool {
        self.interval.is_some_and(|interval| interval.low > 0.0 || interval.high < 0.0)
    }
}

/// `part` of `whole`; 0 of nothing.
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { double(part) / double(whole) }
}

/// A count as a double.
#[expect(clippy::cast_precision_loss, reason = "counts of tenants are far below 2^53")]
fn double(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arm(tenants: u64, converted: u64) -> Arm {
        let mut arm = Arm::default();
        for i in 0..tenants {
            arm.add(&Outcome { converted: i < converted, money: Some((0, if i < converted { 1_000 } else { 0 })) });
        }
        arm
    }

    #[test]
    fn too_little_is_told_without_an_interval() {
        for (treated, control) in [(arm(0, 0), arm(0, 0)), (arm(19, 10), arm(500, 20)), (arm(500, 5), arm(500, 4))] {
            let lift = Lift::of(&treated, &control);
            assert_eq!((lift.interval, lift.revenue, lift.is_certain()), (None, None, false), "{treated:?} {control:?}");
        }
    }

    #[test]
    fn a_large_difference_among_many_is_certain_and_a_small_one_is_not() {
        let control = arm(2_000, 150);
        let (large, small) = (Lift::of(&arm(2_000, 300), &control), Lift::of(&arm(2_000, 155), &control));
        assert!(large.is_certain() && !small.is_certain(), "{large:?} {small:?}");
        let relative = large.relative_interval.unwrap();
        assert!(relative.holds(large.relative.unwrap()) && relative.low > 0.0, "{relative:?}");
        assert!((large.difference - 0.075).abs() < 1e-12 && (large.relative.unwrap() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_control_group_in_which_nobody_upgrades_has_no_relative_lift() {
        let lift = Lift::of(&arm(500, 50), &arm(500, 0));
        assert_eq!((lift.relative, lift.relative_interval), (None, None));
    }
}

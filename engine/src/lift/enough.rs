//! How many tenants it takes: said before anybody is tempted to read anything into a difference of a few.

use super::anytime::{Mean, half_width};
use super::{Arm, Lift, double};

/// A difference worth finding: a fifth of what happens anyway.
const WORTH: f64 = 0.2;
/// Beyond this nobody waits.
const MOST: u64 = 1 << 40;

/// How many tenants more it takes, in both arms together and in their present proportion, until the interval is narrow enough to tell the
/// difference that shows, or one of a fifth of the control group's rate if that is larger, from nothing. `None`: it is told already, or there is
/// nothing to go by, as nobody upgrades or an arm is empty.
pub fn missing(treated: &Arm, control: &Arm, lift: &Lift) -> Option<u64> {
    let seen = treated.tenants + control.tenants;
    let upgraded = treated.converted + control.converted;
    if lift.is_certain() || treated.tenants == 0 || control.tenants == 0 || upgraded == 0 {
        return None;
    }
    let rate = double(upgraded) / double(seen);
    let base = if control.converted > 0 { control.rate() } else { rate };
    let target = (treated.rate() - control.rate()).abs().max(WORTH * base);
    let part = double(treated.tenants) / double(seen);
    let needed = smallest(|n| width_of(n, part, rate) <= target)?;
    Some(needed.saturating_sub(seen).max(1))
}

/// Half the interval's width with `n` tenants, a `part` of which is treated, all of whom upgrade at this `rate`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count, from 0 to the count")]
fn width_of(n: u64, part: f64, rate: f64) -> f64 {
    let treated = ((double(n) * part) as u64).clamp(1, n.saturating_sub(1).max(1));
    let mean = |of| Mean { of, mean: rate, variance: rate * (1.0 - rate) };
    half_width(&mean(treated), &mean(n.saturating_sub(treated)), super::ALPHA)
}

/// The smallest number for which `holds`, which from there on always does.
fn smallest(holds: impl Fn(u64) -> bool) -> Option<u64> {
    let mut high = 2;
    while !holds(high) {
        high *= 2;
        if high > MOST {
            return None;
        }
    }
    let mut low = high / 2;
    while high - low > 1 {
        let middle = low.midpoint(high);
        if holds(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(high)
}

#[cfg(test)]
mod tests {
    use super::super::Outcome;
    use super::*;

    fn of(treated: &Arm, control: &Arm) -> Option<u64> {
        missing(treated, control, &Lift::of(treated, control))
    }

    fn arm(tenants: u64, converted: u64) -> Arm {
        let mut arm = Arm::default();
        (0..tenants).for_each(|i| arm.add(&Outcome { converted: i < converted, money: None }));
        arm
    }

    #[test]
    fn with_as_many_as_were_said_to_be_missing_it_is_told() {
        let (treated, control) = (arm(900, 90), arm(100, 6));
        let missing = of(&treated, &control).expect("not told yet");
        let times = 1 + missing / 1_000 + 1;
        let (treated, control) = (arm(900 * times, 90 * times), arm(100 * times, 6 * times));
        assert!(Lift::of(&treated, &control).is_certain(), "{missing}");
        assert_eq!(of(&treated, &control), None);
        let half = Lift::of(&arm(450 * times, 45 * times), &arm(50 * times, 3 * times));
        assert!(!half.is_certain(), "and not with half of them: {half:?}");
    }

    #[test]
    fn there_is_no_telling_where_nobody_upgrades() {
        assert_eq!((of(&arm(100, 0), &arm(100, 0)), of(&arm(0, 0), &arm(5, 1))), (None, None));
    }

    #[test]
    fn rarer_upgrades_and_smaller_control_groups_take_more() {
        let usual = of(&arm(500, 50), &arm(500, 50));
        assert!(of(&arm(500, 10), &arm(500, 10)) > usual && of(&arm(950, 95), &arm(50, 5)) > usual);
    }
}

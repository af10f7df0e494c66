//! The promises, tried out: experiments of 90 days that are looked at every day.

use super::ratio::Ratio;
use super::{Arm, Lift, Outcome};
const RUNS: u64 = 1_000;
const DAYS: u64 = 90;

/// An experiment: how many tenants come a day, which share of them is held out, and how many of a thousand upgrade in each arm.
struct Plan {
    name: &'static str,
    a_day: u64,
    held_out: u64,
    treated: u64,
    control: u64,
}

/// `SplitMix64` (Steele, Lea and Flood 2014, doi:10.1145/2660193.2660195): the same chances at every run of the tests.
struct Chance(u64);

impl Chance {
    /// A number from 0 to 999.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % 1_000
    }
}

/// What is looked for in a comparison.
type Check<'a> = &'a dyn Fn(&Lift, &Arm, &Arm) -> bool;

/// In how many of the runs each of `found` was true at any look.
fn runs_with<const N: usize>(plan: &Plan, found: [Check<'_>; N]) -> [u64; N] {
    let mut runs = [0; N];
    for run in 0..RUNS {
        let mut chance = Chance(run << 32);
        let (mut treated, mut control) = (Arm::default(), Arm::default());
        let mut was = [false; N];
        for _ in 0..DAYS {
            for _ in 0..plan.a_day {
                let is_control = chance.next() < plan.held_out;
                let (arm, rate) = if is_control { (&mut control, plan.control) } else { (&mut treated, plan.treated) };
                let converted = chance.next() < rate;
                let before = i64::try_from(chance.next()).unwrap() * 10;
                arm.add(&Outcome { converted, money: Some((before, if converted { before + 1_000 } else { 0 })) });
            }
            let lift = Lift::of(&treated, &control);
            was.iter_mut().zip(found).for_each(|(was, found)| *was |= found(&lift, &treated, &control));
        }
        runs.iter_mut().zip(was).for_each(|(runs, was)| *runs += u64::from(was));
    }
    runs
}

const NOTHING: [Plan; 4] = [
    Plan { name: "even", a_day: 10, held_out: 500, treated: 100, control: 100 },
    Plan { name: "tenth", a_day: 20, held_out: 100, treated: 100, control: 100 },
    Plan { name: "rare", a_day: 20, held_out: 200, treated: 30, control: 30 },
    Plan { name: "few", a_day: 2, held_out: 300, treated: 200, control: 200 },
];

#[test]
fn of_a_thousand_experiments_without_an_effect_at_most_one_in_twenty_shows_one_at_any_look() {
    for plan in &NOTHING {
        let [shares, money] =
            runs_with(plan, [&|lift, _, _| lift.is_certain(), &|lift, _, _| lift.revenue.is_some_and(|gain| !gain.interval.holds(0.0))]);
        assert!(shares <= RUNS / 20 && money <= RUNS / 20, "{}: {shares} {money}", plan.name);
    }
}

#[test]
fn an_effect_lies_within_the_interval_at_every_look_in_nineteen_of_twenty_experiments() {
    for plan in [
        Plan { name: "doubled", a_day: 30, held_out: 200, treated: 120, control: 60 },
        Plan { name: "halved", a_day: 20, held_out: 500, treated: 50, control: 100 },
    ] {
        #[expect(clippy::cast_precision_loss, reason = "thousandths")]
        let truth = (plan.treated as f64 - plan.control as f64) / 1_000.0;
        #[expect(clippy::cast_precision_loss, reason = "thousandths")]
        let ratio = plan.treated as f64 / plan.control as f64 - 1.0;
        let [missed, missed_ratio, found] = runs_with(
            &plan,
            [
                &|lift, _, _| lift.interval.is_some_and(|interval| !interval.holds(truth)),
                &|lift, _, _| lift.relative_interval.is_some_and(|interval| !interval.holds(ratio)),
                &|lift, _, _| lift.is_certain(),
            ],
        );
        assert!(missed <= RUNS / 20 && missed_ratio <= RUNS / 20, "{}: {missed} {missed_ratio}", plan.name);
        assert!(found >= RUNS * 4 / 5, "and it is found: {}: {found}", plan.name);
    }
}

#[test]
fn the_arms_are_called_uneven_only_where_they_are() {
    let fair = Plan { name: "fair", a_day: 20, held_out: 100, treated: 0, control: 0 };
    let uneven = |_: &Lift, treated: &Arm, control: &Arm| Ratio::of(treated.tenants, control.tenants, 0.9).is_some_and(|r| r.is_mismatch());
    let [false_alarms] = runs_with(&fair, [&uneven]);
    assert!(false_alarms <= RUNS / 100, "{false_alarms}");
    // Half of the control group's ghosts are lost on their way.
    let lost = Plan { name: "lost", held_out: 50, ..fair };
    let [alarms] = runs_with(&lost, [&uneven]);
    assert!(alarms >= RUNS * 9 / 10, "{alarms}");
}

//! Meters that come near their limit, or reach it: each told once in a period and for a limit.
//!
//! A meter's mark is told when it is passed for the first time, and again only in a new period, when the plan's limits are others, or
//! after the meter fell well below where a word is worth it: so a gauge that wavers about its limit is told once. Who passes both marks
//! at once is told of the higher one.

use serde::{Deserialize, Serialize};

use super::apply::is_near;
use super::{Rulebook, Tenant};
use crate::facts::MeterStanding;
use crate::plan::{Allowance, Limit};
use crate::time::Millis;
use crate::wire;

/// How far a meter has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Mark {
    /// Past its soft limit or, where none is set, eight tenths of its limit.
    Near,
    /// At its limit or beyond.
    Reached,
}

wire! { enum Mark { Near, Reached } }

impl Mark {
    /// The stable word in outbound events.
    pub fn code(self) -> &'static str {
        match self {
            Self::Near => "limit.warning",
            Self::Reached => "limit.reached",
        }
    }
}

/// What was last told of a meter: of which period and which limits, and how far it had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    since: Option<Millis>,
    allowance: Allowance,
    mark: Mark,
}

wire! { struct Told { since, allowance, mark } }

/// A mark that was passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crossing {
    /// When it was seen.
    pub at: Millis,
    /// The meter's name.
    pub meter: String,
    /// Which mark.
    pub mark: Mark,
    /// What the meter reads.
    pub used: u64,
    /// Where the plan ends.
    pub limit: Limit,
    /// Where the plan's soft limit is.
    pub soft: Option<u64>,
    /// When a counter starts again at zero.
    pub resets_at: Option<Millis>,
}

wire! { struct Crossing { at, meter, mark, used, limit, soft, resets_at } }

impl Tenant {
    /// Looks at all meters as of `now`: the marks that were passed, and whether [`Tenant::limits`] is to be stored. Allocates nothing
    /// while nothing changes.
    pub fn cross_limits(&mut self, rules: &Rulebook, now: Millis) -> (Vec<Crossing>, bool) {
        let (mut crossings, mut changed) = (Vec::new(), false);
        for (i, meter) in rules.config.meters.iter().enumerate() {
            let present = self.present(rules);
            let allowance = present.plan.map(|plan| plan.allowance(i, present.price)).unwrap_or_default();
            if allowance == Allowance::default() {
                continue; // no limit, or no plan that is known
            }
            let standing = self.meter(rules, i, meter, allowance, now);
            let told = self.limits.get(&meter.key).copied();
            match judge(told, &standing) {
                Step::Stay => {}
                Step::Rearm => {
                    changed = true;
                    self.limits.remove(&meter.key);
                }
                Step::Tell(mark) => {
                    changed = true;
                    self.limits.insert(&meter.key, Told { since: standing.since, allowance, mark });
                    let MeterStanding { value: used, limit, soft, resets_at, .. } = standing;
                    crossings.push(Crossing { at: now, meter: meter.key.clone(), mark, used, limit, soft, resets_at });
                }
            }
        }
        (crossings, changed)
    }
}

/// What is to be done about a meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Stay,
    Rearm,
    Tell(Mark),
}

fn judge(told: Option<Told>, standing: &MeterStanding) -> Step {
    let allowance = Allowance { limit: standing.limit, soft: standing.soft };
    // What was told of another period or other limits counts no more; it needs no row of its own to be forgotten.
    let told = told.filter(|told| told.since == standing.since && told.allowance == allowance);
    match (mark(standing), told) {
        (Some(mark), told) if told.is_none_or(|told| told.mark < mark) => Step::Tell(mark),
        (None, Some(_)) if is_far(standing) => Step::Rearm,
        _ => Step::Stay,
    }
}

/// How far a meter has come. What is not used at all has reached nothing, not even a limit of nothing.
fn mark(standing: &MeterStanding) -> Option<Mark> {
    match standing.limit {
        _ if standing.value == 0 => None,
        Limit::Upto(limit) if standing.value >= limit => Some(Mark::Reached),
        _ => is_near(standing).then_some(Mark::Near),
    }
}

/// Whether a meter is well below where a word is worth it: an eighth below the soft limit or, where none is set, below seven tenths of
/// the limit.
fn is_far(standing: &MeterStanding) -> bool {
    match (standing.soft, standing.limit) {
        (Some(soft), _) => standing.value < soft - soft.div_ceil(8),
        (None, Limit::Upto(_)) => standing.percent() < 70,
        (None, Limit::Unlimited) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(value: u64, limit: Option<u64>, soft: Option<u64>, since: Option<i64>) -> MeterStanding {
        let limit = limit.map_or(Limit::Unlimited, Limit::Upto);
        MeterStanding { value, limit, soft, since: since.map(Millis), ..MeterStanding::default() }
    }

    /// What is told of a meter that stands so, one after the other: `w` for a warning, `r` for the limit, `-` for nothing.
    fn tells(steps: &[MeterStanding]) -> String {
        let mut told = None;
        let mut words = String::new();
        for standing in steps {
            let step = judge(told, standing);
            let allowance = Allowance { limit: standing.limit, soft: standing.soft };
            match step {
                Step::Stay => {}
                Step::Rearm => told = None,
                Step::Tell(mark) => told = Some(Told { since: standing.since, allowance, mark }),
            }
            words.push(match step {
                Step::Tell(Mark::Near) => 'w',
                Step::Tell(Mark::Reached) => 'r',
                Step::Stay | Step::Rearm => '-',
            });
        }
        words
    }

    #[test]
    fn each_mark_is_told_once_in_a_period_and_for_a_limit() {
        let counter = |values: &[u64]| values.iter().map(|value| standing(*value, Some(1_000), None, Some(0))).collect::<Vec<_>>();
        let soft = |values: &[u64]| values.iter().map(|value| standing(*value, Some(1_000), Some(500), Some(0))).collect::<Vec<_>>();
        let only_soft = |values: &[u64]| values.iter().map(|value| standing(*value, None, Some(500), Some(0))).collect::<Vec<_>>();
        let gauge = |values: &[u64]| values.iter().map(|value| standing(*value, Some(10), None, None)).collect::<Vec<_>>();
        for (what, steps, expected) in [
            ("below, near, at and beyond", counter(&[0, 799, 800, 900, 999, 1_000, 5_000]), "--w--r-"),
            ("both at once", counter(&[0, 2_000, 2_001]), "-r-"),
            ("the soft limit comes first", soft(&[499, 500, 800, 1_000]), "-w-r"),
            ("a soft limit alone", only_soft(&[499, 500, 9_000]), "-w-"),
            ("a gauge that wavers", gauge(&[7, 8, 7, 8, 10, 9, 10, 8, 10]), "-w--r----"),
            ("a gauge that falls and comes back", gauge(&[10, 6, 8, 10]), "r-wr"),
        ] {
            assert_eq!(tells(&steps), expected, "{what}");
        }
    }

    #[test]
    fn a_new_period_and_another_limit_are_told_anew() {
        let steps = [
            standing(1_000, Some(1_000), None, Some(0)), // r
            standing(10, Some(1_000), None, Some(5)),    // a new period
            standing(850, Some(1_000), None, Some(5)),   // w
            standing(850, Some(1_050), None, Some(5)),   // a raised limit, and still near it: w
            standing(850, Some(50_000), None, Some(5)),  // raised for good
            standing(850, Some(1_050), None, Some(5)),   // back to what was told
            standing(850, Some(800), None, Some(5)),     // a lower limit, passed by that alone: r
            standing(850, None, None, Some(5)),          // none at all
        ];
        assert_eq!(tells(&steps), "r-ww--r-");
    }

    #[test]
    fn nothing_used_reaches_nothing() {
        let none = [standing(0, Some(0), None, None), standing(0, None, Some(0), None), standing(1, Some(0), None, None)];
        assert_eq!(tells(&none), "--r");
    }
}

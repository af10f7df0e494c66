//! The expansion score: 0 to 100, the sum of what the signals add.
//!
//! An active signal adds its weight. After it has ended its part halves with every half-life. So the score needs no history:
//! what is kept of each signal (active, or when it ended) gives the same score as a recomputation from all events.

use serde::{Deserialize, Serialize};

use crate::signal::{Signal, SignalState};
use crate::time::{DurationMs, Millis};
use crate::wire;

/// The highest score.
pub const MAX: i64 = 100;

/// What one signal adds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contribution {
    /// The signal's name.
    pub signal: String,
    /// In hundredths of a point.
    pub hundredths: u32,
}

wire! { struct Contribution { signal, hundredths } }

/// What a signal adds at `now`, in hundredths of a point.
pub fn contribution(signal: &Signal, state: &SignalState, now: Millis) -> u32 {
    let weight = u32::from(signal.weight) * 100;
    match state.ended {
        _ if state.active => weight,
        Some(ended) => decayed(weight, now.since(ended), signal.half_life),
        None => 0,
    }
}

/// The score of so many hundredths.
pub fn score(hundredths: u64) -> i64 {
    i64::try_from(hundredths.saturating_add(50) / 100).unwrap_or(MAX).min(MAX)
}

/// 2^(-i/16) as shares of 2^16, rounded, for i from 0 to 16.
const HALVING: [u64; 17] = [
    65_536, 62_757, 60_097, 57_549, 55_109, 52_773, 50_535, 48_393, 46_341, 44_376, 42_495, 40_693, 38_968, 37_316, 35_734, 34_219, 32_768,
];

/// `amount` after `elapsed`, halved with every `half_life`: `amount` × 2^(−elapsed / `half_life`). Whole numbers: the table, and
/// straight lines between its points, are off by less than 0.03 %, the same on every host.
pub(crate) fn decayed(amount: u32, elapsed: DurationMs, half_life: DurationMs) -> u32 {
    let (Ok(elapsed), Ok(half_life @ 1..)) = (u64::try_from(elapsed), u64::try_from(half_life)) else {
        return if elapsed < 0 { amount } else { 0 };
    };
    let halvings = elapsed / half_life;
    if halvings >= 32 {
        return 0;
    }
    // The place within the present half-life, in shares of 2^16; then which of the table's sixteen stretches, and how far in it.
    let place = u64::try_from(u128::from(elapsed % half_life) * 65_536 / u128::from(half_life)).unwrap_or(0);
    let (stretch, within) = (usize::try_from(place / 4_096).unwrap_or(0), place % 4_096);
    let (from, to) = (HALVING.get(stretch).copied().unwrap_or(0), HALVING.get(stretch + 1).copied().unwrap_or(0));
    let share = from - (from - to) * within / 4_096;
    u32::try_from((u64::from(amount) * share / 65_536) >> halvings).unwrap_or(amount)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::DAY;

    #[test]
    fn a_part_halves_with_every_half_life() {
        for (elapsed, expected) in [(0, 3_000), (7, 1_500), (14, 750), (21, 375), (224, 0), (-1, 3_000)] {
            assert_eq!(decayed(3_000, elapsed * DAY, 7 * DAY), expected, "{elapsed} days");
        }
        assert_eq!(decayed(3_000, 1, 0), 0, "without a half-life nothing stays");
    }

    #[test]
    fn between_halvings_it_falls_as_the_formula_says() {
        for hour in 0..24 * 30 {
            let exact = 10_000.0 * (-f64::from(hour) / 168.0).exp2();
            let ours = f64::from(decayed(10_000, i64::from(hour) * DAY / 24, 7 * DAY));
            assert!((exact - ours).abs() <= 3.0, "after {hour} h: {ours}, not {exact}");
        }
    }

    #[test]
    fn it_never_rises_while_nothing_happens() {
        let mut last = u32::MAX;
        for minute in 0..50_000 {
            let now = decayed(10_000, minute * 60_000, 3 * DAY);
            assert!(now <= last, "after {minute} minutes");
            last = now;
        }
    }

    #[test]
    fn what_was_never_detected_adds_nothing_and_what_is_active_adds_all() {
        let signal = Signal { weight: 30, half_life: 7 * DAY, ..Signal::default() };
        let now = Millis(100 * DAY);
        for (active, ended, expected) in [
            (false, None, 0),
            (true, None, 3_000),
            (true, Some(Millis(0)), 3_000),
            (false, Some(Millis(93 * DAY)), 1_500),
            (false, Some(now), 3_000),
        ] {
            assert_eq!(
                contribution(&signal, &SignalState { active, ended, ..SignalState::default() }, now),
                expected,
                "{active} {ended:?}"
            );
        }
    }

    #[test]
    fn a_score_ends_at_a_hundred() {
        assert_eq!((score(0), score(49), score(50), score(6_000), score(30_000)), (0, 0, 1, 60, 100));
    }
}

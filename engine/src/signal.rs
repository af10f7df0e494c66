//! Signals: what makes a tenant ready for more.
//!
//! A signal is *detected* on an edge: when its condition begins to hold. It stays active until it is re-armed: by its
//! re-arming condition, so that a value that wavers about a threshold is detected once; or, without one, by its condition
//! ceasing to hold. While its condition holds it is never re-armed. What could not be computed changes nothing of an active
//! signal with a re-arming condition, and never detects one. A signal that is still active when a billing period begins is
//! detected again, unless that is switched off.

use serde::{Deserialize, Serialize};

use crate::expr::{Program, Value};
use crate::time::{DurationMs, Millis};
use crate::wire;

/// A signal as configured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// Its name in expressions and reports.
    pub id: String,
    /// What people read.
    pub label: String,
    /// When it is detected: a program of type bool.
    pub when: Program,
    /// When it is re-armed: likewise; `None`: when `when` does not hold.
    pub rearm: Option<Program>,
    /// What it adds to the score while it is active: 0 to 100.
    pub weight: u8,
    /// After it has ended its part of the score halves once in so long.
    pub half_life: DurationMs,
    /// Whether it is detected again in every billing period that it is active in.
    pub each_period: bool,
}

wire! { struct Signal { id, label, when, rearm, weight, half_life, each_period } }

/// What a tenant's history with a signal is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalState {
    /// Whether it is active.
    pub active: bool,
    /// When it was first detected.
    pub first: Option<Millis>,
    /// When it was last detected.
    pub last: Option<Millis>,
    /// When it was last re-armed; the end of its last activity.
    pub ended: Option<Millis>,
    /// How often it was detected.
    pub count: u32,
}

wire! { struct SignalState { active, first, last, ended, count } }

/// What an evaluation did to a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// It was detected.
    Detected,
    /// It was re-armed.
    Rearmed,
}

impl SignalState {
    /// Takes in an evaluation at `now`; `period` is when the present billing period began, if that
    /// detects anew.
    pub fn take(&mut self, when: Value<'_>, rearm: Option<Value<'_>>, period: Option<Millis>, now: Millis) -> Option<Edge> {
        let was = self.active;
        self.active = next(was, when, rearm);
        if self.active && (!was || (when.is_true() && self.last < period)) {
            self.first.get_or_insert(now);
            self.last = Some(now);
            self.count = self.count.saturating_add(1);
            return Some(Edge::Detected);
        }
        if was && !self.active {
            self.ended = Some(now);
            return Some(Edge::Rearmed);
        }
        None
    }
}

pub use crate::watch::next;

#[cfg(test)]
mod tests {
    use super::*;

    const HOLDS: Value<'static> = Value::Bool(true);
    const NOT: Value<'static> = Value::Bool(false);

    #[test]
    fn a_signal_is_detected_once_in_every_period_that_it_is_active_in() {
        let mut state = SignalState::default();
        let mut told = Vec::new();
        // When, re-arming, the period's begin and now.
        for (when, rearm, period, now) in [
            (NOT, NOT, 0, 5),
            (HOLDS, NOT, 0, 10),
            (HOLDS, NOT, 0, 11),
            (HOLDS, NOT, 10, 20), // detected just when the period began: that was in it
            (NOT, NOT, 30, 31),   // still active, but only for want of re-arming
            (HOLDS, NOT, 30, 32),
            (NOT, HOLDS, 30, 40),
            (NOT, HOLDS, 30, 41),
            (HOLDS, NOT, 30, 50),
        ] {
            told.push(state.take(when, Some(rearm), Some(Millis(period)), Millis(now)));
        }
        let (detected, rearmed) = (Some(Edge::Detected), Some(Edge::Rearmed));
        assert_eq!(told, [None, detected, None, None, None, detected, rearmed, None, detected]);
        let expected = SignalState { active: true, first: Some(Millis(10)), last: Some(Millis(50)), ended: Some(Millis(40)), count: 3 };
        assert_eq!(state, expected);
    }

    #[test]
    fn a_count_stays_at_its_end() {
        let mut state = SignalState { count: u32::MAX, ..SignalState::default() };
        state.take(HOLDS, None, None, Millis(1));
        assert_eq!(state.count, u32::MAX);
    }
}

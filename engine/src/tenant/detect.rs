//! Signals, score and segments of a tenant: evaluated with everything that comes in, kept between.

use std::cell::RefCell;

use serde::{Deserialize, Serialize};

use super::facts::Facts;
use super::{Rulebook, Tenant};
use crate::config::Config;
use crate::expr::{Lookup, Program, Value};
use crate::facts::Fact;
use crate::map::Map;
use crate::score::{Contribution, contribution};
use crate::segment::{Crossing, Membership};
use crate::signal::{Edge, SignalState};
use crate::time::{DAY, DurationMs, HOUR, Millis};
use crate::wire;

/// What has been detected. Under their ids: positions change with the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detected {
    /// Signals that were ever detected.
    pub signals: Map<SignalState>,
    /// Segments that the tenant was ever in.
    pub segments: Map<Membership>,
    /// The score that the app was last told.
    pub told: u8,
}

wire! { struct Detected { signals, segments, told } }

/// What an evaluation has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// When.
    pub at: Millis,
    /// Of what.
    pub of: Changed,
    /// The signal or segment.
    pub id: String,
    /// The score after it.
    pub score: u8,
}

wire! { struct Transition { at, of, id, score } }

/// What has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Changed {
    /// A signal was detected.
    Detected,
    /// A signal was re-armed.
    Rearmed,
    /// A segment was entered.
    Entered,
    /// A segment was left.
    Left,
}

wire! { enum Changed { Detected, Rearmed, Entered, Left } }

impl Changed {
    /// The stable word in reports and outbound events.
    pub fn code(self) -> &'static str {
        match self {
            Self::Detected => "signal.detected",
            Self::Rearmed => "signal.rearmed",
            Self::Entered => "segment.entered",
            Self::Left => "segment.left",
        }
    }
}

/// How far ahead is looked for what time alone will change: hour by hour for a day, then day by day.
const FAR: DurationMs = 60 * DAY;

impl Tenant {
    /// Evaluates signals, then segments, as of `now`. What has changed is taken in and told.
    pub fn detect(&mut self, rules: &Rulebook, now: Millis) -> Vec<Transition> {
        let mut changes = Vec::new();
        let working = RefCell::new(std::mem::take(&mut self.detected));
        // One set of facts for all: only what is being detected changes meanwhile.
        let facts = Facts::over(self, rules, &working, now);
        self.detect_signals(&facts, rules, &working, &mut changes);
        detect_segments(&facts, rules, &working, &mut changes);
        forget_removed(&mut working.borrow_mut(), rules, &mut changes);
        let score = score_of(&facts);
        drop(facts);
        self.detected = working.into_inner();
        if !changes.is_empty() {
            self.detected.told = score;
        }
        changes.into_iter().map(|(of, id)| Transition { at: now, of, id, score }).collect()
    }

    fn detect_signals(&self, facts: &Facts<'_>, rules: &Rulebook, working: &RefCell<Detected>, changes: &mut Vec<(Changed, String)>) {
        let period = Some(self.period(facts.now()).start);
        for i in rules.config.signal_order.iter().copied() {
            let Some(signal) = rules.config.signals.get(usize::from(i)) else { continue };
            let (when, rearm) = verdicts(&signal.when, signal.rearm.as_ref(), facts);
            let mut state = facts.signal(i).unwrap_or_default();
            let Some(edge) = state.take(when, rearm, period.filter(|_| signal.each_period), facts.now()) else { continue };
            working.borrow_mut().signals.insert(&signal.id, state);
            changes.push((if edge == Edge::Detected { Changed::Detected } else { Changed::Rearmed }, signal.id.clone()));
        }
    }

    /// The expansion score at `now`.
    pub fn score(&self, rules: &Rulebook, now: Millis) -> u8 {
        score_of(&Facts::new(self, rules, None, now))
    }

    /// What each signal adds to the score, most first.
    pub fn contributions(&self, rules: &Rulebook, now: Millis) -> Vec<Contribution> {
        let parts = rules.config.signals.iter().filter_map(|signal| {
            let hundredths = contribution(signal, self.detected.signals.get(&signal.id)?, now);
            (hundredths > 0).then(|| Contribution { signal: signal.id.clone(), hundredths })
        });
        crate::map::ordered(parts.collect(), |part| -i64::from(part.hundredths))
    }

    /// When to evaluate again although nothing has come in: in the first hour in which time alone changes something (a score
    /// falls, a trial is about to end, a sequence begins), or, if that is more than a day off, a day before. While a score fades, once a day at
    /// least. `None` without anything that could be detected.
    pub fn next_change(&self, rules: &Rulebook, now: Millis) -> Option<Millis> {
        let Config { signals, segments, sequences, .. } = &rules.config;
        if signals.is_empty() && segments.is_empty() && sequences.is_empty() {
            return None;
        }
        let mut ahead = Self {
            name: self.name.clone(),
            counts: self.counts.clone(),
            mirror: self.mirror.clone(),
            profile: self.profile.clone(),
            detected: self.detected.clone(),
            requests: self.requests.clone(),
            ..Self::default()
        };
        let hours = (1..=DAY / HOUR).map(|n| n * HOUR);
        let days = (2..=FAR / DAY).map(|n| n * DAY);
        let entered = if sequences.is_empty() { Vec::new() } else { self.entries(rules, now) };
        let changes = |ahead: &mut Self, at: Millis| {
            !ahead.detect(rules, at).is_empty() || !sequences.is_empty() && ahead.entries(rules, at) != entered
        };
        let found = hours.chain(days).find(|ms| changes(&mut ahead, now.plus(*ms)));
        let is_fading = self.detected.signals.values().any(|state| !state.active) && !self.contributions(rules, now).is_empty();
        Some(now.plus(match found {
            Some(ms) if ms <= DAY => ms,
            _ if is_fading => DAY,
            Some(ms) => ms - DAY,
            None => FAR,
        }))
    }
}

fn detect_segments(facts: &Facts<'_>, rules: &Rulebook, working: &RefCell<Detected>, changes: &mut Vec<(Changed, String)>) {
    for i in rules.config.segment_order.iter().copied() {
        let Some(segment) = rules.config.segments.get(usize::from(i)) else { continue };
        let (enter, exit) = verdicts(&segment.enter, segment.exit.as_ref(), facts);
        let mut membership = working.borrow().segments.get(&segment.id).cloned().unwrap_or_default();
        let Some(crossing) = membership.take(enter, exit, facts.now()) else { continue };
        working.borrow_mut().segments.insert(&segment.id, membership);
        changes.push((if crossing == Crossing::Entered { Changed::Entered } else { Changed::Left }, segment.id.clone()));
    }
}

/// A segment that the configuration no longer has is left, a signal it no longer has forgotten.
fn forget_removed(detected: &mut Detected, rules: &Rulebook, changes: &mut Vec<(Changed, String)>) {
    let config = &rules.config;
    let gone = |id: &str| !config.segments.iter().any(|s| s.id == id);
    let left: Vec<String> = detected.segments.keys().filter(|id| gone(id)).cloned().collect();
    for id in left {
        if detected.segments.remove(&id).is_some_and(|m| m.since.is_some()) {
            changes.push((Changed::Left, id));
        }
    }
    let gone = |id: &str| !config.signals.iter().any(|s| s.id == id);
    let forgotten: Vec<String> = detected.signals.keys().filter(|id| gone(id)).cloned().collect();
    for id in forgotten {
        detected.signals.remove(&id);
    }
}

fn score_of(facts: &Facts<'_>) -> u8 {
    match facts.fact(Fact::Score) {
        Value::Int(score) => u8::try_from(score).unwrap_or(0),
        _ => 0,
    }
}

fn verdicts<'a>(on: &'a Program, off: Option<&'a Program>, facts: &'a Facts<'_>) -> (Value<'a>, Option<Value<'a>>) {
    (on.eval(facts), off.map(|program| program.eval(facts)))
}

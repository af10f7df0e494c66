//! Signals, score and segments: evaluated with every step, and by the alarm when time alone changes them.

use std::rc::Rc;

use upcue_engine::map::ordered;
use upcue_engine::score::contribution;
use upcue_engine::tenant::{Changed, Transition};
use upcue_engine::time::{HOUR, Millis, SECOND};
use upcue_engine::timeline::{Actor, Entry, What};

use super::Core;
use super::store::{Step, Stored};
use crate::host;
use crate::problem::ApiResult;
use crate::rpc::{Fact, SegmentReport, SignalReport};

/// The row with the moment that the alarm is set for.
pub(super) const PLANNED: &str = "planned";

impl Stored {
    /// Evaluates as of `now`, and adds what has changed to `step`; `by`: the user whose event came in.
    pub(super) fn detect(&mut self, step: &mut Step, by: Option<&str>, now: Millis) -> ApiResult<()> {
        let rules = Rc::clone(&self.rules);
        let transitions = self.tenant.detect(&rules, now);
        step.detected |= !transitions.is_empty();
        step.entries.extend(transitions.iter().map(entry));
        step.facts.extend(transitions.iter().cloned().map(Fact::Transition));
        let (crossings, changed) = self.tenant.cross_limits(&rules, now);
        step.facts.extend(crossings.into_iter().map(Fact::Limit));
        step.limits |= changed;
        self.advance(step, by, now)?;
        self.remember(step, transitions, now)
    }

    /// Whether nothing was ever detected.
    pub(super) fn is_in_nothing(&self) -> bool {
        self.tenant.detected.signals.is_empty() && self.tenant.detected.segments.is_empty()
    }

    /// The signals ever detected, those that add most to the score first.
    pub(super) fn signals(&self, now: Millis) -> Vec<SignalReport> {
        let detected = &self.tenant.detected;
        let reports = self.rules.config.signals.iter().filter_map(|signal| {
            let state = *detected.signals.get(&signal.id)?;
            let hundredths = contribution(signal, &state, now);
            Some(SignalReport { id: signal.id.clone(), label: signal.label.clone(), state, hundredths })
        });
        ordered(reports.collect(), |report| -i64::from(report.hundredths))
    }

    /// The segments the tenant is in.
    pub(super) fn segments(&self) -> Vec<SegmentReport> {
        let reports = self.rules.config.segments.iter().filter_map(|segment| {
            let since = self.tenant.detected.segments.get(&segment.id)?.since?;
            Some(SegmentReport { id: segment.id.clone(), label: segment.label.clone(), since })
        });
        reports.collect()
    }

    /// Sets the alarm, in `ms`, and remembers until when nothing is looked at.
    pub(super) fn plan(&mut self, at: Millis, ms: i64) -> ApiResult<()> {
        self.planned = Some(at);
        self.rows().put(PLANNED, &at)?;
        self.wake_in(ms)
    }

    /// Has the alarm look within an hour, if it would not: something has come in that time may make more of.
    pub(super) fn look_soon(&mut self, now: Millis) -> ApiResult<()> {
        self.look_by(now.plus(HOUR), now)
    }

    /// Has the alarm look by `at`, within an hour at the latest, if it would not.
    pub(super) fn look_by(&mut self, at: Millis, now: Millis) -> ApiResult<()> {
        let at = at.min(now.plus(HOUR));
        // Where facts wait an alarm is set already, and sooner; its handler sets the next.
        if self.has_facts()? {
            return Ok(());
        }
        // So do upgrades on their way, and letters.
        let waiting = self.tenant.upgrades.due().map(|due| due.max(now.plus(SECOND))).into_iter().chain(self.tenant.mailing.due());
        let at = waiting.fold(at, |at, due| at.min(due.max(now)));
        if self.planned.is_some_and(|planned| now <= planned && planned <= at) { Ok(()) } else { self.plan(at, at.since(now)) }
    }

    /// Whether the rules detect anything.
    pub(super) fn detects(&self) -> bool {
        let config = &self.rules.config;
        !config.signals.is_empty() || !config.segments.is_empty() || !config.sequences.is_empty()
    }

    /// Evaluates although nothing came in. Answers when to do so again.
    fn tick(&mut self, now: Millis) -> ApiResult<Option<Millis>> {
        let mut step = Step::default();
        self.detect(&mut step, None, now)?;
        let changed = step.detected;
        let rules = Rc::clone(&self.rules);
        let score = self.tenant.score(&rules, now);
        // Transitions tell the score as well.
        if self.tenant.detected.told != score {
            self.tenant.detected.told = score;
            step.detected = true;
            if !changed {
                step.facts.push(Fact::Score { at: now, score });
            }
        }
        if step.detected || step.mailing || step.limits {
            self.write_step(&step)?;
        }
        Ok(self.tenant.next_change(&rules, now))
    }
}

impl Core {
    /// Evaluates what time alone may have changed; when to do so again. While pages are open, each hour: what is left of the
    /// rules for them may be other rules by then. Those whose token has run out are closed.
    pub(super) fn tick(self: &Rc<Self>) -> ApiResult<Option<Millis>> {
        let now = host::now();
        let next = self.with_loaded(|stored| stored.tick(now))?;
        self.push_live();
        Ok(next.into_iter().chain(self.next_look(now)).min())
    }
}

fn entry(transition: &Transition) -> Entry {
    let Transition { at, of, id, score } = transition;
    let (id, score) = (id.clone(), *score);
    let what = match of {
        Changed::Detected => What::SignalDetected { signal: id, score },
        Changed::Rearmed => What::SignalRearmed { signal: id, score },
        Changed::Entered => What::SegmentEntered { segment: id, score },
        Changed::Left => What::SegmentLeft { segment: id, score },
    };
    Entry { at: *at, actor: Actor::Upcue, what }
}

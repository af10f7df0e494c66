//! Which rules read what: so that a change evaluates again what it can have changed, and nothing else.
//!
//! Most conditions compare something with a constant. Of every input that rules read, a [`Slot`] knows the constants it is compared with,
//! and between which two of them it lies now: while it stays between these, no comparison has another outcome, and no rule another verdict.
//! So counting one more costs a look at a slot or two, however many rules read them. What is read otherwise than in such a comparison
//! counts as changed with every other value.

use alloc::vec::Vec;

use crate::expr::{Lookup, Program, Value};
use crate::facts::{Input, StandingAt};
use crate::snapshot::Residue;

/// What is unknown, as a number: in no order with any.
const UNKNOWN: f64 = f64::NAN;

/// What the rules of a snapshot read, and which of them may have other verdicts than they had.
#[derive(Clone, Debug)]
pub(super) struct Index {
    /// The first slot of each group: of each meter, of each event, of each signal, and of the clock.
    groups: Vec<usize>,
    slots: Vec<Slot>,
    atoms: Vec<Atom>,
    /// Of watches and then of candidates: the last verdict; `None`: it has to be evaluated again.
    verdicts: Vec<Option<Verdict>>,
    /// Which of them have to be looked at, one bit for each.
    open: Vec<u32>,
    /// The first group of an event.
    events: usize,
    /// The first group of a signal.
    signals: usize,
}

/// What came of a program that asks; `None`: nothing.
type Verdict = Option<bool>;

/// One input. All it is compared with lies at or beyond `above` and `below`, between which its value lies; or is one of them.
#[derive(Clone, Debug)]
struct Slot {
    input: Input,
    /// Its value when it last crossed a constant.
    value: f64,
    above: f64,
    below: f64,
    first: usize,
    /// The next of its group.
    next: usize,
}

/// One reading of a slot by a rule.
#[derive(Clone, Debug)]
struct Atom {
    /// What it is compared with. NaN: any other value may make a difference; infinity: only whether it is known does.
    constant: f64,
    /// Which watch or candidate.
    rule: usize,
    /// The next of its slot.
    next: usize,
}

impl Index {
    /// The index of no rules.
    pub(super) const NONE: Self =
        Self { groups: Vec::new(), slots: Vec::new(), atoms: Vec::new(), verdicts: Vec::new(), open: Vec::new(), events: 0, signals: 0 };

    /// The index of `rules`, in which everything is stale.
    #[inline(never)]
    pub(super) fn new(rules: &Residue) -> Self {
        let (meters, events, watches) = (rules.meters.len(), rules.events.len(), rules.watches.len());
        let count = watches + rules.candidates.len();
        let mut index = Self {
            groups: alloc::vec![usize::MAX; meters + events + watches + 1],
            verdicts: alloc::vec![None; count],
            open: alloc::vec![u32::MAX; count.div_ceil(32)],
            events: meters,
            signals: meters + events,
            ..Self::NONE
        };
        for (rule, watch) in rules.watches.iter().enumerate() {
            index.reads(&watch.when, rule);
            watch.rearm.iter().for_each(|program| index.reads(program, rule));
        }
        for (rule, candidate) in (watches..).zip(&rules.candidates) {
            index.reads(&candidate.gates.audience, rule);
            candidate.reads.iter().for_each(|input| index.read(*input, f64::INFINITY, rule));
        }
        index
    }

    /// The group of a signal.
    pub(super) fn signal(&self, signal: usize) -> usize {
        self.signals + signal
    }

    fn group(&self, input: Input) -> usize {
        match input {
            Input::Usage { meter, .. } => meter.into(),
            Input::EventCount { event, .. } | Input::EventLastAge { event } => self.events + usize::from(event),
            Input::Signal(signal) => self.signal(signal.into()),
            Input::Since(_) | Input::Until(_) => self.groups.len() - 1,
        }
    }

    fn reads(&mut self, program: &Program, rule: usize) {
        program.comparisons(|input, constant| self.read(input, constant, rule));
    }

    fn read(&mut self, input: Input, constant: f64, rule: usize) {
        let group = self.group(input);
        let Some(group) = self.groups.get_mut(group) else { return };
        let mut at = *group;
        while self.slots.get(at).is_some_and(|slot| slot.input != input) {
            at = self.slots.get(at).map_or(at, |slot| slot.next);
        }
        if at >= self.slots.len() {
            at = self.slots.len();
            self.slots.push(Slot { input, value: UNKNOWN, above: f64::NAN, below: f64::NAN, first: usize::MAX, next: *group });
            *group = at;
        }
        if let Some(slot) = self.slots.get_mut(at) {
            self.atoms.push(Atom { constant, rule, next: slot.first });
            slot.first = self.atoms.len() - 1;
        }
    }

    /// What this group stands for may have another value.
    pub(super) fn touch(&mut self, group: usize, facts: &StandingAt<'_>) {
        let mut at = self.groups.get(group).copied().unwrap_or(usize::MAX);
        while let Some(slot) = self.slots.get(at) {
            let next = slot.next;
            self.look(at, facts);
            at = next;
        }
    }

    /// Anything may have another value, and any gate be open or closed.
    pub(super) fn pass(&mut self, facts: &StandingAt<'_>) {
        for at in 0..self.slots.len() {
            self.look(at, facts);
        }
        self.open.fill(u32::MAX);
    }

    /// Has a rule evaluated again.
    fn mark(&mut self, rule: usize) {
        if let Some(verdict) = self.verdicts.get_mut(rule) {
            *verdict = None;
        }
        if let Some(word) = self.open.get_mut(rule / 32) {
            *word |= 1 << (rule % 32);
        }
    }

    /// A rule has been looked at.
    pub(super) fn close(&mut self, rule: usize) {
        if let Some(word) = self.open.get_mut(rule / 32) {
            *word &= !(1 << (rule % 32));
        }
    }

    /// The first open rule from `begin` to before `end`.
    pub(super) fn first_open(&self, begin: usize, end: usize) -> Option<usize> {
        let mut at = begin;
        while at < end {
            let word = self.open.get(at / 32)? >> (at % 32);
            if word != 0 {
                at += word.trailing_zeros() as usize;
                return (at < end).then_some(at);
            }
            at = (at / 32 + 1) * 32;
        }
        None
    }

    /// A rule's verdict, the last one or a new one.
    pub(super) fn verdict(&mut self, rule: usize, evaluate: impl FnOnce() -> Verdict) -> Verdict {
        *self.verdicts.get_mut(rule)?.get_or_insert_with(evaluate)
    }

    /// Looks whether a slot's value has crossed constants, and marks the rules that compare it with those.
    #[expect(clippy::float_cmp, reason = "another value is another one, however near")]
    fn look(&mut self, at: usize, facts: &StandingAt<'_>) {
        let Some(slot) = self.slots.get_mut(at) else { return };
        let (was, value) = (slot.value, number(facts.input(slot.input)));
        if value == was || slot.above < value && value < slot.below {
            return;
        }
        slot.value = value;
        let (mut above, mut below) = (f64::NEG_INFINITY, if value.is_nan() { UNKNOWN } else { f64::INFINITY });
        let mut next = slot.first;
        while let Some(atom) = self.atoms.get(next) {
            let (constant, rule) = (atom.constant, atom.rule);
            next = atom.next;
            let any = constant.is_nan();
            let constant = if any { value } else { constant };
            if above < constant && constant <= value {
                above = constant;
            }
            if value <= constant && constant < below {
                below = constant;
            }
            if any || was.partial_cmp(&constant) != value.partial_cmp(&constant) {
                self.mark(rule);
            }
        }
        if let Some(slot) = self.slots.get_mut(at) {
            (slot.above, slot.below) = (above, below);
        }
    }
}

/// A value as a number that compares with others as it does. Values of different types are never compared with each other.
#[expect(clippy::cast_precision_loss, reason = "what is counted stays below 2^53, where doubles are exact")]
fn number(value: Value<'_>) -> f64 {
    match value {
        Value::Bool(value) => f64::from(u8::from(value)),
        Value::Int(value) | Value::Duration(value) => value as f64,
        Value::Double(value) => value,
        _ => UNKNOWN,
    }
}

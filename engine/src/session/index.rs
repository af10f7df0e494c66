//! Which rules read what: so that a change evaluates again what it can have changed, and nothing else.
//!
//! Most conditions compare something with a constant, and so ask on which side of a [border](Program::borders) it lies. Of every input that
//! rules read, a [`Slot`] knows these borders, and between which two of them it lies now: while it stays there, no comparison has another
//! outcome, and no rule another verdict. So counting one more costs a look at a slot or two, however many rules read them. What is read
//! otherwise than in such a comparison counts as changed with every other value.

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
    /// What is known of watches and then of candidates.
    known: Vec<Known>,
    /// Which of them have to be looked at or pass, one bit for each.
    open: Vec<u32>,
    /// The first group of an event.
    events: usize,
    /// The first group of a signal.
    signals: usize,
}

/// What is known of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// It has to be evaluated again.
    Nothing,
    /// What came of its program; `None`: nothing.
    Verdict(Option<bool>),
    /// It holds, and so do all gates behind it.
    Passes,
}

/// One input. Its value lies from `from` to below `to`, between which there is no border.
#[derive(Clone, Debug)]
struct Slot {
    input: Input,
    /// Its value when it last crossed a border.
    value: f64,
    from: f64,
    to: f64,
    first: usize,
    /// The next of its group.
    next: usize,
}

/// One reading of a slot by a rule.
#[derive(Clone, Debug)]
struct Atom {
    /// Where its outcome changes. NaN: any other value may make a difference; infinity: only whether it is known does.
    border: f64,
    /// Which watch or candidate.
    rule: usize,
    /// The next of its slot.
    next: usize,
}

impl Index {
    /// The index of no rules.
    pub(super) const NONE: Self =
        Self { groups: Vec::new(), slots: Vec::new(), atoms: Vec::new(), known: Vec::new(), open: Vec::new(), events: 0, signals: 0 };

    /// The index of `rules`, in which everything is stale.
    #[inline(never)]
    pub(super) fn new(rules: &Residue) -> Self {
        let (meters, events, watches) = (rules.meters.len(), rules.events.len(), rules.watches.len());
        let count = watches + rules.candidates.len();
        let mut index = Self {
            groups: alloc::vec![usize::MAX; meters + events + watches + 1],
            known: alloc::vec![Known::Nothing; count],
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
        program.borders(|input, border| self.read(input, border, rule));
    }

    fn read(&mut self, input: Input, border: f64, rule: usize) {
        let group = self.group(input);
        let Some(group) = self.groups.get_mut(group) else { return };
        let mut at = *group;
        while self.slots.get(at).is_some_and(|slot| slot.input != input) {
            at = self.slots.get(at).map_or(at, |slot| slot.next);
        }
        if at >= self.slots.len() {
            at = self.slots.len();
            self.slots.push(Slot { input, value: UNKNOWN, from: f64::NAN, to: f64::NAN, first: usize::MAX, next: *group });
            *group = at;
        }
        if let Some(slot) = self.slots.get_mut(at) {
            self.atoms.push(Atom { border, rule, next: slot.first });
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
        for known in self.known.iter_mut().filter(|known| **known == Known::Passes) {
            *known = Known::Verdict(Some(true));
        }
        self.open.fill(u32::MAX);
    }

    /// What is known of a rule.
    pub(super) fn known(&self, rule: usize) -> Known {
        self.known.get(rule).copied().unwrap_or(Known::Nothing)
    }

    /// Remembers what is known of a rule; it stays open if it passes, and is open again if nothing is.
    pub(super) fn know(&mut self, rule: usize, news: Known) {
        if let (Some(known), Some(word)) = (self.known.get_mut(rule), self.open.get_mut(rule / 32)) {
            *known = news;
            let bit = 1 << (rule % 32);
            *word = if matches!(news, Known::Verdict(_)) { *word & !bit } else { *word | bit };
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

    /// Looks whether a slot's value has crossed borders, and marks the rules whose outcome changes there.
    #[expect(clippy::float_cmp, reason = "another value is another one, however near")]
    fn look(&mut self, at: usize, facts: &StandingAt<'_>) {
        let Some(slot) = self.slots.get_mut(at) else { return };
        let (was, value) = (slot.value, number(facts.input(slot.input)));
        if value == was || slot.from <= value && value < slot.to {
            return;
        }
        slot.value = value;
        let is_new = was.is_nan() != value.is_nan();
        let (mut from, mut to) = (f64::NEG_INFINITY, if value.is_nan() { UNKNOWN } else { f64::INFINITY });
        let mut next = slot.first;
        while let Some(atom) = self.atoms.get(next) {
            let (border, rule) = (atom.border, atom.rule);
            next = atom.next;
            if border.is_nan() {
                to = UNKNOWN; // nothing lies between
            } else if border > value {
                to = if border < to { border } else { to };
            } else if border > from {
                from = border;
            }
            if is_new || border.is_nan() || (was >= border) != (value >= border) {
                self.know(rule, Known::Nothing);
            }
        }
        if let Some(slot) = self.slots.get_mut(at) {
            (slot.from, slot.to) = (from, to);
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

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

/// Whole numbers up to this are exact as doubles.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// What is unknown, as a number: below everything.
const UNKNOWN: f64 = f64::NEG_INFINITY;

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
    meters: usize,
    events: usize,
}

/// What came of a program that asks; `None`: nothing.
type Verdict = Option<bool>;

/// One input. It lies between `above` and `below`; or is just one of the constants, and then both are that.
#[derive(Clone, Debug)]
struct Slot {
    input: Input,
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
        Self { groups: Vec::new(), slots: Vec::new(), atoms: Vec::new(), verdicts: Vec::new(), open: Vec::new(), meters: 0, events: 0 };

    /// The index of `rules`, in which everything is stale.
    #[inline(never)]
    pub(super) fn new(rules: &Residue) -> Self {
        let (meters, events, watches) = (rules.meters.len(), rules.events.len(), rules.watches.len());
        let count = watches + rules.candidates.len();
        let mut index = Self {
            groups: alloc::vec![usize::MAX; meters + events + watches + 1],
            verdicts: alloc::vec![None; count],
            open: alloc::vec![u32::MAX; count.div_ceil(32)],
            meters,
            events,
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

    /// The group of a meter.
    pub(super) fn meter(&self, meter: usize) -> Option<usize> {
        (meter < self.meters).then_some(meter)
    }

    /// The group of a tracked event.
    pub(super) fn event(&self, event: usize) -> Option<usize> {
        (event < self.events).then_some(self.meters + event)
    }

    /// The group of a signal.
    pub(super) fn signal(&self, signal: usize) -> usize {
        self.meters + self.events + signal
    }

    fn group(&self, input: Input) -> Option<usize> {
        match input {
            Input::Usage { meter, .. } => self.meter(meter.into()),
            Input::EventCount { event, .. } | Input::EventLastAge { event } => self.event(event.into()),
            Input::Signal(signal) => Some(self.signal(signal.into())),
            Input::Since(_) | Input::Until(_) => self.groups.len().checked_sub(1),
        }
    }

    fn reads(&mut self, program: &Program, rule: usize) {
        program.comparisons(|input, constant| self.read(input, constant, rule));
    }

    fn read(&mut self, input: Input, constant: f64, rule: usize) {
        let Some(group) = self.group(input).and_then(|group| self.groups.get_mut(group)) else { return };
        let mut at = *group;
        while self.slots.get(at).is_some_and(|slot| slot.input != input) {
            at = self.slots.get(at).map_or(at, |slot| slot.next);
        }
        if at >= self.slots.len() {
            at = self.slots.len();
            self.slots.push(Slot { input, above: f64::NAN, below: f64::NAN, first: usize::MAX, next: *group });
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
    fn look(&mut self, at: usize, facts: &StandingAt<'_>) {
        let Some(slot) = self.slots.get(at) else { return };
        let value = number(facts.input(slot.input));
        let (above, below) = (slot.above, slot.below);
        let stays = if above < below { above < value && value < below } else { above <= value && value <= below };
        if !stays {
            self.cross(at, value);
        }
    }

    /// A slot has a value beyond its bounds.
    fn cross(&mut self, at: usize, value: f64) {
        let Some(slot) = self.slots.get_mut(at) else { return };
        // The constants that lie on its way; all of them, when nothing is known of where it comes from or where it goes to.
        let all = value == UNKNOWN || slot.below.is_nan() || slot.below == UNKNOWN;
        let (from, to) = if value > slot.above { (slot.below, value) } else { (value, slot.above) };
        let (mut above, mut below) = (UNKNOWN, f64::INFINITY);
        let mut next = slot.first;
        let first = next;
        while let Some(atom) = self.atoms.get(next) {
            let constant = if atom.constant.is_nan() { value } else { atom.constant };
            if above < constant && constant <= value {
                above = constant;
            }
            if value <= constant && constant < below {
                below = constant;
            }
            next = atom.next;
        }
        if value == UNKNOWN {
            below = UNKNOWN;
        } else if value.is_nan() || value.abs() >= EXACT {
            (above, below) = (f64::NAN, f64::NAN); // nothing is said of such a one: the next value counts as another
        }
        (slot.above, slot.below) = (above, below);
        next = first;
        while let Some(atom) = self.atoms.get(next) {
            let (constant, rule) = (atom.constant, atom.rule);
            next = atom.next;
            if all || constant.is_nan() || from <= constant && constant <= to {
                self.mark(rule);
            }
        }
    }
}

/// A value as a number that compares with others as it does. Values of different types are never compared with each other.
#[expect(clippy::cast_precision_loss, reason = "beyond what is exact nothing is concluded from it")]
fn number(value: Value<'_>) -> f64 {
    match value {
        Value::Bool(value) => f64::from(u8::from(value)),
        Value::Int(value) | Value::Duration(value) => value as f64,
        Value::Double(value) => value,
        _ => UNKNOWN,
    }
}

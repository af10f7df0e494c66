//! What is left of a program once everything the edge knows is settled (partial evaluation).
//!
//! The browser is sent this and nothing else: no fact of the edge's, no string, no branch that cannot be taken any more, and so
//! no threshold that this tenant has passed or can never meet. For every state of what the browser reads by itself the residual
//! has the value that the whole program has.

use core::slice;

use super::eval::{Stack, operate};
use super::loops::Elements;
use super::program::{Op, Program};
use super::times::in_durations;
use super::value::Value;
use crate::facts::{Fact, Input};

/// What has become of a fact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Settled<'a> {
    /// It is known, and stays so until the edge says otherwise.
    Value(Value<'a>),
    /// The browser reads it by itself.
    Input(Input),
}

/// Settles facts.
pub trait Settle {
    /// Settles what the browser could read by itself.
    fn settle_input(&self, input: Input) -> Settled<'_>;

    /// Settles what only the edge knows.
    fn settle_fact(&self, fact: Fact) -> Settled<'_>;
}

/// What stands on the stack of the partial evaluation.
#[derive(Debug, PartialEq)]
enum Part<'a> {
    Known(Value<'a>),
    Open(Vec<Op>),
}

impl Part<'_> {
    fn into_ops(self) -> Vec<Op> {
        match self {
            Part::Open(ops) => ops,
            Part::Known(value) => vec![literal(value)],
        }
    }

    fn is_unknown(&self) -> bool {
        matches!(self, Part::Known(Value::Unknown))
    }
}

/// The step that pushes a value. A moment becomes the time since 1970, see [`super::times`]. The compiler lets no text meet what
/// the browser reads, so none is ever left.
fn literal(value: Value<'_>) -> Op {
    match value {
        Value::Bool(b) => Op::Bool(b),
        Value::Int(i) => Op::Int(i),
        Value::Double(d) => Op::Double(d.to_bits()),
        Value::Duration(ms) | Value::Timestamp(ms) => Op::Duration(ms),
        Value::Unknown | Value::Str(_) | Value::List(_) => Op::Unknown,
    }
}

impl Program {
    /// What is left of the program. Inputs keep their numbers.
    #[must_use]
    pub fn residual(&self, facts: &impl Settle) -> Program {
        Program { ops: self.settle(&self.ops, facts, Elements::default()).into_ops(), strings: Vec::new() }
    }

    /// What is left of steps that leave one value.
    fn settle<'a>(&'a self, mut ops: &'a [Op], facts: &'a impl Settle, elements: Elements<'a>) -> Part<'a> {
        let mut stack: Vec<Part<'a>> = Vec::new();
        while let Some((op, rest)) = ops.split_first() {
            ops = rest;
            let part = match op {
                Op::Input(input) => settled(facts.settle_input(*input)),
                Op::Fact(fact) => settled(facts.settle_fact(*fact)),
                Op::Str(i) => Part::Known(self.strings.get(usize::from(*i)).map_or(Value::Unknown, |s| Value::Str(s))),
                Op::Timestamp(ms) => Part::Known(Value::Timestamp(*ms)),
                Op::Element(number) => Part::Known(elements.get(*number)),
                Op::Loop { is_all, steps } => {
                    let (body, after) = rest.split_at_checked(usize::from(*steps)).unwrap_or_default();
                    ops = after;
                    let list = stack.pop();
                    match list {
                        Some(Part::Known(Value::List(texts))) => self.unroll(*is_all, texts, body, facts, elements),
                        _ => Part::Known(Value::Unknown),
                    }
                }
                _ => {
                    let operands = stack.split_off(stack.len().saturating_sub(op.pops()));
                    combine(op, operands)
                }
            };
            stack.push(part);
        }
        stack.pop().unwrap_or(Part::Known(Value::Unknown))
    }

    /// What is left of a loop: its body for one element after the other.
    fn unroll<'a>(&'a self, is_all: bool, texts: &'a [String], body: &'a [Op], facts: &'a impl Settle, elements: Elements<'a>) -> Part<'a> {
        let mut parts: Vec<Part<'a>> = Vec::new();
        for text in texts {
            let Some(inner) = elements.with(text) else { return Part::Known(Value::Unknown) };
            let part = self.settle(body, facts, inner);
            // What does not depend on the element need not be asked twice.
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
        let op = if is_all { Op::And } else { Op::Or };
        parts.into_iter().fold(Part::Known(Value::Bool(is_all)), |found, part| combine(&op, vec![found, part]))
    }

    /// The value of a program that reads nothing.
    pub fn constant(&self) -> Option<Value<'static>> {
        if let [op] = self.ops.as_slice() { pushed(op) } else { None }
    }

    /// Gives every input the number that `number` says.
    pub fn renumber(&mut self, number: &impl Fn(Input) -> Input) {
        for op in &mut self.ops {
            if let Op::Input(input) = op {
                *input = number(*input);
            }
        }
    }
}

fn settled(fate: Settled<'_>) -> Part<'_> {
    match fate {
        Settled::Value(value) => Part::Known(value),
        Settled::Input(input) => Part::Open(vec![Op::Input(input)]),
    }
}

/// The value a literal pushes.
fn pushed(op: &Op) -> Option<Value<'static>> {
    Some(match op {
        Op::Unknown => Value::Unknown,
        Op::Bool(b) => Value::Bool(*b),
        Op::Int(i) => Value::Int(*i),
        Op::Double(bits) => Value::Double(f64::from_bits(*bits)),
        Op::Duration(ms) => Value::Duration(*ms),
        _ => return None,
    })
}

fn combine<'a>(op: &Op, operands: Vec<Part<'a>>) -> Part<'a> {
    if operands.iter().all(|part| matches!(part, Part::Known(_))) {
        let mut stack = Stack::default();
        for part in &operands {
            if let Part::Known(value) = part {
                stack.push(*value);
            }
        }
        return Part::Known(pushed(op).unwrap_or_else(|| operate(op, &mut stack)));
    }
    match op {
        Op::And => join(op, operands, true),
        Op::Or => join(op, operands, false),
        Op::Select => choose(operands),
        // All others are strict: what they need and cannot be computed makes them unknown.
        _ if operands.iter().any(Part::is_unknown) => Part::Known(Value::Unknown),
        _ => match in_durations(op) {
            Some(tail) => Part::Open(sequence(&tail, operands)),
            None if op.is_of_edge() => Part::Known(Value::Unknown),
            None => Part::Open(compared(op, operands)),
        },
    }
}

/// The steps of a strict operator. A constant that something is compared with comes behind it, where the browser looks for it.
fn compared(op: &Op, mut operands: Vec<Part<'_>>) -> Vec<Op> {
    match (op.mirrored(), operands.first()) {
        (Some(mirrored), Some(Part::Known(_))) => {
            operands.reverse();
            sequence(&[mirrored], operands)
        }
        _ => sequence(slice::from_ref(op), operands),
    }
}

/// `&&` (`neutral` true) and `||` (`neutral` false) of which one side at least is open.
fn join<'a>(op: &Op, operands: Vec<Part<'a>>, neutral: bool) -> Part<'a> {
    let mut open = Vec::new();
    for part in operands {
        match part {
            Part::Known(Value::Bool(b)) if b == neutral => {}
            Part::Known(Value::Bool(decisive)) => return Part::Known(Value::Bool(decisive)),
            part => open.push(part),
        }
    }
    if open.len() == 1 {
        return open.pop().unwrap_or(Part::Known(Value::Unknown));
    }
    Part::Open(sequence(slice::from_ref(op), open))
}

/// `c ? a : b` of which one part at least is open.
fn choose(operands: Vec<Part<'_>>) -> Part<'_> {
    let mut parts = operands.into_iter();
    let (Some(condition), Some(then), Some(otherwise)) = (parts.next(), parts.next(), parts.next()) else {
        return Part::Known(Value::Unknown);
    };
    match condition {
        Part::Known(Value::Bool(true)) => then,
        Part::Known(Value::Bool(false)) => otherwise,
        Part::Known(_) => Part::Known(Value::Unknown),
        Part::Open(_) => Part::Open(sequence(&[Op::Select], vec![condition, then, otherwise])),
    }
}

fn sequence(tail: &[Op], operands: Vec<Part<'_>>) -> Vec<Op> {
    let mut ops: Vec<Op> = operands.into_iter().flat_map(Part::into_ops).collect();
    ops.extend_from_slice(tail);
    ops
}

#[cfg(test)]
pub(super) mod tests;

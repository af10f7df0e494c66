//! What is left of a program once everything the edge knows is settled (partial evaluation).
//!
//! The browser is sent this and nothing else: no fact of the edge's, no string, no branch that cannot be taken any more, and so
//! no threshold that this tenant has passed or can never meet. For every state of what the browser reads by itself the residual
//! has the value that the whole program has.

use super::eval::{Stack, operate};
use super::program::{Op, Program};
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

/// The step that pushes a value. The type checker lets no text meet what the browser reads, so none is ever left.
fn literal(value: Value<'_>) -> Op {
    match value {
        Value::Bool(b) => Op::Bool(b),
        Value::Int(i) => Op::Int(i),
        Value::Double(d) => Op::Double(d.to_bits()),
        Value::Duration(ms) => Op::Duration(ms),
        Value::Unknown | Value::Str(_) | Value::Timestamp(_) | Value::List(_) => Op::Unknown,
    }
}

impl Program {
    /// What is left of the program. Inputs keep their numbers.
    pub fn residual(&self, facts: &impl Settle) -> Program {
        let mut stack: Vec<Part<'_>> = Vec::new();
        for op in &self.ops {
            let settled = match op {
                Op::Input(input) => Some(facts.settle_input(*input)),
                Op::Fact(fact) => Some(facts.settle_fact(*fact)),
                Op::Str(i) => Some(Settled::Value(self.strings.get(usize::from(*i)).map_or(Value::Unknown, |s| Value::Str(s)))),
                _ => None,
            };
            let part = match settled {
                Some(Settled::Value(value)) => Part::Known(value),
                Some(Settled::Input(input)) => Part::Open(vec![Op::Input(input)]),
                None => {
                    let operands = stack.split_off(stack.len().saturating_sub(op.pops()));
                    combine(op, operands)
                }
            };
            stack.push(part);
        }
        Program { ops: stack.pop().map(Part::into_ops).unwrap_or_default(), strings: Vec::new() }
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
        _ => Part::Open(sequence(op, operands)),
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
    Part::Open(sequence(op, open))
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
        Part::Open(_) => Part::Open(sequence(&Op::Select, vec![condition, then, otherwise])),
    }
}

fn sequence(op: &Op, operands: Vec<Part<'_>>) -> Vec<Op> {
    let mut ops: Vec<Op> = operands.into_iter().flat_map(Part::into_ops).collect();
    ops.push(op.clone());
    ops
}

//! Steps in the making: how operands and operators become one sequence.

use super::program::Op;
use super::value::Type;

/// The most steps of a program. Lists that are written out multiply what is said of their elements.
pub(super) const MAX_STEPS: usize = 2_048;

/// A checked part of an expression.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) of: Type,
    pub(super) form: Form,
}

/// How a part comes by its value.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// By these steps.
    Steps(Vec<Op>),
    /// As `?:` of text. The condition may be up to the browser, where there is no text to choose from, so whatever is done with
    /// the text is done in both branches (`(c ? 'a' : 'b') == x` is `c ? 'a' == x : 'b' == x`), and the edge settles it there.
    Choice(Vec<Op>, Box<[Form; 2]>),
}

impl Code {
    /// One step that needs nothing.
    pub(super) fn of(of: Type, op: Op) -> Self {
        Self { of, form: Form::Steps(vec![op]) }
    }

    /// Whether it is one literal, which is never unknown.
    pub(super) fn is_literal(&self) -> bool {
        let literal = |op: &Op| matches!(op, Op::Bool(_) | Op::Int(_) | Op::Double(_) | Op::Duration(_) | Op::Str(_) | Op::Timestamp(_));
        matches!(&self.form, Form::Steps(ops) if matches!(ops.as_slice(), [op] if literal(op)))
    }
}

impl Form {
    /// All steps, where there is no matter of what the browser can do.
    pub(super) fn into_steps(self) -> Option<Vec<Op>> {
        match self {
            Self::Steps(ops) => Some(ops),
            Self::Choice(mut ops, branches) => {
                for branch in *branches {
                    ops.extend(branch.into_steps()?);
                }
                ops.push(Op::Select);
                short(ops)
            }
        }
    }
}

/// The steps that compute `operands` and then do `tail`; `None` when they are too many.
pub(super) fn apply(operands: Vec<Form>, tail: &[Op]) -> Option<Vec<Op>> {
    let choice = operands.iter().position(|form| matches!(form, Form::Choice(..)));
    if let Some((i, Form::Choice(condition, branches))) = choice.and_then(|i| Some((i, operands.get(i)?))) {
        let mut ops = condition.clone();
        for branch in branches.iter() {
            let mut chosen = operands.clone();
            if let Some(operand) = chosen.get_mut(i) {
                *operand = branch.clone();
            }
            ops.extend(apply(chosen, tail)?);
        }
        ops.push(Op::Select);
        return short(ops);
    }
    let mut ops = Vec::new();
    for operand in operands {
        ops.extend(operand.into_steps()?);
    }
    ops.extend_from_slice(tail);
    short(ops)
}

fn short(ops: Vec<Op>) -> Option<Vec<Op>> {
    (ops.len() <= MAX_STEPS).then_some(ops)
}

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
    /// A choice between texts; `None` when it has too many steps. It may be made of itself again and again, by the name of an
    /// element, so it must not grow without end before its steps are asked for.
    pub(super) fn choice(condition: Vec<Op>, branches: [Form; 2]) -> Option<Self> {
        let form = Self::Choice(condition, Box::new(branches));
        (form.len() <= MAX_STEPS).then_some(form)
    }

    fn len(&self) -> usize {
        match self {
            Self::Steps(ops) => ops.len(),
            Self::Choice(condition, branches) => condition.len() + branches.iter().map(Self::len).sum::<usize>() + 1,
        }
    }

    /// How many texts it chooses from.
    fn ways(&self) -> usize {
        match self {
            Self::Steps(_) => 1,
            Self::Choice(_, branches) => branches.iter().map(Self::ways).sum(),
        }
    }

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
    // Every way through the choices is steps of its own: what is too much is not written out first.
    let ways = operands.iter().map(Form::ways).fold(1, usize::saturating_mul);
    if ways > MAX_STEPS { None } else { spread(operands, tail) }
}

fn spread(operands: Vec<Form>, tail: &[Op]) -> Option<Vec<Op>> {
    let choice = operands.iter().position(|form| matches!(form, Form::Choice(..)));
    if let Some((i, Form::Choice(condition, branches))) = choice.and_then(|i| Some((i, operands.get(i)?))) {
        let mut ops = condition.clone();
        for branch in branches.iter() {
            let mut chosen = operands.clone();
            if let Some(operand) = chosen.get_mut(i) {
                *operand = branch.clone();
            }
            ops.extend(spread(chosen, tail)?);
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

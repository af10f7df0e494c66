//! The compiled form: flat, in evaluation order, with a known greatest depth.

#[cfg(feature = "edge")]
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

#[cfg(feature = "edge")]
use crate::facts::Fact;
use crate::facts::Input;
use crate::wire;

/// The deepest stack a program may need; the compiler refuses more. CEL asks for 24 conditions `c ? a : d ? b : ..` in a row, and
/// each leaves two values below the next.
pub(super) const MAX_STACK: usize = 64;

/// How many loops over facts may lie in each other. A fact has at most 32 elements, so a body is run a thousand times at most.
#[cfg(feature = "edge")]
pub(super) const MAX_LOOPS: usize = 2;

/// One step of a program: pops its operands from the stack and pushes its result.
///
/// What only the edge knows is settled before a program leaves for the browser ([`Program::residual`]), so the steps below the
/// line are never on the wire, and the browser's build does without them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Op {
    /// Pushes what could not be computed.
    Unknown,
    /// Pushes a literal.
    Bool(bool),
    /// Pushes a literal.
    Int(i64),
    /// Pushes a literal, as the bits of a double so that programs are comparable and hashable.
    Double(u64),
    /// Pushes a literal, in milliseconds.
    Duration(i64),
    /// Pushes what the browser reads by itself.
    Input(Input),
    /// `!a`
    Not,
    /// `-a`
    Neg,
    /// `a && b`, commutative over unknowns.
    And,
    /// `a || b`, commutative over unknowns.
    Or,
    /// `c ? a : b`
    Select,
    /// `a == b`
    Eq,
    /// `a != b`
    Ne,
    /// `a < b`
    Lt,
    /// `a <= b`
    Le,
    /// `a > b`
    Gt,
    /// `a >= b`
    Ge,
    /// `a + b`
    Add,
    /// `a - b`
    Sub,
    /// `a * b`
    Mul,
    /// `a / b`
    Div,
    /// `a % b`
    Rem,
    /// `needle in [so many elements]`
    In(u8),
    /// `has(a)`: whether the value is known. The one step that an unknown does not make unknown.
    Has,
    // ---- the edge's own ----
    /// Pushes the string with this number.
    #[cfg(feature = "edge")]
    Str(u16),
    /// Pushes a fact.
    #[cfg(feature = "edge")]
    Fact(Fact),
    /// Pushes a literal: milliseconds since 1970-01-01T00:00:00Z.
    #[cfg(feature = "edge")]
    Timestamp(i64),
    /// `size(a)`: the code points of a string, the elements of a list.
    #[cfg(feature = "edge")]
    Size,
    /// `a.startsWith(b)`
    #[cfg(feature = "edge")]
    StartsWith,
    /// `a.endsWith(b)`
    #[cfg(feature = "edge")]
    EndsWith,
    /// `a.contains(b)`
    #[cfg(feature = "edge")]
    Contains,
    /// `needle in list`, where the list is a fact.
    #[cfg(feature = "edge")]
    InList,
    /// Timestamp + duration, in either order.
    #[cfg(feature = "edge")]
    TimeAdd,
    /// Timestamp - duration.
    #[cfg(feature = "edge")]
    TimeSub,
    /// Timestamp - timestamp.
    #[cfg(feature = "edge")]
    TimeDiff,
    /// `list.exists(x, body)` or `list.all(x, body)` over a fact: pops the list; the body is the steps that follow.
    #[cfg(feature = "edge")]
    Loop {
        /// Whether the body must hold of all elements, and not of one.
        is_all: bool,
        /// How many steps the body has.
        steps: u8,
    },
    /// Pushes the element that the loop of this number, counted from the outermost, is at.
    #[cfg(feature = "edge")]
    Element(u8),
}

wire! { enum Op {
    Unknown, Bool(value), Int(value), Double(bits), Duration(ms), Input(input), Not, Neg, And, Or, Select, Eq, Ne,
    Lt, Le, Gt, Ge, Add, Sub, Mul, Div, Rem, In(elements), Has,
    #[cfg(feature = "edge")] Str(index),
    #[cfg(feature = "edge")] Fact(fact),
    #[cfg(feature = "edge")] Timestamp(ms),
    #[cfg(feature = "edge")] Size,
    #[cfg(feature = "edge")] StartsWith,
    #[cfg(feature = "edge")] EndsWith,
    #[cfg(feature = "edge")] Contains,
    #[cfg(feature = "edge")] InList,
    #[cfg(feature = "edge")] TimeAdd,
    #[cfg(feature = "edge")] TimeSub,
    #[cfg(feature = "edge")] TimeDiff,
    #[cfg(feature = "edge")] Loop { is_all, steps },
    #[cfg(feature = "edge")] Element(number),
} }

impl Op {
    /// How many values the step pops.
    pub(super) fn pops(&self) -> usize {
        match self {
            Op::Unknown | Op::Bool(_) | Op::Int(_) | Op::Double(_) | Op::Duration(_) | Op::Input(_) => 0,
            #[cfg(feature = "edge")]
            Op::Str(_) | Op::Fact(_) | Op::Timestamp(_) | Op::Element(_) => 0,
            #[cfg(feature = "edge")]
            Op::Size | Op::Loop { .. } => 1,
            Op::Not | Op::Neg | Op::Has => 1,
            Op::Select => 3,
            Op::In(n) => usize::from(*n) + 1,
            _ => 2,
        }
    }

    /// The number that the step pushes.
    #[expect(clippy::cast_precision_loss, reason = "nothing is concluded from numbers so large")]
    fn number(&self) -> Option<f64> {
        match self {
            Op::Int(number) | Op::Duration(number) => Some(*number as f64),
            Op::Double(bits) => Some(f64::from_bits(*bits)),
            _ => None,
        }
    }

    /// Of a comparison: the orders of its operands for which it holds, one bit for each: less, equal, greater.
    pub(super) fn orders(&self) -> Option<u32> {
        match self {
            Op::Eq => Some(0b010),
            Op::Ne => Some(0b101),
            Op::Lt => Some(0b001),
            Op::Le => Some(0b011),
            Op::Gt => Some(0b100),
            Op::Ge => Some(0b110),
            _ => None,
        }
    }

    /// Of a comparison: the one that says the same with its operands the other way round.
    #[cfg(feature = "edge")]
    pub(super) fn mirrored(&self) -> Option<Self> {
        match self {
            Op::Eq => Some(Op::Eq),
            Op::Ne => Some(Op::Ne),
            Op::Lt => Some(Op::Gt),
            Op::Le => Some(Op::Ge),
            Op::Gt => Some(Op::Lt),
            Op::Ge => Some(Op::Le),
            _ => None,
        }
    }

    /// Whether the step is for the edge alone.
    #[cfg(feature = "edge")]
    pub fn is_of_edge(&self) -> bool {
        matches!(self, Op::Str(_) | Op::Fact(_) | Op::Timestamp(_) | Op::Size | Op::StartsWith | Op::EndsWith | Op::Contains | Op::InList)
            || matches!(self, Op::TimeAdd | Op::TimeSub | Op::TimeDiff | Op::Loop { .. } | Op::Element(_))
    }
}

/// A compiled expression.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Program {
    pub(super) ops: Vec<Op>,
    pub(super) strings: Strings,
}

/// The texts that steps name by their places.
#[cfg(feature = "edge")]
type Strings = Vec<String>;

/// Nothing is left of them where there are no steps for them; to read texts would cost the browser a kilobyte.
#[cfg(not(feature = "edge"))]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Strings;

#[cfg(not(feature = "edge"))]
impl wire::Wire for Strings {
    fn read(from: &mut wire::Reader<'_>) -> Self {
        if u8::read(from) > 0 {
            from.refuse();
        }
        Self
    }

    fn write(&self, to: &mut wire::Writer) {
        0_u8.write(to);
    }
}

wire! { struct Program { ops, strings } }

impl Program {
    /// The program of these steps.
    #[cfg(test)]
    pub(crate) fn of(ops: Vec<Op>) -> Self {
        Self { ops, ..Self::default() }
    }

    /// What the program reads by itself, in the order it reads it.
    pub fn inputs(&self) -> impl Iterator<Item = Input> {
        self.ops.iter().filter_map(|op| if let Op::Input(input) = op { Some(*input) } else { None })
    }

    /// Hands out what the program reads by itself, each with a border where the outcome of its comparison with a constant changes: it is one
    /// from the border on, and another below it. NaN where it is used otherwise. In a residual the constant stands behind.
    pub(crate) fn borders(&self, mut with: impl FnMut(Input, f64)) {
        let compared = |constant: usize, comparison: usize| Some((self.ops.get(constant)?.number()?, self.ops.get(comparison)?.orders()?));
        for (at, op) in self.ops.iter().enumerate() {
            let Op::Input(input) = op else { continue };
            let (constant, orders) = compared(at + 1, at + 2).unwrap_or((f64::NAN, 0b110));
            // Between less and equal, and between equal and greater.
            let changes = orders ^ orders >> 1;
            if changes & 1 != 0 {
                with(*input, constant);
            }
            if changes & 2 != 0 {
                with(*input, constant.next_up());
            }
        }
    }

    /// The facts the program reads, in the order it reads them.
    #[cfg(feature = "edge")]
    pub fn facts(&self) -> impl Iterator<Item = Fact> {
        self.ops.iter().filter_map(|op| match op {
            Op::Fact(fact) => Some(*fact),
            Op::Input(input) => Some(Fact::Input(*input)),
            _ => None,
        })
    }

    /// The steps.
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// The deepest stack the program needs; `None` when it is not well formed (a step finds too little to pop, other
    /// than one value is left, loops lie too deep in each other).
    pub fn depth(&self) -> Option<usize> {
        deepest(&self.ops, 0)
    }
}

/// The deepest stack that steps within so many loops need to leave one value.
fn deepest(mut ops: &[Op], loops: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut most = 0;
    while let Some((op, rest)) = ops.split_first() {
        ops = rest;
        depth = depth.checked_sub(op.pops())? + 1;
        most = most.max(depth);
        #[cfg(feature = "edge")]
        if let Op::Loop { steps, .. } = op {
            let (body, after) = rest.split_at_checked(usize::from(*steps)).filter(|_| loops < MAX_LOOPS)?;
            // What the loop has found so far stays below: the residual of a loop needs it.
            most = most.max(depth + deepest(body, loops + 1)?);
            ops = after;
        } else if matches!(op, Op::Element(i) if usize::from(*i) >= loops) {
            return None;
        }
    }
    #[cfg(not(feature = "edge"))]
    let _ = loops;
    (depth == 1).then_some(most)
}

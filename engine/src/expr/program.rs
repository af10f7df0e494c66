//! The compiled form: flat, in evaluation order, with a known greatest depth.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::facts::Fact;
use crate::wire;

/// The deepest stack a program may need; the compiler refuses more.
pub(super) const MAX_STACK: usize = 24;

/// One step of a program: pops its operands from the stack and pushes its result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Op {
    /// Pushes a literal.
    Bool(bool),
    /// Pushes a literal.
    Int(i64),
    /// Pushes a literal, as the bits of a double so that programs are comparable and hashable.
    Double(u64),
    /// Pushes the string with this number.
    Str(u16),
    /// Pushes a literal, in milliseconds.
    Duration(i64),
    /// Pushes a fact.
    Fact(Fact),
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
    /// `a in [b, …]` with this many elements above `a`.
    In(u8),
}

wire! { enum Op {
    Bool(value), Int(value), Double(bits), Str(index), Duration(ms), Fact(fact), Not, Neg, And, Or, Select, Eq, Ne,
    Lt, Le, Gt, Ge, Add, Sub, Mul, Div, Rem, In(elements),
} }

impl Op {
    /// How many values the step pops.
    pub(super) fn pops(&self) -> usize {
        match self {
            Op::Bool(_) | Op::Int(_) | Op::Double(_) | Op::Str(_) | Op::Duration(_) | Op::Fact(_) => 0,
            Op::Not | Op::Neg => 1,
            Op::Select => 3,
            Op::In(n) => usize::from(*n) + 1,
            _ => 2,
        }
    }
}

/// A compiled expression.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Program {
    pub(super) ops: Vec<Op>,
    pub(super) strings: Vec<String>,
}

wire! { struct Program { ops, strings } }

impl Program {
    /// The facts the program reads, in the order it reads them.
    pub fn facts(&self) -> impl Iterator<Item = Fact> {
        self.ops.iter().filter_map(|op| if let Op::Fact(fact) = op { Some(*fact) } else { None })
    }

    /// The deepest stack the program needs; `None` when it is not well formed (a step finds too little to pop, or other
    /// than one value is left).
    pub fn depth(&self) -> Option<usize> {
        let mut depth = 0_usize;
        let mut deepest = 0;
        for op in &self.ops {
            depth = depth.checked_sub(op.pops())? + 1;
            deepest = deepest.max(depth);
        }
        (depth == 1).then_some(deepest)
    }
}

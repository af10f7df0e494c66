//! The compiled form: flat, in evaluation order, with a known greatest depth.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

#[cfg(feature = "edge")]
use crate::facts::Fact;
use crate::facts::Input;
use crate::wire;

/// The deepest stack a program may need; the compiler refuses more.
pub(super) const MAX_STACK: usize = 24;

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
    // ---- the edge's own ----
    /// Pushes the string with this number.
    #[cfg(feature = "edge")]
    Str(u16),
    /// Pushes a fact.
    #[cfg(feature = "edge")]
    Fact(Fact),
}

wire! { enum Op {
    Unknown, Bool(value), Int(value), Double(bits), Duration(ms), Input(input), Not, Neg, And, Or, Select, Eq, Ne,
    Lt, Le, Gt, Ge, Add, Sub, Mul, Div, Rem, In(elements),
    #[cfg(feature = "edge")] Str(index),
    #[cfg(feature = "edge")] Fact(fact),
} }

impl Op {
    /// How many values the step pops.
    pub(super) fn pops(&self) -> usize {
        match self {
            Op::Unknown | Op::Bool(_) | Op::Int(_) | Op::Double(_) | Op::Duration(_) | Op::Input(_) => 0,
            #[cfg(feature = "edge")]
            Op::Str(_) | Op::Fact(_) => 0,
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
    /// What the program reads by itself, in the order it reads it.
    pub fn inputs(&self) -> impl Iterator<Item = Input> {
        self.ops.iter().filter_map(|op| if let Op::Input(input) = op { Some(*input) } else { None })
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

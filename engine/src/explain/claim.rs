//! What conditions say of each other: whether two can hold together, and whether one says all that the other does.

use std::cmp::Ordering;

use super::names::look;
use super::tree::{Node, Shape};
use crate::expr::{Lookup, Op, Program, Value};
use crate::facts::Fact;

/// A condition that is to hold.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    /// As it would be written.
    text: String,
    /// What holds when it does not.
    opposite: String,
    /// Where it compares a fact with a number, a length of time or a moment.
    bound: Option<Bound>,
}

/// A fact compared with a literal.
#[derive(Clone, Copy, Debug)]
struct Bound {
    fact: Fact,
    side: Side,
    /// The literal.
    at: Value<'static>,
}

/// Where a fact is to be, seen from the literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Below { or_at: bool },
    Above { or_at: bool },
    At,
}

impl Claim {
    /// That `node` of `program` is `target`.
    pub(super) fn of(node: &Node, target: bool, program: &Program, facts: &impl Lookup) -> Self {
        let (holds, fails) = (node.text.clone(), node.opposite());
        let (text, opposite) = if target { (holds, fails) } else { (fails, holds) };
        Self { text, opposite, bound: Bound::of(node, target, program, facts) }
    }

    /// Whether the two cannot hold together.
    pub(super) fn contradicts(&self, other: &Self) -> bool {
        if self.bound.is_none() || other.bound.is_none() {
            return self.text == other.opposite || self.opposite == other.text;
        }
        // Not by their texts: numbers are rounded there.
        self.beside(other).is_some_and(|(a, b, order)| match (a.side, b.side) {
            (Side::Below { or_at: a }, Side::Above { or_at: b }) => order.is_lt() || (order.is_eq() && !(a && b)),
            (Side::Above { or_at: a }, Side::Below { or_at: b }) => order.is_gt() || (order.is_eq() && !(a && b)),
            (Side::At, Side::At) => order.is_ne(),
            (Side::At, side) => !side.holds(order),
            (side, Side::At) => !side.holds(order.reverse()),
            _ => false,
        })
    }

    /// Whether whatever fulfils `other` fulfils this, but not the other way round.
    pub(super) fn is_less_than(&self, other: &Self) -> bool {
        self.beside(other).is_some_and(|(a, b, order)| match (a.side, b.side) {
            (Side::Below { or_at: a }, Side::Below { or_at: b }) => order.is_gt() || (order.is_eq() && a && !b),
            (Side::Above { or_at: a }, Side::Above { or_at: b }) => order.is_lt() || (order.is_eq() && a && !b),
            (Side::At, _) => false,
            (side, Side::At) => side.holds(order.reverse()),
            _ => false,
        })
    }

    /// Whether time has passed it for good: it is known not to hold, and every moment takes it further away.
    pub(super) fn is_past(&self, facts: &impl Lookup) -> bool {
        self.bound.is_some_and(|bound| {
            let only_grows = matches!(bound.fact, Fact::Now | Fact::TenantAge | Fact::UserAge);
            only_grows
                && compare(look(facts, bound.fact), bound.at).is_some_and(|order| !order.is_lt() && !bound.side.holds(order))
                && !matches!(bound.side, Side::Above { .. })
        })
    }

    /// The bounds of both, and how this one's literal compares with the other's, if they are about the same fact.
    fn beside(&self, other: &Self) -> Option<(Bound, Bound, Ordering)> {
        let (a, b) = (self.bound?, other.bound?);
        if a.fact != b.fact {
            return None;
        }
        Some((a, b, compare(a.at, b.at)?))
    }
}

impl Bound {
    fn of(node: &Node, target: bool, program: &Program, facts: &impl Lookup) -> Option<Self> {
        let Shape::Comparison { subject: Some((fact, literal)), .. } = &node.shape else { return None };
        let fact_is_right = literal.start == node.steps.start;
        let side = match (program.steps().get(node.steps.end.checked_sub(1)?)?, target) {
            (Op::Lt, true) | (Op::Ge, false) => Side::Below { or_at: false },
            (Op::Le, true) | (Op::Gt, false) => Side::Below { or_at: true },
            (Op::Gt, true) | (Op::Le, false) => Side::Above { or_at: false },
            (Op::Ge, true) | (Op::Lt, false) => Side::Above { or_at: true },
            (Op::Eq, true) | (Op::Ne, false) => Side::At,
            _ => return None,
        };
        let at = match program.part(literal.clone()).eval(facts) {
            Value::Int(i) => Value::Int(i),
            Value::Double(d) => Value::Double(d),
            Value::Duration(ms) => Value::Duration(ms),
            Value::Timestamp(ms) => Value::Timestamp(ms),
            _ => return None,
        };
        Some(Self { fact: *fact, side: if fact_is_right { side.mirrored() } else { side }, at })
    }
}

impl Side {
    /// The same with the two sides of the comparison exchanged.
    fn mirrored(self) -> Self {
        match self {
            Self::Below { or_at } => Self::Above { or_at },
            Self::Above { or_at } => Self::Below { or_at },
            Self::At => Self::At,
        }
    }

    /// Whether a value that compares so with the literal is there.
    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Below { or_at } => order.is_lt() || (or_at && order.is_eq()),
            Self::Above { or_at } => order.is_gt() || (or_at && order.is_eq()),
            Self::At => order.is_eq(),
        }
    }
}

/// How `a` compares with `b`; `None` where that is not known, or they are of different types.
fn compare(a: Value<'_>, b: Value<'_>) -> Option<Ordering> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) | (Value::Duration(a), Value::Duration(b)) | (Value::Timestamp(a), Value::Timestamp(b)) => {
            Some(a.cmp(&b))
        }
        (Value::Double(a), Value::Double(b)) => a.partial_cmp(&b),
        _ => None,
    }
}

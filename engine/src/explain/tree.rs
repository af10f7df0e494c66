//! From a flat program back to what people write.

use std::ops::Range;

use super::names::Names;
use super::print::{decimal, duration, moment, quoted};
use crate::expr::{Op, Program};
use crate::facts::{Fact, Input};
use crate::time::Millis;

/// A part of an expression.
#[derive(Debug)]
pub(super) struct Node {
    /// As it would be written.
    pub(super) text: String,
    /// How strongly it holds together.
    binds: Binds,
    /// Its steps in the program.
    pub(super) steps: Range<usize>,
    /// What it is, as far as it matters for what would change it.
    pub(super) shape: Shape,
}

/// What a part is.
#[derive(Debug)]
pub(super) enum Shape {
    /// It reads nothing and never changes.
    Literal,
    /// A fact.
    Fact(Fact),
    /// All of these.
    And(Vec<Node>),
    /// One of these.
    Or(Vec<Node>),
    /// Not this.
    Not(Box<Node>),
    /// The second if the first holds, else the third.
    Choice(Box<[Node; 3]>),
    /// Two sides compared.
    Comparison {
        /// What it would be were it the other way round.
        opposite: String,
        /// Where one side is a fact and the other reads nothing: the fact, and the steps of the other side.
        subject: Option<(Fact, Range<usize>)>,
    },
    /// Anything else.
    Other,
}

/// How strongly an expression holds together: CEL's precedence, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Binds {
    Choice,
    Or,
    And,
    Comparison,
    Sum,
    Product,
    Sign,
    Word,
}

impl Node {
    /// The node in the text of another that holds its parts together like `binds`.
    fn within(&self, binds: Binds) -> String {
        if self.binds < binds { format!("({})", self.text) } else { self.text.clone() }
    }

    /// What holds when this does not.
    pub(super) fn opposite(&self) -> String {
        match &self.shape {
            Shape::Comparison { opposite, .. } => opposite.clone(),
            Shape::Not(operand) => operand.text.clone(),
            _ => format!("!{}", self.within(Binds::Sign)),
        }
    }
}

/// The tree of `program`; `None` when it has a step that this does not know.
pub(super) fn read(program: &Program, names: &Names<'_>) -> Option<Node> {
    let mut stack: Vec<Node> = Vec::new();
    for (i, op) in program.steps().iter().enumerate() {
        let node = match leaf(op, program, names) {
            Some((text, binds, shape)) => Node { text, binds, steps: i..i + 1, shape },
            None => join(op, &mut stack, i)?,
        };
        stack.push(node);
    }
    stack.pop().filter(|_| stack.is_empty())
}

/// The facts that some steps of `program` read, each once.
pub(super) fn facts(program: &Program, steps: Range<usize>) -> Vec<Fact> {
    let mut facts = Vec::new();
    for op in program.steps().get(steps).unwrap_or_default() {
        let fact = match op {
            Op::Fact(fact) => *fact,
            Op::Input(input) => Fact::Input(*input),
            _ => continue,
        };
        if !facts.contains(&fact) {
            facts.push(fact);
        }
    }
    facts
}

/// A step that takes nothing from the stack.
fn leaf(op: &Op, program: &Program, names: &Names<'_>) -> Option<(String, Binds, Shape)> {
    let literal = |text: String| {
        let binds = if text.starts_with('-') { Binds::Sign } else { Binds::Word };
        Some((text, binds, Shape::Literal))
    };
    match op {
        Op::Unknown => literal("unknown".to_owned()),
        Op::Bool(b) => literal(b.to_string()),
        Op::Int(i) => literal(i.to_string()),
        Op::Double(bits) => literal(decimal(f64::from_bits(*bits))),
        Op::Duration(ms) => literal(format!("duration('{}')", duration(*ms))),
        Op::Timestamp(ms) => literal(format!("timestamp('{}')", moment(Millis(*ms)))),
        Op::Str(i) => literal(quoted(program.text(*i)?)),
        Op::Input(input) => {
            let binds = if matches!(input, Input::Since(_) | Input::Until(_)) { Binds::Sum } else { Binds::Word };
            Some((names.name(Fact::Input(*input)), binds, Shape::Fact(Fact::Input(*input))))
        }
        Op::Fact(fact) => Some((names.name(*fact), Binds::Word, Shape::Fact(*fact))),
        _ => None,
    }
}

/// A step that takes parts from the stack.
fn join(op: &Op, stack: &mut Vec<Node>, i: usize) -> Option<Node> {
    match op {
        Op::Not => {
            let operand = stack.pop()?;
            let text = format!("!{}", operand.within(Binds::Sign));
            Some(Node { text, binds: Binds::Sign, steps: operand.steps.start..i + 1, shape: Shape::Not(Box::new(operand)) })
        }
        Op::Neg => {
            let operand = stack.pop()?;
            // A sign before a sign would read as another operator.
            let text = format!("-{}", operand.within(Binds::Word));
            let shape = if is_literal(&operand) { Shape::Literal } else { Shape::Other };
            Some(Node { text, binds: Binds::Sign, steps: operand.steps.start..i + 1, shape })
        }
        Op::Has | Op::Size => {
            let operand = stack.pop()?;
            let text = format!("{}({})", if *op == Op::Has { "has" } else { "size" }, operand.text);
            Some(Node { text, binds: Binds::Word, steps: operand.steps.start..i + 1, shape: Shape::Other })
        }
        Op::StartsWith | Op::EndsWith | Op::Contains => {
            let (argument, text) = (stack.pop()?, stack.pop()?);
            let method = match op {
                Op::StartsWith => "startsWith",
                Op::EndsWith => "endsWith",
                _ => "contains",
            };
            let steps = text.steps.start..i + 1;
            let text = format!("{}.{method}({})", text.within(Binds::Word), argument.text);
            Some(Node { text, binds: Binds::Word, steps, shape: Shape::Other })
        }
        Op::Select => {
            let (otherwise, then, condition) = (stack.pop()?, stack.pop()?, stack.pop()?);
            let text = format!("{} ? {} : {}", condition.within(Binds::Or), then.within(Binds::Or), otherwise.within(Binds::Choice));
            let steps = condition.steps.start..i + 1;
            Some(Node { text, binds: Binds::Choice, steps, shape: Shape::Choice(Box::new([condition, then, otherwise])) })
        }
        Op::In(n) => {
            let elements = stack.split_off(stack.len().checked_sub(usize::from(*n))?);
            let needle = stack.pop()?;
            let list: Vec<&str> = elements.iter().map(|element| element.text.as_str()).collect();
            let text = format!("{} in [{}]", needle.within(Binds::Sum), list.join(", "));
            let shape = Shape::Comparison { opposite: format!("!({text})"), subject: None };
            Some(Node { text, binds: Binds::Comparison, steps: needle.steps.start..i + 1, shape })
        }
        op => {
            let (right, left) = (stack.pop()?, stack.pop()?);
            binary(op, left, right, i)
        }
    }
}

fn binary(op: &Op, left: Node, right: Node, i: usize) -> Option<Node> {
    let steps = left.steps.start..i + 1;
    let (word, opposite, binds) = match op {
        Op::And => return Some(chain(true, left, right, steps)),
        Op::Or => return Some(chain(false, left, right, steps)),
        Op::Eq => ("==", Some("!="), Binds::Comparison),
        Op::Ne => ("!=", Some("=="), Binds::Comparison),
        Op::Lt => ("<", Some(">="), Binds::Comparison),
        Op::Le => ("<=", Some(">"), Binds::Comparison),
        Op::Gt => (">", Some("<="), Binds::Comparison),
        Op::Ge => (">=", Some("<"), Binds::Comparison),
        Op::InList => {
            let text = format!("{} in {}", left.within(Binds::Sum), right.within(Binds::Sum));
            let shape = Shape::Comparison { opposite: format!("!({text})"), subject: None };
            return Some(Node { text, binds: Binds::Comparison, steps, shape });
        }
        Op::Add | Op::TimeAdd => ("+", None, Binds::Sum),
        Op::Sub | Op::TimeSub | Op::TimeDiff => ("-", None, Binds::Sum),
        Op::Mul => ("*", None, Binds::Product),
        Op::Div => ("/", None, Binds::Product),
        Op::Rem => ("%", None, Binds::Product),
        _ => return None,
    };
    // All are left-associative; comparisons are put in brackets on either side, which nobody has to think about.
    let stronger = match binds {
        Binds::Product => Binds::Sign,
        Binds::Sum => Binds::Product,
        _ => Binds::Sum,
    };
    let at_left = left.within(if opposite.is_some() { stronger } else { binds });
    let at_right = right.within(stronger);
    let text = format!("{at_left} {word} {at_right}");
    let shape = match opposite {
        Some(opposite) => Shape::Comparison { opposite: format!("{at_left} {opposite} {at_right}"), subject: subject(&left, &right) },
        None if is_literal(&left) && is_literal(&right) => Shape::Literal,
        None => Shape::Other,
    };
    Some(Node { text, binds, steps, shape })
}

fn is_literal(node: &Node) -> bool {
    matches!(node.shape, Shape::Literal)
}

fn subject(left: &Node, right: &Node) -> Option<(Fact, Range<usize>)> {
    match (&left.shape, &right.shape) {
        (Shape::Fact(fact), Shape::Literal) => Some((*fact, right.steps.clone())),
        (Shape::Literal, Shape::Fact(fact)) => Some((*fact, left.steps.clone())),
        _ => None,
    }
}

/// `&&` (`all`) and `||`; a chain of them is one node with many parts.
fn chain(all: bool, left: Node, right: Node, steps: Range<usize>) -> Node {
    let (word, binds) = if all { ("&&", Binds::And) } else { ("||", Binds::Or) };
    let text = format!("{} {word} {}", left.within(binds), right.within(binds));
    let mut parts = Vec::new();
    for node in [left, right] {
        match node.shape {
            Shape::And(inner) if all => parts.extend(inner),
            Shape::Or(inner) if !all => parts.extend(inner),
            shape => parts.push(Node { shape, ..node }),
        }
    }
    Node { text, binds, steps, shape: if all { Shape::And(parts) } else { Shape::Or(parts) } }
}

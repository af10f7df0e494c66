//! What must change for an expression to hold.

use super::names::{Condition, Names, look, why_unknown};
use super::print::{decimal, value};
use super::tree::{Node, Shape, facts, read};
use crate::expr::{Lookup, Program, Value};
use crate::facts::Fact;

/// How many signals and segments are opened, one within the other.
const DEEPEST: u8 = 3;

/// What must change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// Nothing: it is so.
    Nothing,
    /// Nothing that can happen makes it so.
    Never,
    /// This must come to hold.
    One {
        /// What.
        condition: String,
        /// How it stands now.
        note: Option<String>,
    },
    /// All of these.
    All(Vec<Want>),
    /// One of these.
    Any(Vec<Want>),
}

impl Want {
    /// In words: `usage.api_calls.ratio >= 0.8; now 0.74`. Notes are in brackets where there are several.
    pub(super) fn words(&self) -> Option<String> {
        match self {
            Self::Nothing | Self::Never => None,
            Self::One { condition, note: Some(note) } => Some(format!("{condition}; {note}")),
            Self::One { condition, note: None } => Some(condition.clone()),
            group => Some(group.within(false)),
        }
    }

    fn within(&self, nested: bool) -> String {
        let (parts, word) = match self {
            Self::Nothing | Self::Never => return String::new(),
            Self::One { condition, note } => {
                return note.as_ref().map_or_else(|| condition.clone(), |note| format!("{condition} ({note})"));
            }
            Self::All(parts) => (parts, " and "),
            Self::Any(parts) => (parts, " or "),
        };
        let joined = parts.iter().map(|part| part.within(true)).collect::<Vec<_>>().join(word);
        if nested { format!("({joined})") } else { joined }
    }

    fn all(wants: impl Iterator<Item = Self>) -> Self {
        let mut left = Vec::new();
        for want in wants {
            match want {
                Self::Nothing => {}
                Self::Never => return Self::Never,
                Self::All(parts) => left.extend(parts),
                want => left.push(want),
            }
        }
        one_or(left, Self::Nothing, Self::All)
    }

    fn any(wants: impl Iterator<Item = Self>) -> Self {
        let mut left = Vec::new();
        for want in wants {
            match want {
                Self::Nothing => return Self::Nothing,
                Self::Never => {}
                Self::Any(parts) => left.extend(parts),
                want => left.push(want),
            }
        }
        one_or(left, Self::Never, Self::Any)
    }
}

/// `node`, or its opposite, must come to hold.
fn one(node: &Node, target: bool, note: Option<String>) -> Want {
    let condition = if target { node.text.clone() } else { node.opposite() };
    Want::One { condition, note }
}

fn one_or(mut wants: Vec<Want>, none: Want, several: fn(Vec<Want>) -> Want) -> Want {
    match wants.len() {
        0 => none,
        1 => wants.pop().unwrap_or(none),
        _ => several(wants),
    }
}

/// What must change for `program` to be `target`; `None` when it has a step that cannot be told in words.
pub(super) fn want(program: &Program, facts: &impl Lookup, names: &Names<'_>, target: bool) -> Option<Want> {
    wanted(program, facts, names, target, DEEPEST)
}

fn wanted(program: &Program, facts: &impl Lookup, names: &Names<'_>, target: bool, depth: u8) -> Option<Want> {
    let node = read(program, names)?;
    Some(Asking { program, facts, names, depth }.want(&node, target))
}

struct Asking<'a, F> {
    program: &'a Program,
    facts: &'a F,
    names: &'a Names<'a>,
    /// How many signals and segments may still be opened.
    depth: u8,
}

impl<F: Lookup> Asking<'_, F> {
    fn want(&self, node: &Node, target: bool) -> Want {
        let part = self.program.part(node.steps.clone());
        let now = part.eval(self.facts);
        if now == Value::Bool(target) {
            return Want::Nothing;
        }
        let is_unknown = now == Value::Unknown;
        match &node.shape {
            Shape::Literal => Want::Never,
            Shape::And(parts) if target => Want::all(parts.iter().map(|part| self.want(part, true))),
            Shape::Or(parts) if target => Want::any(parts.iter().map(|part| self.want(part, true))),
            Shape::And(parts) => Want::any(parts.iter().map(|part| self.want(part, false))),
            Shape::Or(parts) => Want::all(parts.iter().map(|part| self.want(part, false))),
            Shape::Not(operand) => self.want(operand, !target),
            Shape::Choice(parts) => {
                let [condition, then, otherwise] = parts.as_ref();
                let way = |holds, result| Want::all([self.want(condition, holds), self.want(result, target)].into_iter());
                Want::any([way(true, then), way(false, otherwise)].into_iter())
            }
            _ if is_unknown => self.unknown(node, target),
            Shape::Fact(fact) => self.fact(*fact, node, target),
            _ => one(node, target, Some(self.note(node))),
        }
    }

    /// How the facts of a comparison stand.
    fn note(&self, node: &Node) -> String {
        if let Shape::Comparison { subject: Some((fact, other)), .. } = &node.shape {
            let (now, bound) = (look(self.facts, *fact), self.program.part(other.clone()));
            let now = match (now, bound.eval(self.facts)) {
                // Printed alike and yet not equal.
                (Value::Double(now), Value::Double(bound)) if decimal(now) == decimal(bound) && now < bound => {
                    format!("just under {}", decimal(bound))
                }
                (Value::Double(now), Value::Double(bound)) if decimal(now) == decimal(bound) && now > bound => {
                    format!("just over {}", decimal(bound))
                }
                (now, _) => value(now),
            };
            return format!("now {now}");
        }
        let standing = |fact: &Fact| format!("{} is {}", self.names.name(*fact), value(look(self.facts, *fact)));
        match facts(self.program, node.steps.clone()).as_slice() {
            [fact] => format!("now {}", value(look(self.facts, *fact))),
            several => format!("now {}", several.iter().map(standing).collect::<Vec<_>>().join(", ")),
        }
    }

    /// A fact that is true or false.
    fn fact(&self, fact: Fact, node: &Node, target: bool) -> Want {
        let opened = self.names.condition(fact).filter(|_| self.depth > 0).and_then(|condition| self.open(condition, target));
        match opened {
            Some(words) => {
                let condition = if target { node.text.clone() } else { node.opposite() };
                Want::One { condition: format!("{condition} ({words})"), note: None }
            }
            None => one(node, target, Some(format!("now {}", !target))),
        }
    }

    /// What makes a signal or segment begin (`target`) or end.
    fn open(&self, condition: &Condition<'_>, target: bool) -> Option<String> {
        let (program, target) = match (target, condition.off) {
            (false, Some(off)) => (off, true),
            (target, _) => (condition.on, target),
        };
        wanted(program, self.facts, self.names, target, self.depth - 1)?.words()
    }

    /// Something that cannot be computed.
    fn unknown(&self, node: &Node, target: bool) -> Want {
        let facts = facts(self.program, node.steps.clone());
        let unknown: Vec<String> = facts.into_iter().filter(|f| look(self.facts, *f) == Value::Unknown).map(|f| self.why(f)).collect();
        let note = if unknown.is_empty() { format!("cannot be computed {}", self.note(node)) } else { unknown.join(", ") };
        one(node, target, Some(note))
    }

    fn why(&self, fact: Fact) -> String {
        format!("{} is unknown: {}", self.names.name(fact), why_unknown(fact))
    }
}

//! What must change for an expression to hold.

use super::claim::Claim;
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
    let node = read(program, names)?;
    Some(Asking { program, facts, names, depth: DEEPEST }.want(&node, target, &[]))
}

struct Asking<'a, F> {
    program: &'a Program,
    facts: &'a F,
    names: &'a Names<'a>,
    /// How many signals and segments may still be opened.
    depth: u8,
}

impl<F: Lookup> Asking<'_, F> {
    /// What must change for `node` to be `target` while all of `listed` holds as well.
    fn want(&self, node: &Node, target: bool, listed: &[Claim]) -> Want {
        let part = self.program.part(node.steps.clone());
        let now = part.eval(self.facts);
        if now == Value::Bool(target) {
            return Want::Nothing;
        }
        let is_unknown = now == Value::Unknown;
        match &node.shape {
            Shape::Literal => Want::Never,
            Shape::And(parts) if target => self.together(parts.iter().map(|part| (part, true)), listed),
            Shape::Or(parts) if !target => self.together(parts.iter().map(|part| (part, false)), listed),
            Shape::And(parts) | Shape::Or(parts) => Want::any(parts.iter().map(|part| self.want(part, target, listed))),
            Shape::Not(operand) => self.want(operand, !target, listed),
            Shape::Choice(parts) => {
                let [condition, then, otherwise] = parts.as_ref();
                let way = |holds, result| self.together([(condition, holds), (result, target)].into_iter(), listed);
                Want::any([way(true, then), way(false, otherwise)].into_iter())
            }
            _ => self.atom(node, target, is_unknown, listed),
        }
    }

    /// The same of something that is not made of conditions.
    fn atom(&self, node: &Node, target: bool, is_unknown: bool, listed: &[Claim]) -> Want {
        let claim = self.claim(node, target);
        if claim.is_past(self.facts) || listed.iter().any(|other| claim.contradicts(other)) {
            return Want::Never;
        }
        match &node.shape {
            _ if listed.iter().any(|other| claim.is_less_than(other)) => Want::Nothing, // whoever does the other does this
            _ if is_unknown => self.unknown(node, target),
            Shape::Fact(fact) => self.fact(*fact, node, target, listed),
            _ => one(node, target, Some(self.note(node))),
        }
    }

    /// What must change for each of `parts` to be what it is to be, at the same time.
    fn together<'n>(&self, parts: impl Iterator<Item = (&'n Node, bool)> + Clone, listed: &[Claim]) -> Want {
        let mut listed = listed.to_vec();
        parts.clone().for_each(|(part, target)| self.list(part, target, &mut listed));
        Want::all(parts.map(|(part, target)| self.want(part, target, &listed)))
    }

    /// Adds what must hold in any case for `node` to be `target`.
    fn list(&self, node: &Node, target: bool, listed: &mut Vec<Claim>) {
        match &node.shape {
            Shape::And(parts) if target => parts.iter().for_each(|part| self.list(part, true, listed)),
            Shape::Or(parts) if !target => parts.iter().for_each(|part| self.list(part, false, listed)),
            Shape::Not(operand) => self.list(operand, !target, listed),
            Shape::Literal | Shape::And(_) | Shape::Or(_) | Shape::Choice(_) => {}
            Shape::Fact(_) | Shape::Comparison { .. } | Shape::Other => listed.push(self.claim(node, target)),
        }
    }

    fn claim(&self, node: &Node, target: bool) -> Claim {
        Claim::of(node, target, self.program, self.facts)
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
    fn fact(&self, fact: Fact, node: &Node, target: bool, listed: &[Claim]) -> Want {
        let condition = self.names.condition(fact).filter(|_| self.depth > 0);
        match condition.and_then(|condition| if target { self.begin(condition, listed) } else { self.end(condition, listed) }) {
            Some(Want::Never) => Want::Never,
            Some(want) if want != Want::Nothing => {
                let condition = if target { node.text.clone() } else { node.opposite() };
                Want::One { condition: format!("{condition} ({})", want.words().unwrap_or_default()), note: None }
            }
            _ => one(node, target, Some(format!("now {}", !target))),
        }
    }

    /// What makes a signal or segment begin. What was `listed` beside it must hold then too, unless it may begin first and last.
    fn begin(&self, condition: &Condition<'_>, listed: &[Claim]) -> Option<Want> {
        self.opened(condition.on, true, if condition.off.is_none() { listed } else { &[] })
    }

    /// What makes one end: see [`next`](crate::watch::next).
    fn end(&self, condition: &Condition<'_>, listed: &[Claim]) -> Option<Want> {
        let Some(off) = condition.off else { return self.opened(condition.on, false, listed) };
        // What cannot be computed does not hold, which is enough here.
        let is_over = !condition.on.eval(self.facts).is_true();
        let (mut over, mut rearmed) = (Vec::new(), Vec::new());
        self.inside(condition.on).list(&read(condition.on, self.names)?, false, &mut over);
        self.inside(off).list(&read(off, self.names)?, true, &mut rearmed);
        let ends = if is_over { Want::Nothing } else { self.opened(condition.on, false, &rearmed)? };
        Some(Want::all([ends, self.opened(off, true, &over)?].into_iter()))
    }

    fn opened(&self, program: &Program, target: bool, listed: &[Claim]) -> Option<Want> {
        let node = read(program, self.names)?;
        Some(self.inside(program).want(&node, target, listed))
    }

    /// The same question about the condition of a signal or segment.
    fn inside<'p>(&'p self, program: &'p Program) -> Asking<'p, F> {
        Asking { program, facts: self.facts, names: self.names, depth: self.depth.saturating_sub(1) }
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

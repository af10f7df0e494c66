//! The tree gets types and names, and becomes a program. All problems of an expression are told at once.

use super::code::{Code, Form, MAX_STEPS, apply};
use super::parser::{Node, Tree, parse};
use super::program::{MAX_STACK, Op, Program};
use super::value::Type;
use crate::facts::Fact;

/// Something wrong with an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExprProblem {
    /// Byte offset in the source where it shows.
    pub at: usize,
    /// A stable code: `syntax`, `type`, `unknown_fact`, `unsupported`, `too_deep`, `too_long`.
    pub code: &'static str,
    /// What is wrong and what to do about it.
    pub message: String,
}

impl ExprProblem {
    pub(super) fn new(at: usize, code: &'static str, message: String) -> Self {
        Self { at, code, message }
    }
}

/// Turns the names of an expression into facts.
pub trait Names {
    /// The fact that `path` names and its type, or what is wrong with it.
    fn resolve(&mut self, path: &[String]) -> Result<(Fact, Type), String>;
}

/// The longest source, in bytes.
const MAX_SOURCE: usize = 4_096;
/// How deep parts may lie in each other, those that stand for a variable among them: what the checker's own stack bears.
const MAX_NESTING: usize = 48;
/// How many parts are looked at, each once for every element that stands in for it. What is left of them may be a few steps
/// (the size of a list is one), so the number of steps does not bound them.
const MAX_PARTS: usize = 8 * MAX_STEPS;

/// Compiles `source`, whose value must be of type `expected`, with names from `names`.
pub fn compile(source: &str, expected: Type, names: &mut dyn Names) -> Result<Program, Vec<ExprProblem>> {
    checked(source, Some(expected), names).map(|(program, _)| program)
}

/// Compiles `source`, whatever the type of its value, with names from `names`. A program whose value is a string is for the edge
/// alone: nothing is left of it for the browser.
pub fn compile_any(source: &str, names: &mut dyn Names) -> Result<(Program, Type), Vec<ExprProblem>> {
    checked(source, None, names)
}

fn checked(source: &str, expected: Option<Type>, names: &mut dyn Names) -> Result<(Program, Type), Vec<ExprProblem>> {
    if source.len() > MAX_SOURCE {
        let message = format!("{} bytes; an expression has at most {MAX_SOURCE}", source.len());
        return Err(vec![ExprProblem::new(0, "too_long", message)]);
    }
    let node = parse(source).map_err(|problem| vec![problem])?;
    let mut checker = Checker { names, strings: Vec::new(), problems: Vec::new(), nesting: 0, parts: 0, loops: 0 };
    let code = checker.emit(&node, None);
    let found = code.and_then(|code| checker.finish(code, expected, node.at));
    let Checker { strings, problems, .. } = checker;
    match found {
        Some((ops, of)) if problems.is_empty() => Ok((Program { ops, strings }, of)),
        _ => Err(problems),
    }
}

/// A name that `exists()` or `all()` gives to the elements of a list, and those around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'s> {
    pub(super) name: &'s str,
    pub(super) binding: Binding<'s>,
    pub(super) outer: Option<&'s Scope<'s>>,
}

/// What the name stands for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Binding<'s> {
    /// An element that is written out, with the names that are known where it is.
    Written(&'s Node, Option<&'s Scope<'s>>),
    /// The element that the loop of this number is at.
    Element(u8),
}

/// Finds what a name stands for in `scope`.
pub(super) fn bound<'s>(name: &str, mut scope: Option<&'s Scope<'s>>) -> Option<Binding<'s>> {
    while let Some(this) = scope {
        if this.name == name {
            return Some(this.binding);
        }
        scope = this.outer;
    }
    None
}

pub(super) struct Checker<'n> {
    names: &'n mut dyn Names,
    strings: Vec<String>,
    problems: Vec<ExprProblem>,
    nesting: usize,
    /// How many parts were looked at.
    parts: usize,
    /// How many loops over facts the steps in the making lie in.
    pub(super) loops: u8,
}

impl Checker<'_> {
    /// The steps and type of `node`; `None` after a problem that has been noted.
    pub(super) fn emit(&mut self, node: &Node, scope: Option<&Scope<'_>>) -> Option<Code> {
        self.deeper(node.at)?;
        let code = self.emit_tree(node, scope);
        self.shallower();
        code
    }

    /// One part more and one level deeper, as long as time and the stack allow it. Past the last part nothing is looked at any
    /// more, and nothing is said of it.
    pub(super) fn deeper(&mut self, at: usize) -> Option<()> {
        if self.parts > MAX_PARTS {
            return None;
        }
        self.parts += 1;
        if self.parts > MAX_PARTS {
            let message = "too much is said of the elements of lists that are written out, each counted; split it up";
            return self.problem(at, "too_long", message.to_owned());
        }
        if self.nesting == MAX_NESTING {
            return self.problem(at, "too_deep", "too much lies in each other here; split it up".to_owned());
        }
        self.nesting += 1;
        Some(())
    }

    /// Back from [`Self::deeper`].
    pub(super) fn shallower(&mut self) {
        self.nesting -= 1;
    }

    fn emit_tree(&mut self, node: &Node, scope: Option<&Scope<'_>>) -> Option<Code> {
        match &node.tree {
            Tree::Bool(b) => Some(Code::of(Type::Bool, Op::Bool(*b))),
            Tree::Int(i) => Some(Code::of(Type::Int, Op::Int(*i))),
            Tree::Double(d) => Some(Code::of(Type::Double, Op::Double(d.to_bits()))),
            Tree::Str(s) => self.string(s, node.at),
            Tree::Path(path) => self.path(path, node.at, scope),
            Tree::Call(name, arguments) => self.call(name, arguments, node.at, scope),
            Tree::Method(receiver, name, arguments) => self.method(receiver, name, arguments, scope),
            Tree::Unary(operator, operand) => self.unary(operator, operand, node.at, scope),
            Tree::Chain(first, others) => self.chain(first, others, scope),
            Tree::Select(parts) => self.select(parts, node.at, scope),
            Tree::List(_) => {
                let message = "a list stands to the right of `in`, in size() and before .exists() and .all(), nowhere else";
                self.problem(node.at, "unsupported", message.to_owned())
            }
        }
    }

    /// Notes a problem, once: what is said of the elements of a list is checked for each of them.
    pub(super) fn problem<T>(&mut self, at: usize, code: &'static str, message: String) -> Option<T> {
        let problem = ExprProblem::new(at, code, message);
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
        None
    }

    /// The steps that compute `operands` and then do `tail`.
    pub(super) fn apply(&mut self, operands: Vec<Form>, tail: &[Op], of: Type, at: usize) -> Option<Code> {
        match apply(operands, tail) {
            Some(ops) => Some(Code { of, form: Form::Steps(ops) }),
            None => self.too_long(at),
        }
    }

    fn too_long<T>(&mut self, at: usize) -> Option<T> {
        let message = format!("more than {MAX_STEPS} steps, each element of a list that is written out counted; split it up");
        self.problem(at, "too_long", message)
    }

    /// The whole program, whose root stands at `at`.
    fn finish(&mut self, code: Code, expected: Option<Type>, at: usize) -> Option<(Vec<Op>, Type)> {
        let of = code.of;
        if let Some(expected) = expected.filter(|expected| *expected != of) {
            return self.problem(at, "type", format!("this is of type {}, and {} is needed here", of.name(), expected.name()));
        }
        let Some(ops) = code.form.into_steps() else { return self.too_long(at) };
        let program = Program { ops, strings: Vec::new() };
        match program.depth() {
            Some(depth) if depth <= MAX_STACK => Some((program.ops, of)),
            _ => self.problem(at, "too_deep", format!("needs more than {MAX_STACK} values at a time; split it up")),
        }
    }

    fn string(&mut self, text: &str, at: usize) -> Option<Code> {
        let index = self.strings.iter().position(|s| s == text).unwrap_or_else(|| {
            self.strings.push(text.to_owned());
            self.strings.len() - 1
        });
        match u16::try_from(index) {
            Ok(index) => Some(Code::of(Type::Str, Op::Str(index))),
            Err(_) => self.problem(at, "too_long", "too many different strings".to_owned()),
        }
    }

    fn path(&mut self, path: &[String], at: usize, scope: Option<&Scope<'_>>) -> Option<Code> {
        let binding = path.first().and_then(|name| bound(name, scope));
        match (path, binding) {
            ([_], Some(Binding::Written(node, outer))) => self.emit(node, outer),
            ([_], Some(Binding::Element(number))) => Some(Code::of(Type::Str, Op::Element(number))),
            ([name, ..], Some(_)) => {
                let message = format!("`{name}` is an element of a list here and has no fields; give it a name that no fact begins with");
                self.problem(at, "type", message)
            }
            _ => match self.names.resolve(path) {
                Ok((Fact::Input(input), of)) => Some(Code::of(of, Op::Input(input))),
                Ok((fact, of)) => Some(Code::of(of, Op::Fact(fact))),
                Err(message) => self.problem(at, "unknown_fact", message),
            },
        }
    }

    fn unary(&mut self, operator: &str, operand: &Node, at: usize, scope: Option<&Scope<'_>>) -> Option<Code> {
        let operand = self.emit(operand, scope)?;
        let of = operand.of;
        match (operator, of) {
            ("!", Type::Bool) => self.apply(vec![operand.form], &[Op::Not], of, at),
            ("-", Type::Int | Type::Double | Type::Duration) => self.apply(vec![operand.form], &[Op::Neg], of, at),
            _ => self.problem(at, "type", format!("`{operator}` does not apply to {}", of.name())),
        }
    }

    /// All operands are checked before giving up, so that the problems of all are told.
    fn chain(&mut self, first: &Node, others: &[(&'static str, Node)], scope: Option<&Scope<'_>>) -> Option<Code> {
        let mut left = self.emit(first, scope);
        for (operator, right) in others {
            left = if *operator == "in" {
                self.is_in(left, right, scope)
            } else {
                let right = self.emit(right, scope);
                left.zip(right).and_then(|(a, b)| self.pair(operator, a, b, first.at))
            };
        }
        left
    }

    fn pair(&mut self, operator: &str, a: Code, b: Code, at: usize) -> Option<Code> {
        match signature(operator, a.of, b.of) {
            Some((op, of)) => self.apply(vec![a.form, b.form], &[op], of, at),
            None => self.problem(at, "type", mismatch(operator, a.of, b.of)),
        }
    }

    fn select(&mut self, [condition, then, otherwise]: &[Node; 3], at: usize, scope: Option<&Scope<'_>>) -> Option<Code> {
        let (c, a, b) = (self.emit(condition, scope), self.emit(then, scope), self.emit(otherwise, scope));
        let (c, a, b) = (c?, a?, b?);
        if c.of != Type::Bool {
            return self.problem(condition.at, "type", format!("the condition of `?:` is of type {}, not bool", c.of.name()));
        }
        if a.of != b.of {
            return self.problem(at, "type", format!("the two results of `?:` differ in type: {} and {}", a.of.name(), b.of.name()));
        }
        if a.of.is_text() {
            let form = c.form.into_steps().and_then(|condition| Form::choice(condition, [a.form, b.form]));
            return form.map(|form| Code { of: a.of, form }).or_else(|| self.too_long(at));
        }
        self.apply(vec![c.form, a.form, b.form], &[Op::Select], a.of, at)
    }
}

/// CEL's overloads: both sides of one type, or times; no conversion by itself.
fn signature(operator: &str, a: Type, b: Type) -> Option<(Op, Type)> {
    let is_time = |of| matches!(of, Type::Timestamp | Type::Duration);
    if a == Type::Timestamp || b == Type::Timestamp {
        match operator {
            "+" if a != b && is_time(a) && is_time(b) => return Some((Op::TimeAdd, Type::Timestamp)),
            "-" if b == Type::Duration => return Some((Op::TimeSub, Type::Timestamp)),
            "-" if a == b => return Some((Op::TimeDiff, Type::Duration)),
            _ => {}
        }
    }
    if a != b || a == Type::List {
        return None;
    }
    let number = matches!(a, Type::Int | Type::Double);
    let sum = number || a == Type::Duration;
    Some(match operator {
        "&&" if a == Type::Bool => (Op::And, a),
        "||" if a == Type::Bool => (Op::Or, a),
        "==" => (Op::Eq, Type::Bool),
        "!=" => (Op::Ne, Type::Bool),
        "<" => (Op::Lt, Type::Bool),
        "<=" => (Op::Le, Type::Bool),
        ">" => (Op::Gt, Type::Bool),
        ">=" => (Op::Ge, Type::Bool),
        "+" if sum => (Op::Add, a),
        "-" if sum => (Op::Sub, a),
        "*" if number => (Op::Mul, a),
        "/" if number => (Op::Div, a),
        "%" if a == Type::Int => (Op::Rem, a),
        _ => return None,
    })
}

fn mismatch(operator: &str, a: Type, b: Type) -> String {
    let hint = match (a, b) {
        (Type::Int, Type::Double) | (Type::Double, Type::Int) => "; write whole numbers with a point (`1.0`) beside a double",
        (Type::List, _) | (_, Type::List) => "; ask a list with `x in list`, list.exists(x, ..) or list.all(x, ..)",
        (Type::Str, Type::Str) if operator == "+" => "; an expression decides and builds no text, texts are for templates",
        (Type::Timestamp, Type::Str) | (Type::Str, Type::Timestamp) => "; write moments as timestamp('2025-06-18T10:30:00Z')",
        (Type::Duration, _) | (_, Type::Duration) if a != b => "; write lengths of time as duration('72h')",
        (Type::Str, _) | (_, Type::Str) if a != b => "; strings do not turn into numbers",
        _ => "",
    };
    format!("`{operator}` does not apply to {} and {}{hint}", a.name(), b.name())
}

#[cfg(test)]
mod tests;

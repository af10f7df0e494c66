//! The tree gets types and names, and becomes a program. All problems of an expression are told at once.

use super::parser::{Node, Tree, parse};
use super::program::{MAX_STACK, Op, Program};
use super::value::Type;
use crate::facts::Fact;
use crate::time::parse_duration;

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

/// Compiles `source`, whose value must be of type `expected`, with names from `names`.
pub fn compile(source: &str, expected: Type, names: &mut dyn Names) -> Result<Program, Vec<ExprProblem>> {
    if source.len() > MAX_SOURCE {
        let message = format!("{} bytes; an expression has at most {MAX_SOURCE}", source.len());
        return Err(vec![ExprProblem::new(0, "too_long", message)]);
    }
    let node = parse(source).map_err(|problem| vec![problem])?;
    let mut checker = Checker { names, program: Program::default(), problems: Vec::new() };
    let found = checker.emit(&node);
    if let Some(found) = found.filter(|t| *t != expected) {
        let message = format!("this is of type {}, and {} is needed here", found.name(), expected.name());
        checker.problems.push(ExprProblem::new(node.at, "type", message));
    }
    if !checker.problems.is_empty() {
        return Err(checker.problems);
    }
    match checker.program.depth() {
        Some(depth) if depth <= MAX_STACK => Ok(checker.program),
        _ => Err(vec![ExprProblem::new(node.at, "too_deep", format!("needs more than {MAX_STACK} values at a time; split it up"))]),
    }
}

struct Checker<'n> {
    names: &'n mut dyn Names,
    program: Program,
    problems: Vec<ExprProblem>,
}

impl Checker<'_> {
    /// Emits the steps of `node`; its type, or `None` after a problem that has been noted.
    fn emit(&mut self, node: &Node) -> Option<Type> {
        match &node.tree {
            Tree::Bool(b) => Some(self.op(Op::Bool(*b), Type::Bool)),
            Tree::Int(i) => Some(self.op(Op::Int(*i), Type::Int)),
            Tree::Double(d) => Some(self.op(Op::Double(d.to_bits()), Type::Double)),
            Tree::Str(s) => self.string(s, node.at),
            Tree::Path(path) => self.path(path, node.at),
            Tree::Call(name, arguments) => self.call(name, arguments, node.at),
            Tree::Method(_, name, _) => self.problem(node.at, "unsupported", format!("there is no function `{name}`; known is duration()")),
            Tree::Unary(operator, operand) => self.unary(operator, operand, node.at),
            Tree::Binary("in", needle, list) => self.is_in(needle, list),
            Tree::Binary(operator, left, right) => self.binary(operator, left, right, node.at),
            Tree::Select(parts) => self.select(parts, node.at),
            Tree::List(_) => self.problem(node.at, "unsupported", "a list stands only to the right of `in`".to_owned()),
        }
    }

    fn op(&mut self, op: Op, of: Type) -> Type {
        self.program.ops.push(op);
        of
    }

    fn problem<T>(&mut self, at: usize, code: &'static str, message: String) -> Option<T> {
        self.problems.push(ExprProblem::new(at, code, message));
        None
    }

    fn string(&mut self, text: &str, at: usize) -> Option<Type> {
        let strings = &mut self.program.strings;
        let index = strings.iter().position(|s| s == text).unwrap_or_else(|| {
            strings.push(text.to_owned());
            strings.len() - 1
        });
        match u16::try_from(index) {
            Ok(index) => Some(self.op(Op::Str(index), Type::Str)),
            Err(_) => self.problem(at, "too_long", "too many different strings".to_owned()),
        }
    }

    fn path(&mut self, path: &[String], at: usize) -> Option<Type> {
        match self.names.resolve(path) {
            Ok((Fact::Input(input), of)) => Some(self.op(Op::Input(input), of)),
            Ok((fact, of)) => Some(self.op(Op::Fact(fact), of)),
            Err(message) => self.problem(at, "unknown_fact", message),
        }
    }

    fn call(&mut self, name: &str, arguments: &[Node], at: usize) -> Option<Type> {
        match (name, arguments) {
            ("duration", [Node { tree: Tree::Str(text), at }]) => match parse_duration(text) {
                Some(ms) => Some(self.op(Op::Duration(ms), Type::Duration)),
                None => self.problem(*at, "type", format!("`{text}` is no duration; write a number and s, m, h or d, as in '72h'")),
            },
            ("duration", _) => self.problem(at, "type", "duration() takes one string, as in duration('72h')".to_owned()),
            _ => self.problem(at, "unsupported", format!("there is no function `{name}`; known is duration()")),
        }
    }

    fn unary(&mut self, operator: &str, operand: &Node, at: usize) -> Option<Type> {
        let of = self.emit(operand)?;
        match (operator, of) {
            ("!", Type::Bool) => Some(self.op(Op::Not, of)),
            ("-", Type::Int | Type::Double | Type::Duration) => Some(self.op(Op::Neg, of)),
            _ => self.problem(at, "type", format!("`{operator}` does not apply to {}", of.name())),
        }
    }

    fn binary(&mut self, operator: &str, left: &Node, right: &Node, at: usize) -> Option<Type> {
        // Both sides are checked before giving up, so that the problems of both are told.
        let (a, b) = (self.emit(left), self.emit(right));
        let (a, b) = (a?, b?);
        match signature(operator, a, b) {
            Some((op, of)) => Some(self.op(op, of)),
            None => self.problem(at, "type", mismatch(operator, a, b)),
        }
    }

    fn select(&mut self, [condition, then, otherwise]: &[Node; 3], at: usize) -> Option<Type> {
        let (c, a, b) = (self.emit(condition), self.emit(then), self.emit(otherwise));
        let (c, a, b) = (c?, a?, b?);
        if c != Type::Bool {
            return self.problem(condition.at, "type", format!("the condition of `?:` is of type {}, not bool", c.name()));
        }
        if a != b {
            return self.problem(at, "type", format!("the two results of `?:` differ in type: {} and {}", a.name(), b.name()));
        }
        Some(self.op(Op::Select, a))
    }

    fn is_in(&mut self, needle: &Node, list: &Node) -> Option<Type> {
        let of = self.emit(needle);
        let Tree::List(elements) = &list.tree else {
            return self.problem(list.at, "unsupported", "`in` needs a list written out, as in `plan.id in ['a', 'b']`".to_owned());
        };
        for element in elements {
            let found = self.emit(element)?;
            if of.is_some_and(|of| of != found) {
                let message = format!("this element is of type {}, the others are not", found.name());
                return self.problem(element.at, "type", message);
            }
        }
        match u8::try_from(elements.len()) {
            Ok(n) if usize::from(n) < MAX_STACK => Some(self.op(Op::In(n), Type::Bool)),
            _ => self.problem(list.at, "too_long", format!("at most {} elements", MAX_STACK - 1)),
        }
    }
}

/// CEL's overloads: both sides of one type, no conversion by itself.
fn signature(operator: &str, a: Type, b: Type) -> Option<(Op, Type)> {
    if a != b {
        return None;
    }
    let number = matches!(a, Type::Int | Type::Double);
    let sum = number || a == Type::Duration;
    let ordered = a.is_ordered();
    Some(match operator {
        "&&" if a == Type::Bool => (Op::And, a),
        "||" if a == Type::Bool => (Op::Or, a),
        "==" => (Op::Eq, Type::Bool),
        "!=" => (Op::Ne, Type::Bool),
        "<" if ordered => (Op::Lt, Type::Bool),
        "<=" if ordered => (Op::Le, Type::Bool),
        ">" if ordered => (Op::Gt, Type::Bool),
        ">=" if ordered => (Op::Ge, Type::Bool),
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
        (Type::Duration, _) | (_, Type::Duration) if a != b => "; write lengths of time as duration('72h')",
        (Type::Str, _) | (_, Type::Str) if a != b => "; strings do not turn into numbers",
        _ => "",
    };
    format!("`{operator}` does not apply to {} and {}{hint}", a.name(), b.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{Lookup, Value};
    use crate::facts::{Input, PlanField};

    /// `n` is an unknown int, `i` is 7, `d` is 0.5, `s` is "pro", `t` is true, `u` an unknown bool.
    struct Facts;
    const RATIO: Input = Input::Usage { meter: 0, field: crate::facts::UsageField::Ratio };
    const FACTS: [(&str, Fact, Type); 6] = [
        ("n", Fact::PlanMaxRank, Type::Int),
        ("i", Fact::Plan(PlanField::Rank), Type::Int),
        ("d", Fact::Input(RATIO), Type::Double),
        ("s", Fact::Plan(PlanField::Id), Type::Str),
        ("t", Fact::Feature(0), Type::Bool),
        ("u", Fact::Feature(1), Type::Bool),
    ];

    impl Names for Facts {
        fn resolve(&mut self, path: &[String]) -> Result<(Fact, Type), String> {
            let name = path.join(".");
            FACTS.iter().find(|(n, ..)| *n == name).map(|(_, f, t)| (*f, *t)).ok_or(format!("no fact `{name}`"))
        }
    }

    impl Lookup for Facts {
        fn input(&self, input: Input) -> Value<'_> {
            if input == RATIO { Value::Double(0.5) } else { Value::Unknown }
        }
        fn fact(&self, fact: Fact) -> Value<'_> {
            match fact {
                Fact::Plan(PlanField::Rank) => Value::Int(7),
                Fact::Plan(PlanField::Id) => Value::Str("pro"),
                Fact::Feature(0) => Value::Bool(true),
                _ => Value::Unknown,
            }
        }
    }

    #[test]
    fn expressions_have_the_values_cel_gives_them() {
        for (source, expected) in [
            ("true", Value::Bool(true)),
            ("1 + 2 * 3 == 7", Value::Bool(true)),
            ("(1 + 2) * 3 == 7", Value::Bool(false)),
            ("10 - 2 - 3 == 5", Value::Bool(true)),
            ("-7 / 2 == -3 && -7 % 2 == -1", Value::Bool(true)),
            ("i > 6 && d >= 0.5 && s == 'pro'", Value::Bool(true)),
            ("!t || i < 7", Value::Bool(false)),
            ("t ? i == 7 : false", Value::Bool(true)),
            ("s in ['free', \"pro\"]", Value::Bool(true)),
            ("s in []", Value::Bool(false)),
            ("i in [1, n, 7]", Value::Unknown),
            ("n in []", Value::Unknown),
            ("i in [1, n]", Value::Unknown),
            ("duration('72h') == duration('3d')", Value::Bool(true)),
            ("duration('1h') - duration('90m') < -duration('10m')", Value::Bool(true)),
            ("0.1 + 0.2 == 0.3", Value::Bool(false)),
            ("1e3 == 1000.0 // a comment", Value::Bool(true)),
            // Errors are values, and && and || commute over them.
            ("1 / 0 == 1", Value::Unknown),
            ("9223372036854775807 + 1 > 0", Value::Unknown),
            ("n > 1", Value::Unknown),
            ("u && false", Value::Bool(false)),
            ("false && u", Value::Bool(false)),
            ("u && true", Value::Unknown),
            ("u || true", Value::Bool(true)),
            ("true || u", Value::Bool(true)),
            ("u || false", Value::Unknown),
            ("!u", Value::Unknown),
            ("t ? true : u", Value::Bool(true)),
            ("u ? true : true", Value::Unknown),
            ("0.0 / 0.0 == 0.0 / 0.0", Value::Bool(false)),
            ("0.0 / 0.0 != 0.0 / 0.0", Value::Bool(true)),
        ] {
            let program = compile(source, Type::Bool, &mut Facts).unwrap_or_else(|p| panic!("{source}: {p:?}"));
            assert_eq!(program.eval(&Facts), expected, "{source}");
        }
    }

    #[test]
    fn mistakes_are_told_with_their_place_and_remedy() {
        for (source, at, code, part) in [
            ("", 0, "syntax", "found the end"),
            ("i = 7", 2, "syntax", "use `==`"),
            ("t & t", 2, "syntax", "use `&&`"),
            ("i ==", 4, "syntax", "found the end where a value"),
            ("(t", 2, "syntax", "`)`"),
            ("s == 'pro", 5, "syntax", "not closed"),
            ("i == 7u", 5, "unsupported", "unsigned"),
            ("i == 99999999999999999999", 5, "syntax", "64 bits"),
            ("é", 0, "syntax", "unexpected character"),
            ("i", 0, "type", "of type int, and bool is needed"),
            ("d >= 1", 0, "type", "`1.0`"),
            ("s == 1", 0, "type", "strings do not turn into numbers"),
            ("t && i", 0, "type", "does not apply to bool and int"),
            ("t ? 1 : 2.0 == 2.0", 0, "type", "differ in type"),
            ("x == 1", 0, "unknown_fact", "no fact `x`"),
            ("a.b.c", 0, "unknown_fact", "no fact `a.b.c`"),
            ("i in s", 5, "unsupported", "a list written out"),
            ("matches(s)", 0, "unsupported", "no function `matches`"),
            ("duration('soon') == duration('1h')", 9, "type", "no duration"),
            ("s.startsWith('p')", 0, "unsupported", "no function `startsWith`"),
        ] {
            let problems = compile(source, Type::Bool, &mut Facts).expect_err(source);
            let problem = &problems[0];
            assert!((problem.at, problem.code) == (at, code) || code == "unknown_fact", "{source}: {problem:?}");
            assert!(problem.message.contains(part) || part.is_empty(), "{source}: {}", problem.message);
        }
        let both = compile("x == 1 && y == 2", Type::Bool, &mut Facts).expect_err("two unknown names");
        assert_eq!(both.len(), 2, "all problems at once");
    }

    #[test]
    fn no_source_exhausts_the_stack() {
        for source in ["(".repeat(3_000), "!".repeat(3_000), "t ? t : ".repeat(400) + "t", "-".repeat(3_000) + "1 == 1"] {
            let problems = compile(&source, Type::Bool, &mut Facts).expect_err("too deep");
            assert_eq!(problems[0].code, "too_deep");
        }
        assert_eq!(compile(&"t".repeat(5_000), Type::Bool, &mut Facts).expect_err("too long")[0].code, "too_long");
    }
}

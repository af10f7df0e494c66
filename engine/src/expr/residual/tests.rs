//! What is left for the browser: the same values, and nothing of the edge's.

use proptest::prelude::*;

use super::{Settle, Settled};
use crate::expr::program::MAX_STACK;
use crate::expr::{Lookup, Names, Op, Program, Type, Value, compile};
use crate::facts::{Fact, Input};
use crate::wire::made::made;

/// Nothing is known, and the browser reads nothing.
pub(in crate::expr) struct Still;

impl Settle for Still {
    fn settle_input(&self, _: Input) -> Settled<'_> {
        Settled::Value(Value::Unknown)
    }

    fn settle_fact(&self, _: Fact) -> Settled<'_> {
        Settled::Value(Value::Unknown)
    }
}

const NOW: i64 = 1_750_242_600_000;
const YEAR_1: i64 = -62_135_596_800_000;
const YEAR_9999: i64 = 253_402_300_799_999;
const LONGEST: i64 = 315_576_000_000_000;
const DIFFERENCE: i64 = 9_223_372_036_854;

const AGES: &[Value<'static>] =
    &[Value::Duration(3_600_000), Value::Duration(0), Value::Duration(LONGEST), Value::Duration(-LONGEST), Value::Duration(1)];
const LEFT: &[Value<'static>] = &[
    Value::Duration(-1),
    Value::Duration(DIFFERENCE),
    Value::Duration(DIFFERENCE + 1),
    Value::Duration(-DIFFERENCE),
    Value::Duration(-DIFFERENCE - 1),
    Value::Duration(i64::MIN),
];

/// The facts: their types, and the values they can have besides unknown.
const FACTS: [(&str, Type, &[Value<'static>]); 12] = [
    ("f.flag", Type::Bool, &[Value::Bool(false), Value::Bool(true)]),
    ("f.other", Type::Bool, &[Value::Bool(true), Value::Bool(false)]),
    ("f.count", Type::Int, &[Value::Int(1), Value::Int(0), Value::Int(-7), Value::Int(i64::MAX), Value::Int(i64::MIN)]),
    ("f.rank", Type::Int, &[Value::Int(2), Value::Int(1), Value::Int(0)]),
    ("f.ratio", Type::Double, &[Value::Double(0.5), Value::Double(-0.0), Value::Double(f64::NAN), Value::Double(f64::INFINITY)]),
    ("f.age", Type::Duration, AGES),
    ("f.left", Type::Duration, LEFT),
    ("f.name", Type::Str, &[Value::Str("a"), Value::Str(""), Value::Str("n\u{e9}")]),
    ("f.plan", Type::Str, &[Value::Str("ab"), Value::Str("a")]),
    ("f.now", Type::Timestamp, &[Value::Timestamp(NOW), Value::Timestamp(YEAR_1), Value::Timestamp(YEAR_9999), Value::Timestamp(0)]),
    ("f.tags", Type::List, &[]),
    ("f.groups", Type::List, &[]),
];

/// What the facts are at a moment, and which of them the browser reads.
#[derive(Clone, Debug)]
struct World {
    /// Per fact, which of its values; unknown past the last.
    values: [u8; FACTS.len()],
    open: [bool; FACTS.len()],
    lists: [Vec<String>; 2],
}

impl World {
    fn value(&self, i: usize) -> Value<'_> {
        let (chosen, (_, of, values)) = (usize::from(self.values[i]), FACTS[i]);
        match of {
            Type::List if chosen == 0 => Value::Unknown,
            Type::List => Value::List(&self.lists[i % 2]),
            _ => values.get(chosen % (values.len() + 1)).copied().unwrap_or(Value::Unknown),
        }
    }

    fn settled(&self, i: usize) -> Settled<'_> {
        let is_readable = !matches!(FACTS[i].1, Type::Str | Type::List | Type::Timestamp);
        if is_readable && self.open[i] { Settled::Input(input(i)) } else { Settled::Value(self.value(i)) }
    }

    /// The same with other values for what the browser reads.
    fn later(&self, values: [u8; FACTS.len()]) -> Self {
        let mut later = self.clone();
        for (i, value) in values.into_iter().enumerate() {
            if matches!(self.settled(i), Settled::Input(_)) {
                later.values[i] = value;
            }
        }
        later
    }
}

fn input(i: usize) -> Input {
    Input::Signal(u16::try_from(i).expect("there are few"))
}

/// Facts with an even number can be inputs by nature, those with an odd one become inputs when they are settled.
fn fact(i: usize) -> Fact {
    if i.is_multiple_of(2) { Fact::Input(input(i)) } else { Fact::TenantTrait(u16::try_from(i).expect("there are few")) }
}

fn number(fact: Fact) -> usize {
    match fact {
        Fact::Input(Input::Signal(i)) | Fact::TenantTrait(i) => usize::from(i),
        fact => panic!("no program here reads {fact:?}"),
    }
}

impl Lookup for World {
    fn input(&self, input: Input) -> Value<'_> {
        self.value(number(Fact::Input(input)))
    }

    fn fact(&self, fact: Fact) -> Value<'_> {
        self.value(number(fact))
    }
}

impl Settle for World {
    fn settle_input(&self, input: Input) -> Settled<'_> {
        self.settled(number(Fact::Input(input)))
    }

    fn settle_fact(&self, fact: Fact) -> Settled<'_> {
        self.settled(number(fact))
    }
}

struct Table;

impl Names for Table {
    fn resolve(&mut self, path: &[String]) -> Result<(Fact, Type), String> {
        let i = FACTS.iter().position(|(name, ..)| *name == path.join(".")).ok_or("no such fact")?;
        Ok((fact(i), FACTS[i].1))
    }
}

/// Writes expressions that type-check, as the choices say.
struct Writer<'c> {
    choices: std::slice::Iter<'c, u8>,
    variables: Vec<(String, Type)>,
    loops: usize,
}

impl Writer<'_> {
    fn pick(&mut self, n: usize) -> usize {
        usize::from(self.choices.next().copied().unwrap_or(0)) % n
    }

    fn one(&mut self, of: &[&str]) -> String {
        of[self.pick(of.len())].to_owned()
    }

    fn leaf(&mut self, of: Type) -> String {
        let facts = FACTS.iter().filter(|(_, t, _)| *t == of).map(|(name, ..)| (*name).to_owned());
        let mut known: Vec<String> = facts.chain(self.variables.iter().filter(|(_, t)| *t == of).map(|(name, _)| name.clone())).collect();
        let literals: &[&str] = match of {
            Type::Bool => &["true", "false"],
            Type::Int => &["1", "0", "-7", "2"],
            Type::Double => &["0.5", "-1.0", "0.0", "2.0"],
            Type::Str => &["'a'", "''", "'ab'", "'n\\u00e9'"],
            Type::Duration => &["duration('1h')", "duration('-315576000000s')", "duration('9223372036854ms')"],
            Type::Timestamp => &["timestamp('2025-06-18T10:30:00Z')", "timestamp('9999-12-31T23:59:59.999Z')"],
            Type::List => &[],
        };
        known.extend(literals.iter().map(|literal| (*literal).to_owned()));
        let i = self.pick(known.len());
        known.swap_remove(i)
    }

    fn write(&mut self, of: Type, depth: usize) -> String {
        if depth == 0 || self.pick(6) == 0 {
            return self.leaf(of);
        }
        let d = depth - 1;
        if self.pick(7) == 0 {
            return format!("({} ? {} : {})", self.write(Type::Bool, d), self.write(of, d), self.write(of, d));
        }
        match of {
            Type::Bool => self.condition(d),
            Type::Int => match self.pick(4) {
                0 => format!("size({})", self.write(Type::Str, d)),
                1 => format!("{}.size()", self.write(Type::List, d)),
                2 => format!("size({})", self.list(Type::Int, d)),
                _ => format!("({} {} {})", self.write(of, d), self.one(&["+", "-", "*", "/", "%"]), self.write(of, d)),
            },
            Type::Double => format!("({} {} {})", self.write(of, d), self.one(&["+", "-", "*", "/"]), self.write(of, d)),
            Type::Duration => match self.pick(3) {
                0 => format!("({} - {})", self.write(Type::Timestamp, d), self.write(Type::Timestamp, d)),
                1 => format!("-({})", self.write(of, d)),
                _ => format!("({} {} {})", self.write(of, d), self.one(&["+", "-"]), self.write(of, d)),
            },
            Type::Timestamp => match self.pick(2) {
                0 => format!("({} + {})", self.write(Type::Duration, d), self.write(of, d)),
                _ => format!("({} {} {})", self.write(of, d), self.one(&["+", "-"]), self.write(Type::Duration, d)),
            },
            Type::Str | Type::List => self.leaf(of),
        }
    }

    fn condition(&mut self, d: usize) -> String {
        match self.pick(11) {
            0..=2 => format!("({} {} {})", self.write(Type::Bool, d), self.one(&["&&", "||"]), self.write(Type::Bool, d)),
            3 => format!("!({})", self.write(Type::Bool, d)),
            4 | 5 => {
                let of = self.comparable();
                format!("({} {} {})", self.write(of, d), self.one(&["==", "!=", "<", "<=", ">", ">="]), self.write(of, d))
            }
            6 => format!("has({})", FACTS[self.pick(FACTS.len())].0),
            7 => {
                let of = self.comparable();
                format!("({} in {})", self.write(of, d), self.list(of, d))
            }
            8 => format!("({} in {})", self.write(Type::Str, d), self.write(Type::List, d)),
            9 => {
                let search = self.one(&["startsWith", "endsWith", "contains"]);
                format!("{}.{search}({})", self.write(Type::Str, d), self.write(Type::Str, d))
            }
            _ => self.quantifier(d),
        }
    }

    fn quantifier(&mut self, d: usize) -> String {
        let (quantifier, variable) = (self.one(&["exists", "all"]), format!("x{}", self.variables.len()));
        let of_fact = self.loops < 2 && self.pick(2) == 0;
        let of = if of_fact { Type::Str } else { self.comparable() };
        let list = if of_fact { self.write(Type::List, d) } else { self.list(of, d.min(1)) };
        self.loops += usize::from(of_fact);
        self.variables.push((variable.clone(), of));
        let body = self.write(Type::Bool, d);
        self.variables.pop();
        self.loops -= usize::from(of_fact);
        format!("{list}.{quantifier}({variable}, {body})")
    }

    fn comparable(&mut self) -> Type {
        [Type::Int, Type::Bool, Type::Double, Type::Str, Type::Duration, Type::Timestamp][self.pick(6)]
    }

    fn list(&mut self, of: Type, d: usize) -> String {
        let elements: Vec<String> = (0..self.pick(4)).map(|_| self.write(of, d)).collect();
        format!("[{}]", elements.join(", "))
    }
}

fn written(choices: &[u8]) -> String {
    Writer { choices: choices.iter(), variables: Vec::new(), loops: 0 }.write(Type::Bool, 4)
}

/// The program, unless the source is among the few that become too long or too deep.
fn compiled(source: &str) -> Option<Program> {
    match compile(source, Type::Bool, &mut Table) {
        Ok(program) => Some(program),
        Err(problems) => {
            assert!(problems.iter().all(|p| p.code.starts_with("too_")), "{source}: {problems:?}");
            None
        }
    }
}

fn worlds() -> impl Strategy<Value = World> {
    let texts = || prop::collection::vec(prop::sample::select(vec!["a", "ab", "", "n\u{e9}"]).prop_map(str::to_owned), 0..4);
    (any::<[u8; FACTS.len()]>(), any::<[bool; FACTS.len()]>(), texts(), texts()).prop_map(|(values, open, tags, groups)| World {
        values,
        open,
        lists: [tags, groups],
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_left_has_the_values_of_the_whole(
        choices in prop::collection::vec(any::<u8>(), 0..160),
        world in worlds(),
        later in prop::collection::vec(any::<[u8; FACTS.len()]>(), 3),
    ) {
        let source = written(&choices);
        if let Some(whole) = compiled(&source) {
            let left = whole.residual(&world);
            prop_assert!(!left.ops().iter().any(Op::is_of_edge), "{} leaves {:?}", source, left);
            prop_assert!(left.strings.is_empty());
            prop_assert!(left.depth().is_some_and(|depth| depth <= MAX_STACK), "{} leaves {:?}", source, left);
            prop_assert!(left.depth() <= whole.depth(), "{} leaves {:?}", source, left);
            prop_assert_eq!(left.eval(&world), whole.eval(&world), "{} leaves {:?}", source, left);
            for values in later {
                let later = world.later(values);
                prop_assert_eq!(left.eval(&later), whole.eval(&later), "{} leaves {:?}", source, left);
            }
        }
    }

    #[test]
    fn the_order_of_conditions_does_not_matter(
        one in prop::collection::vec(any::<u8>(), 0..80),
        other in prop::collection::vec(any::<u8>(), 0..80),
        world in worlds(),
    ) {
        let (a, b) = (written(&one), written(&other));
        for operator in ["&&", "||"] {
            let (there, back) = (compiled(&format!("{a} {operator} {b}")), compiled(&format!("{b} {operator} {a}")));
            if let Some((there, back)) = there.zip(back) {
                prop_assert_eq!(there.eval(&world), back.eval(&world), "{} {} {}", a, operator, b);
                let (there, back) = (there.residual(&world), back.residual(&world));
                prop_assert_eq!(there.eval(&world), back.eval(&world), "{} {} {}", a, operator, b);
            }
        }
    }

    #[test]
    fn no_program_whatever_its_bytes_makes_anything_panic(choices in prop::collection::vec(any::<u8>(), 0..400), world in worlds()) {
        let program: Program = made(&choices).expect("the maker knows all types");
        let _ = (program.depth(), Whatever(&world).evaluate(&program));
    }
}

/// Any fact at all, of any type.
struct Whatever<'w>(&'w World);

impl Whatever<'_> {
    fn evaluate(&self, program: &Program) -> usize {
        let left = program.residual(self);
        assert!(!left.ops().iter().any(Op::is_of_edge), "{program:?} leaves {left:?}");
        usize::from(program.eval(self).is_true()) + usize::from(left.eval(self).is_true())
    }
}

impl Lookup for Whatever<'_> {
    fn input(&self, input: Input) -> Value<'_> {
        if let Input::Signal(i) = input { self.0.value(usize::from(i) % FACTS.len()) } else { Value::Int(1) }
    }

    fn fact(&self, fact: Fact) -> Value<'_> {
        if let Fact::TenantTrait(i) = fact { self.0.value(usize::from(i) % FACTS.len()) } else { Value::Bool(true) }
    }
}

impl Settle for Whatever<'_> {
    fn settle_input(&self, input: Input) -> Settled<'_> {
        Settled::Input(input)
    }

    fn settle_fact(&self, fact: Fact) -> Settled<'_> {
        Settled::Value(self.fact(fact))
    }
}

#[test]
fn times_end_where_they_end_at_the_edge() {
    for source in [
        "f.now + f.age > timestamp('1970-01-01T00:00:00Z')",
        "f.age + f.now > timestamp('1970-01-01T00:00:00Z')",
        "f.now - f.age > timestamp('1970-01-01T00:00:00Z')",
        "f.now - (timestamp('1970-01-01T00:00:00Z') + f.left) > duration('0s')",
        "timestamp('1970-01-01T00:00:00Z') + f.left - f.now > duration('0s')",
    ] {
        let program = compiled(source).expect(source);
        let mut unknown = 0;
        for (now, age, left) in (0..4).flat_map(|now| (0..5).flat_map(move |age| (0..6).map(move |left| (now, age, left)))) {
            let mut world = World { values: [0; FACTS.len()], open: [true; FACTS.len()], lists: [vec![], vec![]] };
            (world.values[9], world.values[5], world.values[6]) = (now, age, left);
            let left = program.residual(&world);
            assert!(left.inputs().count() == 1 && !left.ops().iter().any(Op::is_of_edge), "{source} leaves {left:?}");
            assert_eq!(left.eval(&world), program.eval(&world), "{source} {:?} {:?} {:?}", world.value(9), world.value(5), world.value(6));
            unknown += usize::from(program.eval(&world) == Value::Unknown);
        }
        assert!((1..120).contains(&unknown), "{source}: {unknown} of 120 are out of range");
    }
}

#[test]
fn what_is_settled_is_not_left() {
    let mut world = World { values: [0; FACTS.len()], open: [true; FACTS.len()], lists: [vec!["a".into(), "b".into()], vec![]] };
    world.values[10] = 1;
    let (count, flag) = (Op::Input(input(2)), Op::Input(input(0)));
    for (source, left) in [
        ("f.name == 'a' && f.count > 3", vec![count.clone(), Op::Int(3), Op::Gt]),
        ("f.name == 'b' && f.count > 3", vec![Op::Bool(false)]),
        ("f.count > 3 || f.name == 'a'", vec![Op::Bool(true)]),
        ("f.name == 'b' || f.flag", vec![flag.clone()]),
        ("f.name == 'a' ? f.flag : f.other", vec![flag.clone()]),
        ("f.tags.exists(tag, tag == 'b' && f.flag)", vec![flag.clone()]),
        ("f.tags.exists(x, f.tags.all(y, x == y || f.flag))", vec![flag.clone()]),
        ("f.tags.all(tag, f.flag)", vec![flag.clone()]),
        ("f.tags.exists(tag, f.count > size(tag) + (tag == 'a' ? 0 : 1))", {
            let above = |n| [count.clone(), Op::Int(n), Op::Gt];
            [above(1).as_slice(), &above(2), &[Op::Or]].concat()
        }),
        ("(f.flag ? 'a' : 'b') == f.name", vec![flag.clone(), Op::Bool(true), Op::Bool(false), Op::Select]),
        ("f.count > 1 / 0", vec![Op::Unknown]),
        ("has(f.count)", vec![count.clone(), Op::Has]),
        ("has(f.name)", vec![Op::Bool(true)]),
        ("f.now < f.now || f.flag", vec![flag.clone()]),
        ("f.groups.exists(g, f.flag)", vec![Op::Unknown]),
    ] {
        let program = compiled(source).expect(source);
        assert_eq!(program.residual(&world).ops(), left, "{source}");
    }
}

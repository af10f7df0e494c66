//! Any text as an expression over any facts. Input: the text, a zero byte, and the choices that make up the facts.
//!
//! Whatever the text, it is refused with places in it or has a program that is well formed, arrives as it was sent, and has
//! values of its type. What is left of it has the value of the whole, for every state of what the browser reads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use upcue_engine::expr::{Lookup, Names, Op, Program, Settle, Settled, Type, Value, compile_any};
use upcue_engine::facts::{Fact, Input};
use upcue_engine::wire;

/// The facts and their types.
const FACTS: [(&str, Type); 14] = [
    ("f.flag", Type::Bool),
    ("f.other", Type::Bool),
    ("f.count", Type::Int),
    ("f.rank", Type::Int),
    ("f.ratio", Type::Double),
    ("f.growth", Type::Double),
    ("f.age", Type::Duration),
    ("f.left", Type::Duration),
    ("f.name", Type::Str),
    ("f.plan", Type::Str),
    ("f.now", Type::Timestamp),
    ("f.then", Type::Timestamp),
    ("f.tags", Type::List),
    ("f.groups", Type::List),
];

const TEXTS: [&str; 8] = ["a", "", "ab", "b", "n\u{e9}", "\u{1f642}", "abab", "A"];
/// Whole numbers at which something ends: of ints, of doubles that hold them, of CEL's durations and timestamps.
const EDGES: [i64; 16] = [
    0,
    1,
    -1,
    i64::MAX,
    i64::MIN,
    1 << 53,
    (1 << 53) + 1,
    315_576_000_000_000,
    -315_576_000_000_000,
    9_223_372_036_854,
    -9_223_372_036_855,
    -62_135_596_800_000,
    253_402_300_799_999,
    1_750_242_600_000,
    3_600_000,
    255,
];
const YEARS: std::ops::RangeInclusive<i64> = -62_135_596_800_000..=253_402_300_799_999;

/// The bytes that make up the facts.
struct Choices<'d>(&'d [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn number(&mut self) -> i64 {
        match self.byte() {
            n @ ..128 => EDGES[usize::from(n) % EDGES.len()],
            n @ 128..192 => i64::from(n) - 160,
            _ => (0..8).fold(0, |number, _| number << 8 | i64::from(self.byte())),
        }
    }

    fn texts(&mut self) -> Vec<String> {
        (0..self.byte() % 6).map(|_| self.text().to_owned()).collect()
    }

    fn text(&mut self) -> &'static str {
        TEXTS[usize::from(self.byte()) % TEXTS.len()]
    }
}

/// A fact's value; lists by which of them.
#[derive(Clone, Copy)]
enum Known {
    Value(Value<'static>),
    List(usize),
}

struct World {
    facts: [Known; FACTS.len()],
    lists: [Vec<String>; 2],
    /// Which facts the browser reads.
    open: u16,
}

impl World {
    fn new(choices: &mut Choices<'_>) -> Self {
        let open = u16::from(choices.byte()) << 8 | u16::from(choices.byte());
        let lists = [choices.texts(), choices.texts()];
        Self { facts: FACTS.map(|(_, of)| Self::made(of, choices)), lists, open }
    }

    fn made(of: Type, choices: &mut Choices<'_>) -> Known {
        if choices.byte() % 8 == 7 {
            return Known::Value(Value::Unknown);
        }
        Known::Value(match of {
            Type::Bool => Value::Bool(choices.byte() % 2 == 1),
            Type::Int => Value::Int(choices.number()),
            Type::Double if choices.byte() % 2 == 0 => Value::Double(choices.number() as f64 / 4.0),
            Type::Double => Value::Double(f64::from_bits(choices.number() as u64)),
            Type::Duration => Value::Duration(choices.number()),
            Type::Timestamp => {
                let ms = choices.number();
                Value::Timestamp(if YEARS.contains(&ms) { ms } else { ms % 1_000_000_000_000 })
            }
            Type::Str => Value::Str(choices.text()),
            Type::List => return Known::List(usize::from(choices.byte() % 2)),
        })
    }

    /// The same, with other values for what the browser reads.
    fn later(&self, choices: &mut Choices<'_>) -> Self {
        let mut facts = self.facts;
        for (i, fact) in facts.iter_mut().enumerate() {
            if self.is_open(i) {
                *fact = Self::made(FACTS[i].1, choices);
            }
        }
        Self { facts, lists: self.lists.clone(), open: self.open }
    }

    fn is_open(&self, i: usize) -> bool {
        self.open >> i & 1 == 1 && !matches!(FACTS[i].1, Type::Str | Type::List | Type::Timestamp)
    }

    fn value(&self, i: usize) -> Value<'_> {
        match self.facts[i] {
            Known::Value(value) => value,
            Known::List(list) => Value::List(&self.lists[list]),
        }
    }

    fn settled(&self, i: usize) -> Settled<'_> {
        if self.is_open(i) { Settled::Input(input(i)) } else { Settled::Value(self.value(i)) }
    }
}

fn input(i: usize) -> Input {
    Input::Signal(u16::try_from(i).expect("there are few"))
}

/// Facts with an even number are inputs by nature, those with an odd one become inputs when they are settled.
fn fact(i: usize) -> Fact {
    if i.is_multiple_of(2) && i < 8 { Fact::Input(input(i)) } else { Fact::TenantTrait(u16::try_from(i).expect("there are few")) }
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
        let i = FACTS.iter().position(|(name, _)| *name == path.join(".")).ok_or("no such fact")?;
        Ok((fact(i), FACTS[i].1))
    }
}

fn is_of(value: Value<'_>, of: Type) -> bool {
    matches!(
        (value, of),
        (Value::Unknown, _)
            | (Value::Bool(_), Type::Bool)
            | (Value::Int(_), Type::Int)
            | (Value::Double(_), Type::Double)
            | (Value::Duration(_), Type::Duration)
            | (Value::Str(_), Type::Str)
            | (Value::Timestamp(_), Type::Timestamp)
            | (Value::List(_), Type::List)
    )
}

/// Whether what is left has the value of the whole. It knows moments as durations since 1970, and no texts.
fn same(left: Value<'_>, whole: Value<'_>) -> bool {
    match (left, whole) {
        (Value::Double(a), Value::Double(b)) => a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(),
        (Value::Duration(a), Value::Timestamp(b)) => a == b,
        (Value::Unknown, Value::Str(_) | Value::List(_)) => true,
        (a, b) => a == b,
    }
}

fn check(source: &str, program: &Program, of: Type, choices: &mut Choices<'_>) {
    assert!(program.depth().is_some_and(|depth| depth <= 64), "{source}: {program:?}");
    assert_eq!(wire::decode::<Program>(&wire::encode(program)).as_ref(), Some(program), "{source}");
    let world = World::new(choices);
    let left = program.residual(&world);
    assert!(!left.ops().iter().any(Op::is_of_edge), "{source} leaves {left:?}");
    assert!(left.depth().is_some_and(|depth| depth <= 64), "{source} leaves {left:?}");
    for later in [world.later(&mut Choices(&[])), world.later(choices), world.later(choices), world] {
        let whole = program.eval(&later);
        assert!(is_of(whole, of), "{source} is {whole:?}, not of {of:?}");
        assert!(same(left.eval(&later), whole), "{source} is {whole:?}, {:?} by {left:?}", left.eval(&later));
    }
}

fuzz_target!(|data: &[u8]| {
    let (text, rest) = data.split_at(data.iter().position(|byte| *byte == 0).unwrap_or(data.len()));
    let Ok(source) = std::str::from_utf8(text) else { return };
    let mut choices = Choices(rest.get(1..).unwrap_or_default());
    match compile_any(source, &mut Table) {
        Ok((program, of)) => check(source, &program, of, &mut choices),
        Err(problems) => {
            assert!(!problems.is_empty(), "{source} is refused without a word");
            for problem in problems {
                assert!(source.is_char_boundary(problem.at) && !problem.message.is_empty(), "{source}: {problem:?}");
            }
        }
    }
});

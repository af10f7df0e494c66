//! What expressions are worth, and what is said of those that are wrong.

use super::*;
use crate::expr::{Lookup, Value};
use crate::facts::{Input, PlanField};

mod edges;

/// `n` is an unknown int, `i` is 7, `d` is 0.5, `s` is "pro", `t` is true, `u` an unknown bool, `l` red and blue, `e` an empty
/// list, `m` an unknown one, `now` is 2025-06-18T10:30:00Z; `a.n`, `a.i` and `a.l` are `n`, `i` and `l`.
struct Facts;
const RATIO: Input = Input::Usage { meter: 0, field: crate::facts::UsageField::Ratio };
const FACTS: [(&str, Fact, Type); 13] = [
    ("n", Fact::PlanMaxRank, Type::Int),
    ("i", Fact::Plan(PlanField::Rank), Type::Int),
    ("d", Fact::Input(RATIO), Type::Double),
    ("s", Fact::Plan(PlanField::Id), Type::Str),
    ("t", Fact::Feature(0), Type::Bool),
    ("u", Fact::Feature(1), Type::Bool),
    ("l", Fact::TenantTrait(0), Type::List),
    ("e", Fact::TenantTrait(1), Type::List),
    ("m", Fact::TenantTrait(2), Type::List),
    ("now", Fact::Now, Type::Timestamp),
    ("a.n", Fact::PlanMaxRank, Type::Int),
    ("a.i", Fact::Plan(PlanField::Rank), Type::Int),
    ("a.l", Fact::TenantTrait(0), Type::List),
];

impl Names for Facts {
    fn resolve(&mut self, path: &[String]) -> Result<(Fact, Type), String> {
        let name = path.join(".");
        FACTS.iter().find(|(n, ..)| *n == name).map(|(_, f, t)| (*f, *t)).ok_or(format!("no fact `{name}`"))
    }
}

fn colours() -> &'static [String] {
    static COLOURS: std::sync::LazyLock<Vec<String>> = std::sync::LazyLock::new(|| vec!["red".to_owned(), "blue".to_owned()]);
    COLOURS.as_slice()
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
            Fact::TenantTrait(0) => Value::List(colours()),
            Fact::TenantTrait(1) => Value::List(&[]),
            Fact::Now => Value::Timestamp(1_750_242_600_000),
            _ => Value::Unknown,
        }
    }
}

fn holds(table: &[(&str, Value<'_>)]) {
    for (source, expected) in table {
        let program = compile(source, Type::Bool, &mut Facts).unwrap_or_else(|p| panic!("{source}: {p:?}"));
        assert_eq!(program.eval(&Facts), *expected, "{source}");
    }
}

#[test]
fn expressions_have_the_values_cel_gives_them() {
    holds(&[
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
        ("duration('72h') == duration('4320m')", Value::Bool(true)),
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
        ("-9223372036854775808 < -9223372036854775807", Value::Bool(true)),
        ("false < true && !(true < true)", Value::Bool(true)),
        ("i <= 7 && i >= 7 && !(i < 7) && !(i > 7) && i <= 8 && i >= 6 && i != 8 && !(i != 7)", Value::Bool(true)),
        ("d - 0.25 == 0.25 && d * 4.0 == 2.0 && d / 0.25 == 2.0 && -d == -0.5 && -(d) < 0.0", Value::Bool(true)),
        ("7 * 3 == 21 && 7 - 9 == -2 && i % 4 == 3 && -(i) == -7 && 7 / 2 == 3", Value::Bool(true)),
        ("-(-9223372036854775808) == 0", Value::Unknown),
        ("'a' < 'b' && s < 'prp' && s >= 'pro' && 'Z' < 'a'", Value::Bool(true)),
        ("now < timestamp('2025-06-18T10:30:00.001Z') && now >= timestamp('2025-06-18T10:30:00Z')", Value::Bool(true)),
        ("-(duration('1h')) == duration('-1h') && duration('1h') > duration('59m')", Value::Bool(true)),
        // Known or not.
        ("has(a.i) && !has(a.n)", Value::Bool(true)),
        ("has(a.l)", Value::Bool(true)),
    ]);
}

#[test]
fn times_and_texts_have_the_values_cel_gives_them() {
    holds(&[
        ("now == timestamp('2025-06-18T10:30:00Z')", Value::Bool(true)),
        ("now + duration('1h') == timestamp('2025-06-18T11:30:00Z')", Value::Bool(true)),
        ("duration('1h') + now == timestamp('2025-06-18T11:30:00Z')", Value::Bool(true)),
        ("now - duration('1h') == timestamp('2025-06-18T09:30:00Z')", Value::Bool(true)),
        ("now - timestamp('2025-06-18T09:30:00Z') == duration('1h')", Value::Bool(true)),
        ("timestamp('9999-12-31T23:59:59.999Z') + duration('1ms') > now", Value::Unknown),
        ("timestamp('9999-12-31T23:59:59.998Z') + duration('1ms') > now", Value::Bool(true)),
        ("timestamp('0001-01-01T00:00:00Z') - duration('1ms') > now", Value::Unknown),
        ("timestamp('0001-01-01T00:00:00.001Z') - duration('1ms') > now", Value::Bool(false)),
        ("timestamp('9999-12-31T23:59:59Z') - timestamp('0001-01-01T00:00:00Z') > duration('0s')", Value::Unknown),
        ("timestamp('1970-01-01T00:00:00Z') - timestamp('2262-04-11T23:47:16.854Z') < duration('0s')", Value::Bool(true)),
        ("timestamp('1970-01-01T00:00:00Z') - timestamp('2262-04-11T23:47:16.855Z') < duration('0s')", Value::Unknown),
        ("duration('315576000000s') + duration('1ms') > duration('0s')", Value::Unknown),
        ("duration('315576000000s') - duration('1ms') > duration('0s')", Value::Bool(true)),
        ("-duration('315576000000s') - duration('1ms') < duration('0s')", Value::Unknown),
        // Texts.
        ("s.startsWith('p') && s.endsWith('ro') && s.contains('r') && !s.startsWith('r')", Value::Bool(true)),
        ("size(s) == 3 && 'né\u{1f431}'.size() == 3", Value::Bool(true)),
        ("(t ? s : 'x') == 'pro' && 'x' != (t ? s : 'x')", Value::Bool(true)),
        ("(u ? s : 'pro') == 'pro'", Value::Unknown),
        ("(t ? (t ? 'a' : 'b') : 'c').size() == 1 && (t ? 'a' : 'b') == (t ? 'a' : 'b')", Value::Bool(true)),
        ("s in [t ? 'x' : 'y', !t ? 'x' : 'pro']", Value::Bool(true)),
    ]);
}

#[test]
fn lists_have_the_values_cel_gives_them() {
    holds(&[
        // Those that are written out.
        ("i in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] && !(i in [1, 2, 3, 4, 5, 6, 8, 9, 10, 11])", Value::Bool(true)),
        ("i in [7, 2, 3, 4, 5, 6, 8, 9, 10, n]", Value::Unknown),
        ("n in [7, 2, 3, 4, 5, 6, 8, 9, 10, 11]", Value::Unknown),
        ("size([1, i, 3]) == 3 && [].size() == 0 && size([[1, 2], [3]]) == 2", Value::Bool(true)),
        ("size([1, n]) == 2", Value::Unknown),
        ("size([[1], [n]]) == 2", Value::Unknown),
        ("[1, i].exists(x, x == 7) && [1, i].all(x, x > 0)", Value::Bool(true)),
        ("[1, i].exists(x, x == 8) || [1, i].all(x, x > 1)", Value::Bool(false)),
        ("[7, n].exists(x, x == 7)", Value::Unknown),
        ("[7, n].all(x, x == 8)", Value::Unknown),
        ("[t, u].exists(x, x)", Value::Unknown),
        ("[0, 1].exists(x, 1 / x == 1)", Value::Bool(true)),
        ("[0, 1].exists(x, 1 / x == 2)", Value::Unknown),
        ("[0, 1].all(x, 1 / x == 2)", Value::Bool(false)),
        ("[].exists(x, x) || ![].all(x, x)", Value::Bool(false)),
        ("[1, 2].all(x, [x, 3].exists(y, y > x))", Value::Bool(true)),
        ("[[1, 2], [7]].exists(x, i in x) && [[1, 2], [3]].all(x, size(x) > 0)", Value::Bool(true)),
        ("[1].exists(x, [2].exists(x, x == 2) && x == 1)", Value::Bool(true)),
        // Those that are facts.
        ("'red' in l && !('green' in l) && !('red' in e)", Value::Bool(true)),
        ("'red' in m", Value::Unknown),
        ("(n > 0 ? s : 'red') in l", Value::Unknown),
        ("size(l) == 2 && e.size() == 0", Value::Bool(true)),
        ("size(m) == 0", Value::Unknown),
        ("l.exists(x, x == 'blue') && l.all(x, size(x) < 5)", Value::Bool(true)),
        ("l.exists(x, x == 'green') || l.all(x, x == 'red')", Value::Bool(false)),
        ("e.exists(x, u) || !e.all(x, u)", Value::Bool(false)),
        ("m.exists(x, true)", Value::Unknown),
        ("l.exists(x, x == 'blue' || u)", Value::Bool(true)),
        ("l.exists(x, x == 'green' || u)", Value::Unknown),
        ("l.all(x, x == 'red' && u)", Value::Bool(false)),
        ("l.all(x, l.exists(y, x == y)) && l.exists(x, l.exists(y, x != y))", Value::Bool(true)),
        ("l.exists(x, ['red'].all(y, x == y))", Value::Bool(true)),
        ("[l.exists(x, x == 'blue')].all(found, l.all(y, found && y != ''))", Value::Bool(true)),
        ("(t ? l : e).exists(x, x == 'red') && size(t ? e : l) == 0", Value::Bool(true)),
    ]);
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
        ("i in s", 5, "type", "`in` needs a list, and this is of type string"),
        ("i in l", 5, "type", "the elements of this list are strings, and int is sought"),
        ("i in ['a']", 5, "type", "int is sought in a list of string"),
        ("i in [1, 'a']", 9, "type", "this element is of type string"),
        ("s in (t ? ['a'] : ['b'])", 10, "unsupported", "a list stands to the right of `in`"),
        ("[1] == [1]", 0, "unsupported", "a list stands to the right of `in`"),
        ("l == l", 0, "type", "ask a list with `x in list`"),
        ("s.matches(s)", 0, "unsupported", "matches() is outside this subset of CEL; write startsWith()"),
        ("int(s) == 1", 0, "unsupported", "int() is outside"),
        ("l.map(x, x)", 0, "unsupported", "write exists() or all()"),
        ("soon(s)", 0, "unsupported", "there is no function `soon` here; known are duration()"),
        ("startsWith(s, 'p')", 0, "unsupported", "known are duration(), timestamp(), has(), size(), text.startsWith()"),
        ("duration('soon') == duration('1h')", 9, "type", "no duration"),
        ("duration('3d') == duration('1h')", 9, "type", "CEL has no days; write duration('72h')"),
        ("duration(s) == duration('1h')", 0, "type", "written out"),
        ("now > timestamp('soon')", 16, "type", "no timestamp"),
        ("now > timestamp(s)", 6, "type", "written out"),
        ("now > '2025-06-18T10:30:00Z'", 0, "type", "write moments as timestamp("),
        ("now + now > now", 0, "type", "`+` does not apply to timestamp and timestamp"),
        ("duration('1s') - now > now", 0, "type", "`-` does not apply to duration and timestamp"),
        ("now - 5 > now", 0, "type", "`-` does not apply to timestamp and int"),
        ("now + s > now", 0, "type", "`+` does not apply to timestamp and string"),
        ("5 + now > now", 0, "type", "`+` does not apply to int and timestamp"),
        ("s + s == s", 0, "type", "builds no text"),
        ("-t", 0, "type", "`-` does not apply to bool"),
        ("!i", 0, "type", "`!` does not apply to int"),
        ("i % d == 0.0", 0, "type", "`%` does not apply to int and double"),
        ("d % d == 0.0", 0, "type", "`%` does not apply to double and double"),
        ("now * now == now", 0, "type", "`*` does not apply"),
        ("duration('1s') * duration('1s') == duration('1s')", 0, "type", "`*` does not apply"),
        ("t + t", 0, "type", "`+` does not apply to bool and bool"),
        ("i || i", 0, "type", "`||` does not apply to int and int"),
        ("has(i)", 0, "type", "has() takes one dotted name"),
        ("has(a.i, a.n)", 0, "type", "has() takes one dotted name"),
        ("[1].exists(a, has(a.i))", 14, "type", "has() takes one dotted name"),
        ("[1].exists(a, a.i == 1)", 14, "type", "`a` is an element of a list here"),
        ("size(i) == 1", 0, "type", "size() is asked of a string or a list, and this is of type int"),
        ("size() == 1", 0, "type", "size() takes one"),
        ("s.size(s) == 1", 0, "type", "size() takes nothing"),
        ("size([1, [2]]) == 1", 6, "type", "some elements of this list are lists"),
        ("size([[1], ['a']]) == 1", 11, "type", "this element is of type string"),
        ("s.startsWith(i)", 0, "type", "startsWith() is asked of a string and takes one, not string and int"),
        ("s.startsWith()", 0, "type", "startsWith() takes one string"),
        ("l.contains('a')", 0, "type", "of a list ask `x in list`"),
        ("s.exists(x, t)", 0, "type", "exists() and all() are asked of a list, and this is of type string"),
        ("l.exists(x)", 0, "type", "exists() takes a name and a condition"),
        ("l.all(1, t)", 6, "type", "the first argument names the element"),
        ("l.all(a.i, t)", 6, "type", "the first argument names the element"),
        ("l.all(x, x)", 9, "type", "the condition is of type string, not bool"),
        ("[1].all(x, x)", 11, "type", "the condition is of type int, not bool"),
        ("l.all(x, l.all(y, l.all(z, t)))", 27, "too_deep", "more than 2 lists"),
    ] {
        let problems = compile(source, Type::Bool, &mut Facts).expect_err(source);
        let problem = &problems[0];
        assert!((problem.at, problem.code) == (at, code) || code == "unknown_fact", "{source}: {problem:?}");
        assert!(problem.message.contains(part) || part.is_empty(), "{source}: {}", problem.message);
    }
    let both = compile("x == 1 && y == 2", Type::Bool, &mut Facts).expect_err("two unknown names");
    assert_eq!(both.len(), 2, "all problems at once");
    let once = compile("[1, 2].all(e, l.all(y, x == e))", Type::Bool, &mut Facts).expect_err("an unknown name");
    assert_eq!(once.len(), 1, "what is said of two elements is wrong once: {once:?}");
    let (element, body) = ("!".repeat(36), "!".repeat(20));
    let deep = compile(&format!("[{element}t].all(z, {body}z && {body}z)"), Type::Bool, &mut Facts).expect_err("too deep");
    assert_eq!(deep.len(), 1, "an element that is read twice is wrong once: {deep:?}");
    for source in ["i in [x, y]", "x.startsWith(y)", "t ? x == 1 : y == 1", "x == 1 && 1 == 1 && y == 2", "x in [y]", "x in y"] {
        assert_eq!(compile(source, Type::Bool, &mut Facts).expect_err(source).len(), 2, "{source}");
    }
}

#[test]
fn an_expression_may_be_of_any_type() {
    for (source, of, value) in [
        ("1 + 1", Type::Int, Value::Int(2)),
        ("t ? s : 'x'", Type::Str, Value::Str("pro")),
        ("now + duration('1s')", Type::Timestamp, Value::Timestamp(1_750_242_601_000)),
        ("duration('1s')", Type::Duration, Value::Duration(1_000)),
        ("l", Type::List, Value::List(colours())),
    ] {
        let (program, found) = compile_any(source, &mut Facts).unwrap_or_else(|p| panic!("{source}: {p:?}"));
        assert_eq!((found, program.eval(&Facts)), (of, value), "{source}");
    }
    assert_eq!(
        compile("1 + 1", Type::Str, &mut Facts).expect_err("no string")[0].message,
        "this is of type int, and string is needed here"
    );
}

/// Compiles and runs `source` on a stack of a quarter of WebAssembly's, or half of it where nothing is optimized.
fn on_a_small_stack(source: String) -> Result<(), Vec<ExprProblem>> {
    let run = move || {
        let program = compile(&source, Type::Bool, &mut Facts)?;
        program.eval(&Facts);
        let _ = program.residual(&crate::expr::residual::tests::Still);
        Ok(())
    };
    let size = if cfg!(debug_assertions) { 512 << 10 } else { 256 << 10 };
    let thread = std::thread::Builder::new().stack_size(size).spawn(run).expect("a thread starts");
    thread.join().expect("the stack suffices")
}

#[test]
fn no_source_exhausts_the_stack() {
    let nested = |n: usize, open: &str, close: &str| open.repeat(n) + "t" + &close.repeat(n);
    for (source, code) in [
        ("(".repeat(3_000), "too_deep"),
        ("!".repeat(3_000), "too_deep"),
        ("t ? t : ".repeat(400) + "t", "too_deep"),
        ("-".repeat(3_000) + "1 == 1", "too_deep"),
        (nested(70, "[", "]"), "too_deep"),
        (nested(60, "(t||t&&t==(", "))"), "too_deep"),
        (nested(23, "t == (t ? t : ", ")"), "too_deep"),
        (nested(18, "[1,2].all(x,", ")"), "too_long"),
        ("1+".repeat(2_000) + "1 == 1", "too_long"),
        ("[1,2,3,4,5,6,7,8,9,0].all(x,".repeat(4) + "t))))", "too_long"),
        (format!("[{}].exists(x, x == (t?'c':'d'))", vec!["t?'a':'b'"; 60].join(",")), "too_long"),
        (format!("l.all(x, {})", vec!["x == 'a'"; 40].join(" || ")), "too_long"),
        // Elements that stand for elements that stand for elements.
        (format!("{}z{}", "[!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!z].all(z,".repeat(9), ")".repeat(9)), "too_deep"),
        (format!("[t].all(z,{}z{})", "[!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!z].all(z,".repeat(9), ")".repeat(9)), "too_deep"),
    ] {
        let problems = on_a_small_stack(source.clone()).expect_err(&source);
        assert_eq!(problems[0].code, code, "{source}: {problems:?}");
    }
    for source in ["t && ".repeat(680) + "t", nested(32, "(", ")"), nested(32, "!", ""), "(t||t&&t==(".repeat(6) + "t" + &"))".repeat(6)] {
        assert_eq!(on_a_small_stack(source.clone()), Ok(()), "{source}");
    }
    assert_eq!(compile(&"t".repeat(5_000), Type::Bool, &mut Facts).expect_err("too long")[0].code, "too_long");
}

/// Names that stand for parts that stand for parts, each `times` as often as the next: what comes of it is one step, or small.
#[test]
fn no_short_source_is_a_long_task() {
    let tower = |of: &dyn Fn(&str) -> String, levels: usize| {
        let heads = (1..levels).map(|i| format!("[{}].exists(x{i}, ", of(&format!("x{}", i - 1)))).collect::<Vec<_>>().concat();
        format!("['a'].exists(x0, {heads}t{}", ")".repeat(levels))
    };
    let sizes = |x: &str| format!("size([{}])", [x; 20].join(","));
    let choices = |x: &str| {
        let two = format!("(t?{x}:{x})");
        let four = format!("(t?{two}:{two})");
        format!("(t?{four}:{four})")
    };
    let memberships = |x: &str| format!("{x} in [{}]", [x; 7].join(","));
    let texts = format!("[t?(t?'a':'b'):(t?'c':'d')].exists(x, {})", vec![memberships("x"); 60].join("||"));
    for (source, part) in [
        (tower(&sizes, 10), "too much is said of the elements"),
        (tower(&choices, 10), "more than 2048 steps"),
        (texts, "more than 2048 steps"),
    ] {
        let problems = compile(&source, Type::Bool, &mut Facts).expect_err(&source);
        assert!(problems.iter().all(|p| p.code == "too_long"), "{source}: {problems:?}");
        assert!(problems[0].message.contains(part), "{source}: {problems:?}");
    }
    for source in [tower(&sizes, 3), tower(&choices, 3)] {
        assert!(compile(&source, Type::Bool, &mut Facts).is_ok(), "{source}");
    }
}

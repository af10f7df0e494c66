//! Where one more, one less or another order makes the difference.

use super::*;

#[test]
fn sums_and_times_end_where_cel_ends_them() {
    holds(&[
        ("d + 0.25 == 0.75 && 0.25 - d == -0.25", Value::Bool(true)),
        ("1.0 / -(d - 0.5) < 0.0", Value::Bool(true)),
        ("-9223372036854775807 - 2 < 0", Value::Unknown),
        ("9223372036854775807 * 2 > 0", Value::Unknown),
        ("i % 0 == 0", Value::Unknown),
        ("-9223372036854775808 / (i - 8) > 0", Value::Unknown),
        ("-9223372036854775808 % (i - 8) == 0", Value::Unknown),
        ("timestamp('0001-01-01T00:00:00Z') + duration('-1ms') < now", Value::Unknown),
        ("timestamp('0001-01-01T00:00:00.001Z') + duration('-1ms') < now", Value::Bool(true)),
        ("timestamp('9999-12-31T23:59:59.999Z') - duration('-1ms') > now", Value::Unknown),
        ("timestamp('9999-12-31T23:59:59.998Z') - duration('-1ms') > now", Value::Bool(true)),
        ("'pro'.endsWith('r') || 'pro'.startsWith('r') || 'pro'.contains('prom')", Value::Bool(false)),
    ]);
}

/// Lists are compared with in pieces of eight: one that is known to hold the needle is unknown all the same if any element is.
#[test]
fn long_lists_are_as_short_ones() {
    for length in [2, 7, 8, 9, 10, 16, 17, 33] {
        for place in [0, 1, length - 1] {
            let mut elements = vec!["1"; length];
            elements[length - 1 - place] = "i";
            let all = |elements: &[&str]| elements.join(", ");
            holds(&[
                (&format!("i in [{}]", all(&elements)), Value::Bool(true)),
                (&format!("2 in [{}]", all(&elements)), Value::Bool(false)),
            ]);
            elements[place] = "n";
            let expected = Value::Unknown;
            holds(&[(&format!("i in [{}]", all(&elements)), expected), (&format!("size([{}]) > 0", all(&elements)), expected)]);
        }
    }
    let all: Vec<String> = (0..500).map(|n| n.to_string()).collect();
    holds(&[(&format!("499 in [{}] && !(500 in [{}])", all.join(","), all.join(",")), Value::Bool(true))]);
}

#[test]
fn a_name_means_what_it_means_where_its_list_is_written() {
    holds(&[
        ("[1].exists(x, [[x]].exists(list, [2].exists(x, list.exists(y, y == 1))))", Value::Bool(true)),
        ("[1].exists(x, [[x]].exists(list, [2].exists(x, 1 in list && list.all(y, y != x))))", Value::Bool(true)),
        ("[[1]].exists(list, [2].exists(z, list.exists(y, y == 1 && z == 2)))", Value::Bool(true)),
        ("l.exists(x, [x].exists(y, l.exists(x, x == 'red' && y == 'blue')))", Value::Bool(true)),
    ]);
}

#[test]
fn operators_are_refused_what_they_are_not_for() {
    for (source, message) in [
        ("1 && 2", "`&&` does not apply to int and int"),
        ("1 || 2", "`||` does not apply to int and int"),
        ("'a' - 'b' == 'c'", "`-` does not apply to string and string"),
        ("t + t", "`+` does not apply to bool and bool"),
        ("duration('1h') / duration('1m') == duration('1s')", "`/` does not apply to duration and duration"),
        ("duration('1h') * duration('1m') == duration('1s')", "`*` does not apply to duration and duration"),
        ("i ? t : u", "the condition of `?:` is of type int, not bool"),
        ("(i ? s : 'x') == s", "the condition of `?:` is of type int, not bool"),
    ] {
        let problems = compile(source, Type::Bool, &mut Facts).expect_err(source);
        assert!(problems.len() == 1 && problems[0].code == "type" && problems[0].message.contains(message), "{source}: {problems:?}");
    }
}

#[test]
fn expressions_are_as_long_as_they_may_and_no_longer() {
    let chain = |n: usize| vec!["t"; n].join("&&");
    let body = |n: usize| format!("l.all(x, {})", chain(n));
    let negated = |n: usize| format!("l.all(x, !({}))", chain(n));
    let deep = |n: usize| "t ? t : ".repeat(n) + "t";
    // Of `in` the needle and the elements before wait on the stack: eight more values at each of seven levels.
    let level = |inner: &str, before: usize| format!("t in [{}({inner})]", "t,".repeat(before));
    let seven = (0..7).fold("t".to_owned(), |inner, _| level(&inner, 7));
    for (source, code) in [
        (level(&seven, 6), None),
        (level(&seven, 7), Some("too_deep")),
        (format!("{}t", " ".repeat(4_095)), None),
        (format!("{}t", " ".repeat(4_096)), Some("too_long")),
        (format!("!({})", chain(1_024)), None),
        (chain(1_025), Some("too_long")),
        (negated(32), None),
        (body(33), Some("too_long")),
        (deep(23), None),
        (deep(60), Some("too_deep")),
    ] {
        let found = compile(&source, Type::Bool, &mut Facts).err().map(|problems| problems[0].code);
        assert_eq!(found, code, "{source}");
    }
}

/// What travels to the edge's other objects is no longer than it has to be.
#[test]
fn programs_say_things_once() {
    let program = |source: &str| compile(source, Type::Bool, &mut Facts).expect(source);
    assert_eq!(program("s == 'a' || s == 'b' || s != 'a'").strings, ["a", "b"]);
    for (source, steps) in [("size([1, 2, 3]) == i", 3), ("i in [1, 2, 3]", 5), ("1 in [1, 2, 3, 4, 5, 6, 7, 8, 9]", 14)] {
        assert_eq!(program(source).ops().len(), steps, "{source}");
    }
}

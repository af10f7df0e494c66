//! How sources are grouped, and which are refused.

use super::*;

/// A tree in words: operators first, as in `(+ 1 2)`.
fn shown(node: &Node) -> String {
    let all = |nodes: &[Node]| nodes.iter().fold(String::new(), |all, node| all + " " + &shown(node));
    match &node.tree {
        Tree::Bool(b) => b.to_string(),
        Tree::Int(i) => i.to_string(),
        Tree::Double(d) => format!("{d:?}"),
        Tree::Str(s) => format!("{s:?}"),
        Tree::Path(path) => path.join("."),
        Tree::Call(name, arguments) => format!("({name}{})", all(arguments)),
        Tree::Method(receiver, name, arguments) => format!("({} .{name}{})", shown(receiver), all(arguments)),
        Tree::Unary(operator, operand) => format!("({operator} {})", shown(operand)),
        Tree::Chain(first, others) => {
            others.iter().fold(shown(first), |left, (operator, right)| format!("({operator} {left} {})", shown(right)))
        }
        Tree::Select(parts) => format!("(?:{})", all(parts.as_slice())),
        Tree::List(elements) => format!("[{}]", all(elements).trim_start()),
    }
}

#[test]
fn sources_parse_as_cel_groups_them() {
    for (source, tree) in [
        ("1 + 2 * 3 == 7 && !a || b", "(|| (&& (== (+ 1 (* 2 3)) 7) (! a)) b)"),
        ("a ? b : c ? d : e", "(?: a b (?: c d e))"),
        ("a in [1, 2,] == true", "(== (in a [1 2]) true)"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("-0x8000000000000000 - 1", "(- -9223372036854775808 1)"),
        ("2 - -2", "(- 2 -2)"),
        ("--2", "(- -2)"),
        ("-(2)", "(- 2)"),
        ("-2.3e+1", "-23.0"),
        ("-a.b", "(- a.b)"),
        ("tenant.industry.startsWith('a')", "(tenant.industry .startsWith \"a\")"),
        ("has(a.b) && size(a . b) > 0", "(&& (has a.b) (> (size a.b) 0))"),
        ("'abc'.size()", "(\"abc\" .size)"),
        ("[1, 2].exists(x, x.all(y, y > x))", "([1 2] .exists x (x .all y (> y x)))"),
        ("(a + b).size().size()", "(((+ a b) .size) .size)"),
        ("-a.size()", "(- (a .size))"),
        ("a.package.in_use", "a.package.in_use"),
        ("a.break()", "(a .break)"),
        ("[[]]", "[[]]"),
        ("and || or.not == not", "(|| and (== or.not not))"),
    ] {
        assert_eq!(parse(source).as_ref().map(shown), Ok(tree.to_owned()), "{source}");
    }
}

#[test]
fn what_is_outside_the_subset_is_refused_by_name() {
    for (source, at, code, part) in [
        ("a == null", 5, "unsupported", "null is outside this subset of CEL; write has(a.b)"),
        ("{'a': 1}", 0, "unsupported", "maps are outside this subset of CEL; write a list"),
        ("a.b[0]", 3, "unsupported", "indexing is outside"),
        ("[1][0]", 3, "unsupported", "indexing is outside"),
        ("a.b{c: 1}", 3, "unsupported", "messages are outside"),
        ("f(a).b", 4, "unsupported", "`.b` on anything but a name is outside"),
        ("'a'.b.c()", 3, "unsupported", "`.b` on anything but a name is outside"),
        ("a.?b", 2, "unsupported", "optional values are outside"),
        ("[?a]", 1, "unsupported", "optional values are outside"),
        (".a", 0, "unsupported", "a name with a `.` before it is outside"),
        ("1u", 0, "unsupported", "unsigned numbers"),
        ("a + b'x'", 4, "unsupported", "bytes"),
        ("a && package", 5, "syntax", "CEL reserves the word `package`; use another name"),
        ("if(a)", 0, "syntax", "CEL reserves the word `if`"),
        ("in", 0, "syntax", "found `in` where a value"),
        ("a.true", 2, "syntax", "found `true` where a name"),
        ("a.1", 1, "syntax", "found a number where the end"),
        ("9223372036854775808", 0, "syntax", "64 bits"),
        ("-(9223372036854775808)", 2, "syntax", "64 bits"),
        ("-9223372036854775809", 1, "syntax", "64 bits"),
        ("f(a,)", 4, "syntax", "found `)` where a value"),
        ("[,]", 1, "syntax", "found `,` where a value"),
        ("1{", 1, "syntax", "found `{` where the end"),
        ("(a)(b)", 3, "syntax", "found `(` where the end"),
        ("a > 1 and b", 6, "syntax", "found `and` where the end, or an operator should be; write `&&`"),
        ("(a OR b)", 3, "syntax", "found `OR` where `)` should be; write `||`"),
        ("a && not b", 5, "syntax", "`not` is no operator; write `!`"),
        ("not (a || b)", 0, "syntax", "`not` is no operator; write `!`"),
        ("NOT !a", 0, "syntax", "`NOT` is no operator; write `!`"),
        ("a not in ['b']", 2, "syntax", "found `not` where the end, or an operator should be; write `!`, as in `!(x in list)`"),
    ] {
        let problem = parse(source).expect_err(source);
        assert_eq!((problem.at, problem.code), (at, code), "{source}: {problem:?}");
        assert!(problem.message.contains(part), "{source}: {}", problem.message);
    }
}

#[test]
fn no_chain_of_functions_exhausts_the_stack() {
    assert_eq!(parse(&format!("a{}", ".b()".repeat(1_000))).expect_err("too deep").code, "too_deep");
    assert!(parse(&["a.b()"; 500].join("+")).is_ok(), "functions beside each other are no deeper than one");
}

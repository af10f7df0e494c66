//! Our reader against `serde_json`.

use super::*;
use proptest::prelude::*;
use serde_json::Value as Reference;

/// The same value, as far as ours tells values apart.
fn same(ours: &Json, reference: &Reference) -> bool {
    match (&ours.value, reference) {
        (Value::Null, Reference::Null) => true,
        (Value::Bool(ours), Reference::Bool(reference)) => ours == reference,
        (Value::Whole(ours), Reference::Number(n)) => n.as_i64() == Some(*ours) || (*ours == 0 && n.as_f64() == Some(0.0)),
        // Digit by digit what the reference writes; or, in a document of ours, what the reference reads as the same.
        (Value::Number(ours), Reference::Number(n)) => {
            !n.is_i64() && (*ours == n.to_string() || serde_json::from_str::<Reference>(ours).is_ok_and(|read| read == *reference))
        }
        (Value::Text(ours), Reference::String(reference)) => ours == reference,
        (Value::List(ours), Reference::Array(reference)) => {
            ours.len() == reference.len() && ours.iter().zip(reference).all(|(ours, reference)| same(ours, reference))
        }
        // Of a name that is there twice the reference keeps the last.
        (Value::Object(ours), Reference::Object(reference)) => reference
            .iter()
            .all(|(name, reference)| ours.iter().rev().find(|(ours, _)| ours == name).is_some_and(|(_, ours)| same(ours, reference))),
        _ => false,
    }
}

/// Every part is found by its place, and the reference agrees on what stands there.
fn hold_pointers(root: &Json, part: &Json, reference: &Reference) {
    let pointer = root.pointer(part.at);
    assert!(reference.pointer(&pointer).is_some_and(|found| same(part, found)), "{pointer:?} in {reference}");
    match &part.value {
        Value::List(items) => items.iter().for_each(|item| hold_pointers(root, item, reference)),
        Value::Object(members) => members.iter().for_each(|(_, member)| hold_pointers(root, member, reference)),
        _ => {}
    }
}

fn any_json() -> impl Strategy<Value = Reference> {
    let leaf = prop_oneof![
        Just(Reference::Null),
        any::<bool>().prop_map(Reference::from),
        any::<i64>().prop_map(Reference::from),
        any::<u64>().prop_map(Reference::from),
        (-1e9..1e9).prop_map(Reference::from),
        any::<String>().prop_map(Reference::from),
        r#"[\x00-\x1f"\\é]{1,4}"#.prop_map(Reference::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Reference::from),
            prop::collection::btree_map("[a/~\"é]{0,3}", inner, 0..5).prop_map(|map| Reference::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn it_reads_what_the_reference_writes(reference in any_json(), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&reference) } else { serde_json::to_string(&reference) };
        let ours = Json::parse(&text.expect("values can be written")).expect("values can be read");
        prop_assert!(same(&ours, &reference));
        prop_assert!(serde_json::from_str::<Reference>(&ours.text()).is_ok_and(|read| same(&ours, &read)), "{}", ours.text());
        hold_pointers(&ours, &ours, &reference);
    }

    #[test]
    fn it_refuses_what_the_reference_refuses(
        reference in any_json(),
        at: prop::sample::Index,
        cut in 0usize..3,
        put in r#"[ \[\]{}:,"\\u0-9a-fDd.eE+\-tnl]{0,3}"#,
    ) {
        let mut characters: Vec<char> = reference.to_string().chars().collect();
        let at = at.index(characters.len());
        characters.splice(at..(at + cut).min(characters.len()), put.chars());
        let text: String = characters.into_iter().collect();
        let ours = Json::parse(&text);
        match serde_json::from_str::<Reference>(&text) {
            Ok(reference) => prop_assert!(ours.is_ok_and(|ours| same(&ours, &reference)), "{text}"),
            // A number too large for the reference is none of ours to refuse: whoever reads it will.
            Err(error) => prop_assert!(ours.is_err() || error.to_string().contains("out of range"), "{text}"),
        }
    }
}

#[test]
fn texts_are_unescaped() {
    for text in [r#""\"\\\/\b\f\n\r\t""#, r#""\u00e9\u20AC\ud83d\ude00é""#, r#""\ud800""#, r#""\ud800\u0041""#, r#""\udc00""#, r#""\x""#] {
        let reference = serde_json::from_str::<Reference>(text);
        assert_eq!(Json::parse(text).is_ok_and(|ours| same(&ours, reference.as_ref().unwrap_or(&Reference::Null))), reference.is_ok());
    }
}

#[test]
fn what_is_no_json_is_told_where_it_ceases_to_be() {
    for (text, line, column, expected) in [
        ("", 1, 1, "expected a value, found the end of the document"),
        ("{\n  \"é\": 1,\n}", 3, 1, "expected a name in double quotes, found '}'"),
        ("{\"é\": {} \"b\"", 1, 10, "expected `,` or `}`, found '\"'"),
        ("{\"a\" 1}", 1, 6, "expected `:`, found '1'"),
        ("[1, ]", 1, 5, "expected a value, found ']'"),
        ("[01]", 1, 3, "expected `,` or `]`, found '1'"),
        ("[-]", 1, 3, "expected a digit, found ']'"),
        ("\"a\nb\"", 1, 3, "written as `\\n`, found '\\n'"),
        ("\"a", 1, 3, "the end of the text (`\"`), found the end"),
        ("{} {}", 1, 4, "expected the end, found '{'"),
        ("\u{feff}{}", 1, 1, "expected a value"),
    ] {
        let problem = Json::parse(text).expect_err(text);
        assert_eq!((problem.code, problem.line, problem.column), (Problem::MALFORMED, line, column), "{text}: {problem:?}");
        assert!(problem.detail.contains(expected), "{text}: {problem:?}");
    }
    assert!(Json::parse(&format!("{}{}", "[".repeat(64), "]".repeat(64))).is_ok());
    assert!(Json::parse(&"[".repeat(100_000)).expect_err("deep").detail.contains("64 lists"));
}

//! What is asked of strings and of lists of them. All of it stays at the edge.

use super::program::Op;
use super::value::Value;
use crate::facts::int;

/// `size(a)`. CEL counts a string's code points.
pub(super) fn size(a: Value<'_>) -> Value<'_> {
    match a {
        Value::Str(text) => int(text.chars().count() as u64),
        Value::List(texts) => int(texts.len() as u64),
        _ => Value::Unknown,
    }
}

/// Whether `a` has `b` where the step says.
pub(super) fn search<'a>(op: &Op, a: Value<'a>, b: Value<'a>) -> Value<'a> {
    Value::Bool(match (op, a, b) {
        (Op::StartsWith, Value::Str(a), Value::Str(b)) => a.starts_with(b),
        (Op::EndsWith, Value::Str(a), Value::Str(b)) => a.ends_with(b),
        (Op::Contains, Value::Str(a), Value::Str(b)) => a.contains(b),
        (Op::InList, Value::Str(needle), Value::List(texts)) => texts.iter().any(|text| text == needle),
        _ => return Value::Unknown,
    })
}

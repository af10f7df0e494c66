//! Texts with facts in them, from source to [`Template`].

use super::Problem;
use super::names::ConfigNames;
use crate::expr::{Names, Type};
use crate::template::{Part, Template};

/// The longest text, in bytes.
const MAX_TEXT: usize = 2_000;

/// Compiles `source`: everything but `{{path}}` stands for itself.
pub(super) fn template(source: &str, pointer: &str, names: &mut ConfigNames<'_>, problems: &mut Vec<Problem>) -> Template {
    if source.len() > MAX_TEXT {
        problems.push(Problem::new(pointer, "too_long", format!("{} bytes; a text has at most {MAX_TEXT}", source.len())));
        return Template::default();
    }
    let mut parts = Vec::new();
    let mut rest = source;
    while let Some((literal, from)) = rest.split_once("{{") {
        push_text(&mut parts, literal);
        let offset = source.len() - from.len();
        let Some((path, after)) = from.split_once("}}") else {
            problems.push(problem(pointer, offset, "syntax", "`{{` is not closed; add `}}`".to_owned()));
            return Template::default();
        };
        match fact(path.trim(), names) {
            Ok(part) => parts.push(part),
            Err(detail) => problems.push(problem(pointer, offset, "unknown_fact", detail)),
        }
        rest = after;
    }
    push_text(&mut parts, rest);
    Template { parts }
}

fn push_text(parts: &mut Vec<Part>, literal: &str) {
    let literal: String = literal.chars().filter(|c| !c.is_control() || *c == '\n').collect();
    if !literal.is_empty() {
        parts.push(Part::Text(literal));
    }
}

fn fact(path: &str, names: &mut ConfigNames<'_>) -> Result<Part, String> {
    let path: Vec<String> = path.split('.').map(|part| part.trim().to_owned()).collect();
    let (fact, of) = names.resolve(&path)?;
    match of {
        Type::Int | Type::Str => Ok(Part::Fact(fact)),
        _ => Err(format!(
            "`{}` is of type {}; texts take int and string (for a share, `percent` instead of `ratio`)",
            path.join("."),
            of.name()
        )),
    }
}

fn problem(pointer: &str, offset: usize, code: &'static str, detail: String) -> Problem {
    Problem { offset: Some(offset), ..Problem::new(pointer, code, detail) }
}

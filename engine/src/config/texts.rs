//! Texts with facts in them, from source to [`Template`].

use super::json::Json;
use super::names::ConfigNames;
use super::reader::Reader;
use crate::expr::{Names, Type};
use crate::facts::Fact;
use crate::template::{Part, Template};

/// The longest text, in bytes.
const MAX_TEXT: usize = 2_000;

/// Compiles a text: everything but `{{path}}` stands for itself.
pub(super) fn template(part: Option<&Json>, names: &mut ConfigNames<'_>, reader: &mut Reader) -> Template {
    let (Some(part), Some(source)) = (part, reader.text(part)) else { return Template::default() };
    if source.len() > MAX_TEXT {
        reader.tell(part, "too_long", format!("{} bytes; a text has at most {MAX_TEXT}", source.len()));
        return Template::default();
    }
    let mut parts = Vec::new();
    let mut rest = source;
    while let Some((literal, from)) = rest.split_once("{{") {
        push_text(&mut parts, literal);
        let offset = source.len() - from.len();
        let Some((path, after)) = from.split_once("}}") else {
            reader.tell_within(part, offset, "syntax", "`{{` is not closed; add `}}`".to_owned());
            return Template::default();
        };
        match fact(path.trim(), names) {
            Ok(fact) => parts.push(fact),
            Err(detail) => reader.tell_within(part, offset, "unknown_fact", detail),
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
        Type::Int | Type::Str => Ok(match fact {
            Fact::Input(input) => Part::Input(input),
            fact => Part::Fact(fact),
        }),
        _ => Err(format!(
            "`{}` is of type {}; texts take int and string (for a share, `percent` instead of `ratio`)",
            path.join("."),
            of.name()
        )),
    }
}

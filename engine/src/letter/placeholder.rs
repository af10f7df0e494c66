//! `{{path}}` and `{{path|what stands in for it}}` within a text.

use super::Flaw;

/// The longest fallback, in bytes.
const MAX_FALLBACK: usize = 200;

/// A piece of a text as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bit<'s> {
    /// What stands for itself.
    Text(&'s str),
    /// A placeholder.
    Placeholder {
        /// Where it begins, in bytes.
        at: usize,
        /// Its whole source, with the braces.
        source: &'s str,
        /// What is to be filled in.
        path: &'s str,
        /// What stands in for it.
        fallback: Option<&'s str>,
    },
}

/// The pieces of `source`, and what is wrong with placeholders in it.
pub(crate) fn bits(source: &str) -> (Vec<Bit<'_>>, Vec<Flaw>) {
    let (mut bits, mut flaws) = (Vec::new(), Vec::new());
    let mut rest = source;
    while let Some((text, from)) = rest.split_once("{{") {
        if !text.is_empty() {
            bits.push(Bit::Text(text));
        }
        let at = source.len() - from.len() - 2;
        let closed = from.split_once("}}").filter(|(inner, _)| !inner.contains("{{"));
        let Some((inner, after)) = closed else {
            flaws.push(Flaw { code: "syntax", at: Some(at), detail: "`{{` is not closed; add `}}`".to_owned() });
            rest = from;
            continue;
        };
        let (path, fallback) = match inner.split_once('|') {
            Some((path, fallback)) => (path, Some(fallback.trim())),
            None => (inner, None),
        };
        if let Some(detail) = fallback.and_then(unfit) {
            flaws.push(Flaw { code: "syntax", at: Some(at), detail });
        } else {
            let whole = source.get(at..source.len() - after.len()).unwrap_or_default();
            bits.push(Bit::Placeholder { at, source: whole, path: path.trim(), fallback });
        }
        rest = after;
    }
    if !rest.is_empty() {
        bits.push(Bit::Text(rest));
    }
    (bits, flaws)
}

/// What is wrong with a fallback: it is text wherever it stands, so that it can be written in HTML and in a subject alike.
fn unfit(fallback: &str) -> Option<String> {
    if fallback.len() > MAX_FALLBACK {
        return Some(format!("{} bytes stand in for the value; at most {MAX_FALLBACK}", fallback.len()));
    }
    let odd = fallback.chars().find(|c| matches!(c, '<' | '>' | '"' | '&' | '{' | '}' | '|') || c.is_control())?;
    Some(format!("{odd:?} cannot be in what stands in for a value; plain words can"))
}

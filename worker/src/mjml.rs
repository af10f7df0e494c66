//! MJML, a language for mails that look alike everywhere, into the HTML that mail clients take.
//!
//! By the `mrml` crate: what MJML's own compiler does is ten thousand lines of how tables must be nested for which client. It is
//! given no loaders, so `mj-include` is refused and nothing is fetched.

use htmlparser::{ElementEnd, Token, Tokenizer};
use mrml::prelude::parser::{Error, Span};
use mrml::prelude::render::RenderOptions;
use upcue_engine::letter::Flaw;

/// How deep elements may be nested. The library calls itself for every level, on a stack that a template must not be able to exhaust;
/// letters of tables within tables have some thirty.
const MAX_DEPTH: usize = 100;
/// Elements without an end, as the library knows them.
const VOID: [&str; 14] = ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];

/// The HTML that `source` stands for, or what is wrong with it: the parser stops at the first thing it cannot read.
pub(crate) fn to_html(source: &str) -> Result<String, Vec<Flaw>> {
    if let Some(at) = too_deep(source) {
        let detail = format!("elements are nested more than {MAX_DEPTH} deep here; close some, or do with fewer");
        return Err(vec![Flaw::markup(Some(at), detail)]);
    }
    let parsed = mrml::parse(source).map_err(|error| vec![flaw(source, &error)])?;
    let passed_over: Vec<Flaw> = parsed.warnings.iter().map(|warning| ignored(source, &warning.span)).collect();
    if !passed_over.is_empty() {
        return Err(passed_over);
    }
    let options = RenderOptions { disable_comments: true, ..RenderOptions::default() };
    let html = parsed.element.render(&options).map_err(|error| vec![Flaw::markup(None, format!("this MJML cannot be drawn: {error}"))])?;
    // What the library does not know it takes for HTML.
    match html.split_once("<mj-") {
        Some((_, rest)) => {
            Err(vec![unknown(source, rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next().unwrap_or_default())])
        }
        None => Ok(html),
    }
}

/// Where elements are nested too deep, if they are. What is no MJML ends the search: the library tells of it.
fn too_deep(source: &str) -> Option<usize> {
    let (mut depth, mut at, mut is_void) = (0_usize, 0, false);
    for token in Tokenizer::from(source) {
        match token.ok()? {
            Token::ElementStart { local, span, .. } => (at, is_void) = (span.start(), VOID.contains(&local.as_str())),
            Token::ElementEnd { end: ElementEnd::Open, .. } if !is_void => depth += 1,
            Token::ElementEnd { end: ElementEnd::Close(..), .. } => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Some(at);
        }
    }
    None
}

fn unknown(source: &str, name: &str) -> Flaw {
    let at = source.find(&format!("<mj-{name}"));
    Flaw::markup(at, format!("`mj-{name}` is no MJML element that can stand here"))
}

/// What the library says it passes over is refused, as everywhere in the configuration.
fn ignored(source: &str, span: &Span) -> Flaw {
    let detail = format!("`{}` is no attribute of this element; see MJML's reference for those there are", excerpt(source, span));
    Flaw::markup(Some(span.start), detail)
}

fn flaw(source: &str, error: &Error) -> Flaw {
    let (at, detail) = match error {
        Error::UnexpectedElement { position, .. } => {
            (Some(position), format!("`{}` is no MJML element that can stand here", excerpt(source, position)))
        }
        Error::UnexpectedToken { position, .. } => (Some(position), format!("`{}` cannot stand here", excerpt(source, position))),
        Error::MissingAttribute { name, position, .. } => (Some(position), format!("this element needs the attribute `{name}`")),
        Error::InvalidAttribute { position, .. } => {
            (Some(position), format!("`{}` is no value of this attribute", excerpt(source, position)))
        }
        Error::InvalidFormat { position, .. } => (Some(position), format!("`{}` is not written as it must be", excerpt(source, position))),
        Error::IncludeLoaderError { position, .. } => {
            (Some(position), "nothing can be included; write what is meant here in its place".to_owned())
        }
        Error::EndOfStream { .. } => return Flaw::markup(Some(source.len()), "an element is not closed before the end"),
        Error::ParserError { source: error, .. } => {
            let place = error.pos();
            let at = offset(source, place.row, place.col);
            return Flaw::markup(at, "this is no MJML: check that every tag and quote here is closed");
        }
        Error::NoRootNode => (None, "there is no <mjml> element; begin with <mjml><mj-body>".to_owned()),
        Error::SizeLimit { .. } => (None, "this is too long".to_owned()),
    };
    Flaw::markup(at.map(|span| span.start), detail)
}

/// What stands at `span`, as far as it fits into a line.
fn excerpt(source: &str, span: &Span) -> String {
    let text = source.get(span.start..span.end).unwrap_or_default();
    let line: String = text.chars().take_while(|c| !c.is_control()).take(60).collect();
    if line.len() < text.len() { format!("{line}…") } else { line }
}

/// The byte at a row and column, both from 1 and in characters.
fn offset(source: &str, row: u32, column: u32) -> Option<usize> {
    let row = usize::try_from(row).ok()?.checked_sub(1)?;
    let column = usize::try_from(column).ok()?.checked_sub(1)?;
    let before: usize = source.split_inclusive('\n').take(row).map(str::len).sum();
    let line = source.get(before..)?;
    Some(before + line.char_indices().nth(column).map_or(line.len(), |(at, _)| at))
}

#[cfg(test)]
mod tests;

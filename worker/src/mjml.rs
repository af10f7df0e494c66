//! MJML, a language for mails that look alike everywhere, into the HTML that mail clients take.
//!
//! By the `mrml` crate: what MJML's own compiler does is ten thousand lines of how tables must be nested for which client. It is
//! given no loaders, so `mj-include` is refused and nothing is fetched.

use mrml::prelude::parser::{Error, Span};
use mrml::prelude::render::RenderOptions;
use upcue_engine::letter::Flaw;

/// The HTML that `source` stands for, or what is wrong with it: the parser stops at the first thing it cannot read.
pub(crate) fn to_html(source: &str) -> Result<String, Vec<Flaw>> {
    let parsed = mrml::parse(source).map_err(|error| vec![flaw(source, &error)])?;
    let unknown: Vec<Flaw> = parsed.warnings.iter().map(|warning| ignored(source, &warning.span)).collect();
    if !unknown.is_empty() {
        return Err(unknown);
    }
    let options = RenderOptions { disable_comments: true, ..RenderOptions::default() };
    parsed.element.render(&options).map_err(|error| vec![Flaw::markup(None, format!("this MJML cannot be drawn: {error}"))])
}

/// What MJML would pass over in silence is refused, as everywhere in the configuration.
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
mod tests {
    use std::fs;

    use serde_json::json;
    use upcue_engine::config::{Config, Host, review_for};
    use upcue_engine::letter::sample::Sample;
    use upcue_engine::letter::{Frame, Rendered};
    use upcue_engine::time::Millis;

    use super::to_html;

    fn compiled(templates: &serde_json::Value) -> Config {
        let document = json!({
            "meters": {"api_calls": {"kind": "counter", "label": "API calls", "unit": "calls"}, "seats": {"kind": "gauge", "label": "Team members"}},
            "features": {"sso": {"label": "Single sign-on"}},
            "plans": {"source": "inline", "list": [
                {"id": "free", "name": "Free", "rank": 0, "limits": {"api_calls": 10_000, "seats": 25}}, {"id": "pro", "name": "Pro", "rank": 1}]},
            "email": {"links": {"plans": "https://app.nimbus.example/plans"}},
            "templates": templates,
        });
        let host = Host { mjml: to_html, ..Host::default() };
        review_for(&document.to_string(), Millis(0), host).0.unwrap_or_else(|problems| panic!("{problems:#?}"))
    }

    fn rendered(config: &Config, id: &str, also: &[String]) -> Rendered {
        let frame = Frame {
            tenant: "acme",
            recipient_name: Some("Ada"),
            recipient_email: "ada@acme.example",
            app_name: "Nimbus",
            postal_address: "Nimbus Inc., 1 Cloud Street, Berlin",
            also,
            link: &|address| address.to_owned(),
            unsubscribe: "https://upcue.example/u/one",
            unsubscribe_all: "https://upcue.example/u/all",
            open_pixel: None,
        };
        let template = config.templates.iter().find(|template| template.id == id).expect(id);
        template
            .render(&Sample::of(config, config.inline_plans.as_deref().unwrap_or_default()), &frame)
            .unwrap_or_else(|unready| panic!("{}", unready.detail()))
    }

    #[test]
    fn the_letters_ready_to_use_are_small_and_whole() {
        let all = json!({
            "approaching": {"builtin": "limit_approaching", "meter": "api_calls"}, "reached": {"builtin": "limit_reached", "meter": "api_calls"},
            "pace": {"builtin": "pace", "meter": "api_calls"}, "blocked": {"builtin": "feature_blocked", "feature": "sso"},
            "growing": {"builtin": "team_growing", "meter": "seats"}, "requests": {"builtin": "upgrade_requests"},
        });
        let config = compiled(&all);
        assert_eq!(config.templates.len(), 6);
        let looks = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/letters");
        fs::create_dir_all(looks).expect("a directory");
        for template in &config.templates {
            let also = ["Team members: 23 of 25 in use".to_owned(), "Single sign-on: your team has tried to use it".to_owned()];
            for (name, also) in [("", [].as_slice()), ("-merged", &also)] {
                let letter = rendered(&config, &template.id, also);
                fs::write(format!("{looks}/{}{name}.html", template.id), &letter.html).expect("written");
                fs::write(format!("{looks}/{}{name}.txt", template.id), format!("{}\n\n{}", letter.subject, letter.text)).expect("written");
                assert!(letter.html.len() < 30_000, "{}: {} bytes", template.id, letter.html.len());
            }
        }
    }
}

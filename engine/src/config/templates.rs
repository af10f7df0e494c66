//! The section `templates`: letters as they are written, from source to [`LetterTemplate`].

use super::json::{Json, Value};
use super::names::{ConfigNames, is_root, unknown};
use super::parts::name;
use super::reader::{Object, Reader};
use crate::expr::{Names, Type};
use crate::letter::defaults::{self, Default as BuiltIn, Subject};
use crate::letter::{Bit, Block, Draft, Filling, Flaw, LetterTemplate, MAX_HTML, Mjml, Resolve, Slot, Source, UrlPart, Written, bits};

/// The most templates.
const MAX_TEMPLATES: usize = 200;
/// The longest subject, preheader and summary, in bytes.
const MAX_LINE: usize = 500;
/// What a template may say.
const FIELDS: [&str; 10] = ["subject", "mjml", "html", "mjml_or_html", "text", "preheader", "summary", "builtin", "meter", "feature"];
/// The body of a letter, in one of these.
const BODIES: [&str; 3] = ["mjml", "html", "mjml_or_html"];
/// Placeholders that only letters have.
const PLACEHOLDERS: [&str; 7] = ["recipient", "app", "links", "postal_address", "also", "footer", "bar"];

/// What letters may speak of besides facts, and how MJML is made HTML.
#[derive(Clone, Copy)]
pub(super) struct Press<'a> {
    /// Where `{{links.<name>}}` lead.
    pub(super) links: &'a [(String, String)],
    /// The host's MJML.
    pub(super) mjml: Mjml,
}

/// What the templates are called, whatever is wrong with them: a step that names one is right.
pub(super) fn names_of<'j>(part: Option<&'j Json>, reader: &mut Reader) -> Vec<&'j str> {
    reader.entries(part, MAX_TEMPLATES).iter().map(|(name, _)| name.as_str()).collect()
}

/// The templates, in the order of the document.
pub(super) fn templates(document: &Object<'_>, press: Press<'_>, names: &mut ConfigNames<'_>, reader: &mut Reader) -> Vec<LetterTemplate> {
    let mut templates = Vec::new();
    for (id, part) in reader.entries(document.get("templates"), MAX_TEMPLATES) {
        if reader.is_full() {
            break;
        }
        name(id, part, reader);
        let fields = reader.object(Some(part), &[], &FIELDS);
        let template = match fields.get("builtin") {
            Some(builtin) => ready(id, builtin, &fields, press, names, reader),
            None => written(id, part, &fields, press, names, reader),
        };
        templates.extend(template);
    }
    templates
}

/// A template with a body of its own.
fn written(
    id: &str,
    part: &Json,
    fields: &Object<'_>,
    press: Press<'_>,
    names: &mut ConfigNames<'_>,
    reader: &mut Reader,
) -> Option<LetterTemplate> {
    for subject in ["meter", "feature"] {
        if let Some(part) = fields.get(subject) {
            reader.tell(part, "conflict", format!("`{subject}` goes with `builtin`; remove it"));
        }
    }
    let subject = line(fields, "subject", reader);
    match fields.get("subject").map(|part| (part, &part.value)) {
        None => reader.miss(fields, "subject"),
        Some((part, Value::Text(text))) if text.trim().is_empty() => reader.tell(part, "missing", "a letter needs a subject"),
        Some(_) => {}
    }
    let body: Vec<(&str, &Json)> = BODIES.iter().filter_map(|name| Some((*name, fields.get(name)?))).collect();
    let (kind, body) = match body.as_slice() {
        [one] => *one,
        [] => {
            reader.miss(fields, "mjml");
            return None;
        }
        [_, (_, second), ..] => {
            reader.tell(second, "conflict", "a letter has one body: `mjml` or `html`; remove one of them");
            return None;
        }
    };
    let source = bounded(Some(body), MAX_HTML, reader)?;
    if source.trim().is_empty() {
        reader.tell(body, "missing", "a letter needs a body");
        return None;
    }
    let is_mjml = kind == "mjml" || (kind == "mjml_or_html" && source.trim_start().starts_with("<mjml"));
    let mut resolve = |path: &str, fallback: Option<&str>| slot(path, fallback, press.links, names);
    let html = if is_mjml { from_mjml(body, source, press.mjml, &mut resolve, reader)? } else { source.to_owned() };
    let text = bounded(fields.get("text"), MAX_HTML, reader);
    let lines = [subject, line(fields, "preheader", reader), line(fields, "summary", reader)];
    let [subject, preheader, summary] = lines.map(Option::unwrap_or_default);
    let draft = Draft::of(id, &Written { subject, preheader, summary, html: &html, text }, &mut resolve);
    for (field, flaw) in draft.flaws {
        let at = if is_mjml && field == "html" { flaw.at.and_then(|at| found(source, &html, at)) } else { flaw.at };
        let place = if field == "html" { body } else { fields.get(field).unwrap_or(part) };
        tell(place, Flaw { at, ..flaw }, reader);
    }
    Some(draft.template)
}

/// HTML from MJML. What is wrong with its placeholders is told at their place in it, before it is made anything else.
fn from_mjml(part: &Json, source: &str, mjml: Mjml, resolve: &mut Resolve<'_>, reader: &mut Reader) -> Option<String> {
    let (found, mut flaws) = bits(source);
    for bit in found {
        if let Bit::Placeholder { at, path, fallback, .. } = bit
            && let Err((code, detail)) = resolve(path, fallback)
        {
            flaws.push(Flaw { code, at: Some(at), detail });
        }
    }
    let html = mjml(source).map_err(|told| flaws.extend(told)).ok();
    let is_good = flaws.is_empty();
    for flaw in flaws {
        tell(part, flaw, reader);
    }
    html.filter(|_| is_good)
}

/// Where in `source` stands what stands at `at` in the `html` that came of it: as much of it as is in both.
fn found(source: &str, html: &str, at: usize) -> Option<usize> {
    let after = html.get(at..)?;
    let lengths = after.char_indices().map(|(i, c)| i + c.len_utf8()).take(48).collect::<Vec<_>>();
    lengths.into_iter().rev().filter(|length| *length > 2).find_map(|length| source.find(after.get(..length)?))
}

fn tell(part: &Json, flaw: Flaw, reader: &mut Reader) {
    match flaw.at {
        Some(at) => reader.tell_within(part, at, flaw.code, flaw.detail),
        None => reader.tell(part, flaw.code, flaw.detail),
    }
}

/// A template that is there to be used.
fn ready(
    id: &str,
    builtin: &Json,
    fields: &Object<'_>,
    press: Press<'_>,
    names: &mut ConfigNames<'_>,
    reader: &mut Reader,
) -> Option<LetterTemplate> {
    for name in BODIES.iter().chain(&["text"]) {
        if let Some(part) = fields.get(name) {
            reader.tell(part, "conflict", format!("the built-in letter has its own `{name}`; remove it, or remove `builtin`"));
        }
    }
    let known: Vec<(&str, &BuiltIn)> = defaults::ALL.iter().map(|letter| (letter.name, letter)).collect();
    let letter = reader.choice(Some(builtin), "built-in letter", &known)?;
    let (key, label) = about(letter, builtin, fields, names, reader)?;
    let said = letter.said(&key, &label);
    let own = ["subject", "preheader", "summary"].map(|name| line(fields, name, reader).filter(|line| !line.trim().is_empty()));
    let mut resolve = |path: &str, fallback: Option<&str>| slot(path, fallback, press.links, names);
    let html = match (press.mjml)(&said.mjml) {
        Ok(html) => html,
        Err(flaws) => {
            for flaw in flaws {
                reader.tell(builtin, flaw.code, flaw.detail);
            }
            return None;
        }
    };
    let [subject, preheader, summary] = own;
    let written = Written {
        subject: subject.unwrap_or(&said.subject),
        preheader: preheader.unwrap_or(&said.preheader),
        summary: summary.unwrap_or(&said.summary),
        html: &html,
        text: None,
    };
    let draft = Draft::of(id, &written, &mut resolve);
    for (field, flaw) in draft.flaws {
        match fields.get(field) {
            Some(part) => tell(part, flaw, reader),
            None => reader.tell(builtin, flaw.code, flaw.detail),
        }
    }
    Some(draft.template)
}

/// The name and label of what a built-in letter is about.
fn about(letter: &BuiltIn, builtin: &Json, fields: &Object<'_>, names: &ConfigNames<'_>, reader: &mut Reader) -> Option<(String, String)> {
    let (wanted, known): (&'static str, Vec<(&str, &str)>) = match letter.about {
        Subject::Meter => ("meter", names.meters.iter().map(|m| (m.key.as_str(), m.label.as_str())).collect()),
        Subject::Feature => ("feature", names.features.iter().map(|f| (f.key.as_str(), f.label.as_str())).collect()),
        Subject::Team => ("", Vec::new()),
    };
    for other in ["meter", "feature"] {
        if let Some(part) = fields.get(other).filter(|_| other != wanted) {
            reader.tell(part, "conflict", format!("`{}` is not about a {other}; remove it", letter.name));
        }
    }
    if wanted.is_empty() {
        return Some((String::new(), String::new()));
    }
    let Some(part) = fields.get(wanted) else {
        reader.tell(builtin, "missing", format!("`{}` is about a {wanted}: add `\"{wanted}\"`", letter.name));
        return None;
    };
    let key = reader.text(Some(part))?;
    let found = known.iter().find(|(known, _)| *known == key);
    if found.is_none() {
        let code = if wanted == "meter" { "unknown_meter" } else { "unknown_feature" };
        reader.tell(part, code, unknown(wanted, key, &known.iter().map(|(key, _)| *key).collect::<Vec<_>>()));
    }
    found.map(|(key, label)| ((*key).to_owned(), (*label).to_owned()))
}

fn line<'j>(fields: &Object<'j>, name: &str, reader: &mut Reader) -> Option<&'j str> {
    bounded(fields.get(name), MAX_LINE, reader)
}

fn bounded<'j>(part: Option<&'j Json>, most: usize, reader: &mut Reader) -> Option<&'j str> {
    let text = reader.text(part)?;
    if text.len() > most {
        reader.tell(part?, "too_long", format!("{} bytes; at most {most}", text.len()));
        return None;
    }
    Some(text)
}

/// What a placeholder stands for.
fn slot(
    path: &str,
    fallback: Option<&str>,
    links: &[(String, String)],
    names: &mut ConfigNames<'_>,
) -> Result<Slot, (&'static str, String)> {
    let steps: Vec<&str> = path.split('.').map(str::trim).collect();
    let value = |source| {
        let fallback = fallback.map(str::to_owned);
        Ok(Slot::Value(Filling { name: path.to_owned(), source, fallback }))
    };
    let slot = match steps.as_slice() {
        ["recipient", "name"] => return value(Source::RecipientName),
        ["recipient", "email"] => return value(Source::RecipientEmail),
        ["tenant", "id"] => return value(Source::Tenant),
        ["app", "name"] => return value(Source::App),
        ["postal_address"] => return value(Source::PostalAddress),
        ["also"] => return Ok(Slot::Block(Block::Also(fallback.unwrap_or_default().to_owned()))),
        ["footer"] => Slot::Block(Block::Footer),
        ["bar", meter] => Slot::Block(Block::Bar(bar(meter, names)?)),
        ["links", "unsubscribe"] => Slot::Link(UrlPart::Unsubscribe),
        ["links", "unsubscribe_all"] => Slot::Link(UrlPart::UnsubscribeAll),
        ["links", name] => Slot::Link(UrlPart::Text(link(name, links)?)),
        ["recipient", field] => return Err(("unknown_fact", unknown("field of `recipient`", field, &["name", "email"]))),
        ["app", field] => return Err(("unknown_fact", unknown("field of `app`", field, &["name"]))),
        [root, ..] if !is_root(root) => {
            let known: Vec<&str> = PLACEHOLDERS.iter().copied().chain(super::names::roots()).collect();
            return Err(("unknown_fact", unknown("placeholder", root, &known)));
        }
        _ => return value(Source::Fact(fact(&steps, names)?)),
    };
    match fallback {
        None => Ok(slot),
        Some(_) => Err(("syntax", format!("`{path}` is always known; remove `|` and what follows"))),
    }
}

fn link(name: &str, links: &[(String, String)]) -> Result<String, (&'static str, String)> {
    if let Some((_, address)) = links.iter().find(|(known, _)| known == name) {
        return Ok(address.clone());
    }
    let known: Vec<&str> = links.iter().map(|(name, _)| name.as_str()).chain(["unsubscribe", "unsubscribe_all"]).collect();
    Err(("unknown_link", format!("{}; `email.links` says where links lead", unknown("link", name, &known))))
}

fn bar(meter: &str, names: &ConfigNames<'_>) -> Result<u16, (&'static str, String)> {
    let found = names.meters.iter().position(|known| known.key == meter).and_then(|i| u16::try_from(i).ok());
    found.ok_or_else(|| ("unknown_meter", unknown("meter", meter, &names.meters.iter().map(|m| m.key.as_str()).collect::<Vec<_>>())))
}

/// A fact that can be written: a number, words, or a length of time, which letters tell in days.
fn fact(steps: &[&str], names: &mut ConfigNames<'_>) -> Result<crate::facts::Fact, (&'static str, String)> {
    let path: Vec<String> = steps.iter().map(|step| (*step).to_owned()).collect();
    let (fact, of) = names.resolve(&path).map_err(|detail| ("unknown_fact", detail))?;
    match of {
        Type::Int | Type::Str | Type::Duration => Ok(fact),
        _ => Err((
            "unknown_fact",
            format!(
                "`{}` is of type {}; letters take int, string and duration (for a share, `percent` instead of `ratio`)",
                steps.join("."),
                of.name()
            ),
        )),
    }
}

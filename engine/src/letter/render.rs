//! A template filled in for one recipient.

use super::blocks;
use super::clean::{clean, escaped, grouped, percent_encoded, plain};
use super::{Block, Filling, LetterTemplate, MAX_HTML, Piece, Source, UrlPart, percent};
use crate::expr::{Lookup, Value};
use crate::facts::{Fact, Input, UsageField};
use crate::time::DAY;

/// The longest subject, in characters.
const MAX_SUBJECT: usize = 250;

/// What a letter is told besides facts: about its recipient, its sender, and where its addresses lead.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    /// The tenant's id.
    pub tenant: &'a str,
    /// What the recipient is called, if that is known.
    pub recipient_name: Option<&'a str>,
    /// Where it goes.
    pub recipient_email: &'a str,
    /// What the app is called.
    pub app_name: &'a str,
    /// The app's postal address.
    pub postal_address: &'a str,
    /// The summaries of letters that were merged into this one.
    pub also: &'a [String],
    /// What is written for an address that a reader follows.
    pub link: &'a dyn Fn(&str) -> String,
    /// The address that ends these letters.
    pub unsubscribe: &'a str,
    /// The address that ends all letters.
    pub unsubscribe_all: &'a str,
    /// The picture that tells of an opened letter; usually none.
    pub open_pixel: Option<&'a str>,
}

impl core::fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Frame").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

/// A letter that can be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// One line, with nothing in it that could end a header.
    pub subject: String,
    /// HTML of at most [`MAX_HTML`] bytes.
    pub html: String,
    /// The same without markup.
    pub text: String,
    /// The line it contributes to another letter.
    pub summary: String,
}

/// Why there is no letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unready {
    /// These values are not known.
    Missing(Vec<String>),
    /// So many bytes of HTML.
    TooLong(usize),
}

impl Unready {
    /// The same in words.
    pub fn detail(&self) -> String {
        match self {
            Unready::Missing(names) => {
                let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                format!("not known: {}; write {{{{name|words}}}} to say what stands in for a value", names.join(", "))
            }
            Unready::TooLong(bytes) => format!("{bytes} bytes of HTML; at most {MAX_HTML}"),
        }
    }
}

impl LetterTemplate {
    /// The letter, or why there is none.
    pub fn render(&self, facts: &impl Lookup, frame: &Frame<'_>) -> Result<Rendered, Unready> {
        match self.preview(facts, frame) {
            (_, missing) if !missing.is_empty() => Err(Unready::Missing(missing)),
            (letter, _) if letter.html.len() > MAX_HTML => Err(Unready::TooLong(letter.html.len())),
            (letter, _) => Ok(letter),
        }
    }

    /// The letter, whatever it lacks, and what that is: the names stand in place of such values.
    pub fn preview(&self, facts: &impl Lookup, frame: &Frame<'_>) -> (Rendered, Vec<String>) {
        let mut pen = Pen { facts, frame, missing: Vec::new(), preheader: String::new() };
        let subject = short(pen.write(&self.subject, Medium::Plain));
        pen.preheader = pen.write(&self.preheader, Medium::Plain);
        let html = pen.write(&self.html, Medium::Html);
        let text = tidy(&pen.write(&self.text, Medium::Plain));
        let summary = if self.summary.is_empty() { subject.clone() } else { short(pen.write(&self.summary, Medium::Plain)) };
        (Rendered { subject, html, text, summary }, pen.missing)
    }
}

/// What is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Medium {
    Html,
    Plain,
}

struct Pen<'a, F> {
    facts: &'a F,
    frame: &'a Frame<'a>,
    missing: Vec<String>,
    preheader: String,
}

/// A value as text, and whether it is words: numbers need no care.
struct Told {
    text: String,
    words: bool,
}

impl<F: Lookup> Pen<'_, F> {
    fn write(&mut self, pieces: &[Piece], medium: Medium) -> String {
        let mut text = String::new();
        for piece in pieces {
            match (piece, medium) {
                (Piece::Text(literal), _) => text.push_str(literal),
                (Piece::Value(filling), Medium::Html) => {
                    let Told { text: value, words } = self.value(filling, true);
                    let value = escaped(&value);
                    if words {
                        text.extend(["<bdi>", &value, "</bdi>"]);
                    } else {
                        text.push_str(&value);
                    }
                }
                (Piece::Attribute(filling), Medium::Html) => text.push_str(&escaped(&plain(&self.value(filling, true).text))),
                (Piece::Value(filling) | Piece::Attribute(filling), Medium::Plain) => {
                    text.push_str(&plain(&self.value(filling, true).text));
                }
                (Piece::Url { parts, follow }, Medium::Html) => text.push_str(&escaped(&self.url(parts, *follow))),
                (Piece::Url { parts, follow }, Medium::Plain) => text.push_str(&self.url(parts, *follow)),
                (Piece::Block(block), Medium::Html) => text.push_str(&match block {
                    Block::Preheader => blocks::preheader(&self.preheader),
                    Block::Also(heading) => blocks::also_html(heading, self.frame.also),
                    Block::Footer => blocks::footer_html(self.frame),
                    Block::Pixel => blocks::pixel(self.frame.open_pixel),
                    Block::Bar(meter) => self.bar(*meter),
                }),
                (Piece::Block(block), Medium::Plain) => text.push_str(&match block {
                    Block::Also(heading) => blocks::also_text(heading, self.frame.also),
                    Block::Footer => blocks::footer_text(self.frame),
                    Block::Preheader | Block::Pixel | Block::Bar(_) => String::new(),
                }),
            }
        }
        text
    }

    fn bar(&mut self, meter: u16) -> String {
        let Fact::Input(input) = percent(meter) else { return String::new() };
        match self.facts.input(input) {
            Value::Int(percent) => blocks::bar(percent),
            _ => String::new(),
        }
    }

    fn url(&mut self, parts: &[UrlPart], follow: bool) -> String {
        let mut address = String::new();
        for part in parts {
            match part {
                UrlPart::Text(text) => address.push_str(text),
                UrlPart::Value(filling) => address.push_str(&percent_encoded(&self.value(filling, false).text)),
                UrlPart::Unsubscribe => return self.frame.unsubscribe.to_owned(),
                UrlPart::UnsubscribeAll => return self.frame.unsubscribe_all.to_owned(),
            }
        }
        if follow && !address.starts_with("mailto:") { (self.frame.link)(&address) } else { address }
    }

    /// The value, what stands in for it, or its name where it is missing.
    fn value(&mut self, filling: &Filling, for_people: bool) -> Told {
        let words = |text: &str| Told { text: clean(text), words: true };
        let known = match filling.source {
            Source::Fact(fact) => self.fact(fact, for_people),
            Source::RecipientName => self.frame.recipient_name.map(words),
            Source::RecipientEmail => Some(words(self.frame.recipient_email)),
            Source::Tenant => Some(words(self.frame.tenant)),
            Source::App => Some(words(self.frame.app_name)),
            Source::PostalAddress => Some(words(self.frame.postal_address)),
        };
        let known = known.filter(|told| !told.text.trim().is_empty());
        if let Some(told) = known {
            return told;
        }
        if let Some(fallback) = &filling.fallback {
            return Told { text: fallback.clone(), words: false };
        }
        if !self.missing.contains(&filling.name) {
            self.missing.push(filling.name.clone());
        }
        Told { text: format!("{{{{{}}}}}", filling.name), words: false }
    }

    fn fact(&self, fact: Fact, for_people: bool) -> Option<Told> {
        let value = match fact {
            Fact::Input(input) => self.facts.input(input),
            fact => self.facts.fact(fact),
        };
        let number = |number: i64| if for_people { grouped(number) } else { number.to_string() };
        let text = match value {
            Value::Str(text) => return Some(Told { text: clean(text), words: true }),
            Value::Int(n) if for_people && matches!(fact, Fact::Input(Input::Usage { field: UsageField::Percent, .. })) => number(n) + "%",
            Value::Int(n) => number(n),
            // In days, rounded up: "3 days left" is true until the last hour of them.
            Value::Duration(ms) => number(ms.max(0).div_euclid(DAY) + i64::from(ms.max(0).rem_euclid(DAY) > 0)),
            _ => return None,
        };
        Some(Told { text, words: false })
    }
}

fn short(line: String) -> String {
    if line.chars().count() <= MAX_SUBJECT {
        return line;
    }
    line.chars().take(MAX_SUBJECT - 1).chain(['…']).collect()
}

/// Without more than one empty line at a time, which blocks without anything in them leave.
fn tidy(text: &str) -> String {
    let mut tidy = String::new();
    for line in text.lines() {
        // "-- " begins a signature (RFC 3676, 4.3).
        let line = if line == "-- " { line } else { line.trim_end() };
        if !(line.is_empty() && (tidy.is_empty() || tidy.ends_with("\n\n"))) {
            tidy.push_str(line);
            tidy.push('\n');
        }
    }
    tidy.truncate(tidy.trim_end().len());
    tidy.push('\n');
    tidy
}

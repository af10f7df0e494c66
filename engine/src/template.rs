//! Texts with facts in them: `You’ve used {{usage.api_calls.percent}} of your quota`.
//!
//! Compiled at the edge; filled in at both sides. What is filled in is marked rather than formatted, so that the page can
//! write numbers the way its reader's language does. A missing value leaves no text at all: nobody reads `undefined`.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::expr::{Lookup, Value};
use crate::expr::{Settle, Settled};
use crate::facts::Fact;
use crate::facts::{Input, UsageField};
use crate::wire;

/// Begins a filled-in value: followed by its kind (`n` number, `p` per cent, `t` text), the value and [`END`].
pub const BEGIN: char = '\u{1}';
/// Ends a filled-in value.
pub const END: char = '\u{2}';

/// A compiled text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    pub(crate) parts: Vec<Part>,
}

wire! { struct Template { parts } }

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Part {
    /// As it stands.
    Text(String),
    /// What the browser reads by itself.
    Input(Input),
    /// The value of a fact. Settled before a text leaves the edge.
    Fact(Fact),
}

wire! { enum Part { Text(text), Input(input), Fact(fact) } }

/// A piece of a text as a page has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// As it stands, with marked values in it.
    Text(&'a str),
    /// What the browser reads by itself.
    Input(Input),
}

impl Part {
    fn value<'a>(&'a self, facts: &'a impl Lookup) -> Value<'a> {
        match self {
            Part::Text(_) => Value::Bool(true),
            Part::Input(input) => facts.input(*input),
            Part::Fact(fact) => facts.fact(*fact),
        }
    }
}

impl Template {
    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The text with its facts filled in and marked; `None` when one of them is unknown.
    pub fn fill(&self, facts: &impl Lookup) -> Option<String> {
        let mut text = String::new();
        for part in &self.parts {
            if let Part::Text(literal) = part {
                text.push_str(literal);
            } else {
                mark(&mut text, part, part.value(facts))?;
            }
        }
        Some(text)
    }

    /// Its pieces as a page has them; what only the edge knows is left out.
    pub fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(Piece::Text(text)),
            Part::Input(input) => Some(Piece::Input(*input)),
            Part::Fact(_) => None,
        })
    }

    /// Whether every fact of the text is known.
    pub fn is_complete(&self, facts: &impl Lookup) -> bool {
        self.parts.iter().all(|part| part.value(facts) != Value::Unknown)
    }

    /// The text with everything in place that the edge knows; `None` when some of it is unknown.
    pub fn residual(&self, facts: &impl Settle) -> Option<Self> {
        let mut parts: Vec<Part> = Vec::new();
        for part in &self.parts {
            let settled = match part {
                Part::Text(_) => None,
                Part::Input(input) => Some(facts.settle_input(*input)),
                Part::Fact(fact) => Some(facts.settle_fact(*fact)),
            };
            match (settled, part) {
                (Some(Settled::Input(input)), _) => parts.push(Part::Input(input)),
                (Some(Settled::Value(value)), part) => {
                    let mut text = String::new();
                    mark(&mut text, part, value)?;
                    parts.push(Part::Text(text));
                }
                (None, part) => parts.push(part.clone()),
            }
        }
        Some(Self { parts })
    }

    /// A text that lacks a value, whatever happens in the page.
    pub fn missing() -> Self {
        Self { parts: vec![Part::Input(Input::Signal(u16::MAX))] }
    }

    /// What the browser reads for it.
    pub fn inputs(&self) -> impl Iterator<Item = Input> {
        self.parts.iter().filter_map(|part| if let Part::Input(input) = part { Some(*input) } else { None })
    }

    /// The facts it names, in its order.
    pub fn facts(&self) -> impl Iterator<Item = Fact> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Input(input) => Some(Fact::Input(*input)),
            Part::Fact(fact) => Some(*fact),
        })
    }

    /// Gives every input the number that `number` says.
    pub fn renumber(&mut self, number: &impl Fn(Input) -> Input) {
        for part in &mut self.parts {
            if let Part::Input(input) = part {
                *input = number(*input);
            }
        }
    }
}

/// A filled-in text for readers without a locale: numbers in plain digits.
pub fn plain(marked: &str) -> String {
    let mut text = String::new();
    let mut rest = marked;
    while let Some((before, after)) = rest.split_once(BEGIN) {
        let (value, after) = after.split_once(END).unwrap_or((after, ""));
        let (kind, value) = value.split_at_checked(1).unwrap_or(("", value));
        text.push_str(before);
        text.push_str(value);
        if kind == "p" {
            text.push('%');
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

fn mark(text: &mut String, part: &Part, value: Value<'_>) -> Option<()> {
    text.push(BEGIN);
    match value {
        Value::Int(number) => {
            text.push(if matches!(part, Part::Input(Input::Usage { field: UsageField::Percent, .. })) { 'p' } else { 'n' });
            push_int(text, number);
        }
        Value::Str(value) => {
            text.push('t');
            // A value cannot close its own mark or open another.
            text.extend(value.chars().filter(|c| !matches!(*c, BEGIN | END)));
        }
        _ => return None,
    }
    text.push(END);
    Some(())
}

/// Writes a whole number without the formatting machinery, which would cost the browser three kilobytes.
pub(crate) fn push_int(text: &mut String, number: i64) {
    if number < 0 {
        text.push('-');
    }
    push_digits(text, number.unsigned_abs());
}

fn push_digits(text: &mut String, number: u64) {
    if number >= 10 {
        push_digits(text, number / 10);
    }
    text.push(char::from(b'0' + u8::try_from(number % 10).unwrap_or(0)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::PlanField;

    #[test]
    fn whole_numbers_are_written_as_people_expect() {
        for (number, expected) in [(0, "0"), (7, "7"), (10, "10"), (-42, "-42"), (i64::MIN, "-9223372036854775808")] {
            let mut text = String::new();
            push_int(&mut text, number);
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn values_cannot_pretend_to_be_marks() {
        struct Plan;
        impl Lookup for Plan {
            fn input(&self, _: Input) -> Value<'_> {
                Value::Unknown
            }
            fn fact(&self, _: Fact) -> Value<'_> {
                Value::Str("Pro\u{2}\u{1}n9")
            }
        }
        let template = Template { parts: vec![Part::Text("On ".to_owned()), Part::Fact(Fact::Plan(PlanField::Name))] };
        let marked = template.fill(&Plan).expect("known");
        assert_eq!(marked, "On \u{1}tPron9\u{2}");
        assert_eq!(plain(&marked), "On Pron9");
        assert_eq!(plain("\u{1}p92\u{2} of \u{1}n1000\u{2}"), "92% of 1000");
    }
}

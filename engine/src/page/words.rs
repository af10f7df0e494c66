//! The words of a frame: JSON, as a browser reads it quicker than anything that would have to be sent along.
//!
//! ```json
//! {"tag": "00c0ffee00c0ffee", "version": 3, "meters": [["api_calls", "API calls", "calls"]], "features": [["sso", "Single sign-on"]],
//!  "events": ["premium_feature_blocked"],
//!  "campaigns": [["api_quota", "app.header", "banner", null, ["You’ve used ", [0, 1], " of your quota"], "", ["Compare plans", "compare_plans"], null]],
//!  "plan": {"id": "pro", "name": "Pro"}, "courses": [[12400, 1750000000000]]}
//! ```
//!
//! A campaign is its name, placement, kind, variant, title, body, call to action (label and action), and
//! the milliseconds of "later". A text is a string, or a list of strings and numbers; a number is its place among the snapshot's values, or
//! with a 1 at the end itself, and 1 when it is per cent. The tag is the page's hash, of which the snapshot's `ETag` over HTTP is made: a page that was sent this frame over its
//! socket can ask whether it still holds. In a live frame stand `plan` and `courses` alone.

use std::fmt::Write as _;

use crate::campaign::{Campaign, Cta};
use crate::facts::{Input, UsageField};
use crate::template::{BEGIN, END, Piece, Template};

use super::{Page, State};

impl Page {
    /// All of them.
    pub(super) fn words(&self) -> String {
        together(self.hash(), &self.words_of_rules(), &self.words_of_state())
    }

    /// Those of the rules.
    pub(crate) fn words_of_rules(&self) -> String {
        let mut json = format!("{{\"version\":{}", self.config_version);
        let meters = self.meters.iter().map(|m| list([string(&m.key), string(&m.label), string(&m.unit)]));
        let features = self.features.iter().map(|f| list([string(&f.key), string(&f.label)]));
        let campaigns = self.campaigns.iter().map(|campaign| self.campaign(campaign));
        for (name, items) in [
            ("meters", list(meters)),
            ("features", list(features)),
            ("events", list(self.events.iter().map(|name| string(name)))),
            ("campaigns", list(campaigns)),
        ] {
            _ = write!(json, ",\"{name}\":{items}"); // a String takes everything
        }
        json.push('}');
        json
    }

    /// Those of what changes from moment to moment.
    pub(crate) fn words_of_state(&self) -> String {
        let State { plan, courses, .. } = &self.state;
        let plan = plan.as_ref();
        let plan = plan.map_or("null".to_owned(), |plan| format!("{{\"id\":{},\"name\":{}}}", string(&plan.id), string(&plan.name)));
        let courses = courses.iter().map(|c| list([number(c.projected), number(c.exhausts_at.map(|at| at.0))]));
        format!("{{\"plan\":{plan},\"courses\":{}}}", list(courses))
    }

    fn campaign(&self, campaign: &Campaign) -> String {
        let nudge = &campaign.nudge;
        list([
            string(&campaign.id),
            string(&campaign.placement),
            string(nudge.kind.name()),
            campaign.variant.as_ref().map_or("null".to_owned(), |variant| string(variant)),
            self.text(&nudge.title),
            self.text(&nudge.body),
            nudge.cta.as_ref().map_or("null".to_owned(), |Cta { label, action }| list([self.text(label), string(action)])),
            number(campaign.snooze),
        ])
    }

    fn text(&self, template: &Template) -> String {
        let pieces: Vec<Piece<'_>> = template.pieces().collect();
        match pieces.as_slice() {
            [] => string(""),
            [Piece::Text(text)] if !text.starts_with(BEGIN) => string(text),
            pieces => list(pieces.iter().map(|piece| match piece {
                Piece::Text(text) => settled(text),
                Piece::Input(input) => self.value(*input),
            })),
        }
    }

    fn value(&self, input: Input) -> String {
        let place = self.snapshot.rules.values.iter().position(|value| *value == input);
        let is_percent = matches!(input, Input::Usage { field: UsageField::Percent, .. });
        list([number(place), u8::from(is_percent).to_string()])
    }
}

/// A piece of a text that is as it stands, or marked as filled in at the edge.
fn settled(text: &str) -> String {
    let marked = text.strip_prefix(BEGIN).and_then(|text| text.strip_suffix(END));
    match marked.and_then(|marked| marked.split_at_checked(1)) {
        Some(("t", value)) => string(value),
        Some((kind, value)) => list([value.to_owned(), u8::from(kind == "p").to_string(), "1".to_owned()]),
        None => string(text),
    }
}

/// The words of the rules and those of what changes from moment to moment, as one object, with the tag of the page.
pub(crate) fn together(tag: u64, rules: &str, state: &str) -> String {
    let (rules, state) = (rules.strip_prefix('{').unwrap_or(rules), state.strip_prefix('{').unwrap_or(state));
    format!("{{\"tag\":\"{tag:016x}\",{},{state}", rules.strip_suffix('}').unwrap_or(rules))
}

fn list(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    format!("[{}]", items.join(","))
}

fn number(number: Option<impl ToString>) -> String {
    number.map_or("null".to_owned(), |number| number.to_string())
}

/// RFC 8259, section 7: quotation mark, reverse solidus and the control characters must be escaped; all else may stand as it is.
fn string(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            c if c < ' ' => _ = write!(json, "\\u{:04x}", u32::from(c)),
            c => json.push(c),
        }
    }
    json.push('"');
    json
}

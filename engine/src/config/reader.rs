//! Reads the parts of a document as what they should be, and collects what is wrong with them. A part of the wrong shape
//! reads as absent, so that everything else is read, and judged, all the same.

use core::ops::RangeInclusive;

use super::Problem;
use super::decimal::{Decimal, NoShare};
use super::json::{Json, Value, place};
use super::names::unknown;
use crate::map::ordered;

/// The most problems told of one document.
const MAX_TOLD: usize = 100;

/// An object; one without members where there is none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Object<'j> {
    /// `None` where there is no object.
    part: Option<&'j Json>,
    members: &'j [(String, Json)],
}

impl<'j> Object<'j> {
    /// What is called `name`; null counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<&'j Json> {
        find(self.members, name).filter(|part| !matches!(part.value, Value::Null))
    }

    /// Whether it says in so many words that there is no `name`.
    pub(super) fn is_null(&self, name: &str) -> bool {
        find(self.members, name).is_some_and(|part| matches!(part.value, Value::Null))
    }
}

/// What is called `name` in an object, the last if there are several.
pub(super) fn find<'j>(members: &'j [(String, Json)], name: &str) -> Option<&'j Json> {
    members.iter().rev().find(|(n, _)| n == name).map(|(_, part)| part)
}

/// What was found to be wrong.
#[derive(Debug, PartialEq)]
struct Found {
    /// Where the part begins.
    at: usize,
    /// What it lacks.
    missing: Option<&'static str>,
    code: &'static str,
    offset: Option<usize>,
    detail: String,
}

/// Collects what is wrong.
#[derive(Debug, Default)]
pub(super) struct Reader {
    found: Vec<Found>,
}

impl Reader {
    /// What is wrong with `part`, and what to do about it. The same is told once.
    pub(super) fn tell(&mut self, part: &Json, code: &'static str, detail: impl Into<String>) {
        self.push(Found { at: part.at, missing: None, code, offset: None, detail: detail.into() });
    }

    /// What is wrong with the text `part` from the byte `offset` on.
    pub(super) fn tell_within(&mut self, part: &Json, offset: usize, code: &'static str, detail: String) {
        self.push(Found { at: part.at, missing: None, code, offset: Some(offset), detail });
    }

    /// `object` lacks `name`. Nothing is told of an object that is not there itself.
    pub(super) fn miss(&mut self, object: &Object<'_>, name: &'static str) {
        if let Some(part) = object.part {
            self.push(Found {
                at: part.at,
                missing: Some(name),
                code: "missing",
                offset: None,
                detail: format!("`{name}` is missing here"),
            });
        }
    }

    /// Whether as many problems are known as are ever told. Nothing comes of the document any more, so that nothing more need be
    /// read: looking for what was meant costs time, and of a large document all of it may be wrong.
    pub(super) fn is_full(&self) -> bool {
        self.found.len() >= MAX_TOLD
    }

    fn push(&mut self, found: Found) {
        if !self.is_full() && !self.found.contains(&found) {
            self.found.push(found);
        }
    }

    fn mistype(&mut self, part: &Json, wanted: &str) {
        let is = match part.value {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Whole(_) | Value::Number(_) => "a number",
            Value::Text(_) => "a string",
            Value::List(_) => "a list",
            Value::Object(_) => "an object",
        };
        self.tell(part, "wrong_type", format!("this is {is}; it must be {wanted}"));
    }

    /// An object that must have what is `needed` and may have the `others`.
    pub(super) fn object<'j>(&mut self, part: Option<&'j Json>, needed: &[&'static str], others: &[&'static str]) -> Object<'j> {
        let Some((part, members)) = self.members(part) else { return Object { part: None, members: &[] } };
        let object = Object { part: Some(part), members };
        let known = [needed, others].concat();
        // `$schema` is for editors: whoever writes anything without a `$` did not mean it.
        let meant =
            |wanted: &str| known.iter().copied().filter(|name| wanted.starts_with('$') || !name.starts_with('$')).collect::<Vec<_>>();
        for (name, part) in members.iter().filter(|(name, _)| !known.contains(&name.as_str())).take(MAX_TOLD) {
            self.tell(part, "unknown_field", unknown("field", name, &meant(name)));
        }
        for name in known {
            self.once(members, name);
        }
        for name in needed.iter().filter(|name| object.get(name).is_none()) {
            self.miss(&object, name);
        }
        object
    }

    /// The members of an object that are called as people like.
    pub(super) fn entries<'j>(&mut self, part: Option<&'j Json>, most: usize) -> &'j [(String, Json)] {
        let Some((part, members)) = self.members(part) else { return &[] };
        let members = self.bounded(part, members, most);
        for (name, _) in members {
            self.once(members, name);
        }
        members
    }

    fn members<'j>(&mut self, part: Option<&'j Json>) -> Option<(&'j Json, &'j [(String, Json)])> {
        let part = part?;
        let Value::Object(members) = &part.value else {
            self.mistype(part, "an object");
            return None;
        };
        Some((part, members))
    }

    fn once(&mut self, members: &[(String, Json)], name: &str) {
        for (_, again) in members.iter().filter(|(n, _)| n == name).skip(1).take(MAX_TOLD) {
            self.tell(again, "duplicate", format!("`{name}` is here twice"));
        }
    }

    /// A list of at most so many.
    pub(super) fn list<'j>(&mut self, part: Option<&'j Json>, most: usize) -> &'j [Json] {
        let Some(part) = part else { return &[] };
        let Value::List(items) = &part.value else {
            self.mistype(part, "a list");
            return &[];
        };
        self.bounded(part, items, most)
    }

    fn bounded<'j, T>(&mut self, part: &Json, all: &'j [T], most: usize) -> &'j [T] {
        all.get(..most).filter(|_| all.len() > most).map_or(all, |first| {
            self.tell(part, "too_many", format!("{} entries; at most {most}", all.len()));
            first
        })
    }

    /// A text.
    pub(super) fn text<'j>(&mut self, part: Option<&'j Json>) -> Option<&'j str> {
        let part = part?;
        let Value::Text(text) = &part.value else {
            self.mistype(part, "a string");
            return None;
        };
        Some(text)
    }

    /// A text, or `otherwise` where there is none.
    pub(super) fn text_or(&mut self, part: Option<&Json>, otherwise: &str) -> String {
        self.text(part).unwrap_or(otherwise).to_owned()
    }

    /// A whole number of this range.
    pub(super) fn whole(&mut self, part: Option<&Json>, range: RangeInclusive<i64>) -> Option<i64> {
        let part = part?;
        let wanted = || format!("a whole number from {} to {}", range.start(), range.end());
        match part.value {
            Value::Whole(n) if range.contains(&n) => return Some(n),
            Value::Whole(n) => self.tell(part, "out_of_range", format!("this is {n}; it must be {}", wanted())),
            _ => self.mistype(part, &wanted()),
        }
        None
    }

    /// True or false.
    pub(super) fn flag(&mut self, part: Option<&Json>) -> Option<bool> {
        let part = part?;
        if let Value::Bool(flag) = part.value {
            return Some(flag);
        }
        self.mistype(part, "true or false");
        None
    }

    /// A fraction of 0 to 1, in basis points: 0.1 is 1,000.
    pub(super) fn share(&mut self, part: Option<&Json>) -> Option<u16> {
        let part = part?;
        let (text, points) = match &part.value {
            Value::Whole(n) => (n.to_string(), Decimal::read(&n.to_string()).basis_points()),
            Value::Number(text) => (text.clone(), Decimal::read(text).basis_points()),
            _ => {
                self.mistype(part, "a number from 0 to 1, as 0.1 for a tenth");
                return None;
            }
        };
        match points {
            Ok(points) => return Some(points),
            Err(NoShare::OutOfRange) => {
                self.tell(part, "out_of_range", format!("this is {text}; it must be from 0 to 1, as 0.1 for a tenth"));
            }
            Err(NoShare::TooPrecise) => self.tell(part, "too_precise", format!("this is {text}; write at most 4 decimals")),
        }
        None
    }

    /// One of several words.
    pub(super) fn choice<T: Copy>(&mut self, part: Option<&Json>, what: &str, choices: &[(&str, T)]) -> Option<T> {
        let word = self.text(part)?;
        let found = choices.iter().find(|(name, _)| *name == word).map(|(_, choice)| *choice);
        if found.is_none() {
            let known: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            self.tell(part?, "bad_choice", unknown(what, word, &known));
        }
        found
    }

    /// Everything that is wrong with `document`, in its order.
    pub(super) fn problems(self, document: &str, root: &Json) -> Vec<Problem> {
        let found = ordered(self.found, |found| i64::try_from(found.at).unwrap_or(i64::MAX));
        let problem = |Found { at, missing, code, offset, detail }| {
            let mut pointer = root.pointer(at);
            if let Some(name) = missing {
                pointer.push('/');
                pointer.push_str(name);
            }
            let (line, column) = place(document, at);
            Problem { code, pointer, line, column, offset, detail }
        };
        found.into_iter().map(problem).collect()
    }
}

//! Where an expression of the document comes from.

use std::borrow::Cow;

use super::json::Json;
use super::reader::Reader;

/// The longest source, in bytes.
const MAX_SOURCE: usize = 4_096;

/// The source of an expression, and the part of the document that it is told of.
#[derive(Clone, Debug)]
pub(super) struct Source<'j> {
    /// What is compiled. Borrowed: it stands at `part` as it is, and an offset within it is an offset there. Owned: it is what the
    /// built-in signal named at `part` says.
    pub(super) text: Cow<'j, str>,
    /// Where problems are told.
    pub(super) part: &'j Json,
}

impl<'j> Source<'j> {
    /// The source written at `part`; `None` when no string is there.
    pub(super) fn written(part: Option<&'j Json>, reader: &mut Reader) -> Option<Self> {
        let part = part?;
        Some(Self { text: Cow::Borrowed(reader.text(Some(part))?), part })
    }

    /// The source that the built-in signal named at `part` says.
    pub(super) fn said(text: String, part: &'j Json) -> Self {
        Self { text: Cow::Owned(text), part }
    }

    /// The text to be kept.
    pub(super) fn keep(self, reader: &mut Reader) -> String {
        if self.text.trim_ascii().is_empty() {
            reader.tell(self.part, "syntax", "an expression is needed here");
        }
        if self.text.len() > MAX_SOURCE {
            reader.tell(self.part, "too_long", format!("{} bytes; an expression has at most {MAX_SOURCE}", self.text.len()));
        }
        self.text.into_owned()
    }
}

//! The section `segments`: groups of tenants that expressions define, entered under one condition and left under another.

use serde::{Deserialize, Serialize};

use super::json::Json;
use super::parts::name;
use super::reader::{Object, Reader};
use super::source::Source;
use crate::wire;

/// The most segments.
const MAX_SEGMENTS: usize = 100;

/// A segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentRule {
    /// The name expressions and the API use.
    pub key: String,
    /// What people read ("Ready to upgrade").
    pub label: String,
    /// The source of the condition under which a tenant enters.
    pub enter: String,
    /// The source of the condition under which one leaves; `None`: as soon as `enter` does not hold.
    pub exit: Option<String>,
}

wire! { struct SegmentRule { key, label, enter, exit } }

/// The segments, in the order of the document.
pub(super) fn segments(document: &Object<'_>, reader: &mut Reader) -> Vec<SegmentRule> {
    let entries = reader.entries(document.get("segments"), MAX_SEGMENTS);
    entries.iter().map(|(key, part)| segment(key, part, reader)).collect()
}

fn segment(key: &str, part: &Json, reader: &mut Reader) -> SegmentRule {
    name(key, part, reader);
    let segment = reader.object(Some(part), &["enter"], &["exit", "label"]);
    let label = reader.text_or(segment.get("label"), key);
    let enter = Source::written(segment.get("enter"), reader).map(|source| source.keep(reader));
    let exit = Source::written(segment.get("exit"), reader).map(|source| source.keep(reader));
    SegmentRule { key: key.to_owned(), label, enter: enter.unwrap_or_default(), exit }
}

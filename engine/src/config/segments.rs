//! The section `segments`: groups of tenants that expressions define, entered under one condition and left under another.

use super::json::Json;
use super::names::ConfigNames;
use super::order::{Reading, in_order};
use super::parts::name;
use super::reader::{Object, Reader};
use super::source::Source;
use crate::expr::Program;
use crate::facts::Fact;
use crate::segment::Segment;

/// The most segments.
const MAX_SEGMENTS: usize = 100;

/// A segment as written, its expressions still to be compiled: they may read each other.
#[derive(Debug)]
pub(super) struct Outline<'j> {
    pub(super) id: String,
    part: &'j Json,
    label: String,
    enter: Option<Source<'j>>,
    exit: Option<Source<'j>>,
}

/// The segments, in the order of the document.
pub(super) fn segments<'j>(document: &Object<'j>, reader: &mut Reader) -> Vec<Outline<'j>> {
    let entries = reader.entries(document.get("segments"), MAX_SEGMENTS);
    entries.iter().map(|(key, part)| segment(key, part, reader)).collect()
}

fn segment<'j>(key: &str, part: &'j Json, reader: &mut Reader) -> Outline<'j> {
    name(key, part, reader);
    let segment = reader.object(Some(part), &["enter"], &["exit", "label"]);
    Outline {
        id: key.to_owned(),
        part,
        label: reader.text_or(segment.get("label"), key),
        enter: Source::written(segment.get("enter"), reader),
        exit: Source::written(segment.get("exit"), reader),
    }
}

/// Compiles the segments; with the order in which they build on each other.
pub(super) fn compile_segments(outlines: Vec<Outline<'_>>, names: &mut ConfigNames<'_>, reader: &mut Reader) -> (Vec<Segment>, Vec<u16>) {
    let parts: Vec<&Json> = outlines.iter().map(|outline| outline.part).collect();
    let mut compile = |outline: Outline<'_>| Segment {
        enter: outline.enter.map(|source| source.compile(names, reader)).unwrap_or_default(),
        exit: outline.exit.map(|source| source.compile(names, reader)),
        id: outline.id,
        label: outline.label,
    };
    let segments: Vec<Segment> = outlines.into_iter().map(&mut compile).collect();
    let order = in_order(&parts, &segments.iter().map(reading).collect::<Vec<_>>(), reader);
    (segments, order)
}

/// Which segments it reads.
fn reading(segment: &Segment) -> Reading<'_> {
    let facts = segment.enter.facts().chain(segment.exit.iter().flat_map(Program::facts));
    let read = facts.filter_map(|fact| if let Fact::Segment(i) = fact { Some(i) } else { None });
    Reading { id: &segment.id, reads: read.collect() }
}

//! From the document to what runs: section by section.

use super::campaigns::campaigns;
use super::email::email;
use super::features::features;
use super::frequency::frequency;
use super::json::Json;
use super::meters::meters;
use super::names::{ConfigNames, Speaker};
use super::parts::refuse_later;
use super::plans::plans;
use super::reader::Reader;
use super::review::warnings;
use super::segments::{compile_segments, segments};
use super::sequences::{Around, sequences};
use super::signals::{compile_signals, signals};
use super::traits::traits;
use super::upgrade::upgrade;
use super::{Config, Problem};
use crate::plan::{Meter, MeterSource};
use crate::time::Millis;

/// The sections. `$schema` lets editors find the schema; what it says is not looked at.
const SECTIONS: [&str; 14] = [
    "$schema",
    "meters",
    "features",
    "traits",
    "plans",
    "signals",
    "segments",
    "campaigns",
    "frequency",
    "holdout",
    "upgrade",
    "email",
    "sequences",
    "templates",
];
/// Parts of the design that this version does not run.
const LATER: [&str; 1] = ["attribution"];

/// The most templates.
const MAX_TEMPLATES: usize = 200;

/// Compiles `document`, or tells everything that is wrong with it. Takes every name of a time zone for one.
pub fn compile(document: &str) -> Result<Config, Vec<Problem>> {
    let root = Json::parse(document).map_err(|problem| vec![problem])?;
    whole(document, &root, |_| true)
}

/// Compiles `document` as [`compile`] does, and warns of what can be published and yet is hardly meant, as of `now` (schedules that
/// are over). Warnings have the shape of problems, and are in the order of the document; there are none beside problems.
pub fn review(document: &str, now: Millis) -> (Result<Config, Vec<Problem>>, Vec<Problem>) {
    review_for(document, now, |_| true)
}

/// The same for a host that `knows` the time zones of these names: others are refused.
pub fn review_for(document: &str, now: Millis, knows: fn(&str) -> bool) -> (Result<Config, Vec<Problem>>, Vec<Problem>) {
    let root = match Json::parse(document) {
        Ok(root) => root,
        Err(problem) => return (Err(vec![problem]), Vec::new()),
    };
    let compiled = whole(document, &root, knows);
    let warnings = compiled.as_ref().map_or_else(|_| Vec::new(), |config| warnings(document, &root, config, now));
    (compiled, warnings)
}

fn whole(document: &str, root: &Json, knows: fn(&str) -> bool) -> Result<Config, Vec<Problem>> {
    let mut reader = Reader::default();
    let config = config(root, knows, &mut reader);
    let problems = reader.problems(document, root);
    if problems.is_empty() { Ok(config) } else { Err(problems) }
}

fn config(root: &Json, knows: fn(&str) -> bool, reader: &mut Reader) -> Config {
    let document = reader.object(Some(root), &[], &[SECTIONS.as_slice(), &LATER].concat());
    reader.text(document.get("$schema"));
    refuse_later(&document, &LATER, reader);
    let (meters, sources): (Vec<Meter>, Vec<MeterSource>) = meters(&document, reader).into_iter().unzip();
    let features = features(&document, &meters, reader);
    let traits = traits(document.get("traits"), reader);
    let (inline_plans, default_plan) = plans(&document, &meters, &features, reader);
    let drafts = signals(&document, &meters, &features, reader);
    let outlines = segments(&document, reader);
    let mut names = ConfigNames {
        meters: &meters,
        features: &features,
        traits: &traits,
        signals: drafts.iter().map(|draft| draft.id.clone()).collect(),
        segments: outlines.iter().map(|outline| outline.id.clone()).collect(),
        events: Vec::new(),
        speaker: Speaker::Signal,
    };
    let (signals, signal_order) = compile_signals(drafts, &mut names, reader);
    names.speaker = Speaker::Segment;
    let (segments, segment_order) = compile_segments(outlines, &mut names, reader);
    names.speaker = Speaker::Campaign;
    let mut frequency = frequency(&document, knows, reader);
    let holdout = reader.share(document.get("holdout")).unwrap_or_default();
    let everybodys = frequency.quiet.first().copied();
    let campaigns = campaigns(&document, holdout, &mut frequency.quiet, &mut names, reader);
    let templates = template_names(document.get("templates"), reader);
    let around = Around { campaigns: &campaigns, templates: &templates, quiet: everybodys, holdout };
    let sequences = sequences(&document, &around, &mut names, reader);
    let email = email(&document, reader);
    let events = names.events;
    let upgrade = upgrade(document.get("upgrade"), reader);
    Config {
        meters,
        sources,
        features,
        traits,
        events,
        signals,
        signal_order,
        segments,
        segment_order,
        campaigns,
        inline_plans,
        default_plan,
        upgrade,
        frequency,
        holdout,
        email,
        sequences,
    }
}

/// The names of the templates.
fn template_names<'j>(part: Option<&'j Json>, reader: &mut Reader) -> Vec<&'j str> {
    reader.entries(part, MAX_TEMPLATES).iter().map(|(name, _)| name.as_str()).collect()
}

//! From the document to what runs: section by section.

use super::attribution::attribution;
use super::campaigns::campaigns;
use super::email::email;
use super::features::features;
use super::frequency::frequency;
use super::json::Json;
use super::meters::meters;
use super::names::{ConfigNames, Speaker};
use super::plans::plans;
use super::reader::Reader;
use super::review::warnings;
use super::segments::{compile_segments, segments};
use super::sequences::{Around, sequences};
use super::signals::{compile_signals, signals};
use super::templates::{Press, names_of, templates};
use super::traits::traits;
use super::upgrade::upgrade;
use super::{Config, Problem};
use crate::letter::{Flaw, Mjml};
use crate::plan::{Meter, MeterSource};
use crate::time::Millis;

/// The sections. `$schema` lets editors find the schema; what it says is not looked at.
const SECTIONS: [&str; 15] = [
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
    "attribution",
];

/// What the host of a compilation knows and the engine does not.
#[derive(Clone, Copy, Debug)]
pub struct Host {
    /// Whether there is a time zone of this name: others are refused.
    pub knows: fn(&str) -> bool,
    /// How MJML becomes HTML.
    pub mjml: Mjml,
}

/// Takes every name of a time zone for one, and no MJML.
impl Default for Host {
    fn default() -> Self {
        Self { knows: |_| true, mjml: |_| Err(vec![Flaw::markup(None, "MJML is not taken here; write `html`")]) }
    }
}

/// Compiles `document`, or tells everything that is wrong with it. Takes every name of a time zone for one, and no MJML.
pub fn compile(document: &str) -> Result<Config, Vec<Problem>> {
    let root = Json::parse(document).map_err(|problem| vec![problem])?;
    whole(document, &root, Host::default())
}

/// Compiles `document` as [`compile`] does, and warns of what can be published and yet is hardly meant, as of `now` (schedules that
/// are over). Warnings have the shape of problems, and are in the order of the document; there are none beside problems.
pub fn review(document: &str, now: Millis) -> (Result<Config, Vec<Problem>>, Vec<Problem>) {
    review_for(document, now, Host::default())
}

/// The same for a host that knows time zones and MJML.
pub fn review_for(document: &str, now: Millis, host: Host) -> (Result<Config, Vec<Problem>>, Vec<Problem>) {
    let root = match Json::parse(document) {
        Ok(root) => root,
        Err(problem) => return (Err(vec![problem]), Vec::new()),
    };
    let compiled = whole(document, &root, host);
    let warnings = compiled.as_ref().map_or_else(|_| Vec::new(), |config| warnings(document, &root, config, now));
    (compiled, warnings)
}

fn whole(document: &str, root: &Json, host: Host) -> Result<Config, Vec<Problem>> {
    let mut reader = Reader::default();
    let config = config(root, host, &mut reader);
    let problems = reader.problems(document, root);
    if problems.is_empty() { Ok(config) } else { Err(problems) }
}

fn config(root: &Json, host: Host, reader: &mut Reader) -> Config {
    let document = reader.object(Some(root), &[], &SECTIONS);
    reader.text(document.get("$schema"));
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
    let mut frequency = frequency(&document, host.knows, reader);
    let holdout = reader.share(document.get("holdout")).unwrap_or_default();
    let everybodys = frequency.quiet.first().copied();
    let campaigns = campaigns(&document, holdout, &mut frequency.quiet, &mut names, reader);
    let known = names_of(document.get("templates"), reader);
    let around = Around { campaigns: &campaigns, templates: &known, quiet: everybodys, holdout };
    let sequences = sequences(&document, &around, &mut names, reader);
    let email = email(&document, reader);
    names.speaker = Speaker::Recipient;
    let templates = templates(&document, Press { links: &email.links, mjml: host.mjml }, &mut names, reader);
    let events = names.events;
    let upgrade = upgrade(document.get("upgrade"), reader);
    let attribution = attribution(document.get("attribution"), reader);
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
        templates,
        attribution,
    }
}

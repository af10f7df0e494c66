//! The section `signals`: what is worth noticing about a tenant, and how much it weighs in the expansion score.

use super::builtins::{About, BUILTINS, Builtin, Given};
use super::json::Json;
use super::names::{ConfigNames, unknown};
use super::order::{Reading, in_order};
use super::parts::{MAX_DURATION, Taken, duration, name};
use super::reader::{Object, Reader};
use super::source::Source;
use crate::expr::Program;
use crate::facts::{Fact, Input};
use crate::ids::is_name;
use crate::plan::{Feature, Meter};
use crate::signal::Signal;
use crate::time::{DAY, DurationMs};

/// The most signals.
const MAX_SIGNALS: usize = 1_000;
/// How long it takes a signal to lose half its weight, unless it says so itself.
const HALF_LIFE: DurationMs = 7 * DAY;
/// What a built-in signal may be given.
const GIVEN: [&str; 3] = ["meter", "feature", "event"];
/// What a signal may have besides its id.
const OPTIONAL: [&str; 10] =
    ["label", "when", "rearm_below", "weight", "half_life", "rearm_each_period", "builtin", "meter", "feature", "event"];

/// A signal as written, its expressions still to be compiled: they may read each other.
#[derive(Debug)]
pub(super) struct Draft<'j> {
    pub(super) id: String,
    part: &'j Json,
    label: String,
    when: Option<Source<'j>>,
    rearm: Option<Source<'j>>,
    weight: u8,
    half_life: DurationMs,
    each_period: bool,
}

/// Compiles the signals; with the order in which they build on each other.
pub(super) fn compile_signals(drafts: Vec<Draft<'_>>, names: &mut ConfigNames<'_>, reader: &mut Reader) -> (Vec<Signal>, Vec<u16>) {
    let parts: Vec<&Json> = drafts.iter().map(|draft| draft.part).collect();
    let mut compile = |draft: Draft<'_>| Signal {
        when: draft.when.map(|source| source.compile(names, reader)).unwrap_or_default(),
        rearm: draft.rearm.map(|source| source.compile(names, reader)),
        id: draft.id,
        label: draft.label,
        weight: draft.weight,
        half_life: draft.half_life,
        each_period: draft.each_period,
    };
    let signals: Vec<Signal> = drafts.into_iter().map(&mut compile).collect();
    let order = in_order(&parts, &signals.iter().map(reading).collect::<Vec<_>>(), reader);
    (signals, order)
}

/// Which signals it reads.
fn reading(signal: &Signal) -> Reading<'_> {
    let facts = signal.when.facts().chain(signal.rearm.iter().flat_map(Program::facts));
    let read = facts.filter_map(|fact| match fact {
        Fact::Input(Input::Signal(i)) | Fact::SignalAge(i) | Fact::SignalCount(i) => Some(i),
        _ => None,
    });
    Reading { id: &signal.id, reads: read.collect() }
}

/// The signals, in the order of the document.
pub(super) fn signals<'j>(document: &Object<'j>, meters: &[Meter], features: &[Feature], reader: &mut Reader) -> Vec<Draft<'j>> {
    let mut rules = Vec::new();
    let mut ids = Taken::default();
    for part in reader.list(document.get("signals"), MAX_SIGNALS) {
        if reader.is_full() {
            break;
        }
        let raw = reader.object(Some(part), &["id"], &OPTIONAL);
        rules.push(signal(&raw, part, meters, features, reader));
        ids.take(raw.get("id"), "signal", reader);
    }
    rules
}

/// What a signal is unless it says so itself.
struct Preset<'j> {
    label: String,
    when: Option<Source<'j>>,
    rearm_below: Option<Source<'j>>,
    weight: u8,
    half_life: DurationMs,
}

fn signal<'j>(raw: &Object<'j>, part: &'j Json, meters: &[Meter], features: &[Feature], reader: &mut Reader) -> Draft<'j> {
    let id = reader.text(raw.get("id"));
    if let (Some(part), Some(id)) = (raw.get("id"), id) {
        name(id, part, reader);
    }
    let id = id.unwrap_or_default();
    let preset = match raw.get("builtin") {
        Some(part) => ready_to_use(raw, part, meters, features, reader),
        None => written(raw, id, reader),
    };
    let rearm_below = Source::written(raw.get("rearm_below"), reader).or(preset.rearm_below);
    let weight = reader.whole(raw.get("weight"), 0..=100).and_then(|weight| u8::try_from(weight).ok());
    Draft {
        id: id.to_owned(),
        part,
        label: reader.text_or(raw.get("label"), &preset.label),
        when: preset.when,
        rearm: rearm_below,
        weight: weight.unwrap_or(preset.weight),
        half_life: half_life(raw.get("half_life"), reader).unwrap_or(preset.half_life),
        each_period: reader.flag(raw.get("rearm_each_period")).unwrap_or(true),
    }
}

/// A signal that says itself when it is active.
fn written<'j>(raw: &Object<'j>, id: &str, reader: &mut Reader) -> Preset<'j> {
    for part in GIVEN.iter().filter_map(|given| raw.get(given)) {
        reader.tell(part, "conflict", "only a built-in signal has this; remove it, or name one under `builtin`");
    }
    if raw.get("when").is_none() {
        reader.miss(raw, "when");
    }
    let when = Source::written(raw.get("when"), reader);
    Preset { label: id.to_owned(), when, rearm_below: None, weight: 0, half_life: HALF_LIFE }
}

/// The built-in signal named at `part`.
fn ready_to_use<'j>(raw: &Object<'j>, part: &'j Json, meters: &[Meter], features: &[Feature], reader: &mut Reader) -> Preset<'j> {
    if let Some(when) = raw.get("when") {
        reader.tell(when, "conflict", "a built-in signal knows when it is active; remove this or `builtin`");
    }
    let known = BUILTINS.each_ref().map(|builtin| (builtin.name, builtin));
    let Some(builtin) = reader.choice(Some(part), "built-in signal", &known) else {
        return Preset { label: String::new(), when: None, rearm_below: None, weight: 0, half_life: HALF_LIFE };
    };
    let given = given(builtin, raw, meters, features, reader);
    // What it lacks has been told; what would come of it need not be.
    if builtin.about == About::Meter && given.meter.is_none() {
        return Preset { label: String::new(), when: None, rearm_below: None, weight: 0, half_life: HALF_LIFE };
    }
    Preset {
        label: builtin.label(given),
        when: Some(Source::said(builtin.when(given), part)),
        rearm_below: builtin.rearm_below(given).map(|source| Source::said(source, part)),
        weight: builtin.weight,
        half_life: builtin.half_life,
    }
}

/// What the built-in signal was given, and nothing that it does not take.
fn given<'a>(builtin: &Builtin, raw: &Object<'a>, meters: &'a [Meter], features: &'a [Feature], reader: &mut Reader) -> Given<'a> {
    let taken: &[&str] = match builtin.about {
        About::Meter => &["meter"],
        About::Event(_) => &["event"],
        About::Feature(_) => &["feature", "event"],
    };
    for name in GIVEN.iter().filter(|name| !taken.contains(name)) {
        if let Some(part) = raw.get(name) {
            reader.tell(part, "conflict", format!("`{}` takes no {name}; it takes {}", builtin.name, taken.join(" and ")));
        }
    }
    if builtin.about == About::Meter && raw.get("meter").is_none() {
        reader.miss(raw, "meter");
    }
    let asked = |name| raw.get(name).filter(|_| taken.contains(&name));
    Given {
        meter: one_of("meter", "unknown_meter", asked("meter"), meters, |meter| &meter.key, reader),
        feature: one_of("feature", "unknown_feature", asked("feature"), features, |feature| &feature.key, reader),
        event: event(asked("event"), reader),
    }
}

/// The one that is called what stands at `part`.
fn one_of<'a, T>(
    what: &str,
    code: &'static str,
    part: Option<&Json>,
    all: &'a [T],
    key: impl Fn(&T) -> &String,
    reader: &mut Reader,
) -> Option<&'a T> {
    let wanted = reader.text(part)?;
    let found = all.iter().find(|one| key(one) == wanted);
    if found.is_none() {
        let known: Vec<&str> = all.iter().map(|one| key(one).as_str()).collect();
        reader.tell(part?, code, unknown(what, wanted, &known));
    }
    found
}

fn event<'j>(part: Option<&'j Json>, reader: &mut Reader) -> Option<&'j str> {
    let event = reader.text(part)?;
    name(event, part?, reader);
    is_name(event).then_some(event)
}

/// How long it takes for half of the weight to be gone: something, and at most a year.
fn half_life(part: Option<&Json>, reader: &mut Reader) -> Option<DurationMs> {
    let half_life = duration(part, reader)?;
    if !(1..=MAX_DURATION).contains(&half_life) {
        reader.tell(part?, "bad_duration", "a half-life is at least 1s and at most 366d");
    }
    Some(half_life)
}

//! Warnings: what a document says that can be published and yet is hardly meant. Rules that can never hold, conditions that hold
//! and are left at once, campaigns that nobody sees.
//!
//! A warning is never a guess: what cannot be decided is passed over. How conditions are judged: see [`search`].

mod campaigns;
mod domain;
mod search;
mod sequences;
mod sources;
mod steps;
mod words;

use super::json::{Json, Value};
use super::reader::{Reader, find};
use super::{CampaignRule, Config, Problem};
use crate::expr::Program;
use crate::facts::{Fact, Input};
use crate::letter::LetterTemplate;
use crate::map::ordered;
use crate::template::{Part, Template};
use crate::time::Millis;
use search::{Search, Verdict};

/// What is hardly meant of `document`, which `root` is and `config` came of; as of `now`.
pub(super) fn warnings(document: &str, root: &Json, config: &Config, now: Millis) -> Vec<Problem> {
    let mut review = Review { config, search: Search::new(config), now, reader: Reader::default() };
    review.signals(&items(member(root, "signals")));
    review.segments(&items(member(root, "segments")));
    let parts = ordered(items(member(root, "campaigns")), |part| -member(part, "priority").map_or(0, whole));
    review.campaigns(&parts);
    let parts = ordered(items(member(root, "sequences")), |part| -member(part, "priority").map_or(0, whole));
    review.sequences(&parts);
    review.frequency(root);
    review.upgrade(member(root, "upgrade"));
    review.reader.problems(document, root)
}

/// A review under way.
struct Review<'c> {
    config: &'c Config,
    search: Search<'c>,
    now: Millis,
    /// Collects the warnings.
    reader: Reader,
}

/// The two conditions of a signal or segment, in the words of its section.
struct Pair<'j, 'c> {
    /// When it begins, and where that is written.
    on: (&'c Program, &'j Json),
    /// When it ends, likewise, if it says so.
    off: Option<(&'c Program, &'j Json)>,
    words: &'static Words,
}

/// What messages call the parts of a pair.
struct Words {
    on: &'static str,
    never: &'static str,
    always: &'static str,
    stuck: &'static str,
    overlap: &'static str,
}

const OF_SIGNALS: Words = Words {
    on: "when",
    never: "so the signal is never detected",
    always: "so the signal is active for every tenant",
    stuck: "so the signal is detected once and stays active",
    overlap: "while both do the signal stays active, so that part of this has no effect",
};

const OF_SEGMENTS: Words = Words {
    on: "enter",
    never: "so no tenant ever enters",
    always: "so every tenant is in the segment",
    stuck: "so no tenant ever leaves",
    overlap: "while both do tenants stay, so that part of this has no effect",
};

impl Review<'_> {
    fn signals(&mut self, parts: &[&Json]) {
        let config = self.config;
        for i in &config.signal_order {
            let (Some(signal), Some(part)) = (config.signals.get(usize::from(*i)), parts.get(usize::from(*i))) else { continue };
            let place = |name| member(part, name).or_else(|| member(part, "builtin")).unwrap_or(part);
            let off = signal.rearm.as_ref().map(|rearm| (rearm, place("rearm_below")));
            if self.pair(&Pair { on: (&signal.when, place("when")), off, words: &OF_SIGNALS }) {
                self.search.kill(Fact::Input(Input::Signal(*i)));
            }
        }
        let read = self.read_signals();
        for (i, (signal, part)) in (0_u16..).zip(config.signals.iter().zip(parts)) {
            if signal.weight == 0 && !read.contains(&i) {
                let detail = format!(
                    "nothing reads this signal and it weighs nothing; give it a `weight`, or read `signal.{}.active` somewhere",
                    signal.id
                );
                self.reader.tell(part, "unused_signal", detail);
            }
        }
    }

    fn segments(&mut self, parts: &[&Json]) {
        let config = self.config;
        for i in &config.segment_order {
            let (Some(segment), Some(part)) = (config.segments.get(usize::from(*i)), parts.get(usize::from(*i))) else { continue };
            let place = |name| member(part, name).unwrap_or(part);
            let off = segment.exit.as_ref().map(|exit| (exit, place("exit")));
            if self.pair(&Pair { on: (&segment.enter, place("enter")), off, words: &OF_SEGMENTS }) {
                self.search.kill(Fact::Segment(*i));
            }
        }
    }

    /// Whether it never begins.
    fn pair(&mut self, Pair { on: (on, part), off, words }: &Pair<'_, '_>) -> bool {
        self.words(on, part);
        match self.search.verdict(on) {
            Verdict::Never => {
                let detail = format!("this never holds, {}{}", words.never, self.search.hint(on));
                self.reader.tell(part, "never_holds", detail);
                return true;
            }
            Verdict::Always => self.reader.tell(part, "always_holds", format!("this always holds, {}", words.always)),
            Verdict::Sometimes | Verdict::Unsure => {}
        }
        let Some((off, part)) = off else { return false };
        self.words(off, part);
        // An end that reads nothing, `false`, says in so many words that there is none.
        if self.search.verdict(off) == Verdict::Never && off.facts().next().is_some() {
            self.reader.tell(part, "never_rearmed", format!("this never holds, {}{}", words.stuck, self.search.hint(off)));
        }
        if let Some(example) = self.search.overlap(on, off) {
            let detail = format!(
                "this can hold while `{}` holds{example}: {}. Let it hold only where `{}` does not",
                words.on, words.overlap, words.on
            );
            self.reader.tell(part, "overlap", detail);
        }
        false
    }

    /// The signals that something reads.
    fn read_signals(&self) -> Vec<u16> {
        let Config { signals, segments, campaigns, sequences, templates, .. } = self.config;
        let rules = signals.iter().flat_map(|s| [Some(&s.when), s.rearm.as_ref()]);
        let rules = rules.chain(segments.iter().flat_map(|s| [Some(&s.enter), s.exit.as_ref()]));
        let rules = rules.chain(campaigns.iter().map(|c| Some(&c.campaign.gates.audience)));
        let rules = rules.chain(sequences.iter().flat_map(|s| [Some(&s.enter), Some(&s.exit)]));
        let rules = rules.chain(sequences.iter().flat_map(|s| &s.steps).map(|step| step.when.as_ref()));
        let texts = campaigns.iter().flat_map(CampaignRule::nudges).flat_map(campaigns::texts).flat_map(read_in);
        let texts = texts.chain(templates.iter().flat_map(LetterTemplate::facts));
        let of_signal = |fact| match fact {
            Fact::Input(Input::Signal(i)) | Fact::SignalAge(i) | Fact::SignalCount(i) => Some(i),
            _ => None,
        };
        let read: Vec<u16> = rules.flatten().flat_map(Program::facts).chain(texts).filter_map(of_signal).collect();
        read
    }
}

/// The facts that a text has in it.
fn read_in(text: &Template) -> impl Iterator<Item = Fact> {
    text.parts.iter().filter_map(|part| match part {
        Part::Text(_) => None,
        Part::Input(input) => Some(Fact::Input(*input)),
        Part::Fact(fact) => Some(*fact),
    })
}

/// What is called `name` in an object; null counts as absent.
fn member<'j>(part: &'j Json, name: &str) -> Option<&'j Json> {
    match &part.value {
        Value::Object(members) => find(members, name).filter(|part| !matches!(part.value, Value::Null)),
        _ => None,
    }
}

/// What is in a list or an object.
fn items(part: Option<&Json>) -> Vec<&Json> {
    match part.map(|part| &part.value) {
        Some(Value::List(items)) => items.iter().collect(),
        Some(Value::Object(members)) => members.iter().map(|(_, part)| part).collect(),
        _ => Vec::new(),
    }
}

fn whole(part: &Json) -> i64 {
    if let Value::Whole(n) = part.value { n } else { 0 }
}

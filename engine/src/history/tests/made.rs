//! Rules, steps and a recorder that works as the tenant's object does.

use std::rc::Rc;

use proptest::prelude::*;

use crate::config::compile;
use crate::expr::{self, Names, Program, Type};
use crate::facts::{Fact, Input as Fed, Role, UsageField};
use crate::hash::key;
use crate::history::{Base, Chunk, Entry, Input, counted};
use crate::ledger::Moment;
use crate::segment::Segment;
use crate::sequence::Spent;
use crate::signal::Signal;
use crate::subscription::{Item, Mirror, Status, Subscription};
use crate::tenant::{Batch, Rulebook, Tenant, Transition, Verdict};
use crate::time::{DAY, DurationMs, HOUR, Millis};
use crate::traits::{Trait, TraitKind, TraitValue, Traits};
use crate::upgrade::requests::{Requests, Subject};
use crate::usage::{Bounds, Event, EventKind, NoteKind, Reading};

pub(super) const START: Millis = Millis(1_750_242_600_000);
pub(super) const NAME: &str = "acme";

const DOCUMENT: &str = r#"{
  "meters": {"calls": {"kind": "counter", "period": "day"}, "seats": {"kind": "gauge"}},
  "features": {"sso": {}},
  "plans": {"source": "inline", "default": "free", "list": [
    {"id": "free", "rank": 0, "limits": {"calls": 100, "seats": 3}},
    {"id": "pro", "rank": 1, "limits": {"calls": "unlimited"}, "features": ["sso"], "prices": ["price_pro"]}
  ]},
  "campaigns": [
    {"id": "quota", "placement": "app.header", "priority": 2, "audience": "usage.calls.ratio >= 0.5 && plan.rank < plan.max_rank",
     "nudge": {"title": "{{usage.calls.percent}} used"}, "cap": [{"max": 2, "window": "7d", "scope": "user"}],
     "cooldown_after_dismiss": "1d"},
    {"id": "hello", "placement": "app.header", "priority": 1, "audience": "events.login.count_7d >= 2 && user.age >= duration('1m')",
     "nudge": {"title": "Hello"},
     "cap": [{"max": 3, "window": "1d", "scope": "tenant"}]}
  ]
}"#;

/// The names that the rules below read.
struct Known;

impl Names for Known {
    fn resolve(&mut self, path: &[String]) -> Result<(Fact, Type), String> {
        let usage = |field| Fact::Input(Fed::Usage { meter: 0, field });
        Ok(match path.join(".").as_str() {
            "usage.calls.percent" => (usage(UsageField::Percent), Type::Int),
            "events.login.count_1d" => (Fact::Input(Fed::EventCount { event: 0, days: 1 }), Type::Int),
            "signal.near.count" => (Fact::SignalCount(0), Type::Int),
            "plan.rank" => (Fact::Plan(crate::facts::PlanField::Rank), Type::Int),
            "score" => (Fact::Score, Type::Int),
            other => return Err(other.to_owned()),
        })
    }
}

fn program(source: &str) -> Program {
    expr::compile(source, Type::Bool, &mut Known).expect(source)
}

/// A signal whose weight halves in a day.
fn signal(id: &str, when: &str, rearm: Option<&str>, weight: u8) -> Signal {
    let rearm = rearm.map(program);
    Signal { id: id.to_owned(), label: id.to_owned(), when: program(when), rearm, weight, half_life: DAY, each_period: true }
}

/// Rules of a revision: odd ones detect early and have a signal and a segment that even ones do not.
pub(super) fn rules(revision: u32) -> Rulebook {
    let is_odd = revision % 2 == 1;
    let document = if is_odd { DOCUMENT.to_owned() } else { DOCUMENT.replace(">= 0.5", ">= 0.8").replace("\"max\": 2", "\"max\": 1") };
    let mut config = compile(&document).expect("the document above");
    let text = |key: &str| vec![Trait { key: key.to_owned(), label: key.to_owned(), of: TraitKind::Text }];
    config.traits = Traits { user: text("team"), tenant: text("industry") };
    let threshold = if is_odd { 50 } else { 80 };
    config.signals = vec![signal("near", &format!("usage.calls.percent >= {threshold}"), Some("usage.calls.percent < 20"), 60)];
    config.segments =
        vec![Segment { id: "ready".to_owned(), enter: program("score >= 40"), exit: Some(program("score < 20")), ..Segment::default() }];
    if is_odd {
        config.signals.push(signal("active", "events.login.count_1d >= 2 && signal.near.count < 5", None, 30));
        config.segments.push(Segment { id: "payers".to_owned(), enter: program("plan.rank > 0"), ..Segment::default() });
    }
    config.signal_order = (0..).take(config.signals.len()).collect();
    config.segment_order = (0..).take(config.segments.len()).collect();
    let plans = config.inline_plans.clone().unwrap_or_default();
    Rulebook { version: revision, revision, config, plans, ..Rulebook::default() }
}

/// Something that happens to the tenant.
#[derive(Clone, Debug)]
pub(super) enum Happening {
    Batch(Batch),
    Mirror(Mirror),
    Ask(String),
    Convert,
    Publish,
    Meet(String),
    /// Somebody was sent a mail, that counts under this key.
    Mail(String, u32),
    Nothing,
}

/// The tenant's object, as far as history is concerned.
pub(super) struct Recorder {
    pub(super) tenant: Tenant,
    pub(super) base: Base,
    pub(super) chunks: Vec<Vec<u8>>,
    rules: Rc<Rulebook>,
    chunk: Chunk,
    pub(super) now: Millis,
    /// How many bytes a chunk has at most here: few, so that there are several.
    full: usize,
}

impl Recorder {
    pub(super) fn new(full: usize) -> Self {
        let tenant = Tenant { name: NAME.to_owned(), ..Tenant::default() };
        Self { tenant, base: Base::default(), chunks: Vec::new(), rules: Rc::default(), chunk: Chunk::default(), now: START, full }
    }

    /// After `passed`, this happens; what was decided.
    pub(super) fn after(&mut self, passed: DurationMs, happening: &Happening) -> (Vec<Transition>, Vec<Verdict>) {
        self.now = self.now.plus(passed);
        let now = self.now;
        let mut inputs = Vec::new();
        let mut verdicts = Vec::new();
        match happening {
            Happening::Batch(batch) => {
                let (applied, judged) = self.tenant.take_batch(&self.rules, batch, now);
                verdicts = judged;
                if !applied.counted.is_empty() {
                    inputs.push(Input::Batch(counted(batch, &applied, now)));
                }
            }
            Happening::Mirror(mirror) => {
                self.tenant.mirror = mirror.clone();
                self.tenant.requests = Requests::default(); // an upgrade answers them
                inputs = vec![Input::Mirror(Box::new(mirror.clone())), Input::Requests(Requests::default())];
            }
            Happening::Ask(user) => {
                self.tenant.requests.ask(user, Subject::default(), now);
                inputs.push(Input::Requests(self.tenant.requests.clone()));
            }
            Happening::Convert => {
                self.tenant.counts.converted = Some(now);
                inputs.push(Input::Converted(now));
            }
            Happening::Publish => {
                self.rules = Rc::new(rules(self.rules.revision + 1));
                inputs.push(Input::Rules(self.rules.revision));
            }
            Happening::Meet(user) => {
                if self.tenant.meet(user, now) {
                    inputs.push(Input::Met(user.clone()));
                }
            }
            Happening::Mail(user, key) => {
                let moment = Moment { at: now, tag: u32::try_from(now.0.rem_euclid(1_000_000)).unwrap_or(0) };
                let spent = vec![Spent { user: user.clone(), key: *key, kind: NoteKind::Render, moment }];
                for spent in &spent {
                    self.tenant.spend(spent);
                }
                inputs.push(Input::Spent(spent));
            }
            Happening::Nothing => {}
        }
        let transitions = self.tenant.detect(&self.rules, now);
        let entry = Entry { at: now, inputs, transitions: transitions.clone(), verdicts: verdicts.clone() };
        if !entry.is_empty() {
            self.chunk.push(&entry);
        }
        if self.chunk.bytes().len() >= self.full {
            self.chunks.push(std::mem::take(&mut self.chunk).bytes().clone());
        }
        (transitions, verdicts)
    }

    /// All chunks, the open one last.
    pub(super) fn all(&self) -> Vec<Vec<u8>> {
        self.chunks.iter().cloned().chain([self.chunk.bytes().clone()]).collect()
    }

    pub(super) fn revision(&self) -> u32 {
        self.rules.revision
    }
}

/// A chunk of these entries.
pub(super) fn chunk_of(entries: &[Entry]) -> Chunk {
    let mut chunk = Chunk::default();
    for entry in entries {
        chunk.push(entry);
    }
    chunk
}

pub(super) fn event(user: Option<&str>, kind: EventKind) -> Event {
    Event { index: 0, id: None, user: user.map(str::to_owned), at: None, kind }
}

pub(super) fn calls(n: u64) -> EventKind {
    EventKind::Usage { meter: "calls".to_owned(), reading: Reading::Add(n) }
}

pub(super) fn track(name: &str) -> EventKind {
    EventKind::Track { name: name.to_owned(), feature: None }
}

pub(super) fn note(campaign: &str, kind: NoteKind) -> EventKind {
    EventKind::Note { kind, campaign: campaign.to_owned(), decision: None }
}

/// A batch from the page of an admin.
pub(super) fn page(user: &str, kinds: Vec<EventKind>) -> Happening {
    let events = kinds.into_iter().map(|kind| event(Some(user), kind)).collect();
    Happening::Batch(Batch { client: None, role: Some(Role::Admin), events })
}

pub(super) fn subscribed(price: &str) -> Mirror {
    let mut mirror = Mirror::default();
    mirror.fold(Subscription {
        id: "sub_1".to_owned(),
        status: Status::Active,
        items: vec![Item { price: price.to_owned(), quantity: 1, ..Item::default() }],
        period: Some(Bounds { start: START, end: START.plus(30 * DAY) }),
        ..Subscription::default()
    });
    mirror
}

pub(super) fn happenings() -> impl Strategy<Value = Vec<(DurationMs, Happening)>> {
    // A good part of the steps follow each other closely, some after a night or a week.
    let passed = prop_oneof![4 => 0..60_000_i64, 3 => 0..HOUR, 2 => 0..DAY, 1 => 0..9 * DAY];
    let steps = prop::collection::vec((passed, happening()), 0..60);
    // Most histories begin with rules; the others must do as well.
    (prop::bool::weighted(0.9), steps).prop_map(|(with_rules, mut steps)| {
        if with_rules {
            steps.insert(0, (0, Happening::Publish));
        }
        steps
    })
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        12 => batch().prop_map(Happening::Batch),
        1 => prop::sample::select(vec!["price_pro", "price_other"]).prop_map(|price| Happening::Mirror(subscribed(price))),
        1 => user().prop_map(Happening::Ask),
        1 => Just(Happening::Convert),
        1 => Just(Happening::Publish),
        1 => user().prop_map(Happening::Meet),
        2 => (user(), prop::sample::select(vec![key("quota"), 7])).prop_map(|(user, key)| Happening::Mail(user, key)),
        2 => Just(Happening::Nothing),
    ]
}

fn user() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["ada", "bob", "eve"]).prop_map(str::to_owned)
}

pub(super) fn batch() -> impl Strategy<Value = Batch> {
    let role = prop::sample::select(vec![None, Some(Role::Member), Some(Role::Admin)]);
    let client = prop::option::of((0..3_u64, 1..20_u64));
    (client, role, prop::collection::vec(any_event(), 0..8)).prop_map(|(client, role, mut events)| {
        for (index, event) in (0..).zip(&mut events) {
            event.index = index;
        }
        Batch { client, role, events }
    })
}

fn any_event() -> impl Strategy<Value = Event> {
    let id = prop::option::of((0..30_u8).prop_map(|n| n.to_string()));
    // By the sender's clock; some not to be believed.
    let at = prop_oneof![5 => Just(None), 5 => (-DAY..DAY).prop_map(|ms| Some(START.plus(ms))), 1 => any::<i64>().prop_map(|ms| Some(Millis(ms)))];
    (id, prop::option::of(user()), at, kind()).prop_map(|(id, user, at, kind)| Event { index: 0, id, user, at, kind })
}

fn kind() -> impl Strategy<Value = EventKind> {
    let campaign = prop::sample::select(vec!["quota", "hello", "unknown"]);
    let notes = prop_oneof![
        4 => Just(NoteKind::Exposure),
        1 => Just(NoteKind::Click),
        1 => Just(NoteKind::Dismiss),
        1 => (0..DAY).prop_map(|ms| NoteKind::Snooze(START.plus(ms))),
    ];
    let traits = prop::sample::select(vec![("team", Some(TraitValue::Text("a".to_owned()))), ("industry", None), ("unknown", None)]);
    prop_oneof![
        6 => (0..40_u64).prop_map(calls),
        1 => Just(calls(u64::MAX)),
        2 => (0..9_u64).prop_map(|n| EventKind::Usage { meter: "seats".to_owned(), reading: Reading::Set(n) }),
        3 => prop::sample::select(vec!["login", "export", "No Name"]).prop_map(track),
        1 => Just(EventKind::Track { name: "premium_feature_blocked".to_owned(), feature: Some("sso".to_owned()) }),
        4 => (campaign, notes).prop_map(|(campaign, kind)| note(campaign, kind)),
        1 => traits.prop_map(|(key, value)| EventKind::Identify { traits: vec![(key.to_owned(), value)] }),
    ]
}

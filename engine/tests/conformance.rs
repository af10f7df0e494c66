//! The conformance cases (`tests/conformance`) against the engine itself, by every way an answer can come about.
//!
//! The same files run in a browser (`tests/browser/conformance.test.mjs`) and through the Worker
//! (`tests/e2e/conformance.test.mjs`); what a case may say is told in `tests/conformance/README.md`.

mod browser;

use std::fs;
use std::path::{Path, PathBuf};

use browser::Browser;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Value, json};
use upcue_engine::config::{Clock, compile};
use upcue_engine::facts::Role;
use upcue_engine::tenant::{Batch, Rulebook, Tenant, Viewer};
use upcue_engine::time::{DAY, DurationMs, HOUR, MINUTE, Millis, SECOND, parse_duration};
use upcue_engine::usage::{Event, EventKind, NoteKind, Reading};
use upcue_engine::zone::Zone;

/// Cases start here unless they say otherwise: 2025-06-18T10:30:00Z, far from the ends of day and month.
const START: Millis = Millis(1_750_242_600_000);
/// Answers must not change for so long, because the runner that uses a real Worker takes its time.
const STEADY: DurationMs = 59 * SECOND;
/// How wrong the device's clock is. It must not matter.
const DEVICE_IS_OFF_BY: DurationMs = -(3 * HOUR + 7 * MINUTE);
const USER: &str = "ada";
const SOMEBODY_ELSE: &str = "bob";
const CLIENT: u64 = 7;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "$schema")]
    _schema: String,
    version: u32,
    /// Of every case, unless its own says otherwise.
    #[serde(default)]
    config: Value,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(rename = "why")]
    _why: Option<String>,
    #[serde(default)]
    config: Value,
    role: Option<String>,
    tz: Option<String>,
    start: Option<i64>,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    Usage(Usage),
    Track(String),
    Note(Note),
    Elsewhere(Happening),
    Advance(String),
    Publish(Value),
    Audiences(Vec<(String, Value)>),
    Expect(Expect),
    Entitlement(Entitlement),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Happening {
    Usage(Usage),
    Track(String),
    Note(Note),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Usage {
    meter: String,
    value: Option<u64>,
    set: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    kind: String,
    campaign: String,
    #[serde(rename = "for")]
    lasts: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    placement: String,
    campaign: Option<String>,
    reason: String,
    kind: Option<String>,
    title: Option<String>,
    body: Option<String>,
    cta: Option<Value>,
    variant: Option<String>,
    trace: Option<Vec<(String, String)>>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entitlement {
    key: String,
    granted: bool,
    reason: String,
    limit: Option<u64>,
    #[serde(default)]
    used: u64,
    remaining: Option<u64>,
}

/// By which way the page came to know what it decides from.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// The Worker counted every event; the page has just loaded.
    Edge,
    /// The page loaded at the beginning and has not reached the Worker since.
    Page,
    /// The page reports every event at once and hears back.
    Reporting,
}

#[test]
fn cases_hold_in_a_page_that_has_just_loaded() {
    run_all(Way::Edge);
}

#[test]
fn cases_hold_in_a_page_that_is_offline() {
    run_all(Way::Page);
}

#[test]
fn cases_hold_in_a_page_that_reports() {
    run_all(Way::Reporting);
}

fn run_all(way: Way) {
    let mut failures = Vec::new();
    for path in case_files() {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("the case file is readable");
        let file: File = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(file.version, 1, "{name}: this runner knows version 1");
        for case in &file.cases {
            let at = format!("{name} › {}", case.name);
            failures.extend(run(&file, case, way).into_iter().map(|failure| format!("{at}, {failure}")));
        }
    }
    assert!(failures.is_empty(), "{way:?}:\n{}", failures.join("\n"));
}

fn case_files() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/conformance");
    let entries = fs::read_dir(directory).expect("tests/conformance is there");
    let mut files: Vec<PathBuf> =
        entries.map(|e| e.expect("readable").path()).filter(|p| p.extension().is_some_and(|e| e == "json")).collect();
    files.sort();
    assert!(!files.is_empty(), "no case files");
    files
}

fn run(file: &File, case: &Case, way: Way) -> Vec<String> {
    let mut world = World::new(merged(&file.config, &case.config), case, way);
    let mut failures = Vec::new();
    for (step, i) in case.steps.iter().zip(1..) {
        let told = match step {
            Step::Usage(usage) => world.here(usage_event(usage)),
            Step::Track(name) => world.here(EventKind::Track { name: name.clone(), feature: None }),
            Step::Note(note) => world.here(note_event(note, world.now)),
            Step::Elsewhere(Happening::Usage(usage)) => world.elsewhere(usage_event(usage)),
            Step::Elsewhere(Happening::Track(name)) => world.elsewhere(EventKind::Track { name: name.clone(), feature: None }),
            Step::Elsewhere(Happening::Note(note)) => world.elsewhere(note_event(note, world.now)),
            Step::Advance(by) => {
                world.now = world.now.plus(duration(by));
                vec![]
            }
            Step::Publish(patch) => world.publish(patch),
            Step::Audiences(rows) => rows.iter().flat_map(|row| world.holds(row)).collect(),
            Step::Expect(expected) => world.expect(expected),
            Step::Entitlement(expected) => world.entitlement(expected),
        };
        failures.extend(told.into_iter().map(|failure| format!("step {i}: {failure}")));
    }
    failures
}

/// A tenant at the Worker, one of its users' pages, and the time.
struct World {
    way: Way,
    role: Role,
    /// By whose clocks.
    zone: Zone,
    now: Millis,
    config: Value,
    /// The expressions that the case asks about; each has a campaign and a placement of its own, named for its position.
    audiences: Vec<String>,
    rules: Rulebook,
    tenant: Tenant,
    browser: Browser,
}

impl World {
    fn new(config: Value, case: &Case, way: Way) -> Self {
        let now = case.start.map_or(START, Millis);
        let role = case.role.as_deref().map_or(Role::Admin, |word| Role::parse(word).expect("role is admin or member"));
        let audiences = audiences(&case.steps);
        let rules = rules(&config, &audiences, 1);
        let tenant = Tenant { name: "acme".to_owned(), ..Tenant::default() };
        let zone = zone(&rules, case.tz.as_deref(), now);
        let browser = load(&tenant, &rules, &viewer(role, &zone), now);
        Self { way, role, zone, now, config, audiences, rules, tenant, browser }
    }

    /// Something happens in the page.
    fn here(&mut self, kind: EventKind) -> Vec<String> {
        match self.way {
            Way::Edge => self.tell(USER, kind, None),
            Way::Page => {
                self.act(&kind);
                vec![]
            }
            Way::Reporting => {
                self.act(&kind);
                let seq = self.browser.session.close_batch();
                let failures = self.tell(USER, kind, Some((CLIENT, seq)));
                self.hear();
                failures
            }
        }
    }

    /// Something happens to the tenant, and the page hears of it.
    fn elsewhere(&mut self, mut kind: EventKind) -> Vec<String> {
        if let EventKind::Note { decision: Some(decision), .. } = &mut kind {
            decision.push_str(" elsewhere");
        }
        let failures = self.tell(SOMEBODY_ELSE, kind, None);
        self.hear();
        failures
    }

    /// The Worker counts.
    fn tell(&mut self, user: &str, kind: EventKind, client: Option<(u64, u64)>) -> Vec<String> {
        let event = Event { index: 0, id: None, user: Some(user.to_owned()), at: Some(self.now), kind };
        let receipt = self.tenant.apply(&self.rules, &Batch { client, events: vec![event], ..Batch::default() }, self.now).receipt;
        self.tenant.detect(&self.rules, self.now);
        receipt.rejected.into_iter().map(|r| format!("rejected: {}: {}", r.code, r.detail)).collect()
    }

    /// The page counts.
    fn act(&mut self, kind: &EventKind) {
        self.browser.happen(kind, device(self.now));
    }

    /// The page hears from the Worker.
    fn hear(&mut self) {
        let page = self.tenant.page(&self.rules, &viewer(self.role, &self.zone), self.now);
        self.browser.hear(page, device(self.now));
    }

    fn publish(&mut self, patch: &Value) -> Vec<String> {
        self.config = merged(&self.config, patch);
        self.rules = rules(&self.config, &self.audiences, self.rules.version + 1);
        self.tenant.detect(&self.rules, self.now);
        self.hear();
        vec![]
    }

    fn page(&self) -> Browser {
        match self.way {
            Way::Edge => load(&self.tenant, &self.rules, &viewer(self.role, &self.zone), self.now),
            Way::Page | Way::Reporting => self.browser.clone(),
        }
    }

    fn expect(&self, expected: &Expect) -> Vec<String> {
        let told = |later: DurationMs| answer(&mut self.page(), expected, device(self.now.plus(later)));
        compare(&wanted(expected), &told(0), &told(STEADY))
    }

    fn holds(&self, (source, holds): &(String, Value)) -> Vec<String> {
        let i = self.audiences.iter().position(|a| a == source).expect("every expression was collected");
        let id = format!("audience-{i}");
        let reason = match holds {
            Value::Bool(true) => "match",
            Value::Bool(false) => "audience_false",
            _ => "audience_unknown",
        };
        let campaign = (reason == "match").then(|| id.clone());
        let expected = Expect {
            placement: id,
            campaign,
            reason: reason.to_owned(),
            kind: None,
            title: None,
            body: None,
            cta: None,
            variant: None,
            trace: None,
        };
        self.expect(&expected).into_iter().map(|failure| format!("`{source}`: {failure}")).collect()
    }

    fn entitlement(&self, expected: &Entitlement) -> Vec<String> {
        let page = self.page();
        let told = |later: DurationMs| {
            let found = page.entitlement(&expected.key, device(self.now.plus(later)));
            Entitlement {
                key: expected.key.clone(),
                granted: found.granted,
                reason: found.reason.code().to_owned(),
                limit: found.limit,
                used: found.used,
                remaining: found.remaining,
            }
        };
        compare(expected, &told(0), &told(STEADY))
    }
}

fn compare<T: PartialEq + std::fmt::Debug>(expected: &T, told: &T, later: &T) -> Vec<String> {
    if expected != told {
        vec![format!("\n    expected {expected:?}\n    got      {told:?}")]
    } else if told != later {
        vec![format!("the answer does not hold for a minute: {told:?}, then {later:?}")]
    } else {
        vec![]
    }
}

/// What the case says of a placement, in the shape of [`answer`].
fn wanted(expected: &Expect) -> Value {
    json!({
        "campaign": expected.campaign, "reason": expected.reason, "kind": expected.kind, "title": expected.title,
        "body": expected.body, "cta": expected.cta, "variant": expected.variant, "trace": expected.trace,
    })
}

/// What the page says of a placement, as far as it is asked.
fn answer(page: &mut Browser, asked: &Expect, device: Millis) -> Value {
    let (shown, reason) = page.decide(&asked.placement, device);
    let trace = asked.trace.as_ref().map(|asked_for| told_trace(page, asked, asked_for, device));
    let nudge = shown.as_ref().map(|campaign| &campaign.nudge);
    let cta = nudge.and_then(|n| n.cta.as_ref());
    json!({
        "campaign": shown.as_ref().map(|campaign| &campaign.id),
        "reason": reason.code(),
        "kind": asked.kind.as_ref().and(nudge).map(|n| n.kind.name()),
        "title": asked.title.as_ref().map(|_| nudge.map(|n| page.text(&n.title, device)).unwrap_or_default()),
        "body": asked.body.as_ref().map(|_| nudge.map(|n| page.text(&n.body, device)).unwrap_or_default()),
        "cta": asked.cta.as_ref().map(|_| {
            json!({"label": cta.map(|c| page.text(&c.label, device)).unwrap_or_default(), "action": cta.map(|c| &c.action)})
        }),
        "variant": asked.variant.as_ref().and(shown.as_ref()).and_then(|campaign| campaign.variant.as_ref()),
        "trace": trace,
    })
}

/// What the page says of each campaign. One that it was not sent, as it cannot be shown, is taken to be what is expected of it,
/// if that is a reason not to send it.
fn told_trace(page: &mut Browser, asked: &Expect, expected: &[(String, String)], device: Millis) -> Vec<(String, String)> {
    let trace = page.trace(&asked.placement, device);
    let told: Vec<(String, String)> = trace.into_iter().map(|(id, reason)| (id, reason.code().to_owned())).collect();
    let settled = ["audience_false", "audience_unknown", "missing_value", "not_scheduled", "not_rolled_out"];
    let is_left_out = |(id, reason): &&(String, String)| !told.iter().any(|(known, _)| known == id) && settled.contains(&reason.as_str());
    let left_out: Vec<_> = expected.iter().filter(is_left_out).cloned().collect();
    let mut told = told;
    for entry in left_out {
        let place = expected.iter().position(|e| *e == entry).unwrap_or(0).min(told.len());
        told.insert(place, entry);
    }
    told
}

/// A page that loads now, from what travels on the wire.
fn load(tenant: &Tenant, rules: &Rulebook, viewer: &Viewer<'_>, now: Millis) -> Browser {
    Browser::load(tenant.page(rules, viewer, now), device(now))
}

fn viewer(role: Role, zone: &Zone) -> Viewer<'_> {
    Viewer { user: USER, role, client: CLIENT, zone }
}

/// The clocks that count, as a host tells them; `tz`: the user's.
fn zone(rules: &Rulebook, tz: Option<&str>, now: Millis) -> Zone {
    let name = match &rules.config.frequency.zone {
        Clock::Zone(name) => name,
        Clock::User => tz.unwrap_or("UTC"),
    };
    let zone = TimeZone::get(name).expect("a time zone");
    let stamp = |at: Millis| Timestamp::from_millisecond(at.0).expect("in range");
    let offset = |at: Millis| i64::from(zone.to_offset(stamp(at)).seconds()) * SECOND;
    let (from, until) = (now.plus(-40 * DAY), now.plus(400 * DAY));
    let following = zone.following(stamp(from)).map(|change| Millis(change.timestamp().as_millisecond()));
    let changes = [from].into_iter().chain(following.take_while(|at| *at < until));
    Zone { changes: changes.map(|at| (at, offset(at))).collect() }
}

fn device(now: Millis) -> Millis {
    now.plus(DEVICE_IS_OFF_BY)
}

fn duration(text: &str) -> DurationMs {
    parse_duration(text).unwrap_or_else(|| panic!("`{text}` is no duration"))
}

fn usage_event(usage: &Usage) -> EventKind {
    let reading = match (usage.value, usage.set) {
        (Some(value), None) => Reading::Add(value),
        (None, Some(set)) => Reading::Set(set),
        _ => panic!("usage needs `value` or `set`"),
    };
    EventKind::Usage { meter: usage.meter.clone(), reading }
}

fn note_event(note: &Note, now: Millis) -> EventKind {
    let kind = match (note.kind.as_str(), &note.lasts) {
        ("render", None) => NoteKind::Render,
        ("exposure", None) => NoteKind::Exposure,
        ("ghost_exposure", None) => NoteKind::Ghost,
        ("click", None) => NoteKind::Click,
        ("dismiss", None) => NoteKind::Dismiss,
        ("snooze", Some(lasts)) => NoteKind::Snooze(now.plus(duration(lasts))),
        (kind, _) => panic!("`{kind}` is no note, or has a `for` too many or too few"),
    };
    EventKind::Note { kind, campaign: note.campaign.clone(), decision: Some(format!("{} {}", note.campaign, now.0)) }
}

fn rules(config: &Value, audiences: &[String], version: u32) -> Rulebook {
    let mut config = config.clone();
    let extra = audiences.iter().enumerate().map(|(i, source)| {
        let id = format!("audience-{i}");
        json!({"id": id, "placement": id, "audience": source, "nudge": {"kind": "badge", "title": "It holds"}})
    });
    let all = config.as_object_mut().expect("a configuration is an object").entry("campaigns").or_insert_with(|| json!([]));
    all.as_array_mut().expect("campaigns are a list").extend(extra);
    let config = compile(&config.to_string()).unwrap_or_else(|problems| panic!("the configuration: {problems:#?}"));
    let plans = config.inline_plans.clone().expect("cases bring their plans along");
    Rulebook { version, revision: version, config, plans, ..Rulebook::default() }
}

/// `patch` laid over `base` as a JSON merge patch (RFC 7396).
fn merged(base: &Value, patch: &Value) -> Value {
    let Value::Object(changes) = patch else { return if patch.is_null() { base.clone() } else { patch.clone() } };
    let mut object = base.as_object().cloned().unwrap_or_default();
    for (key, change) in changes {
        if change.is_null() {
            object.remove(key);
        } else {
            let old = object.get(key).cloned().unwrap_or_default();
            object.insert(key.clone(), merged(&old, change));
        }
    }
    Value::Object(object)
}

/// The expressions that the steps ask about, each once.
fn audiences(steps: &[Step]) -> Vec<String> {
    let mut audiences: Vec<String> = Vec::new();
    for step in steps {
        let Step::Audiences(rows) = step else { continue };
        for (source, _) in rows {
            if !audiences.contains(source) {
                audiences.push(source.clone());
            }
        }
    }
    audiences
}

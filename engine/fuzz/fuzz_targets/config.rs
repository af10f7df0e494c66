//! Any text as a configuration, and good configurations with parts of them changed. Input: an even byte and the text; or an odd
//! byte and the changes, six bytes and a text each.
//!
//! What is refused or warned of has its place; what is not refused arrives as it was sent, runs, and shows what it shows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use upcue_engine::config::{Config, Problem, review};
use upcue_engine::facts::Role;
use upcue_engine::session::Session;
use upcue_engine::snapshot::{Frame, Snapshot};
use upcue_engine::tenant::{Batch, Rulebook, Tenant, Viewer};
use upcue_engine::time::Millis;
use upcue_engine::usage::{Event, EventKind, Reading};
use upcue_engine::wire;
use upcue_engine::zone::UTC;

const GOOD: [&str; 2] = [include_str!("../../../www/demo/seed/config.json"), include_str!("../good.json")];
const NOW: Millis = Millis(1_750_242_600_000);

/// What stands in place of a part, besides other parts and texts of the input.
const WORDS: [&str; 32] = [
    "null",
    "true",
    "false",
    "0",
    "1",
    "-1",
    "100",
    "101",
    "9007199254740993",
    "9223372036854775807",
    "1e999",
    "0.05",
    "1.5",
    "\"\"",
    "{}",
    "[]",
    "\"1d\"",
    "\"9223372036854775807d\"",
    "\"unlimited\"",
    "\"inline\"",
    "\"stripe\"",
    "\"counter\"",
    "\"gauge\"",
    "\"api_calls\"",
    "\"sso\"",
    "\"limit_approaching\"",
    "\"will_hit_limit\"",
    "\"team_growing\"",
    "\"feature_blocked\"",
    "\"signal.api_quota_80.active || segment.ready_to_upgrade\"",
    "\"{{usage.api_calls.percent}}\"",
    "{\"max\":50,\"window\":\"366d\"}",
];

/// The parts of a document: where its words, lists and objects begin and end, in bytes.
fn parts(document: &str) -> Vec<(usize, usize)> {
    let bytes = document.as_bytes();
    let (mut parts, mut open, mut at) = (Vec::new(), Vec::new(), 0);
    while let Some(byte) = bytes.get(at) {
        let begin = at;
        at += 1;
        match byte {
            b'{' | b'[' => open.push(begin),
            b'}' | b']' => parts.extend(open.pop().map(|begin| (begin, at))),
            b'"' => {
                while bytes.get(at).is_some_and(|byte| *byte != b'"') {
                    at += 1 + usize::from(bytes[at] == b'\\');
                }
                at = (at + 1).min(bytes.len());
                parts.push((begin, at));
            }
            byte if byte.is_ascii_alphanumeric() || *byte == b'-' => {
                while bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte)) {
                    at += 1;
                }
                parts.push((begin, at));
            }
            _ => {}
        }
    }
    parts
}

fn quoted(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text).replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", text.replace(|c: char| c < ' ', " "))
}

/// A good document with the changes that `choices` say.
fn changed(choices: &[u8]) -> String {
    let Some((which, mut choices)) = choices.split_first() else { return String::new() };
    let mut document = GOOD[usize::from(*which) % GOOD.len()].to_owned();
    while let [a, b, what, c, d, len, rest @ ..] = choices {
        let (text, rest) = rest.split_at(usize::from(*len).min(rest.len()));
        choices = if *what % 8 < 3 { rest } else { &choices[6..] };
        let parts = parts(&document);
        let part = |high: u8, low: u8| parts.get((usize::from(high) << 8 | usize::from(low)) % parts.len().max(1)).copied();
        let (Some((begin, end)), Some((from, until))) = (part(*a, *b), part(*c, *d)) else { break };
        if document.len() > 100_000 || !document.is_char_boundary(begin) || !document.is_char_boundary(end) {
            break;
        }
        let Some(other) = document.get(from..until).map(str::to_owned) else { break };
        match what % 8 {
            // Within the quotes, or in place of the part.
            0 | 1 => document.replace_range(begin..end, &quoted(text)),
            2 => document.replace_range(begin..end, &String::from_utf8_lossy(text)),
            3 => document.replace_range(begin..end, WORDS[usize::from(*d) % WORDS.len()]),
            4 => document.replace_range(begin..end, &other),
            5 => document.insert_str(end, &format!(",{other}")),
            6 => document.insert_str(begin, &format!("{other},")),
            _ => document.replace_range(begin..end, ""),
        }
    }
    document
}

/// A tenant uses something, and pages of both roles look.
fn run(config: Config) {
    let meters: Vec<String> = config.meters.iter().map(|m| m.key.clone()).collect();
    let plans = config.inline_plans.clone().unwrap_or_default();
    let rules = Rulebook { version: 1, revision: 1, config, plans, ..Rulebook::default() };
    let mut tenant = Tenant::default();
    for (n, kind) in [(7, Reading::Add as fn(u64) -> Reading), (900, Reading::Set)] {
        let event = |meter: &String| EventKind::Usage { meter: meter.clone(), reading: kind(n) };
        let events = meters.iter().map(|m| Event { index: 0, id: None, user: Some("ada".to_owned()), at: Some(NOW), kind: event(m) });
        tenant.apply(&rules, &Batch { client: None, role: None, events: events.collect() }, NOW);
    }
    for role in [Role::Admin, Role::Member] {
        let page = tenant.page(&rules, &Viewer { user: "ada", role, client: 0, zone: &UTC }, NOW);
        let Ok(Frame { rules: Some(rules), live }) = Frame::decode(&page.whole()) else { unreachable!("a snapshot was sent") };
        assert_eq!(*snapshot, page.snapshot, "a frame arrives as it was sent");
        let mut session = Session::new(Snapshot { rules, live }, NOW);
        for place in 0..page.snapshot.rules.places.len() {
            let decision = session.decide(place, NOW);
            if let Some(campaign) = decision.campaign.and_then(|i| page.campaigns.get(i)) {
                assert!(campaign.nudge.title.fill(&session.facts(NOW)).is_some(), "{campaign:?} is shown without a title");
            }
        }
    }
}

/// Every problem is in the document.
fn placed(document: &str, problems: &[Problem]) {
    for problem in problems {
        let line = document.split('\n').nth(problem.line.wrapping_sub(1)).expect("the line is there");
        assert!(problem.column >= 1 && problem.column <= line.chars().count() + 1, "{problem:?} in {document}");
    }
}

fuzz_target!(|data: &[u8]| {
    let document = match data {
        [mode, rest @ ..] if mode % 2 == 1 => changed(rest),
        [_, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        [] => return,
    };
    let (compiled, warnings) = review(&document, NOW);
    placed(&document, &warnings);
    match compiled {
        Ok(config) => {
            assert_eq!(wire::decode::<Config>(&wire::encode(&config)).as_ref(), Some(&config), "{document}");
            run(config);
        }
        Err(problems) => {
            assert!(!problems.is_empty(), "{document} is refused without a word");
            placed(&document, &problems);
        }
    }
});

//! Email sequences, case by case: what is sent to whom and when, and why not.
#![expect(clippy::needless_pass_by_value, reason = "documents are written where they are used")]

use serde_json::{Value, json};
use upcue_engine::campaign::{Cap, Scope, Window};
use upcue_engine::config::CampaignRule;
use upcue_engine::facts::Role;
use upcue_engine::hash::key;
use upcue_engine::ledger::Moment;
use upcue_engine::sequence::{LetterState, OWNER, Outcome, Reason, Seen, Stage};
use upcue_engine::time::{DAY, HOUR, MINUTE, Millis, SECOND};
use upcue_engine::usage::NoteKind;

mod arms;
mod entering;
mod gates;
#[path = "../post/mod.rs"]
mod post;
mod sending;
mod timing;

use post::{Mood, Post, moment};

const BERLIN: &str = "Europe/Berlin";

/// A tenant with two traits that say how it stands, and these sequences.
fn document(sequences: Value) -> Value {
    let letter = json!({"subject": "s", "html": "<p>t</p>"});
    json!({
        "traits": {"tenant": {"low": {"type": "bool"}, "lower": {"type": "bool"}, "done": {"type": "bool"}, "odd": {"type": "bool"}},
                   "user": {"keen": {"type": "bool"}}},
        "signals": [{"id": "low", "when": "tenant.low"}, {"id": "lower", "when": "tenant.lower"}],
        "email": {"from": {"address": "hello@nimbus.example"}, "postal_address": "1 Cloud Street"},
        "templates": {"one": letter, "two": letter, "three": letter, "other": letter},
        "frequency": {"zone": BERLIN},
        "sequences": sequences,
    })
}

/// One sequence on the first signal, with these parts besides.
fn sequence(parts: Value) -> Value {
    let mut sequence = json!({"id": "low", "enter": "signal.low.active", "exit": "converted || !signal.low.active",
                              "steps": [{"after": "0s", "template": "one"}]});
    for (name, part) in parts.as_object().expect("an object") {
        sequence[name] = part.clone();
    }
    sequence
}

/// A tenant whose one admin is ada, on a Wednesday in Berlin.
fn post(sequences: Value) -> Post {
    post_at(&document(sequences), "2025-06-18T18:00")
}

fn post_at(document: &Value, local: &str) -> Post {
    let mut post = Post::new(document, moment(local, BERLIN));
    post.know("ada", Role::Admin, None);
    post
}

/// Of each: day and time in Berlin, and the templates.
fn times(post: &Post) -> Vec<(String, String)> {
    post.arrived(BERLIN).into_iter().map(|(at, _, templates)| (at, templates.join("+"))).collect()
}

fn is(times: &[(String, String)], expected: &[(&str, &str)]) {
    let times: Vec<(&str, &str)> = times.iter().map(|(at, what)| (at.as_str(), what.as_str())).collect();
    assert_eq!(times, expected);
}

//! `docs/configuration.md` says what is so.

use super::super::{Host, Problem, SCHEMA, compile, review, review_for};
use crate::time::Millis;

const DOCUMENTATION: &str = include_str!("../../../../docs/configuration.md");

/// What stands between the heading and the next.
fn section(heading: &str) -> &'static str {
    let (_, after) = DOCUMENTATION.split_once(&format!("\n## {heading}\n")).expect(heading);
    after.split_once("\n## ").map_or(after, |(section, _)| section)
}

/// The first and last column of the table there.
fn rows(heading: &str) -> Vec<(&'static str, &'static str)> {
    let rows = section(heading).lines().filter(|line| line.starts_with("| ")).skip(1);
    rows.map(|row| {
        let columns: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        (columns[0].trim_matches('`'), columns[columns.len() - 1])
    })
    .collect()
}

/// Whether `code` is documented: what the other tests of problems and warnings ask.
pub(super) fn is_documented(heading: &str, code: &str) -> bool {
    rows(heading).iter().any(|(documented, _)| *documented == code)
}

/// Whether the message is the documented one, where "…" stands for a number.
fn is_as_printed(documented: &str, message: &str) -> bool {
    let mut open = String::new();
    for c in message.chars() {
        match c {
            '0'..='9' if open.ends_with('…') => {}
            '0'..='9' => open.push('…'),
            c => open.push(c),
        }
    }
    documented == message || documented == open
}

#[test]
fn the_examples_make_one_configuration_with_nothing_wrong() {
    let mut whole = serde_json::Map::new();
    let blocks: Vec<&str> = DOCUMENTATION.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(blocks.len(), 12);
    for block in blocks {
        let added: serde_json::Map<String, serde_json::Value> = serde_json::from_str(block).expect(block);
        whole.extend(added);
        let document = serde_json::to_string(&whole).expect("JSON");
        compile(&document).expect(block);
    }
    let (compiled, warnings) = review(&serde_json::to_string(&whole).expect("JSON"), Millis(1_750_000_000_000));
    assert_eq!(warnings, []);
    let config = compiled.expect("good");
    let sizes = [config.meters.len(), config.features.len(), config.signals.len(), config.segments.len(), config.campaigns.len()];
    assert_eq!(sizes, [2, 1, 3, 1, 1], "no block takes another's place");
    assert!(config.inline_plans.is_some() && !config.traits.user.is_empty());
}

#[test]
fn the_built_in_signals_are_those_there_are() {
    let rows = include_str!("../builtins.rs").lines().filter_map(|line| line.strip_prefix("//! ").filter(|row| row.starts_with("| `")));
    let mut count = 0;
    for row in rows {
        assert!(section("Signals").contains(row), "{row}");
        count += 1;
    }
    assert_eq!(count, 8);
}

#[test]
fn the_limits_are_those_of_the_schema() {
    let schema: serde_json::Value = serde_json::from_str(SCHEMA).expect("JSON");
    let documented = rows("Limits");
    for (what, pointer) in [
        ("meters", "/properties/meters/maxProperties"),
        ("features", "/properties/features/maxProperties"),
        ("traits of users, and of tenants", "/properties/traits/properties/user/maxProperties"),
        ("plans in the document", "/$defs/plans/properties/list/maxItems"),
        ("prices of a plan", "/$defs/plan/properties/prices/maxItems"),
        ("signals", "/properties/signals/maxItems"),
        ("segments", "/properties/segments/maxProperties"),
        ("campaigns", "/properties/campaigns/maxItems"),
        ("caps of a campaign or sequence, and of all together", "/$defs/campaign/properties/cap/maxItems"),
        ("caps of a campaign or sequence, and of all together", "/properties/frequency/properties/cap/maxItems"),
        ("variants of a campaign", "/$defs/campaign/properties/variants/maxItems"),
        ("sequences", "/properties/sequences/maxItems"),
        ("steps of a sequence", "/$defs/sequence/properties/steps/maxItems"),
        ("caps of a campaign or sequence, and of all together", "/$defs/sequence/properties/cap/maxItems"),
        ("links of mails", "/$defs/email/properties/links/maxProperties"),
        ("templates", "/properties/templates/maxProperties"),
        ("tenants named in a rollout", "/$defs/rollout/properties/tenants/maxItems"),
        ("templates", "/properties/templates/maxProperties"),
        ("bytes of a letter's subject, preheader and summary", "/$defs/letter_line/maxLength"),
        ("bytes of a letter's body, and of its text", "/$defs/letter_body/maxLength"),
        ("bytes of a text", "/$defs/text/maxLength"),
        ("bytes of an expression", "/$defs/expression/maxLength"),
    ] {
        let limit = schema.pointer(pointer).expect(pointer).to_string();
        assert!(documented.contains(&(limit.as_str(), what)), "{limit} {what}");
    }
}

/// The sections of a document that a mistake is put into.
fn campaign(parts: &str) -> String {
    format!(r#"{{"campaigns": [{{"id": "a", "placement": "p", "nudge": {{"title": "t"}}, {parts}}}]}}"#)
}

fn letter(body: &str) -> String {
    format!(
        r#"{{"email": {{"links": {{"plans": "https://a.example/plans"}}}}, "templates": {{"t": {{"subject": "s", "html": "{body}"}}}}}}"#
    )
}

fn segment(parts: &str) -> String {
    format!(
        r#"{{"meters": {{"api_calls": {{"kind": "counter"}}}}, "signals": [{{"id": "s", "when": "usage.api_calls.ratio > 0.8", "weight": 100}}],
            "segments": {{"s": {{{parts}}}}}}}"#
    )
}

/// A sequence that shares a campaign with two variants, with these parts more of it and of its step.
fn sequence(parts: &str, of_step: &str) -> String {
    let [parts, of_step] = [parts, of_step].map(|parts| if parts.is_empty() { String::new() } else { format!(", {parts}") });
    format!(
        r#"{{"signals": [{{"id": "s", "when": "events.login.count_1d > 5"}}],
            "campaigns": [{{"id": "quota", "placement": "p", "audience": "signal.s.active", "nudge": {{"title": "t"}},
                           "variants": [{{"id": "a", "weight": 1}}, {{"id": "b", "weight": 1}}]}}],
            "email": {{"from": {{"address": "hello@nimbus.example"}}, "postal_address": "1 Cloud Street"}},
            "templates": {{"quota_80": {{"subject": "s", "html": "<p>t</p>"}}}},
            "sequences": [{{"id": "q", "enter": "signal.s.active", "steps": [{{"after": "0s", "template": "quota_80"{of_step}}}]{parts}}}]}}"#
    )
}

/// Told by the Worker, which knows what can be stored; a test there holds it against the page.
const OF_THE_WORKER: &str = "too_large";

fn compare(heading: &str, told: Vec<(&str, Vec<Problem>)>) {
    let mut documented = rows(heading);
    documented.retain(|(code, _)| *code != OF_THE_WORKER);
    let codes: Vec<&str> = documented.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, told.iter().map(|(code, _)| *code).collect::<Vec<_>>(), "every code has its example here");
    for ((code, message), (_, told)) in documented.into_iter().zip(told) {
        let [one] = told.as_slice() else { panic!("{code}: {told:#?}") };
        assert_eq!(one.code, code);
        assert!(is_as_printed(message, &one.detail), "{code}\ndocumented: {message}\nprinted:    {}", one.detail);
    }
}

#[test]
fn every_problem_has_an_example_as_it_is_printed() {
    let meter = |parts: &str| format!(r#"{{"meters": {{{parts}}}}}"#);
    let plans = |list: &str| {
        format!(
            r#"{{"meters": {{"api_calls": {{"kind": "counter"}}}}, "features": {{"sso": {{}}}}, "plans": {{"source": "inline", {list}}}}}"#
        )
    };
    let two = r#"{"campaigns": [{"id": "a", "placement": "p", "nudge": {"title": "t"}}, {"id": "a", "placement": "p", "nudge": {"title": "t"}}]}"#;
    let caps = vec![r#"{"max": 1, "window": "1d"}"#; 51].join(",");
    let circle = r#"{"signals": [{"id": "a", "when": "signal.b.active"}, {"id": "b", "when": "signal.a.active"}]}"#;
    let examples = [
        ("malformed_json", r#"{"meters" 1}"#.to_owned()),
        ("wrong_type", meter(r#""m": {"kind": "gauge", "label": 5}"#)),
        ("unknown_field", r#"{"meter": {}}"#.to_owned()),
        ("missing", r#"{"campaigns": [{"id": "a", "nudge": {"title": "t"}}]}"#.to_owned()),
        ("duplicate", two.to_owned()),
        ("too_many", campaign(&format!(r#""cap": [{caps}]"#))),
        ("out_of_range", r#"{"upgrade": {"rollout": {"percent": 101}}}"#.to_owned()),
        ("too_precise", campaign(r#""holdout": 0.33333"#)),
        ("bad_choice", meter(r#""m": {"kind": "counts"}"#)),
        ("bad_name", meter(r#""API": {"kind": "gauge"}"#)),
        ("bad_duration", campaign(r#""cooldown_after_dismiss": "1 day""#)),
        ("bad_cap", campaign(r#""cap": [{"max": 1, "window": "400d"}]"#)),
        ("bad_time", campaign(r#""quiet_hours": {"from": "8pm", "to": "08:00"}"#)),
        ("bad_address", r#"{"email": {"reply_to": "hello at nimbus"}}"#.to_owned()),
        ("bad_line", r#"{"email": {"postal_address": "1 Cloud Street\nBerlin"}}"#.to_owned()),
        ("bad_link", r#"{"email": {"links": {"plans": "/plans"}}}"#.to_owned()),
        ("bad_host", r#"{"email": {"click_hosts": ["https://docs.nimbus.example"]}}"#.to_owned()),
        ("unknown_zone", r#"{"frequency": {"zone": "Berlin"}}"#.to_owned()),
        ("no_weight", campaign(r#""variants": [{"id": "a", "weight": 0}]"#)),
        ("bad_limit", plans(r#""list": [{"id": "free", "rank": 0, "limits": {"api_calls": "none"}}]"#)),
        ("conflict", meter(r#""m": {"kind": "gauge", "period": "day"}"#)),
        ("unsupported", segment(r#""enter": "score[0] > 60""#)),
        ("unknown_meter", plans(r#""list": [{"id": "free", "rank": 0, "limits": {"api_call": 1}}]"#)),
        ("unknown_feature", plans(r#""list": [{"id": "free", "rank": 0, "features": ["ss0"]}]"#)),
        ("unknown_plan", plans(r#""default": "fre", "list": [{"id": "free", "rank": 0}]"#)),
        ("unknown_campaign", sequence(r#""campaign": "qouta""#, "")),
        ("unknown_variant", sequence("", r#""variants": {"c": "quota_80"}"#)),
        ("unknown_template", sequence("", "").replace(r#""template": "quota_80""#, r#""template": "qota_80""#)),
        ("unknown_fact", segment(r#""enter": "usage.api_calls.ration > 0.8""#)),
        ("cycle", circle.to_owned()),
        ("syntax", r#"{"campaigns": [{"id": "a", "placement": "p", "nudge": {"title": "{{plan.name"}}]}"#.to_owned()),
        ("type", segment(r#""enter": "score""#)),
        ("too_long", segment(&format!(r#""enter": "{}""#, "score > 1 && ".repeat(400)))),
        ("too_deep", segment(&format!(r#""enter": "{}true""#, "(".repeat(200)))),
        ("unknown_link", letter(r#"<a href=\"{{links.pans}}\">x</a>"#)),
        ("bad_link", letter(r#"<a href=\"javascript:x\">x</a>"#)),
        ("misplaced", letter("{{links.plans}}")),
        ("bad_markup", letter("a < b")),
        ("forbidden_markup", letter("<script></script>")),
    ];
    // A circle is told at each of its members.
    let told = |document: &str| {
        let mut told = review_for(document, Millis(0), Host { knows: |zone| zone.contains('/'), ..Host::default() }).0.expect_err(document);
        told.truncate(if told.iter().all(|problem| problem.code == "cycle") { 1 } else { usize::MAX });
        told
    };
    compare("Problems", examples.iter().map(|(code, document)| (*code, told(document))).collect());
}

#[test]
fn every_warning_has_an_example_as_it_is_printed() {
    let signals = |parts: &str| format!(r#"{{"meters": {{"api_calls": {{"kind": "counter"}}}}, "signals": [{parts}]}}"#);
    let low = segment(r#""enter": "score >= 60""#).replace("100}", "50}");
    let two = r#"{"campaigns": [{"id": "a", "placement": "p", "nudge": {"title": "t"}}, {"id": "b", "placement": "p", "nudge": {"title": "t"}}]}"#;
    let examples = [
        ("never_holds", low),
        ("always_holds", signals(r#"{"id": "a", "when": "usage.api_calls.value >= 0", "weight": 1}"#)),
        ("never_rearmed", segment(r#""enter": "score >= 60", "exit": "score < 0""#)),
        ("overlap", segment(r#""enter": "score >= 60", "exit": "score < 70""#)),
        ("unused_signal", signals(r#"{"id": "a", "when": "usage.api_calls.ratio >= 0.8"}"#)),
        ("unknown_value", campaign(r#""audience": "user.role == 'owner'""#)),
        ("over", campaign(r#""schedule": {"until": 1000}"#)),
        ("rolled_out_to_nobody", campaign(r#""rollout": {"percent": 0}"#)),
        ("held_out", campaign(r#""holdout": 1"#)),
        ("mostly_quiet", campaign(r#""quiet_hours": {"from": "09:00", "to": "08:00"}"#)),
        ("no_share", campaign(r#""variants": [{"id": "a", "weight": 1}, {"id": "b", "weight": 0}]"#)),
        ("one_variant", campaign(r#""variants": [{"id": "a", "weight": 1}]"#)),
        ("outranked", two.to_owned()),
    ];
    compare("Warnings", examples.iter().map(|(code, document)| (*code, review(document, Millis(2_000)).1)).collect());
}

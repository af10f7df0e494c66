//! Warnings: what can be published and is hardly meant.

use super::super::{Problem, review};
use super::documentation::is_documented;
use crate::time::Millis;

const NOW: Millis = Millis(1_750_000_000_000);

/// Where nothing is to be warned of. Every part of it is replaced in turn.
const GOOD: &str = r#"{
  "meters": {"calls": {"kind": "counter"}, "seats": {"kind": "gauge", "source": "subscription_quantity"}},
  "features": {"sso": {}},
  "traits": {"tenant": {"size": {"type": "int"}, "industry": {"type": "string"}, "vip": {"type": "bool"}, "share": {"type": "double"},
             "tags": {"type": "list"}}},
  "plans": {"source": "inline", "list": [{"id": "free", "name": "Free", "rank": 0}, {"id": "pro", "name": "Pro", "rank": 5}]},
  "signals": [
    {"id": "quota", "when": "usage.calls.ratio >= 0.8", "rearm_below": "usage.calls.ratio < 0.7", "weight": 30},
    {"id": "grown", "when": "events.invited.count_7d >= 3", "weight": 25}
  ],
  "segments": {"ready": {"enter": "score >= 50", "exit": "score < 40"}},
  "campaigns": [
    {"id": "top", "placement": "p", "priority": 1, "audience": "user.role == 'admin'", "nudge": {"title": "t"},
     "schedule": {"until": 1760000000000}, "rollout": {"percent": 10}, "holdout": 0.1},
    {"id": "all", "placement": "p", "nudge": {"title": "t"}}
  ],
  "upgrade": {"rollout": {"percent": 50}}
}"#;

/// The warnings of a document that can be published.
fn warnings(document: &str) -> Vec<Problem> {
    let (compiled, warnings) = review(document, NOW);
    compiled.expect(document);
    for warning in &warnings {
        assert!(is_documented("Warnings", warning.code), "{warning:?}");
    }
    warnings
}

fn with(old: &str, new: &str) -> String {
    assert_eq!(GOOD.matches(old).count(), 1, "{old}");
    GOOD.replace(old, new)
}

/// The codes of the warnings of an audience.
fn of_audience(audience: &str) -> Vec<&'static str> {
    warnings(&with("user.role == 'admin'", audience)).into_iter().map(|warning| warning.code).collect()
}

/// The codes of the warnings of a signal.
fn of_signal(when: &str, rearm_below: &str) -> Vec<&'static str> {
    let document = with("usage.calls.ratio >= 0.8", when).replace("usage.calls.ratio < 0.7", rearm_below);
    warnings(&document).into_iter().map(|warning| warning.code).collect()
}

#[test]
fn what_is_meant_is_not_warned_of() {
    assert_eq!(warnings(GOOD), []);
    assert_eq!(warnings("{}"), []);
}

#[test]
fn beside_problems_there_are_no_warnings() {
    let (compiled, warnings) = review(&with("score >= 50", "score >= 60 && scor < 70"), NOW);
    assert_eq!((compiled.expect_err("wrong").len(), warnings.len()), (1, 0));
    assert_eq!(review("{", NOW).0.expect_err("no JSON")[0].code, Problem::MALFORMED);
}

#[test]
fn each_is_told_once_at_its_place_with_what_to_do() {
    for (old, new, pointer, code, detail) in [
        ("score >= 50", "score >= 60", "/segments/ready/enter", "never_holds", ": the score is at most 55, which is what the weights"),
        ("score < 40", "score > 60", "/segments/ready/exit", "never_rearmed", "so no tenant ever leaves: the score is at most 55"),
        (
            "score >= 50",
            "score >= 5 && tenant.size > 1 && tenant.size < 0",
            "/segments/ready/enter",
            "never_holds",
            "so no tenant ever enters",
        ),
        (
            "score < 40",
            "score < 52",
            "/segments/ready/exit",
            "overlap",
            "can hold while `enter` holds, for example at 50: while both do tenants stay",
        ),
        ("events.invited.count_7d >= 3", "usage.calls.value < 0", "/signals/1/when", "never_holds", "so the signal is never detected"),
        (
            "usage.calls.ratio < 0.7",
            "usage.calls.ratio < 0.9",
            "/signals/0/rearm_below",
            "overlap",
            "holds, for example at 0.8: while both do the signal",
        ),
        ("usage.calls.ratio < 0.7", "usage.calls.ratio < 0.0", "/signals/0/rearm_below", "never_rearmed", "detected once and stays active"),
        (
            r#""id": "quota", "#,
            r#""id": "other", "when": "usage.calls.ratio > 0.5"}, {"id": "quota", "#,
            "/signals/0",
            "unused_signal",
            "`signal.other.active`",
        ),
        (
            "user.role == 'admin'",
            "user.role == 'owner'",
            "/campaigns/0/audience",
            "unknown_value",
            "unknown role `owner`; known: admin, member",
        ),
        (
            "user.role == 'admin'",
            "user.role != 'admn'",
            "/campaigns/0/audience",
            "unknown_value",
            "unknown role `admn`; did you mean `admin`?",
        ),
        ("user.role == 'admin'", "plan.id == 'por'", "/campaigns/0/audience", "unknown_value", "unknown plan `por`; did you mean `pro`?"),
        ("user.role == 'admin'", "plan.rank > 5", "/campaigns/0/audience", "never_holds", "so nobody sees the campaign"),
        ("user.role == 'admin'", "score >= 0", "/campaigns/0/audience", "always_holds", "remove it"),
        ("1760000000000", "1750000000000", "/campaigns/0/schedule/until", "over", "this is past"),
        (r#"{"percent": 10}"#, r#"{"percent": 0}"#, "/campaigns/0/rollout", "rolled_out_to_nobody", "nobody sees the campaign"),
        (r#"{"percent": 50}"#, r#"{"tenants": []}"#, "/upgrade/rollout", "rolled_out_to_nobody", "no tenant can upgrade by itself"),
        (r#""holdout": 0.1"#, r#""holdout": 1"#, "/campaigns/0/holdout", "held_out", "keeps all tenants"),
        (
            r#""id": "all""#,
            r#""priority": 2, "id": "all""#,
            "/campaigns/0",
            "outranked",
            "`all` is shown to everybody at `p` and goes first",
        ),
    ] {
        let told = warnings(&with(old, new));
        let places: Vec<_> = told.iter().map(|w| (w.pointer.as_str(), w.code)).collect();
        assert_eq!(places, [(pointer, code)], "{new}: {told:#?}");
        assert!(told[0].detail.contains(detail), "{new}: {}", told[0].detail);
    }
}

#[test]
fn conditions_that_can_never_hold_are_found() {
    for audience in [
        "false",
        "score > 100",
        "score == -1",
        "usage.calls.ratio < 0.0",
        "usage.calls.percent < 0",
        "usage.calls.remaining < 0",
        "events.x.count_28d < 0",
        "usage.calls.ratio > 0.8 && usage.calls.ratio < 0.5",
        "usage.calls.value > 5 && usage.calls.value < 6",
        "!(usage.calls.value > 5 || usage.calls.value <= 5)",
        "user.role == 'admin' && user.role == 'member'",
        "user.role != 'admin' && user.role != 'member'",
        "tenant.industry == 'a' && tenant.industry == 'b'",
        "tenant.industry > 'a' && tenant.industry < 'a'",
        "tenant.vip && !tenant.vip",
        "tenant.vip ? !tenant.vip : tenant.vip",
        "tenant.size in [1, 2] && tenant.size > 2",
        "tenant.size < -3 && -tenant.size < 3 && false",
        "tenant.share > 0.5 && !(tenant.share > -1.0)",
        "plan.rank in [1, 2, 3]",
        "plan.max_rank > 5",
        "subscription.trial_ends_in < duration('1h') && subscription.trial_ends_in > duration('2h')",
        "events.x.last_age < duration('0s')",
        "feature.sso && plan.id == 'pro' && !feature.sso",
        "segment.ready && !segment.ready",
        "signal.quota.active && !signal.quota.active && usage.calls.growth_7d > 0.3",
    ] {
        let expected: &[&str] = if audience.contains("-tenant") { &[] } else { &["never_holds"] };
        assert_eq!(of_audience(audience), expected, "{audience}");
    }
}

#[test]
fn what_can_hold_and_what_cannot_be_judged_is_left_alone() {
    for audience in [
        "true",
        "usage.calls.ratio >= 0.8 && usage.calls.ratio <= 0.8",
        "usage.calls.value > 5 && usage.calls.value < 7",
        "tenant.share > 0.5 && tenant.share < 0.500001",
        "tenant.industry > 'a' && tenant.industry < 'b'",
        "tenant.industry < 'a'",
        "tenant.size < 0",
        "subscription.trial_ends_in < duration('0s')",
        "subscription.status != 'active'",
        "plan.rank < plan.max_rank",
        "plan.id == 'free' || plan.id == 'pro'",
        "plan.interval in ['month', 'year']",
        "usage.calls.value + 1 < 0",
        "usage.calls.value > usage.calls.limit && usage.calls.value < usage.calls.limit",
        "feature.sso || !feature.sso",
        "(usage.calls.value > 1) == feature.sso",
        "(usage.calls.ratio > 0.5 ? 1 : 2) > 3",
        "now == now",
    ] {
        assert_eq!(of_audience(audience), [] as [&str; 0], "{audience}");
    }
}

#[test]
fn conditions_that_always_hold_are_found_unless_something_can_be_unknown() {
    for (audience, expected) in [
        ("usage.calls.value >= 0", vec!["always_holds"]),
        ("score <= 55", vec!["always_holds"]),
        ("score <= 54", vec![]),
        ("user.role in ['admin', 'member']", vec!["always_holds"]),
        ("signal.quota.active || !signal.quota.active", vec!["always_holds"]),
        ("tenant.vip || !tenant.vip", vec![]),
        ("tenant.size >= 0 || tenant.size < 0", vec![]),
    ] {
        assert_eq!(of_audience(audience), expected, "{audience}");
    }
}

#[test]
fn ends_that_hold_beside_their_beginning_are_found_where_facts_are_independent() {
    for (when, rearm_below, expected) in [
        ("usage.calls.value >= 80", "usage.calls.value < 81", vec!["overlap"]),
        ("usage.calls.value >= 80", "usage.calls.value < 80", vec![]),
        ("usage.calls.value >= 80", "usage.calls.value <= 80", vec!["overlap"]),
        ("usage.calls.value >= 80 && tenant.vip", "!tenant.vip", vec![]),
        ("usage.calls.value >= 80", "tenant.vip", vec!["overlap"]),
        ("usage.calls.value >= 80", "events.bought.count_1d > 0", vec!["overlap"]),
        ("usage.calls.value >= 80", "usage.calls.value < 70 || tenant.age > duration('24h')", vec!["overlap"]),
        ("events.x.count_7d >= 3", "events.x.count_7d < 1", vec![]),
        // What depends on each other need not be able to hold together.
        ("usage.calls.ratio >= 0.8", "usage.calls.percent < 80", vec![]),
        ("usage.calls.ratio >= 0.8", "plan.rank >= 5", vec![]),
        ("events.x.count_7d >= 3", "events.x.count_1d < 1", vec![]),
        ("usage.calls.value >= 80", "signal.grown.active", vec![]),
        ("usage.seats.value > 3", "plan.rank >= 5", vec![]),
        // That there is no end is sometimes meant.
        ("usage.calls.value >= 80", "false", vec![]),
        ("usage.calls.value >= 80", "true", vec!["overlap"]),
        ("usage.calls.value >= 80", "usage.calls.value < 0", vec!["never_rearmed"]),
    ] {
        assert_eq!(of_signal(when, rearm_below), expected, "{when}, {rearm_below}");
    }
}

#[test]
fn what_builds_on_something_dead_is_dead() {
    let document = with("events.invited.count_7d >= 3", "usage.calls.value < 0")
        .replace("score >= 50", "signal.grown.active && score > 5")
        .replace("user.role == 'admin'", "segment.ready");
    let told: Vec<_> = warnings(&document).into_iter().map(|w| (w.pointer, w.code, w.detail)).collect();
    let expected = [
        ("/signals/1/when", "this never holds, so the signal is never detected"),
        ("/segments/ready/enter", "this never holds, so no tenant ever enters: the signal `grown` never holds"),
        ("/campaigns/0/audience", "this never holds, so nobody sees the campaign: the segment `ready` never holds"),
    ];
    assert_eq!(told, expected.map(|(pointer, detail)| (pointer.to_owned(), "never_holds", detail.to_owned())));
}

#[test]
fn a_signal_is_used_by_whatever_reads_it() {
    let added = |reads: &str| {
        let signal = r#"{"id": "bare", "when": "usage.calls.ratio > 0.5"}, {"id": "quota", "#;
        let document = with(r#"{"id": "quota", "#, signal);
        let document = match reads.split_once(" -> ") {
            Some((old, new)) => document.replace(old, new),
            None => document,
        };
        warnings(&document).into_iter().map(|w| w.code).collect::<Vec<_>>()
    };
    assert_eq!(added(""), ["unused_signal"]);
    for reads in [
        "usage.calls.ratio >= 0.8 -> signal.bare.active && usage.calls.ratio >= 0.8",
        "usage.calls.ratio < 0.7 -> signal.bare.age > duration('24h') && usage.calls.ratio < 0.7",
        "score >= 50 -> signal.bare.count > 3",
        "score < 40 -> !signal.bare.active && score < 40",
        "user.role == 'admin' -> signal.bare.active",
        r#"{"title": "t"}, -> {"title": "t", "body": "{{signal.bare.count}} times"},"#,
        r#""campaigns": -> "templates": {"t": {"subject": "s", "html": "<p>{{signal.bare.count}}</p>"}}, "campaigns":"#,
    ] {
        assert_eq!(added(reads), [] as [&str; 0], "{reads}");
    }
}

#[test]
fn only_what_everybody_sees_outranks_for_good() {
    let first = r#"{"id": "first", "placement": "p", "priority": 9, "nudge": {"title": "t"}}, {"id": "top""#;
    let told = |old: &str, new: &str| {
        let document = with(r#"{"id": "top""#, first).replace(old, new);
        warnings(&document).into_iter().map(|w| (w.pointer, w.code)).collect::<Vec<_>>()
    };
    let both = ["/campaigns/1", "/campaigns/2"].map(|pointer| (pointer.to_owned(), "outranked"));
    assert_eq!(told("", ""), both);
    assert_eq!(told(r#""priority": 9"#, r#""priority": 9, "cooldown_after_dismiss": "0s""#), both);
    assert_eq!(told(r#""priority": 9, "nudge": {"title": "t"#, r#""priority": 9, "nudge": {"title": "{{score}}"#), both);
    for gate in [
        r#""cap": [{"max": 1, "window": "7d"}]"#,
        r#""cooldown_after_dismiss": "1d""#,
        r#""schedule": {"from": 1}"#,
        r#""rollout": {"percent": 99}"#,
        r#""holdout": 0.01"#,
        r#""audience": "feature.sso""#,
        r#""roles": {"member": {"body": "{{plan.name}}"}}"#,
    ] {
        assert_eq!(told(r#""priority": 9"#, &format!(r#""priority": 9, {gate}"#)), [], "{gate}");
    }
    assert_eq!(told(r#""placement": "p", "priority": 9"#, r#""placement": "q", "priority": 9"#), []);
    // In the same order the first in the document goes first.
    assert_eq!(told(r#""priority": 9"#, r#""priority": 1"#), both);
}

#[test]
fn words_are_told_where_they_stand() {
    let told = |audience: &str| {
        let warnings = warnings(&with("user.role == 'admin'", audience));
        warnings.into_iter().map(|w| (w.code, w.offset, w.detail)).collect::<Vec<_>>()
    };
    let interval = |offset| ("unknown_value", Some(offset), "unknown interval `monthly`; did you mean `month`?".to_owned());
    assert_eq!(told("plan.interval == 'monthly'"), [interval(17)]);
    assert_eq!(told("plan.interval in ['year', 'monthly']"), [interval(26)]);
    assert_eq!(told(r#"best_plan.interval != \"monthly\""#), [interval(22)]);
    assert_eq!(told("'monthly' == plan.interval"), [interval(0)]);
    let status = "unknown status of a subscription `cancelled`; did you mean `canceled`?".to_owned();
    assert_eq!(told("subscription.status == 'cancelled' || feature.sso"), [("unknown_value", Some(23), status)]);
    let name = "unknown name of a plan `Pru`; did you mean `Pro`?".to_owned();
    assert_eq!(told("best_plan.name == 'Pru'"), [("unknown_value", Some(18), name)]);
    assert_eq!(told("tenant.industry == 'cancelled'"), []);
}

#[test]
fn plans_from_stripe_can_be_called_anything() {
    let document =
        r#"{"campaigns": [{"id": "a", "placement": "p", "audience": "plan.id == 'x' && plan.rank > 7", "nudge": {"title": "t"}}]}"#;
    assert_eq!(warnings(document), []);
}

#[test]
fn too_many_cases_are_not_judged() {
    let dead = |n: usize| {
        let conditions: Vec<String> = (0..n).map(|i| format!("events.e{i}.count_7d > 3")).collect();
        format!("{} && score > 100", conditions.join(" && "))
    };
    assert_eq!(of_audience(&dead(3)), ["never_holds"]);
    assert_eq!(of_audience(&dead(7)), ["never_holds"]);
    assert_eq!(of_audience(&dead(8)), [] as [&str; 0]);
}

#[test]
fn of_many_rules_as_many_are_judged_as_there_is_time_for() {
    // Each has 3^6 x 2 cases and some fifty steps: about as many signals can be judged.
    let count = |i: usize, j: usize| format!("events.e{}.count_7d > {i}", (i + j) % 20);
    let conditions = |i: usize| (0..12).map(|j| count(i, j % 6)).collect::<Vec<_>>().join(" && ");
    let signal = |i| format!(r#"{{"id": "s{i}", "weight": 1, "when": "{} && usage.m.value < 0"}}"#, conditions(i));
    let signals: Vec<String> = (0..1_000).map(signal).collect();
    let told = warnings(&format!(r#"{{"meters": {{"m": {{"kind": "gauge"}}}}, "signals": [{}]}}"#, signals.join(",")));
    assert!((8..20).contains(&told.len()), "{}", told.len());
    assert!(told.iter().all(|w| w.code == "never_holds"));
}

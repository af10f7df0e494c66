//! Traits, signals and segments; and documents as large as they may be.

use std::fmt::Write as _;

use super::super::builtins::BUILTINS;
use super::super::{Config, PaymentBehavior, Proration, SCHEMA, compile};
use super::problems;
use crate::campaign::NudgeKind;
use crate::expr::Program;
use crate::segment::Segment;
use crate::signal::Signal;
use crate::time::{DAY, HOUR};
use crate::traits::{Trait, TraitKind};

const GOOD: &str = r#"{
  "meters": {"calls": {"kind": "counter", "label": "API calls"}, "seats": {"kind": "gauge"}},
  "features": {"sso": {"label": "Single sign-on"}},
  "traits": {"user": {"team": {"type": "string", "label": "Team"}, "tags": {"type": "list"}},
             "tenant": {"founded": {"type": "int"}, "score": {"type": "double"}, "vip": {"type": "bool"}}},
  "signals": [
    {"id": "quota", "when": "usage.calls.ratio >= 0.8"},
    {"id": "near", "builtin": "limit_approaching", "meter": "calls"},
    {"id": "blocked", "builtin": "feature_blocked", "feature": "sso", "event": "sso_blocked", "label": "Wants SSO", "weight": 99,
     "half_life": "12h", "rearm_below": "feature.sso", "rearm_each_period": false}
  ],
  "segments": {"ready_to_upgrade": {"enter": "score >= 60", "exit": "score < 40", "label": "Ready"}, "hot": {"enter": "score >= 90"}}
}"#;

fn with(old: &str, new: &str) -> String {
    assert_eq!(GOOD.matches(old).count(), 1, "{old}");
    GOOD.replace(old, new)
}

/// What a condition becomes that is written out.
fn program(source: &str) -> Program {
    let written = with(r#""when": "usage.calls.ratio >= 0.8""#, &format!(r#""when": "{source}""#));
    compile(&written).expect(source).signals.swap_remove(0).when
}

/// Likewise, of a segment.
fn condition(source: &str) -> Program {
    let written = with(r#""enter": "score >= 90""#, &format!(r#""enter": "{source}""#));
    compile(&written).expect(source).segments.swap_remove(1).enter
}

#[test]
fn traits_signals_and_segments_are_read() {
    let Config { traits, signals, segments, .. } = compile(GOOD).expect("good");
    let read = |traits: &[Trait]| traits.iter().map(|t| format!("{} {} {:?}", t.key, t.label, t.of)).collect::<Vec<_>>();
    assert_eq!(read(&traits.user), ["team Team Text", "tags tags List"]);
    assert_eq!(read(&traits.tenant), ["founded founded Int", "score score Double", "vip vip Bool"]);
    let segment = |id: &str, label: &str, enter: &str, exit: Option<&str>| Segment {
        id: id.to_owned(),
        label: label.to_owned(),
        enter: condition(enter),
        exit: exit.map(condition),
    };
    assert_eq!(
        segments,
        [segment("ready_to_upgrade", "Ready", "score >= 60", Some("score < 40")), segment("hot", "hot", "score >= 90", None)]
    );
    let [quota, near, blocked] = signals.as_slice() else { panic!("{signals:?}") };
    assert_eq!(
        (quota.id.as_str(), quota.label.as_str(), quota.weight, quota.half_life, quota.each_period),
        ("quota", "quota", 0, 7 * DAY, true)
    );
    assert_eq!((&quota.when, &quota.rearm), (&program("usage.calls.ratio >= 0.8"), &None));
    assert_eq!((near.label.as_str(), near.weight), ("API calls: limit approaching", 30));
    assert_eq!((&near.when, &near.rearm), (&quota.when, &Some(program("usage.calls.ratio < 0.7"))));
    let expected = Signal {
        id: "blocked".to_owned(),
        label: "Wants SSO".to_owned(),
        when: program("events.sso_blocked.count_7d >= 3 && !feature.sso"),
        rearm: Some(program("feature.sso")),
        weight: 99,
        half_life: 12 * HOUR,
        each_period: false,
    };
    assert_eq!(*blocked, expected);
}

#[test]
fn built_in_signals_speak_of_what_they_are_given() {
    for (given, label, when) in [
        (r#""limit_reached", "meter": "seats""#, "seats: limit reached", "usage.seats.ratio >= 1.0"),
        (r#""will_hit_limit", "meter": "calls""#, "API calls: will hit the limit", "usage.calls.exhausts_in < duration('72h')"),
        (r#""feature_blocked""#, "Premium feature blocked", "events.premium_feature_blocked.count_7d >= 3"),
        (
            r#""feature_blocked", "feature": "sso""#,
            "Single sign-on: blocked",
            "events.premium_feature_blocked.count_7d >= 3 && !feature.sso",
        ),
        (r#""team_growing", "meter": "seats""#, "seats: growing", "usage.seats.growth_7d >= 0.3"),
        (r#""velocity_up", "meter": "calls""#, "API calls: usage speeds up", "usage.calls.growth_7d >= 0.5"),
        (r#""pricing_visited""#, "Pricing page viewed", "events.pricing_page_viewed.count_7d >= 2"),
        (r#""pricing_visited", "event": "saw_plans""#, "Saw plans", "events.saw_plans.count_7d >= 2"),
        (
            r#""trial_ending", "meter": "calls""#,
            "API calls: trial ends in use",
            "subscription.trial_ends_in < duration('72h') && usage.calls.ratio >= 0.5",
        ),
    ] {
        let config = compile(&with(r#""limit_approaching", "meter": "calls""#, given)).expect(given);
        let signal = &config.signals[1];
        assert_eq!((signal.label.as_str(), &signal.when), (label, &program(when)));
        assert!(signal.weight > 0 && signal.half_life >= DAY);
    }
}

#[test]
fn each_mistake_is_told_once_and_nothing_else_with_it() {
    for (old, new, pointer, code) in [
        (r#"{"type": "int"}"#, r#"{"type": "integer"}"#, "/traits/tenant/founded/type", "bad_choice"),
        (r#"{"type": "int"}"#, "{}", "/traits/tenant/founded/type", "missing"),
        (r#""founded""#, r#""seats""#, "/traits/tenant/seats", "conflict"),
        (r#""team""#, r#""role""#, "/traits/user/role", "conflict"),
        (r#""team""#, r#""Team""#, "/traits/user/Team", "bad_name"),
        (r#""tenant""#, r#""tenants""#, "/traits/tenants", "unknown_field"),
        (r#""id": "quota""#, r#""id": "near""#, "/signals/1/id", "duplicate"),
        (r#""id": "quota""#, r#""id": "no.dots""#, "/signals/0/id", "bad_name"),
        (r#""id": "quota""#, r#""id": """#, "/signals/0/id", "bad_name"),
        (r#""id": "quota", "#, "", "/signals/0/id", "missing"),
        (r#""when": "usage.calls.ratio >= 0.8""#, r#""weight": 1"#, "/signals/0/when", "missing"),
        (r#""when": "usage.calls.ratio >= 0.8""#, r#""when": " ""#, "/signals/0/when", "syntax"),
        (r#""when": "usage.calls.ratio >= 0.8""#, r#""when": true"#, "/signals/0/when", "wrong_type"),
        (r#""when": "usage"#, r#""event": "x", "when": "usage"#, "/signals/0/event", "conflict"),
        (r#""builtin": "limit_approaching""#, r#""when": "true", "builtin": "limit_approaching""#, "/signals/1/when", "conflict"),
        (r#""builtin": "limit_approaching""#, r#""builtin": "limit_aproaching""#, "/signals/1/builtin", "bad_choice"),
        (r#""limit_approaching", "meter": "calls""#, r#""limit_approaching""#, "/signals/1/meter", "missing"),
        (r#""meter": "calls""#, r#""meter": "call""#, "/signals/1/meter", "unknown_meter"),
        (r#""meter": "calls""#, r#""meter": "calls", "feature": "sso""#, "/signals/1/feature", "conflict"),
        (r#""feature": "sso""#, r#""feature": "ssso""#, "/signals/2/feature", "unknown_feature"),
        (r#""event": "sso_blocked""#, r#""event": "SSO blocked""#, "/signals/2/event", "bad_name"),
        (r#""weight": 99"#, r#""weight": 101"#, "/signals/2/weight", "out_of_range"),
        (r#""weight": 99"#, r#""weight": 0.5"#, "/signals/2/weight", "wrong_type"),
        (r#""half_life": "12h""#, r#""half_life": "0d""#, "/signals/2/half_life", "bad_duration"),
        (r#""half_life": "12h""#, r#""half_life": "367d""#, "/signals/2/half_life", "bad_duration"),
        (r#""half_life": "12h""#, r#""half_life": "half a day""#, "/signals/2/half_life", "bad_duration"),
        (r#""rearm_each_period": false"#, r#""rearm_each_period": "no""#, "/signals/2/rearm_each_period", "wrong_type"),
        (r#""enter": "score >= 90""#, r#""exit": "score < 90""#, "/segments/hot/enter", "missing"),
        (r#""enter": "score >= 90""#, r#""enter": """#, "/segments/hot/enter", "syntax"),
        (r#""hot""#, r#""Hot""#, "/segments/Hot", "bad_name"),
        (r#""hot""#, r#""true""#, "/segments/true", "bad_name"),
        (r#""hot""#, r#""ready_to_upgrade""#, "/segments/ready_to_upgrade", "duplicate"),
    ] {
        let told = problems(&with(old, new));
        let places: Vec<_> = told.iter().map(|p| (p.pointer.as_str(), p.code)).collect();
        assert_eq!(places, [(pointer, code)], "{new}: {told:#?}");
    }
}

/// Campaigns and signals, so many of each; with what a campaign's audience compares usage to.
fn large(count: usize, ratio: &str) -> String {
    let mut document = r#"{"meters": {"calls": {"kind": "counter"}}, "signals": ["#.to_owned();
    for i in 0..count {
        let comma = if i == 0 { "" } else { "," };
        write!(document, r#"{comma}{{"id": "s{i}", "builtin": "limit_approaching", "meter": "calls"}}"#).expect("memory");
    }
    document.push_str(r#"], "campaigns": ["#);
    for i in 0..count {
        let comma = if i == 0 { "" } else { "," };
        let audience = format!("usage.calls.{ratio} >= 0.8 && events.e{}.count_7d > {i}", i % 100);
        write!(document, r#"{comma}{{"id": "c{i}", "placement": "p", "audience": "{audience}", "nudge": {{"title": "t"}}}}"#)
            .expect("memory");
    }
    document.push_str("]}");
    document
}

#[test]
fn a_thousand_signals_and_campaigns_are_read_and_one_more_is_refused() {
    let config = compile(&large(1_000, "ratio")).expect("good");
    assert_eq!((config.signals.len(), config.campaigns.len(), config.events.len()), (1_000, 1_000, 100));
    let told: Vec<_> = problems(&large(1_001, "ratio")).into_iter().map(|p| (p.pointer, p.code)).collect();
    assert_eq!(told, [("/signals".to_owned(), "too_many"), ("/campaigns".to_owned(), "too_many")]);
}

#[test]
fn of_a_large_document_with_nothing_right_the_first_hundred_problems_are_told() {
    let told = problems(&large(1_000, "ration"));
    assert_eq!(told.len(), 100);
    assert_eq!((told[99].pointer.as_str(), told[99].code), ("/campaigns/99/audience", "unknown_fact"));
}

#[test]
fn every_kind_of_trait_has_its_word() {
    for kind in TraitKind::ALL {
        let document = format!(r#"{{"traits": {{"user": {{"x": {{"type": "{}"}}}}}}}}"#, kind.word());
        assert_eq!(compile(&document).expect("good").traits.user[0].of, kind);
    }
}

#[test]
fn the_schema_offers_every_word_there_is() {
    let schema: serde_json::Value = serde_json::from_str(SCHEMA).expect("JSON");
    let all = |words: &[&str]| words.iter().map(|word| serde_json::Value::from(*word)).collect::<Vec<_>>();
    for (pointer, words) in [
        ("/$defs/signal/properties/builtin", all(&BUILTINS.each_ref().map(|builtin| builtin.name))),
        ("/$defs/trait/properties/type", all(&TraitKind::ALL.map(TraitKind::word))),
        ("/$defs/nudge/properties/kind", all(&NudgeKind::ALL.map(NudgeKind::name))),
        ("/properties/upgrade/properties/proration", all(&Proration::ALL.map(Proration::word))),
        ("/properties/upgrade/properties/payment_behavior", all(&PaymentBehavior::ALL.map(PaymentBehavior::word))),
    ] {
        let offered = schema.pointer(pointer).and_then(|part| part["enum"].as_array()).expect(pointer);
        assert_eq!(offered.iter().filter(|word| !word.is_null()).cloned().collect::<Vec<_>>(), words, "{pointer}");
    }
}

mod documentation;
mod frequency;
mod names;
mod review;
mod rules;
mod sequences;
mod templates;
mod verdicts;

use super::{Config, PaymentBehavior, Problem, Proration, UpgradeRules, compile};
use crate::campaign::{NudgeKind, Scope, Window};
use crate::expr::Program;
use crate::plan::{Allowance, Limit, MeterKind, MeterSource, Period};
use crate::rollout::Rollout;
use crate::template::Part;
use crate::time::DAY;

const GOOD: &str = r#"{
  "$schema": "https://upcue.dev/schema/config.json",
  "meters": {"seats": {"kind": "gauge", "label": "Members"}, "api_calls": {"kind": "counter", "period": "day", "unit": "calls"}},
  "features": {"sso": {}},
  "plans": {"source": "inline", "default": "pro", "list": [
    {"id": "pro", "rank": 2, "limits": {"api_calls": "unlimited", "seats": 5}, "soft_limits": {"seats": 4}, "features": ["sso"], "prices": ["price_1"]},
    {"id": "free", "name": "Free", "rank": 1, "limits": {"api_calls": 100}}
  ]},
  "campaigns": [
    {"id": "low", "placement": "p", "nudge": {"title": "Low", "cta": null}},
    {"id": "high", "placement": "p", "priority": 1, "audience": "events.login.count_7d > 1",
     "nudge": {"kind": "modal", "title": "{{plan.name}}", "cta": {"label": "Go", "action": "go"}},
     "roles": {"member": {"kind": "badge", "title": "Ask"}},
     "cap": [{"max": 2, "window": "7d", "scope": "tenant"}], "cooldown_after_dismiss": "1d", "schedule": {"from": 5}, "holdout": 0.05}
  ]
}"#;

/// What is wrong with the document; every code is one that the documentation has.
fn problems(document: &str) -> Vec<Problem> {
    let told = compile(document).expect_err(document);
    for problem in &told {
        assert!(documentation::is_documented("Problems", problem.code), "{problem:?}");
    }
    told
}

/// A document with one part of [`GOOD`] replaced.
fn with(old: &str, new: &str) -> String {
    assert_eq!(GOOD.matches(old).count(), 1, "{old}");
    GOOD.replace(old, new)
}

#[test]
fn a_good_document_is_read_whole() {
    let Config { meters, features, events, campaigns, inline_plans, default_plan, .. } = compile(GOOD).expect("good");
    let read: Vec<_> = meters.iter().map(|m| (m.key.as_str(), m.label.as_str(), m.unit.as_str(), m.kind)).collect();
    assert_eq!(read, [("seats", "Members", "", MeterKind::Gauge), ("api_calls", "api_calls", "calls", MeterKind::Counter(Period::Day))]);
    assert_eq!((features.len(), events, default_plan.as_deref()), (1, vec!["login".to_owned()], Some("pro")));
    let plans = inline_plans.expect("inline");
    let read: Vec<_> = plans.iter().map(|p| (p.id.as_str(), p.name.as_str(), p.rank, p.features.as_slice(), p.prices.len())).collect();
    assert_eq!(read, [("free", "Free", 1, [false].as_slice(), 0), ("pro", "pro", 2, &[true], 1)]);
    let unlimited = Allowance { limit: Limit::Unlimited, soft: None };
    assert_eq!(plans[0].allowances, [unlimited, Allowance { limit: Limit::Upto(100), soft: None }]);
    assert_eq!(plans[1].allowances, [Allowance { limit: Limit::Upto(5), soft: Some(4) }, unlimited]);
    let [high, low] = campaigns.as_slice() else { panic!("{campaigns:?}") };
    assert_eq!((low.campaign.id.as_str(), low.campaign.nudge.kind, low.campaign.nudge.cta.is_some()), ("low", NudgeKind::Banner, false));
    assert_eq!(low.campaign.nudge, low.member);
    assert_eq!((high.holdout, low.holdout), (500, 0));
    let admin = &high.campaign;
    assert_eq!((admin.id.as_str(), admin.priority, admin.nudge.kind, high.member.kind), ("high", 1, NudgeKind::Modal, NudgeKind::Badge));
    assert_eq!((high.member.title.parts.as_slice(), &high.member.cta), ([Part::Text("Ask".to_owned())].as_slice(), &admin.nudge.cta));
    assert!(admin.gates.audience != Program::default() && matches!(admin.nudge.title.parts.as_slice(), [Part::Fact(_)]));
    assert_eq!(
        admin.gates.caps.iter().map(|c| (c.max, c.window, c.scope)).collect::<Vec<_>>(),
        [(2, Window::Rolling(7 * DAY), Scope::Tenant)]
    );
    assert_eq!(
        (admin.gates.cooldown_after_dismiss, admin.gates.schedule.from.map(|at| at.0), admin.gates.schedule.until),
        (Some(DAY), Some(5), None)
    );
}

#[test]
fn everything_may_be_left_out() {
    assert_eq!(compile("{}"), Ok(Config::default()));
    assert_eq!(compile(r#"{"meters": null, "plans": {"source": null}, "signals": null}"#), Ok(Config::default()));
}

#[test]
fn problems_of_shape_and_meaning_are_told_at_once_each_with_its_place() {
    let document = r#"{
  "meter": {},
  "meters": {
    "a/b~": {"kind": "counter"},
    "calls": {"kind": "counts", "label": 5}
  },
  "campaigns": [
    {"id": "é", "id": "quota", "placement": "p",
     "audience": "usage.call.ratio > 1", "nudge": {}, "cap": [{"max": 1.5}, "often"]}
  ],
  "attribution": {"window": "91d", "model": "last_tuch"}
}"#;
    let told: Vec<_> = problems(document).into_iter().map(|p| (p.pointer, p.code, (p.line, p.column), p.detail)).collect();
    let expected = [
        ("/meter", "unknown_field", (2, 3), "unknown field `meter`; did you mean `meters`?"),
        ("/meters/a~1b~0", "bad_name", (4, 5), "`a/b~` is no name"),
        ("/meters/calls/kind", "bad_choice", (5, 15), "unknown kind of meter `counts`; did you mean `counter`?"),
        ("/meters/calls/label", "wrong_type", (5, 33), "this is a number; it must be a string"),
        ("/campaigns/0/id", "duplicate", (8, 17), "`id` is here twice"),
        ("/campaigns/0/audience", "unknown_fact", (9, 6), "unknown meter `call`; did you mean `calls`?"),
        ("/campaigns/0/nudge/title", "missing", (9, 42), "`title` is missing here"),
        ("/campaigns/0/cap/0/window", "missing", (9, 63), "`window` is missing here"),
        ("/campaigns/0/cap/0/max", "wrong_type", (9, 64), "this is a number; it must be a whole number from 1 to 50"),
        ("/campaigns/0/cap/1", "wrong_type", (9, 77), "this is a string; it must be an object"),
        ("/attribution/window", "bad_duration", (11, 19), "at most 90d"),
        ("/attribution/model", "bad_choice", (11, 36), "unknown model `last_tuch`; did you mean `last_touch`?"),
    ];
    for (told, expected) in told.iter().zip(expected) {
        assert_eq!((told.0.as_str(), told.1, told.2), (expected.0, expected.1, expected.2), "{}", told.3);
        assert!(told.3.contains(expected.3), "{}", told.3);
    }
    assert_eq!(told.len(), expected.len(), "{told:#?}");
}

#[test]
fn each_mistake_is_told_once_and_nothing_else_with_it() {
    for (old, new, pointer, code) in [
        (r#""kind": "gauge", "label""#, r#""label""#, "/meters/seats/kind", "missing"),
        (r#""kind": "gauge","#, r#""kind": "gauge", "period": "day","#, "/meters/seats/period", "conflict"),
        (r#""sso": {}"#, r#""sso": {}, "seats": {}"#, "/features/seats", "conflict"),
        (r#""sso": {}"#, r#""sso": {}, "sso": {}"#, "/features/sso", "duplicate"),
        (r#""sso": {}"#, r#""sso": []"#, "/features/sso", "wrong_type"),
        (r#""source": "inline""#, r#""source": "stripe""#, "/plans/list", "conflict"),
        (r#""default": "pro""#, r#""default": "prp""#, "/plans/default", "unknown_plan"),
        (r#""id": "free""#, r#""id": "f r e e""#, "/plans/list/1/id", "bad_name"),
        (r#""id": "free""#, r#""id": "pro""#, "/plans/list/1/id", "duplicate"),
        (r#""rank": 1,"#, "", "/plans/list/1/rank", "missing"),
        (r#""name": "Free""#, r#""name": true"#, "/plans/list/1/name", "wrong_type"),
        (r#""rank": 1"#, r#""rank": 2147483648"#, "/plans/list/1/rank", "out_of_range"),
        (r#"{"api_calls": 100}"#, r#"{"api_call": 100}"#, "/plans/list/1/limits/api_call", "unknown_meter"),
        (r#"{"api_calls": 100}"#, r#"{"api_calls": -1}"#, "/plans/list/1/limits/api_calls", "bad_limit"),
        (r#"{"api_calls": 100}"#, r#"{"api_calls": null}"#, "/plans/list/1/limits/api_calls", "bad_limit"),
        (r#"{"api_calls": 100}"#, r#"{"api_calls": "none"}"#, "/plans/list/1/limits/api_calls", "bad_limit"),
        (r#"{"seats": 4}"#, r#"{"seats": 6}"#, "/plans/list/0/soft_limits/seats", "bad_limit"),
        (r#"["sso"]"#, r#"["ss0"]"#, "/plans/list/0/features/0", "unknown_feature"),
        (r#"["price_1"]"#, "[1]", "/plans/list/0/prices/0", "wrong_type"),
        (r#""id": "low""#, r#""id": "high""#, "/campaigns/1/id", "duplicate"),
        (r#""id": "low", "placement": "p""#, r#""id": "low", "placement": "p p""#, "/campaigns/0/placement", "bad_name"),
        (r#""title": "Low""#, r#""title": " ""#, "/campaigns/0/nudge/title", "missing"),
        (r#""title": "Low""#, r#""title": "\u0007""#, "/campaigns/0/nudge/title", "missing"),
        (r#""title": "Low""#, r#""title": "{{plan""#, "/campaigns/0/nudge/title", "syntax"),
        (r#""title": "Low""#, r#""title": 1"#, "/campaigns/0/nudge/title", "wrong_type"),
        (r#""action": "go""#, r#""action": "go there""#, "/campaigns/1/nudge/cta/action", "bad_name"),
        (r#""label": "Go","#, "", "/campaigns/1/nudge/cta/label", "missing"),
        (r#""kind": "badge""#, r#""kind": "budge""#, "/campaigns/1/roles/member/kind", "bad_choice"),
        (r#""member""#, r#""members""#, "/campaigns/1/roles/members", "unknown_field"),
        (r#""max": 2"#, r#""max": 51"#, "/campaigns/1/cap/0/max", "out_of_range"),
        (r#""7d""#, r#""400d""#, "/campaigns/1/cap/0/window", "bad_cap"),
        (r#""1d""#, r#""1 day""#, "/campaigns/1/cooldown_after_dismiss", "bad_duration"),
        (r#""from": 5"#, r#""from": 5, "until": 5"#, "/campaigns/1/schedule/until", "conflict"),
        (r#""schedule""#, r#""variants": [], "schedule""#, "/campaigns/1/variants", "no_weight"),
        (r#""schedule""#, r#""variants": [{"id": "a", "weight": 0}], "schedule""#, "/campaigns/1/variants", "no_weight"),
        (r#""schedule""#, r#""variants": [{"id": "a", "weight": 0.5}], "schedule""#, "/campaigns/1/variants/0/weight", "wrong_type"),
        (r#""schedule""#, r#""variants": [{"id": "a", "weight": -1}], "schedule""#, "/campaigns/1/variants/0/weight", "out_of_range"),
        (
            r#""schedule""#,
            r#""variants": [{"id": "a", "weight": 1}, {"id": "a", "weight": 1}], "schedule""#,
            "/campaigns/1/variants/1/id",
            "duplicate",
        ),
        (
            r#""schedule""#,
            r#""variants": [{"id": "a", "weight": 1, "nudge": {"title": ""}}], "schedule""#,
            "/campaigns/1/variants/0/nudge/title",
            "missing",
        ),
        (
            r#""schedule""#,
            r#""variants": [{"id": "a", "weight": 1, "cap": []}], "schedule""#,
            "/campaigns/1/variants/0/cap",
            "unknown_field",
        ),
        (r#""schedule""#, r#""quiet_hours": {"from": "20:00"}, "schedule""#, "/campaigns/1/quiet_hours/to", "missing"),
        (r#""schedule""#, r#""quiet_hours": {"from": "20:00", "to": "8:00"}, "schedule""#, "/campaigns/1/quiet_hours/to", "bad_time"),
        (r#""schedule""#, r#""quiet_hours": {"from": "20:00", "to": "24:00"}, "schedule""#, "/campaigns/1/quiet_hours/to", "bad_time"),
        (r#""schedule""#, r#""quiet_hours": {"from": "20:00", "to": "20:00"}, "schedule""#, "/campaigns/1/quiet_hours", "conflict"),
        (r#""schedule""#, r#""quiet_hours": true, "schedule""#, "/campaigns/1/quiet_hours", "wrong_type"),
        (r#""schedule""#, r#""exclusive": "a b", "schedule""#, "/campaigns/1/exclusive", "bad_name"),
        (r#""schedule""#, r#""salt": "", "schedule""#, "/campaigns/1/salt", "bad_name"),
        (r#""schedule""#, r#""snooze": "400d", "schedule""#, "/campaigns/1/snooze", "bad_duration"),
        (r#""schedule""#, r#""cooldown_after_convert": "400d", "schedule""#, "/campaigns/1/cooldown_after_convert", "bad_duration"),
        (r#""7d""#, r#""weeks""#, "/campaigns/1/cap/0/window", "bad_duration"),
        (r#""sso": {}}"#, r#""sso": {}}, "frequency": {"cap": [{"max": 0, "window": "day"}]}"#, "/frequency/cap/0/max", "out_of_range"),
        (r#""sso": {}}"#, r#""sso": {}}, "frequency": {"zone": "Europe Berlin"}"#, "/frequency/zone", "unknown_zone"),
        (r#""sso": {}}"#, r#""sso": {}}, "frequency": {"caps": []}"#, "/frequency/caps", "unknown_field"),
        (r#""sso": {}}"#, r#""sso": {}}, "holdout": 2"#, "/holdout", "out_of_range"),
        (r#""holdout": 0.05"#, r#""holdout": "10%""#, "/campaigns/1/holdout", "wrong_type"),
        (r#""holdout": 0.05"#, r#""holdout": 10"#, "/campaigns/1/holdout", "out_of_range"),
        (r#""holdout": 0.05"#, r#""holdout": 1.0001"#, "/campaigns/1/holdout", "out_of_range"),
        (r#""holdout": 0.05"#, r#""holdout": 0.33333"#, "/campaigns/1/holdout", "too_precise"),
        (r#""sso": {}"#, r#""sso": {}, "in": {}"#, "/features/in", "bad_name"),
        (r#""source": "inline""#, r#""source": "inlined""#, "/plans/source", "bad_choice"),
        (r#""https://upcue.dev/schema/config.json""#, "7", "/$schema", "wrong_type"),
        ("count_7d > 1", "count_7d", "/campaigns/1/audience", "type"),
        (r#""campaigns""#, r#""campaigns": [], "campaigns""#, "/campaigns", "duplicate"),
    ] {
        let told = problems(&with(old, new));
        let places: Vec<_> = told.iter().map(|p| (p.pointer.as_str(), p.code)).collect();
        assert_eq!(places, [(pointer, code)], "{new}: {told:#?}");
    }
}

#[test]
fn an_offset_tells_the_place_within_a_text() {
    let [problem] = problems(&with("\"Low\"", "\"é {{plan.rank}} {{plan.rnak}}\"")).try_into().expect("one");
    assert_eq!((problem.offset, problem.line, problem.column), (Some(19), 10, 47), "{problem:?}");
}

#[test]
fn what_is_no_document_is_told_as_such() {
    for (document, code, line) in [("[]", "wrong_type", 1), ("", Problem::MALFORMED, 1), ("{\n\"meters\" {}}", Problem::MALFORMED, 2)] {
        let told = problems(document);
        let places: Vec<_> = told.iter().map(|p| (p.code, p.line, p.pointer.as_str())).collect();
        assert_eq!(places, [(code, line, "")], "{document}");
    }
}

#[test]
fn too_much_is_refused_quickly() {
    let meters: Vec<String> = (0..60_000).map(|i| format!("\"m{i}\":{{}}")).collect();
    let many = problems(&format!("{{\"meters\":{{{}}}}}", meters.join(",")));
    assert_eq!((many[0].code, many[0].pointer.as_str(), many.len()), ("too_many", "/meters", 100));
    let unknown = problems(&format!("{{\"{}\":1}}", "x".repeat(1_000_000)));
    assert_eq!(unknown[0].code, "unknown_field");
}

#[test]
fn upgrades_and_rollouts_are_read() {
    let config = compile(
        r#"{"meters": {"calls": {"kind": "counter", "source": "stripe_meter", "stripe_meter": "api_requests"},
                       "seats": {"kind": "gauge", "source": "subscription_quantity"}, "jobs": {"kind": "counter"}},
            "campaigns": [{"id": "a", "placement": "p", "nudge": {"title": "t"}, "rollout": {"tenants": ["us"]}},
                          {"id": "b", "placement": "p", "nudge": {"title": "t"}}],
            "upgrade": {"proration": "create_prorations", "payment_behavior": "pending_if_incomplete",
                        "rollout": {"percent": 25, "tenants": ["us"]}}}"#,
    )
    .expect("good");
    assert_eq!(
        config.sources,
        [MeterSource::StripeMeter("api_requests".to_owned()), MeterSource::SubscriptionQuantity, MeterSource::Events]
    );
    let on = |rollout: &Rollout| (rollout.basis_points, rollout.tenants.len());
    assert_eq!(config.campaigns.iter().map(|c| on(&c.rollout)).collect::<Vec<_>>(), [(0, 1), (10_000, 0)]);
    let UpgradeRules { proration, payment, rollout } = config.upgrade;
    assert_eq!((proration, payment, on(&rollout)), (Proration::CreateProrations, PaymentBehavior::PendingIfIncomplete, (2_500, 1)));
}

#[test]
fn a_meter_that_cannot_be_read_from_there_is_refused() {
    for (meter, pointer, code) in [
        (r#"{"kind": "gauge", "source": "stripe_meter", "stripe_meter": "x"}"#, "/meters/m/source", "conflict"),
        (r#"{"kind": "counter", "source": "subscription_quantity"}"#, "/meters/m/source", "conflict"),
        (r#"{"kind": "counter", "source": "stripe_meter"}"#, "/meters/m/stripe_meter", "missing"),
        (r#"{"kind": "counter", "stripe_meter": "x"}"#, "/meters/m/stripe_meter", "conflict"),
        (r#"{"kind": "counter", "source": "stripe"}"#, "/meters/m/source", "bad_choice"),
    ] {
        let problems = compile(&format!(r#"{{"meters": {{"m": {meter}}}}}"#)).expect_err(meter);
        assert_eq!(problems.iter().map(|p| (p.pointer.as_str(), p.code)).collect::<Vec<_>>(), [(pointer, code)], "{meter}");
    }
    let problems = compile(r#"{"upgrade": {"payment_behavior": "allow_incomplete", "rollout": {"percent": 101}}}"#).expect_err("bad");
    let told: Vec<_> = problems.iter().map(|p| (p.pointer.as_str(), p.code)).collect();
    assert_eq!(told, [("/upgrade/payment_behavior", "bad_choice"), ("/upgrade/rollout/percent", "out_of_range")]);
}

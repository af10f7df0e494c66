//! What ends a signal, and what cannot happen.

use serde_json::json;

use super::{Case, NOW, PLACE, compile, document, would};

#[test]
fn what_ends_a_signal_is_that_its_condition_fails_and_its_re_arming_one_holds() {
    for (when, rearm, expected) in [
        ("usage.api_calls.ratio >= 0.7", None, Some("usage.api_calls.ratio < 0.7; now 0.74")),
        ("usage.api_calls.ratio >= 0.7", Some("usage.api_calls.ratio < 0.5"), Some("usage.api_calls.ratio < 0.5; now 0.74")),
        // The re-arming condition holds already, or says less.
        ("usage.api_calls.ratio >= 0.7", Some("usage.seats.value < 3"), Some("usage.api_calls.ratio < 0.7; now 0.74")),
        ("usage.api_calls.ratio >= 0.7", Some("usage.api_calls.ratio < 0.9"), Some("usage.api_calls.ratio < 0.7; now 0.74")),
        (
            "usage.api_calls.ratio >= 0.7",
            Some("usage.seats.value >= 3"),
            Some("usage.api_calls.ratio < 0.7 (now 0.74) and usage.seats.value >= 3 (now 0)"),
        ),
        // It never ends: where it is re-armed it holds.
        ("usage.api_calls.ratio >= 0.7", Some("usage.api_calls.ratio >= 0.9"), None),
        ("usage.api_calls.ratio >= 0.7", Some("usage.api_calls.ratio < 0.5 && false"), None),
    ] {
        let mut signal = json!({"id": "api_quota_80", "when": when});
        if let Some(rearm) = rearm {
            signal["rearm_below"] = json!(rearm);
        }
        let mut document = document(&[json!({"id": "c0", "placement": PLACE, "audience": "!signal.api_quota_80.active",
            "nudge": {"kind": "banner", "title": "Quiet"}})]);
        document["signals"] = json!([signal]);
        let mut case = Case::new(&[]);
        case.rules.config = compile(&document.to_string()).unwrap_or_else(|p| panic!("{p:#?}"));
        case.uses("api_calls", 740);
        let ending = expected.map(|words| format!("!signal.api_quota_80.active ({words})"));
        assert_eq!(case.last(NOW).would_show_if, ending, "{when}, re-armed by {rearm:?}");
    }
}

#[test]
fn what_cannot_happen_is_not_asked_for() {
    for (audience, expected) in [
        ("feature.sso && !feature.sso", ""),
        ("!feature.sso && plan.rank == 0 && feature.sso", ""),
        ("(feature.sso || feature.audit) && !feature.sso", "feature.audit; now false"),
        ("feature.sso ? !feature.sso : false", ""),
        ("usage.api_calls.value > 740 && usage.api_calls.value <= 740", ""),
        ("usage.api_calls.ratio >= 0.8 && usage.api_calls.ratio < 0.5", ""),
        ("0.8 <= usage.api_calls.ratio && 0.8 >= usage.api_calls.ratio", "0.8 <= usage.api_calls.ratio; now 0.74"),
        ("usage.api_calls.ratio >= 0.80001 && usage.api_calls.ratio < 0.80002", "usage.api_calls.ratio >= 0.8; now 0.74"),
        ("plan.rank == 1 && plan.rank == 2", ""),
        ("plan.rank == 1 && plan.rank >= 1", "plan.rank == 1; now 0"),
        ("usage.api_calls.value > 800 && usage.api_calls.value > 900", "usage.api_calls.value > 900; now 740"),
        ("plan.id == 'pro' && plan.id != 'pro'", ""),
        // Time goes one way.
        ("now < timestamp('2026-11-22T09:59:59Z')", ""),
        ("timestamp('2026-11-22T09:59:59Z') >= now", ""),
        ("!(now >= timestamp('2026-11-22T09:59:59Z'))", ""),
        ("now == timestamp('2026-11-22T09:59:59Z')", ""),
        ("now > timestamp('2026-11-22T10:00:01Z')", "now > timestamp('2026-11-22T10:00:01Z'); now 2026-11-22T10:00:00Z"),
        ("now < timestamp('2026-11-22T09:59:59Z') || feature.sso", "feature.sso; now false"),
        ("tenant.age < duration('0s')", ""),
        ("tenant.age > duration('1h')", "tenant.age > duration('1h'); now 0s"),
        // A signal without a re-arming condition is what it says, one with such may outlast it.
        ("signal.api_quota_80.active && !signal.api_quota_80.active", ""),
        (
            "signal.api_quota_80.active && usage.api_calls.ratio < 0.8",
            "signal.api_quota_80.active (usage.api_calls.ratio >= 0.8; now 0.74)",
        ),
    ] {
        assert_eq!(would(audience), expected, "{audience}");
    }
}

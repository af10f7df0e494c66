//! What is said of caps, quiet hours, groups, upgrades and control groups.

use serde_json::{Value as Json, json};

use super::super::{Gate, GateKind, Names, Stage, Subject, Verdict};
use super::{Case, NOW};
use crate::almanac::Almanac;
use crate::decision::{Display, Reason, Scene};
use crate::facts::Role;
use crate::ledger::Ledger;
use crate::tenant::Facts;
use crate::time::{DAY, HOUR};
use crate::usage::NoteKind;
use crate::zone::UTC;

/// The gates of a kind, as people read them: verdict, what it looks at, what it asks, what would open it.
fn told(gates: &[Gate], kind: GateKind) -> Vec<String> {
    let told = gates.iter().filter(|gate| gate.kind == kind).map(|gate| {
        let inputs: Vec<String> = gate.inputs.iter().map(|i| format!("{}={}", i.name, i.value)).collect();
        let [threshold, would] = [&gate.threshold, &gate.would].map(|words| words.clone().unwrap_or_default());
        format!("{} | {} | {threshold} | {would}", gate.verdict.code(), inputs.join(" "))
    });
    told.collect()
}

/// NOW is a Sunday, 2026-11-22T10:00:00Z.
#[test]
fn caps_say_whose_they_are_and_when_there_is_room_again() {
    let shown = |n: i64| (0..n).map(|i| (NoteKind::Exposure, NOW.plus(-i * HOUR)));
    for (cap, times, expected) in [
        (json!({"max": 1, "window": "1d"}), 0, "pass | shown=0 | shown less than once in 24h to this user | "),
        (
            json!({"max": 2, "window": "7d", "scope": "tenant"}),
            2,
            "stop | shown=2 | shown less than 2 times in 168h to the tenant's users together | after 2026-11-29T09:00:00Z",
        ),
        (
            json!({"max": 1, "window": "day"}),
            1,
            "stop | shown=1 | shown less than once in a calendar day to this user | after 2026-11-23T00:00:00Z",
        ),
        (
            json!({"max": 1, "window": "week"}),
            2,
            "stop | shown=2 | shown less than once in a calendar week to this user | after 2026-11-23T00:00:00Z",
        ),
        (
            json!({"max": 3, "window": "month"}),
            3,
            "stop | shown=3 | shown less than 3 times in a calendar month to this user | after 2026-12-01T00:00:00Z",
        ),
    ] {
        let mut case = Case::new(&[json!({"cap": [cap]})]);
        for (kind, at) in shown(times) {
            case.notes("c0", kind, at);
        }
        assert_eq!(told(&case.last(NOW).gates, GateKind::Cap), [expected], "{cap}");
    }
    // The app's own, over all campaigns, after the campaign's.
    let mut case = Case::with(
        &json!({"frequency": {"cap": [{"max": 2, "window": "3d"}]}}),
        &[json!({}), json!({"cap": [{"max": 9, "window": "1d"}]})],
    );
    for (campaign, ago) in [("c0", HOUR), ("c1", 2 * HOUR)] {
        case.notes(campaign, NoteKind::Render, NOW.plus(-ago));
    }
    let account = case.last(NOW);
    let own = "pass | shown=1 | shown less than 9 times in 24h to this user | ";
    let all = "stop | all_shown=2 | all campaigns together shown less than 2 times in 72h to this user | after 2026-11-25T08:00:00Z";
    assert_eq!((told(&account.gates, GateKind::Cap), account.reason), (vec![own.to_owned(), all.to_owned()], Reason::Capped));
    assert_eq!(account.would_show_if.as_deref(), Some("after 2026-11-25T08:00:00Z"));
}

#[test]
fn a_control_group_counts_what_it_would_have_been_shown_and_says_which_it_is() {
    let mut case = Case::with(&json!({"holdout": 1}), &[json!({"cap": [{"max": 1, "window": "1d"}], "holdout": 0.0001})]);
    let account = case.last(NOW);
    assert_eq!(account.reason, Reason::HeldOut);
    let [holdout] = told(&account.gates, GateKind::Holdout).try_into().expect("one");
    assert!(holdout.ends_with(" | place not below 0.01 % and place_of_all not below 100 % | "), "{holdout}");
    case.notes("c0", NoteKind::Ghost, NOW.plus(-HOUR));
    let expected =
        "stop | would_have_been_shown=1 | it would have been shown less than once in 24h to this user | after 2026-11-23T09:00:00Z";
    assert_eq!(told(&case.last(NOW).gates, GateKind::Cap), [expected]);
    assert_eq!(case.last(NOW).would_show_if, None, "a control group sees nothing whatever happens");
}

#[test]
fn quiet_hours_say_when_they_end_even_when_something_else_opens_within_them() {
    let night = json!({"frequency": {"quiet_hours": {"from": "20:00", "to": "08:00"}}});
    let case = Case::with(&night, &[json!({})]);
    let at = NOW.plus(12 * HOUR);
    let expected = "stop | now=2026-11-22T22:00:00Z | not within quiet hours | after 2026-11-23T08:00:00Z";
    assert_eq!(told(&case.last(at).gates, GateKind::QuietHours), [expected]);
    let mut case = Case::with(&night, &[json!({})]);
    case.notes("c0", NoteKind::Snooze(NOW.plus(11 * HOUR)), NOW);
    assert_eq!(case.last(NOW).would_show_if.as_deref(), Some("after 2026-11-23T08:00:00Z"), "21:00 is within them");
    let case = Case::with(&night, &[json!({"quiet_hours": false})]);
    assert_eq!((told(&case.last(at).gates, GateKind::QuietHours), case.last(at).reason), (vec![], Reason::Match));
}

#[test]
fn an_upgrade_says_for_how_long_it_silences() {
    for (campaign, expected, reason) in [
        (json!({}), "stop | upgraded=2026-11-22T09:00:00Z | not upgraded within 24h | after 2026-11-23T09:00:00Z", Reason::Converted),
        (json!({"cooldown_after_convert": "1h"}), "pass | upgraded=2026-11-22T09:00:00Z | not upgraded within 1h | ", Reason::Match),
        (json!({"cooldown_after_convert": "0s"}), "pass | upgraded=2026-11-22T09:00:00Z |  | ", Reason::Match),
    ] {
        let mut case = Case::new(&[campaign]);
        case.tenant.counts.converted = Some(NOW.plus(-HOUR));
        let account = case.last(NOW);
        assert_eq!((told(&account.gates, GateKind::Converted), account.reason), (vec![expected.to_owned()], reason));
    }
}

/// What the gate of its group says of `campaign` while the first is on display in the page; and what is decided.
fn beside(first: &Json, campaign: &Json) -> (Vec<String>, Reason) {
    let case = Case::new(&[first.clone(), campaign.clone()]);
    let facts = Facts::new(&case.tenant, &case.rules, None, NOW);
    let [shown, other] = [0, 1].map(|i| case.rules.config.campaigns[i].for_user("acme", Role::Admin));
    let mut display = Display::default();
    display.set(&shown.gates, true);
    let nobody = Ledger::default();
    let almanac = Almanac::of(&case.rules.config, &UTC, NOW);
    let scene = Scene {
        facts: &facts,
        now: NOW,
        user: &nobody,
        tenant: &nobody,
        frequency: &[],
        almanac: &almanac,
        converted: None,
        display: &display,
    };
    let decided = scene.judge(&other);
    let names = Names::of_config(&case.rules.config);
    let subject = Subject { campaign: other, rollout: None, holdout: None, holdout_of_all: None, audience: None };
    let account = Stage { names: &names, scene }.explain(super::PLACE, &[subject]).campaigns.remove(0);
    assert_eq!(account.reason, decided);
    (told(&account.gates, GateKind::Exclusive), decided)
}

#[test]
fn one_of_a_group_is_shown_at_a_time_and_modals_are_a_group() {
    let asks = "no other of its group is on display in the page";
    let (stop, pass) = (format!("stop |  | {asks} | {asks}"), format!("pass |  | {asks} | "));
    let modal = json!({"nudge": {"kind": "modal", "title": "Look"}});
    for (first, second, expected, reason) in [
        (json!({"exclusive": "quota"}), json!({"exclusive": "quota"}), vec![stop.clone()], Reason::Excluded),
        (json!({"exclusive": "quota"}), json!({"exclusive": "news"}), vec![pass], Reason::Match),
        (json!({"exclusive": "quota"}), json!({}), vec![], Reason::Match),
        (modal.clone(), modal, vec![stop], Reason::Excluded),
    ] {
        assert_eq!(beside(&first, &second), (expected, reason), "{first} {second}");
    }
}

#[test]
fn what_is_told_of_a_campaign_names_its_arm() {
    let case = Case::new(&[json!({"variants": [{"id": "a", "weight": 0}, {"id": "b", "weight": 3}]})]);
    let account = case.last(NOW.plus(DAY));
    assert_eq!((account.variant.as_deref(), account.reason), (Some("b"), Reason::Match));
    assert!(account.gates.iter().all(|gate| gate.verdict == Verdict::Pass));
}

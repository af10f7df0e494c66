//! What explanations say, and that they tell what is decided.

mod cannot;
mod frequency;
mod language;
mod scenes;

use serde_json::{Value as Json, json};

use super::{Account, Explanation, Verdict};
use crate::config::{Config, compile};
use crate::expr::Program;
use crate::facts::Role;
use crate::plan::{Limit, Plan};
use crate::rollout::Rollout;
use crate::tenant::{Batch, Rulebook, Tenant, Viewer};
use crate::time::{DAY, HOUR, Millis};
use crate::usage::{Event, EventKind, NoteKind, Reading};

/// 2026-11-22T10:00:00Z, far from the ends of day and month.
const NOW: Millis = Millis(1_795_341_600_000);
const PLACE: &str = "app.header";

/// A configuration with something of everything, and with these campaigns.
fn document(campaigns: &[Json]) -> Json {
    json!({
        "meters": {"api_calls": {"kind": "counter", "period": "month"}, "seats": {"kind": "gauge"}},
        "features": {"sso": {}, "audit": {}},
        "traits": {"tenant": {"industry": {"type": "string"}, "tags": {"type": "list"}}, "user": {"title": {"type": "string"}}},
        "plans": {"source": "inline", "list": [
            {"id": "free", "rank": 0, "limits": {"api_calls": 1_000, "seats": 5}},
            {"id": "pro", "rank": 1, "features": ["sso"]},
        ]},
        "signals": [{"id": "api_quota_80", "when": "usage.api_calls.ratio >= 0.8", "rearm_below": "usage.api_calls.ratio < 0.5"}],
        "segments": {"ready": {"enter": "signal.api_quota_80.active && feature.sso"}},
        "campaigns": campaigns,
    })
}

fn compiled(campaigns: &[Json]) -> Config {
    compile(&document(campaigns).to_string()).unwrap_or_else(|p| panic!("{p:#?}"))
}

/// The audience of a campaign, compiled, and the configuration it belongs to.
fn audience(source: &str) -> (Config, Program) {
    let nudge = json!({"kind": "badge", "title": "It holds"});
    let config = compiled(&[json!({"id": "c", "placement": PLACE, "audience": source, "nudge": nudge})]);
    let program = config.campaigns[0].campaign.gates.audience.clone();
    (config, program)
}

/// A tenant on the free plan, with rules of which `campaign` is the first campaign, and whatever a test changes.
#[derive(Debug)]
struct Case {
    rules: Rulebook,
    tenant: Tenant,
    role: Role,
}

impl Case {
    fn new(campaigns: &[Json]) -> Self {
        Self::with(&json!({}), campaigns)
    }

    /// With what else the document says.
    fn with(whole: &Json, campaigns: &[Json]) -> Self {
        let campaign = |(i, campaign): (usize, &Json)| {
            let nudge = json!({"kind": "banner", "title": "Running low"});
            let mut whole = json!({"id": format!("c{i}"), "placement": PLACE, "nudge": nudge});
            for (key, value) in campaign.as_object().expect("an object") {
                whole[key] = value.clone();
            }
            whole
        };
        let mut document = document(&campaigns.iter().enumerate().map(campaign).collect::<Vec<_>>());
        for (key, value) in whole.as_object().expect("an object") {
            document[key] = value.clone();
        }
        let config = compile(&document.to_string()).unwrap_or_else(|p| panic!("{p:#?}"));
        let plans: Vec<Plan> = config.inline_plans.clone().unwrap_or_default();
        let rules = Rulebook { version: 1, revision: 1, config, plans, ..Rulebook::default() };
        Self { rules, tenant: Tenant { name: "acme".to_owned(), ..Tenant::default() }, role: Role::Admin }
    }

    /// One campaign, and 740 of 1,000 calls used.
    fn of(campaign: &Json) -> Self {
        let mut case = Self::new(std::slice::from_ref(campaign));
        case.uses("api_calls", 740);
        case
    }

    fn happens(&mut self, kind: EventKind, at: Millis) {
        let event = Event { index: 0, id: None, user: Some("ada".to_owned()), at: Some(at), kind };
        let receipt = self.tenant.apply(&self.rules, &Batch { client: None, role: None, events: vec![event] }, at).receipt;
        assert!(receipt.rejected.is_empty(), "{receipt:?}");
        self.tenant.detect(&self.rules, at);
    }

    fn uses(&mut self, meter: &str, value: u64) {
        let reading = if meter == "seats" { Reading::Set(value) } else { Reading::Add(value) };
        self.happens(EventKind::Usage { meter: meter.to_owned(), reading }, NOW);
    }

    fn notes(&mut self, campaign: &str, kind: NoteKind, at: Millis) {
        let user = self.tenant.users.get("ada").cloned().unwrap_or_default();
        self.tenant.users.insert("ada", user);
        self.happens(EventKind::Note { kind, campaign: campaign.to_owned(), decision: None }, at);
    }

    fn viewer(&self) -> Viewer<'static> {
        Viewer { user: "ada", role: self.role, client: 0, zone: &crate::zone::UTC }
    }

    fn explain(&self, now: Millis) -> Explanation {
        self.tenant.decide(&self.rules, &self.viewer(), Some(PLACE), now).remove(0)
    }

    fn as_page(&self, now: Millis) -> Explanation {
        self.tenant.decide_as_page(&self.rules, &self.viewer(), Some(PLACE), now).remove(0)
    }

    /// What is said of the last campaign.
    fn last(&self, now: Millis) -> Account {
        self.explain(now).campaigns.pop().expect("a campaign")
    }
}

fn would(audience: &str) -> String {
    Case::of(&json!({"audience": audience})).last(NOW).would_show_if.unwrap_or_default()
}

#[test]
fn an_audience_that_does_not_hold_says_what_would_make_it_hold() {
    for (audience, expected) in [
        ("usage.api_calls.ratio >= 0.8", "usage.api_calls.ratio >= 0.8; now 0.74"),
        ("0.8 <= usage.api_calls.ratio", "0.8 <= usage.api_calls.ratio; now 0.74"),
        ("usage.api_calls.value > 740", "usage.api_calls.value > 740; now 740"),
        ("plan.id == 'pro'", "plan.id == 'pro'; now 'free'"),
        ("plan.id in ['pro', 'team']", "plan.id in ['pro', 'team']; now 'free'"),
        ("!(plan.id in ['free'])", "!(plan.id in ['free']); now 'free'"),
        ("feature.sso", "feature.sso; now false"),
        ("!(user.role == 'admin')", "user.role != 'admin'; now 'admin'"),
        ("!(usage.api_calls.value < 1000)", "usage.api_calls.value >= 1000; now 740"),
        ("!(usage.api_calls.value <= 740)", "usage.api_calls.value > 740; now 740"),
        ("!(usage.api_calls.value > 739)", "usage.api_calls.value <= 739; now 740"),
        ("!(usage.api_calls.value >= 740)", "usage.api_calls.value < 740; now 740"),
        ("!(plan.rank != 1)", "plan.rank == 1; now 0"),
        // Of `&&` what fails; of `||` every way.
        (
            "usage.api_calls.ratio >= 0.8 && plan.rank == 0 && feature.sso",
            "usage.api_calls.ratio >= 0.8 (now 0.74) and feature.sso (now false)",
        ),
        ("usage.api_calls.ratio >= 0.8 || feature.sso", "usage.api_calls.ratio >= 0.8 (now 0.74) or feature.sso (now false)"),
        (
            "(usage.api_calls.ratio >= 0.8 || plan.rank > 0) && feature.sso",
            "(usage.api_calls.ratio >= 0.8 (now 0.74) or plan.rank > 0 (now 0)) and feature.sso (now false)",
        ),
        ("!(plan.rank == 0 && user.role == 'admin')", "plan.rank != 0 (now 0) or user.role != 'admin' (now 'admin')"),
        ("!(plan.rank == 0 || feature.sso)", "plan.rank != 0; now 0"),
        ("feature.sso ? true : usage.api_calls.value > 900", "feature.sso (now false) or usage.api_calls.value > 900 (now 740)"),
        ("plan.rank == 0 ? feature.sso : true", "feature.sso (now false) or plan.rank != 0 (now 0)"),
        ("false || feature.sso", "feature.sso; now false"),
        ("feature.sso && false", ""),
        ("has(plan.interval)", "has(plan.interval); now unknown"),
        ("plan.name.startsWith('Pro')", "plan.name.startsWith('Pro'); now 'free'"),
        // What has no words of its own is told as it was written.
        ("['a', 'b'].exists(x, x == plan.id)", "'a' == plan.id (now 'free') or 'b' == plan.id (now 'free')"),
        ("tenant.tags.exists(x, x == 'beta') || feature.sso", "tenant.tags.exists(x, x == 'beta') || feature.sso"),
        // Sums show all they are made of.
        (
            "usage.api_calls.value + 100 > usage.api_calls.limit",
            "usage.api_calls.value + 100 > usage.api_calls.limit; now usage.api_calls.value is 740, usage.api_calls.limit is 1000",
        ),
        ("usage.api_calls.value * 2 > 1480", "usage.api_calls.value * 2 > 1480; now 740"),
        // Signals are opened.
        ("signal.api_quota_80.active", "signal.api_quota_80.active (usage.api_calls.ratio >= 0.8; now 0.74)"),
        (
            "signal.api_quota_80.active && feature.sso",
            "signal.api_quota_80.active (usage.api_calls.ratio >= 0.8; now 0.74) and feature.sso (now false)",
        ),
        (
            "segment.ready",
            "segment.ready (signal.api_quota_80.active (usage.api_calls.ratio >= 0.8; now 0.74) and feature.sso (now false))",
        ),
        // What is unknown says why.
        ("tenant.seats > 3", "tenant.seats > 3; tenant.seats is unknown: there is no subscription"),
        ("tenant.industry == 'health'", "tenant.industry == 'health'; tenant.industry is unknown: the back end has not told it"),
        (
            "usage.api_calls.exhausts_in < duration('72h')",
            "usage.api_calls.exhausts_in < duration('72h'); usage.api_calls.exhausts_in is unknown: the limit is not reached at this pace",
        ),
        (
            "signal.api_quota_80.age < duration('1h')",
            "signal.api_quota_80.age < duration('1h'); signal.api_quota_80.age is unknown: it was never detected",
        ),
        ("1 / plan.rank == 1", "1 / plan.rank == 1; cannot be computed now 0"),
    ] {
        assert_eq!(would(audience), expected, "{audience}");
    }
}

#[test]
fn a_value_that_prints_like_its_threshold_is_said_to_be_just_beside_it() {
    let mut case = Case::of(&json!({"audience": "usage.api_calls.ratio >= 0.8"}));
    case.rules.plans[0].allowances[0].limit = Limit::Upto(1_000_000);
    case.uses("api_calls", 799_999 - 740);
    assert_eq!(case.last(NOW).would_show_if.as_deref(), Some("usage.api_calls.ratio >= 0.8; now just under 0.8"));
}

#[test]
fn a_signal_that_is_to_end_says_what_re_arms_it() {
    let mut case = Case::of(&json!({"audience": "!signal.api_quota_80.active"}));
    case.uses("api_calls", 100);
    let expected = "!signal.api_quota_80.active (usage.api_calls.ratio < 0.5; now 0.84)";
    assert_eq!(case.last(NOW).would_show_if.as_deref(), Some(expected));
}

#[test]
fn without_a_limit_there_is_no_remainder() {
    let mut case = Case::of(&json!({"audience": "usage.api_calls.limit >= 500"}));
    case.rules.config.default_plan = Some("pro".to_owned());
    let account = case.last(NOW);
    assert_eq!(account.gates[2].verdict, Verdict::Unknown);
    let expected = "usage.api_calls.limit >= 500; usage.api_calls.limit is unknown: the plan has no limit";
    assert_eq!(account.would_show_if.as_deref(), Some(expected));
}

#[test]
fn gates_are_told_in_order_with_what_they_look_at_and_ask() {
    let campaign = json!({
        "audience": "usage.api_calls.ratio >= 0.7 && user.role == 'admin'",
        "nudge": {"kind": "banner", "title": "{{usage.api_calls.remaining}} left"},
        "cap": [{"max": 1, "window": "1d"}, {"max": 5, "window": "7d", "scope": "tenant"}],
        "cooldown_after_dismiss": "30d",
        "schedule": {"from": NOW.0 - DAY},
    });
    let mut case = Case::of(&campaign);
    case.notes("c0", NoteKind::Exposure, NOW);
    let account = case.last(NOW.plus(HOUR));
    let told: Vec<String> = account
        .gates
        .iter()
        .map(|gate| {
            let inputs: Vec<String> = gate.inputs.iter().map(|i| format!("{}={}", i.name, i.value)).collect();
            let (asked, would) = (gate.threshold.as_deref().unwrap_or("-"), gate.would.as_deref().unwrap_or("-"));
            format!("{} {} | {} | {asked} | {would}", gate.kind.code(), gate.verdict.code(), inputs.join(" "))
        })
        .collect();
    assert_eq!(
        told,
        [
            "rollout pass |  | - | -",
            "schedule pass | now=2026-11-22T11:00:00Z | from 2026-11-21T10:00:00Z | -",
            "audience pass | usage.api_calls.ratio=0.74 user.role='admin' | usage.api_calls.ratio >= 0.7 && user.role == 'admin' | -",
            "texts pass | usage.api_calls.remaining=260 | every value in its texts is known | -",
            "converted pass |  | not upgraded within 24h | -",
            "dismissed pass |  | not dismissed within 720h | -",
            "snoozed pass |  | not snoozed | -",
            "cap stop | shown=1 | shown less than once in 24h to this user | after 2026-11-23T10:00:00Z",
            "cap not_reached | shown=1 | shown less than 5 times in 168h to the tenant's users together | -",
            "holdout not_reached |  | - | -",
            "placement not_reached |  | no campaign before it is shown | -",
        ]
    );
    assert_eq!(account.would_show_if.as_deref(), Some("after 2026-11-23T10:00:00Z"));
}

#[test]
fn what_time_mends_says_when() {
    for (campaign, note, expected) in [
        (json!({"schedule": {"from": NOW.0 + DAY}}), None, "from 2026-11-23T10:00:00Z"),
        (json!({"schedule": {"until": NOW.0}}), None, ""),
        (json!({"cooldown_after_dismiss": "7d"}), Some(NoteKind::Dismiss), "after 2026-11-29T10:00:00Z"),
        (json!({}), Some(NoteKind::Dismiss), ""),
        (json!({}), Some(NoteKind::Snooze(NOW.plus(HOUR))), "after 2026-11-22T11:00:00Z"),
        (json!({"cap": [{"max": 1, "window": "1h"}]}), Some(NoteKind::Exposure), "after 2026-11-22T11:00:00Z"),
        // The last of several, unless all is over by then.
        (json!({"cap": [{"max": 1, "window": "1h"}, {"max": 1, "window": "1d"}]}), Some(NoteKind::Exposure), "after 2026-11-23T10:00:00Z"),
        (json!({"cooldown_after_dismiss": "7d", "schedule": {"until": NOW.0 + DAY}}), Some(NoteKind::Dismiss), ""),
        (json!({"cooldown_after_dismiss": "1d", "schedule": {"until": NOW.0 + DAY}}), Some(NoteKind::Dismiss), ""),
        // What comes later stands beside what stops it now.
        (
            json!({"audience": "feature.sso", "cooldown_after_dismiss": "7d"}),
            Some(NoteKind::Dismiss),
            "feature.sso; now false, and after 2026-11-29T10:00:00Z",
        ),
    ] {
        let mut case = Case::of(&campaign);
        if let Some(kind) = note {
            case.notes("c0", kind, NOW);
        }
        assert_eq!(case.last(NOW).would_show_if.unwrap_or_default(), expected, "{campaign}");
    }
}

#[test]
fn a_cap_opens_when_enough_exposures_have_left_its_window() {
    let mut case = Case::of(&json!({"cap": [{"max": 2, "window": "1d"}]}));
    for hours in [0, 1, 5] {
        case.notes("c0", NoteKind::Exposure, NOW.plus(hours * HOUR));
    }
    let account = case.last(NOW.plus(6 * HOUR));
    assert_eq!(account.would_show_if.as_deref(), Some("after 2026-11-23T11:00:00Z"), "one of the last two must be a day old");
}

#[test]
fn a_text_without_its_value_says_which_and_why() {
    let mut case = Case::of(&json!({"nudge": {"kind": "badge", "title": "{{usage.api_calls.remaining}} left"}}));
    case.rules.config.default_plan = Some("pro".to_owned());
    let account = case.last(NOW);
    assert_eq!(account.reason.code(), "missing_value");
    let expected = "usage.api_calls.remaining is known; now unknown: the plan has no limit";
    assert_eq!(account.would_show_if.as_deref(), Some(expected));
}

#[test]
fn a_rollout_says_at_how_many_per_cent_it_reaches_the_tenant() {
    let mut case = Case::of(&json!({"rollout": {"percent": 0}}));
    let account = case.last(NOW);
    assert_eq!(account.reason.code(), "not_rolled_out");
    let percent = Rollout::bucket("c0", "acme") / 100 + 1;
    assert_eq!(account.would_show_if, Some(format!("rollout.percent >= {percent}; now 0")));
    case.rules.config.campaigns[0].rollout.basis_points = percent * 100;
    assert_eq!(case.last(NOW).reason.code(), "match", "and there it does");
    case.rules.config.campaigns[0].rollout.basis_points = percent * 100 - 100;
    assert_eq!(case.last(NOW).reason.code(), "not_rolled_out", "and not before");
}

#[test]
fn nothing_brings_a_campaign_to_its_control_group() {
    let account = Case::of(&json!({"holdout": 1})).last(NOW);
    assert_eq!((account.reason.code(), account.would_show_if), ("held_out", None));
}

#[test]
fn a_campaign_behind_another_says_which() {
    let case = Case::new(&[json!({"priority": 20}), json!({"priority": 10, "audience": "feature.sso"}), json!({"priority": 5})]);
    let told = case.explain(NOW);
    let told: Vec<_> = told.campaigns.iter().map(|c| (c.reason.code(), c.would_show_if.as_deref().unwrap_or("-"))).collect();
    assert_eq!(
        told,
        [
            ("match", "-"),
            ("audience_false", "feature.sso; now false, and no campaign before it is shown; now c0"),
            ("outranked", "no campaign before it is shown; now c0"),
        ]
    );
}

#[test]
fn a_page_is_told_what_is_left_of_its_rules_and_no_more() {
    let mut case = Case::new(&[
        json!({"priority": 9, "audience": "usage.api_calls.ratio >= 0.8 && tenant.industry != 'secret' || signal.api_quota_80.active"}),
        json!({"priority": 8, "audience": "plan.id == 'enterprise_secret'"}),
        json!({"priority": 7, "audience": "plan.rank < 5 && usage.api_calls.value > 900", "rollout": {"percent": 100}}),
        json!({"priority": 6, "audience": "tenant.age > duration('72h')"}),
    ]);
    case.uses("api_calls", 740);
    let (whole, page) = (case.explain(NOW), case.as_page(NOW));
    let bytes = format!("{page:?}");
    for private in ["secret", "industry", "api_quota_80", "plan.rank"] {
        assert!(!bytes.contains(private), "{private}: {bytes}");
    }
    assert_eq!((page.reason, page.settled, page.campaigns.len()), (whole.reason, 1, 3));
    assert_eq!(page.campaigns[1].would_show_if.as_deref(), Some("usage.api_calls.value > 900; now 740"));
    assert_eq!(page.campaigns[2].gates[2].threshold.as_deref(), Some("now - timestamp('2026-11-22T10:00:00Z') > duration('72h')"));
    for account in &page.campaigns {
        let same = whole.campaigns.iter().find(|c| c.campaign == account.campaign).expect("it is in the whole rules");
        let gates = |account: &Account| account.gates.iter().map(|g| (g.kind, g.verdict)).collect::<Vec<_>>();
        let reasons = (same.reason.code(), account.reason.code());
        assert!(reasons.0 == reasons.1 || reasons == ("audience_unknown", "audience_false"), "{reasons:?}");
        if same.reason == account.reason {
            assert_eq!(gates(account), gates(same), "{}", account.campaign);
        }
    }
}

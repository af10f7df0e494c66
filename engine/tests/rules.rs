//! Signals, score, segments and residues, as a tenant lives through them.

mod browser;

use browser::Browser;
use proptest::prelude::*;
use serde_json::json;
use upcue_engine::campaign::{Cap, Scope, Unit, Window};
use upcue_engine::config::{QuietHours, compile};
use upcue_engine::decision::Reason;
use upcue_engine::facts::Role;
use upcue_engine::hash::key;
use upcue_engine::plan::Plan;
use upcue_engine::subscription::{Item, Mirror, Subscription};
use upcue_engine::tenant::{Batch, Changed, Editions, Rulebook, Tenant, Viewer};
use upcue_engine::time::{DAY, DurationMs, HOUR, MINUTE, Millis};
use upcue_engine::traits::TraitValue;
use upcue_engine::usage::{Bounds, Event, EventKind, NoteKind, Reading};
use upcue_engine::zone::{UTC, Zone};

/// 2025-06-18T10:30:00Z
const START: Millis = Millis(1_750_242_600_000);
const ADA: Viewer<'static> = Viewer { user: "ada", role: Role::Admin, client: 0, zone: &UTC };
const BOB: Viewer<'static> = Viewer { user: "bob", role: Role::Member, client: 0, zone: &UTC };

fn rulebook(mut document: serde_json::Value) -> Rulebook {
    let base = json!({
        "meters": {"calls": {"kind": "counter", "label": "API calls"}, "seats": {"kind": "gauge"}},
        "features": {"sso": {}},
        "traits": {"tenant": {"industry": {"type": "string"}, "employees": {"type": "int"}}, "user": {"team": {"type": "string"}}},
        "plans": {"source": "inline", "default": "small", "list": [
            {"id": "small", "name": "Small", "rank": 0, "limits": {"calls": 1_000, "seats": 5}},
            {"id": "large", "name": "Large", "rank": 1, "limits": {"calls": 100_000, "seats": 50}, "features": ["sso"], "prices": ["price_large"]},
        ]},
    });
    for (key, value) in base.as_object().expect("an object") {
        document.as_object_mut().expect("an object").entry(key.clone()).or_insert_with(|| value.clone());
    }
    let config = compile(&document.to_string()).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let plans: Vec<Plan> = config.inline_plans.clone().expect("inline");
    Rulebook { version: 1, revision: 1, config, plans, catalogue: 1, ..Rulebook::default() }
}

fn happen(tenant: &mut Tenant, rules: &Rulebook, kinds: Vec<EventKind>, now: Millis) -> Vec<(Changed, String)> {
    let events = kinds.into_iter().map(|kind| Event { index: 0, id: None, user: Some("ada".to_owned()), at: Some(now), kind }).collect();
    let applied = tenant.apply(rules, &Batch { events, ..Batch::default() }, now);
    assert_eq!(applied.receipt.rejected, []);
    detect(tenant, rules, now)
}

fn detect(tenant: &mut Tenant, rules: &Rulebook, now: Millis) -> Vec<(Changed, String)> {
    tenant.detect(rules, now).into_iter().map(|transition| (transition.of, transition.id)).collect()
}

fn calls(n: u64) -> EventKind {
    EventKind::Usage { meter: "calls".to_owned(), reading: Reading::Add(n) }
}

fn seats(n: u64) -> EventKind {
    EventKind::Usage { meter: "seats".to_owned(), reading: Reading::Set(n) }
}

fn track(name: &str) -> EventKind {
    EventKind::Track { name: name.to_owned(), feature: None }
}

fn changed(of: Changed, id: &str) -> (Changed, String) {
    (of, id.to_owned())
}

const QUOTA: &str = "usage.seats.ratio >= 0.8";

#[test]
fn a_signal_is_detected_once_and_again_only_after_it_was_rearmed() {
    let rules = rulebook(json!({"signals": [{"id": "full", "when": QUOTA, "rearm_below": "usage.seats.ratio < 0.7"}]}));
    let mut tenant = Tenant::default();
    for (n, expected) in [
        (3, None),
        (4, Some(Changed::Detected)),
        (5, None),
        (4, None), // wavering about the threshold
        (5, None),
        (3, Some(Changed::Rearmed)), // 0.6
        (4, Some(Changed::Detected)),
    ] {
        let told = happen(&mut tenant, &rules, vec![seats(n)], START);
        assert_eq!(told, expected.map(|of| changed(of, "full")).into_iter().collect::<Vec<_>>(), "{n} seats");
    }
    let state = tenant.detected.signals.get("full").expect("detected");
    assert_eq!((state.count, state.first, state.last, state.active), (2, Some(START), Some(START), true));
}

#[test]
fn without_a_rearming_condition_it_ends_with_what_it_says() {
    let rules = rulebook(json!({"signals": [{"id": "full", "when": QUOTA}]}));
    let mut tenant = Tenant::default();
    assert_eq!(happen(&mut tenant, &rules, vec![seats(4)], START), [changed(Changed::Detected, "full")]);
    assert_eq!(happen(&mut tenant, &rules, vec![seats(3)], START), [changed(Changed::Rearmed, "full")]);
}

#[test]
fn each_billing_period_detects_anew_what_still_holds_unless_told_not_to() {
    let rules = rulebook(json!({"signals": [
        {"id": "again", "when": QUOTA},
        {"id": "once", "when": QUOTA, "rearm_each_period": false},
    ]}));
    let mut tenant = Tenant::default();
    let told = happen(&mut tenant, &rules, vec![seats(5)], START);
    assert_eq!(told, [changed(Changed::Detected, "again"), changed(Changed::Detected, "once")]);
    assert_eq!(detect(&mut tenant, &rules, START.plus(5 * DAY)), [], "the same month");
    assert_eq!(detect(&mut tenant, &rules, START.plus(14 * DAY)), [changed(Changed::Detected, "again")], "July");
    assert_eq!(detect(&mut tenant, &rules, START.plus(15 * DAY)), []);
    assert_eq!(tenant.detected.signals.get("again").map(|s| s.count), Some(2));
}

#[test]
fn signals_may_read_each_other_in_any_order_of_the_document() {
    let rules = rulebook(json!({"signals": [
        {"id": "both", "when": "signal.full.active && signal.asked.count >= 1"},
        {"id": "full", "when": QUOTA},
        {"id": "asked", "when": "events.pricing_page_viewed.count_7d >= 1"},
    ]}));
    let mut tenant = Tenant::default();
    let told = happen(&mut tenant, &rules, vec![seats(5), track("pricing_page_viewed")], START);
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!(told[2], changed(Changed::Detected, "both"));
}

#[test]
fn the_score_falls_after_a_signal_has_ended_and_segments_are_left_late() {
    let rules = rulebook(json!({
        "signals": [{"id": "full", "when": QUOTA, "weight": 70, "half_life": "7d"}],
        "segments": {"ready": {"enter": "score >= 60", "exit": "score < 40"}, "hot": {"enter": "segment.ready && score >= 70"}},
    }));
    let mut tenant = Tenant::default();
    let told = happen(&mut tenant, &rules, vec![seats(5)], START);
    assert_eq!(told, [changed(Changed::Detected, "full"), changed(Changed::Entered, "ready"), changed(Changed::Entered, "hot")]);
    assert_eq!(tenant.score(&rules, START.plus(30 * DAY)), 70, "while it holds it counts in full");
    let ended = START.plus(HOUR);
    let told = happen(&mut tenant, &rules, vec![seats(1)], ended);
    assert_eq!(told, [changed(Changed::Rearmed, "full")]);
    assert_eq!(tenant.score(&rules, ended.plus(7 * DAY)), 35);
    assert_eq!(detect(&mut tenant, &rules, ended.plus(DAY)), [changed(Changed::Left, "hot")]);
    assert_eq!(detect(&mut tenant, &rules, ended.plus(5 * DAY)), [], "between the thresholds nobody comes or goes");
    assert_eq!(detect(&mut tenant, &rules, ended.plus(6 * DAY)), [changed(Changed::Left, "ready")]);
}

#[test]
fn what_time_alone_will_change_is_known_within_the_hour() {
    let rules = rulebook(json!({
        "signals": [{"id": "full", "when": QUOTA, "weight": 64, "half_life": "7d"}],
        "segments": {"ready": {"enter": "score >= 60"}},
    }));
    let mut tenant = Tenant::default();
    let far = Some(START.plus(60 * DAY));
    assert_eq!(tenant.next_change(&rules, START), far, "of a tenant about whom nothing is known");
    happen(&mut tenant, &rules, vec![seats(5)], START);
    happen(&mut tenant, &rules, vec![seats(1)], START);
    let next = tenant.next_change(&rules, START).expect("the score falls");
    assert!(next < START.plus(DAY) && tenant.clone().detect(&rules, next.plus(-HOUR)).is_empty(), "not an hour sooner: {next:?}");
    assert_eq!(detect(&mut tenant, &rules, next), [changed(Changed::Left, "ready")]);
}

#[test]
fn a_tenant_without_meters_or_score_is_looked_at_when_time_alone_changes_something() {
    let rules = rulebook(json!({"segments": {"gone_quiet": {"enter": "events.login.last_age > duration('50h')"}}}));
    let mut tenant = Tenant::default();
    happen(&mut tenant, &rules, vec![track("login")], START);
    let mut now = START;
    let mut looks = 0;
    while detect(&mut tenant, &rules, now).is_empty() {
        now = tenant.next_change(&rules, now).expect("there is something to look for");
        looks += 1;
        assert!(looks < 6, "still nothing at {now:?}");
    }
    assert!(now > START.plus(50 * HOUR) && now <= START.plus(51 * HOUR), "within the hour: {now:?}");
}

#[test]
fn an_exposure_is_judged_by_what_was_used_in_the_same_batch() {
    let rules = rulebook(json!({
        "signals": [{"id": "full", "when": QUOTA}],
        "campaigns": [{"id": "c", "placement": "p", "audience": "signal.full.active", "nudge": {"title": "T"}, "cap": [{"max": 1, "window": "1h"}]}],
    }));
    let mut tenant = Tenant::default();
    let shown =
        |decision: &str| EventKind::Note { kind: NoteKind::Exposure, campaign: "c".to_owned(), decision: Some(decision.to_owned()) };
    let event = |kind| Event { index: 0, id: None, user: Some("ada".to_owned()), at: Some(START), kind };
    let mut judge = |kinds: Vec<EventKind>| {
        let batch = Batch { events: kinds.into_iter().map(event).collect(), role: Some(Role::Admin), ..Batch::default() };
        let (_, verdicts) = tenant.take_batch(&rules, &batch, START);
        tenant.detect(&rules, START);
        verdicts.into_iter().map(|verdict| verdict.reason).collect::<Vec<_>>()
    };
    assert_eq!(judge(vec![seats(1), shown("first")]), [Reason::AudienceFalse]);
    assert_eq!(judge(vec![seats(5)]), []);
    // The exposure above counts against the cap, as any that was made does.
    assert_eq!(judge(vec![shown("second")]), [Reason::Capped]);
    assert_eq!(judge(vec![shown("second")]), [], "and is judged once");
    let mut fresh = Tenant::default();
    let batch = Batch { events: vec![event(seats(5)), event(shown("first"))], role: Some(Role::Admin), ..Batch::default() };
    assert_eq!(fresh.take_batch(&rules, &batch, START).1.iter().map(|v| v.reason).collect::<Vec<_>>(), [Reason::Match]);
}

#[test]
fn a_rule_that_is_removed_takes_its_state_along() {
    let rules =
        rulebook(json!({"signals": [{"id": "full", "when": QUOTA, "weight": 70}], "segments": {"ready": {"enter": "score >= 60"}}}));
    let mut tenant = Tenant::default();
    happen(&mut tenant, &rules, vec![seats(5)], START);
    let bare = rulebook(json!({}));
    assert_eq!(detect(&mut tenant, &bare, START), [changed(Changed::Left, "ready")]);
    assert_eq!((tenant.detected.signals.len(), tenant.detected.segments.len()), (0, 0));
    let told = happen(&mut tenant, &rules, vec![seats(5)], START.plus(HOUR));
    assert_eq!(told.len(), 2, "when it comes back it begins anew: {told:?}");
    assert_eq!(tenant.detected.signals.get("full").map(|s| (s.count, s.first)), Some((1, Some(START.plus(HOUR)))));
}

/// What an audience is worth for a tenant of the large plan, an industry and a trial.
#[test]
fn facts_read_as_the_table_says() {
    let rules = |audience: &str| {
        rulebook(json!({
            "signals": [{"id": "full", "when": QUOTA, "weight": 70}],
            "segments": {"ready": {"enter": "score >= 60"}},
            "campaigns": [{"id": "c", "placement": "p", "audience": audience, "nudge": {"title": "T"}}],
        }))
    };
    let mut tenant = Tenant { name: "acme".to_owned(), ..Tenant::default() };
    let item = Item { id: "si_1".to_owned(), price: "price_large".to_owned(), product: "large".to_owned(), quantity: 7 };
    let period = Bounds { start: START.plus(-10 * DAY), end: START.plus(20 * DAY) };
    let subscription = Subscription {
        id: "sub_1".to_owned(),
        status: upcue_engine::subscription::Status::Trialing,
        trial_end: Some(START.plus(3 * DAY)),
        items: vec![item],
        period: Some(period),
        ..Subscription::default()
    };
    let mut mirror = Mirror::default();
    mirror.fold(subscription);
    tenant.mirror = mirror;
    let first = rules("true");
    let known = vec![("industry".to_owned(), Some(TraitValue::Text("retail".to_owned())))];
    let about = |kind| Event { index: 0, id: None, user: None, at: None, kind };
    let batch = Batch { events: vec![about(EventKind::Identify { traits: known }), about(seats(45))], ..Batch::default() };
    tenant.apply(&first, &batch, START.plus(-2 * HOUR));
    tenant.detect(&first, START.plus(-2 * HOUR));
    for (audience, expected) in [
        ("plan.id == 'large' && plan.rank == 1 && plan.max_rank == 1", Reason::Match),
        ("usage.seats.limit == 50 && usage.seats.remaining == 5 && usage.seats.percent == 90", Reason::Match),
        ("tenant.industry == 'retail'", Reason::Match),
        ("tenant.industry in ['banking', 'insurance']", Reason::AudienceFalse),
        ("tenant.employees > 100", Reason::AudienceUnknown),
        ("tenant.age >= duration('2h') && tenant.age < duration('3h')", Reason::Match),
        ("tenant.seats == 7", Reason::Match),
        ("subscription.status == 'trialing' && subscription.trial_ends_in <= duration('72h')", Reason::Match),
        ("subscription.renews_in > duration('479h')", Reason::Match),
        ("signal.full.active && signal.full.count == 1 && signal.full.age == duration('2h')", Reason::Match),
        ("score == 70 && segment.ready", Reason::Match),
        ("feature.sso", Reason::Match),
        ("user.role == 'admin'", Reason::Match),
        ("user.age > duration('1s')", Reason::AudienceUnknown),
        ("best_plan.rank > plan.rank", Reason::AudienceUnknown),
        ("usage.calls.will_exhaust", Reason::AudienceUnknown),
    ] {
        let rules = rules(audience);
        let told = tenant.decide(&rules, &ADA, Some("p"), START);
        assert_eq!(told[0].reason, expected, "{audience}");
        let mut page = Browser::load(tenant.page(&rules, &ADA, START), START);
        assert_eq!(page.decide("p", START).1, expected, "in the page: {audience}");
    }
}

#[test]
fn a_held_out_tenant_sees_nothing_of_it_and_the_next_campaign_instead() {
    let rules = rulebook(json!({"campaigns": [
        {"id": "first", "placement": "p", "priority": 2, "holdout": 0.5, "nudge": {"title": "T"}},
        {"id": "second", "placement": "p", "priority": 1, "nudge": {"title": "T"}},
    ]}));
    let mut held_out = 0;
    for i in 0..400 {
        let tenant = Tenant { name: format!("t{i}"), ..Tenant::default() };
        let told = tenant.decide(&rules, &ADA, Some("p"), START).remove(0);
        match told.campaign.as_deref() {
            Some("second") => {
                held_out += 1;
                assert_eq!((told.campaigns[0].campaign.as_str(), told.campaigns[0].reason), ("first", Reason::HeldOut));
            }
            shown => assert_eq!(shown, Some("first")),
        }
    }
    assert!((160..=240).contains(&held_out), "{held_out} of 400");
}

/// The bytes a snapshot would hold a number in.
fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
    bytes
}

#[test]
fn a_snapshot_holds_nothing_that_is_not_this_tenants() {
    const PRIVATE: i64 = 987_654_321;
    const OWN: i64 = 123_456_789;
    let rules = rulebook(json!({
        "signals": [
            {"id": "secret_signal", "when": format!("plan.id == 'large' && usage.calls.value > {PRIVATE}"), "weight": 97},
            {"id": "own_signal", "when": format!("usage.calls.value > {OWN}"), "weight": 83},
        ],
        "segments": {"secret_segment": {"enter": "score >= 61"}, "other_segment": {"enter": "tenant.industry == 'secret_industry'"}},
        "campaigns": [
            {"id": "secret_campaign", "placement": "p", "priority": 9, "nudge": {"title": "secret_title"},
             "audience": format!("plan.rank == 1 && usage.calls.value > {PRIVATE}")},
            {"id": "segment_campaign", "placement": "p", "priority": 8, "nudge": {"title": "another_title"}, "audience": "segment.secret_segment"},
            {"id": "admin_campaign", "placement": "p", "nudge": {"title": "for_admins"}, "audience": "user.role == 'admin'"},
            {"id": "other_campaign", "placement": "secret.placement", "nudge": {"title": "elsewhere"}, "audience": "user.role == 'admin'"},
            {"id": "own_campaign", "placement": "p", "nudge": {"title": "mine"},
             "audience": "signal.own_signal.active && plan.id in ['small', 'secret_plan'] && (score < 61 || usage.calls.value > 5)"},
        ],
    }));
    let mut tenant = Tenant { name: "acme".to_owned(), ..Tenant::default() };
    // Ada is shown everything, and Bob was: he was an admin once.
    let campaigns = ["secret_campaign", "admin_campaign", "other_campaign", "own_campaign"];
    for (user, campaign) in [ADA.user, BOB.user].into_iter().flat_map(|user| campaigns.map(|campaign| (user, campaign))) {
        let kind = EventKind::Note { kind: NoteKind::Exposure, campaign: campaign.to_owned(), decision: None };
        let event = Event { index: 0, id: None, user: Some(user.to_owned()), at: Some(START), kind };
        assert_eq!(tenant.apply(&rules, &Batch { events: vec![event], ..Batch::default() }, START).receipt.rejected, []);
    }
    let page = tenant.page(&rules, &BOB, START);
    for (ledger, times) in [(&page.snapshot.live.user, 1), (&page.snapshot.live.tenant, 2)] {
        assert_eq!(ledger.moments(Some(key("own_campaign"))), vec![START; times], "what was met of its own is there");
    }
    let bytes = page.whole();
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    let zigzag = |n: i64| varint(n.unsigned_abs() * 2);
    assert!(holds(b"own_campaign") && holds(b"mine") && holds(&zigzag(OWN)), "what it needs is there");
    for private in
        ["secret", "segment", "signal", "large", "Large", "another", "elsewhere", "industry", "weight", "admin", "other", "placement"]
    {
        assert!(!holds(private.as_bytes()), "`{private}` is nobody's business in the page");
    }
    assert!(!holds(&zigzag(PRIVATE)), "nor another plan's threshold");

    let listed: Vec<String> = tenant.decide_as_page(&rules, &BOB, None, START).into_iter().map(|told| told.placement).collect();
    assert_eq!(listed, ["p"], "nor is another placement named to who asks for all");
    let named = tenant.decide_as_page(&rules, &BOB, Some("secret.placement"), START).remove(0);
    assert_eq!((named.reason, named.settled, named.campaigns.len()), (Reason::AudienceFalse, 1, 0), "who knows its name is answered");
    let listed: Vec<String> = tenant.decide_as_page(&rules, &ADA, None, START).into_iter().map(|told| told.placement).collect();
    assert_eq!(listed, ["p", "secret.placement"]);
}

/// Something that happens in a page or to its tenant.
#[derive(Clone, Debug)]
enum Step {
    Calls(u64),
    Seats(u64),
    Track(usize),
    Expose(usize),
    Wait(DurationMs),
}

const EVENTS: [&str; 2] = ["pricing_page_viewed", "exported"];
/// Conditions of which rules are made up.
const CONDITIONS: [&str; 17] = [
    "usage.calls.ratio >= 0.8",
    "usage.calls.value > 500 && plan.rank < plan.max_rank",
    "usage.seats.remaining <= 1 || feature.sso",
    "usage.seats.percent >= 60 ? user.role == 'admin' : events.exported.count_1d >= 2",
    "events.pricing_page_viewed.count_7d >= 2 && tenant.industry == 'retail'",
    "events.exported.last_age < duration('1h')",
    "tenant.age > duration('2h')",
    "!(plan.id == 'large') && usage.calls.value % 2 == 0",
    "usage.calls.remaining < 400 && (tenant.employees > 5 || usage.seats.value >= 3)",
    "usage.seats.value in [1, 2, 4]",
    "signal.a.active",
    "signal.b.active && !signal.a.active",
    "signal.b.age > duration('30m') || usage.seats.value == 2",
    "usage.calls.limit - usage.calls.value < 300",
    "1 / (usage.seats.value - 3) >= 0 || signal.a.count >= 1",
    "user.team == 'core' || usage.calls.value > 100",
    "user.age >= duration('90m') && usage.seats.value != 3",
];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (1..400_u64).prop_map(Step::Calls),
        (0..6_u64).prop_map(Step::Seats),
        (0..EVENTS.len()).prop_map(Step::Track),
        (0..4_usize).prop_map(Step::Expose),
        (1..240_i64).prop_map(|minutes| Step::Wait(minutes * MINUTE)),
    ];
    prop::collection::vec(step, 0..14)
}

fn rules_of(picks: &[usize]) -> Rulebook {
    let pick = |i: usize| CONDITIONS[picks[i] % CONDITIONS.len()];
    // Signals read no users, and `b` may read `a`.
    let of_tenant = |i: usize| if pick(i).contains("user.") || pick(i).contains("signal.") { QUOTA } else { pick(i) };
    let campaigns: Vec<_> = (0..4)
        .map(|i| {
            let cap = if i == 0 { json!([{"max": 1, "window": "3h"}]) } else { json!([]) };
            json!({"id": format!("c{i}"), "placement": if i < 3 { "p" } else { "q" }, "priority": i, "audience": pick(i), "cap": cap,
                   "nudge": {"title": if i == 1 { "{{usage.calls.percent}} of {{plan.name}}, {{tenant.industry}}" } else { "T" }}})
        })
        .collect();
    rulebook(json!({
        "signals": [
            {"id": "b", "when": format!("signal.a.active || {}", of_tenant(4)), "rearm_below": of_tenant(5), "weight": 20},
            {"id": "a", "when": of_tenant(6), "weight": 40},
        ],
        "campaigns": campaigns,
    }))
}

/// The same with a calendar, or with none to be read.
fn rules_with(picks: &[usize], calendar: bool) -> Rulebook {
    let mut rules = rules_of(picks);
    if calendar {
        rules.config.frequency.caps = vec![Cap { max: 9, window: Window::Calendar(Unit::Week), scope: Scope::User }];
        rules.config.frequency.quiet = vec![QuietHours { from: 20 * 60, to: 8 * 60 }];
    }
    rules
}

/// What all these pages are sent together is what each would be sent by itself, whatever it knew before.
fn are_told_alike(tenant: &Tenant, rules: &Rulebook, viewers: &[Viewer<'_>], now: Millis) {
    let mut editions = Editions::new(now);
    for viewer in viewers.iter().chain(viewers) {
        let alone = tenant.page(rules, viewer, now);
        for known in [None, Some(alone.rules_hash()), Some(7)] {
            assert!(editions.frame(tenant, rules, viewer, known) == alone.frame(known), "{viewer:?} who knows {known:?}");
        }
    }
}

fn event(step: &Step) -> Option<EventKind> {
    Some(match step {
        Step::Calls(n) => calls(*n),
        Step::Seats(n) => seats(*n),
        Step::Track(i) => track(EVENTS[*i]),
        Step::Expose(i) => EventKind::Note { kind: NoteKind::Exposure, campaign: format!("c{i}"), decision: None },
        Step::Wait(_) => return None,
    })
}

/// What the edge decides over the whole rules, and what a page decides that loads now, over what is left of them.
fn agree(tenant: &Tenant, rules: &Rulebook, now: Millis) {
    for placement in ["p", "q"] {
        let whole = tenant.decide(rules, &ADA, Some(placement), now).remove(0);
        let (shown, reason) = Browser::load(tenant.page(rules, &ADA, now), now).decide(placement, now);
        assert_eq!((shown.map(|campaign| campaign.id), reason), (whole.campaign, whole.reason), "{placement}: {:?}", whole.campaigns);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_residue_decides_as_the_whole_rules_do(picks in prop::collection::vec(0..CONDITIONS.len(), 7), steps in steps(), retail: bool) {
        let rules = rules_of(&picks);
        let mut tenant = Tenant { name: "acme".to_owned(), ..Tenant::default() };
        let mut now = START;
        if retail {
            let known = vec![("industry".to_owned(), Some(TraitValue::Text("retail".to_owned())))];
            let event = Event { index: 0, id: None, user: None, at: None, kind: EventKind::Identify { traits: known } };
            tenant.apply(&rules, &Batch { events: vec![event], ..Batch::default() }, now);
        }
        tenant.users.entry("ada", Default::default);
        for step in &steps {
            if let Step::Wait(ms) = step {
                now = now.plus(*ms);
                tenant.detect(&rules, now);
            }
            if let Some(kind) = event(step) {
                happen(&mut tenant, &rules, vec![kind], now);
            }
            agree(&tenant, &rules, now);
        }
    }

    #[test]
    fn pages_that_are_told_together_are_told_what_each_would_be_told_alone(
        picks in prop::collection::vec(0..CONDITIONS.len(), 7), steps in steps(), calendar: bool
    ) {
        let rules = rules_with(&picks, calendar);
        let mut tenant = Tenant { name: "acme".to_owned(), ..Tenant::default() };
        let mut now = START;
        let east = Zone { changes: vec![(Millis(0), 5 * HOUR)] };
        let mut viewers: Vec<Viewer<'_>> = Vec::new();
        for (user, client) in [("ada", 0), ("bob", 8), ("eve", 9), ("nobody", 0)] {
            let looks = [(Role::Admin, &UTC), (Role::Member, &UTC), (Role::Admin, &east)];
            viewers.extend(looks.map(|(role, zone)| Viewer { user, role, client, zone }));
        }
        for (user, team) in [("ada", "core"), ("bob", "core"), ("eve", "sales")] {
            tenant.meet(user, now);
            let traits = vec![("team".to_owned(), Some(TraitValue::Text(team.to_owned())))];
            let event = Event { index: 0, id: None, user: Some(user.to_owned()), at: None, kind: EventKind::Identify { traits } };
            let shown = Event { kind: EventKind::Note { kind: NoteKind::Render, campaign: "c1".to_owned(), decision: None }, ..event.clone() };
            tenant.apply(&rules, &Batch { events: vec![event, shown], ..Batch::default() }, now);
            now = now.plus(HOUR);
        }
        for step in &steps {
            if let Step::Wait(ms) = step {
                now = now.plus(*ms);
                tenant.detect(&rules, now);
            }
            if let Some(kind) = event(step) {
                happen(&mut tenant, &rules, vec![kind], now);
            }
        }
        are_told_alike(&tenant, &rules, &viewers, now);
    }

    #[test]
    fn a_page_that_hears_of_nothing_decides_as_the_edge_does_that_hears_of_everything(
        picks in prop::collection::vec(0..CONDITIONS.len(), 7), steps in steps()
    ) {
        // What only the edge knows must not change meanwhile: how often and when signals were detected.
        let is_edges = |i: usize| CONDITIONS[i].contains(".count >=") || CONDITIONS[i].contains("signal.b.age");
        let picks: Vec<usize> = picks.into_iter().map(|i| if is_edges(i) { 0 } else { i }).collect();
        let rules = rules_of(&picks);
        let mut tenant = Tenant { name: "acme".to_owned(), ..Tenant::default() };
        tenant.users.entry("ada", Default::default);
        happen(&mut tenant, &rules, vec![calls(1), seats(1)], START);
        let mut page = Browser::load(tenant.page(&rules, &ADA, START), START);
        for step in &steps {
            let Some(kind) = event(step) else { continue };
            page.happen(&kind, START);
            happen(&mut tenant, &rules, vec![kind], START);
            for placement in ["p", "q"] {
                let whole = tenant.decide(&rules, &ADA, Some(placement), START).remove(0);
                let (shown, reason) = page.decide(placement, START);
                prop_assert_eq!((shown.map(|campaign| campaign.id), reason), (whole.campaign, whole.reason), "{}: {:?}", placement, whole.campaigns);
            }
        }
    }

    #[test]
    fn the_score_kept_is_the_score_computed_from_all_that_happened(levels in prop::collection::vec((0..6_u64, 1..2_000_i64), 1..30), after in 0..40_i64) {
        let rules = rulebook(json!({"signals": [
            {"id": "full", "when": QUOTA, "rearm_below": "usage.seats.ratio < 0.5", "weight": 45, "half_life": "3d"},
            {"id": "two", "when": "usage.seats.value == 2", "weight": 30, "half_life": "14d"},
        ]}));
        let mut tenant = Tenant::default();
        let mut now = START;
        let mut history = Vec::new();
        for (n, minutes) in &levels {
            happen(&mut tenant, &rules, vec![seats(*n)], now);
            history.push((now, *n));
            now = now.plus(minutes * MINUTE);
        }
        now = history.last().expect("one at least").0.plus(after * DAY);
        // From the definition, over the whole history, in floating point.
        let part = |on: &dyn Fn(u64) -> bool, off: &dyn Fn(u64) -> bool, weight: f64, half_life_days: f64| {
            let mut ended: Option<Option<Millis>> = None; // None: never; Some(None): active; Some(Some(at)): ended
            for (at, n) in &history {
                match ended {
                    Some(None) if off(*n) => ended = Some(Some(*at)),
                    Some(None) => {}
                    _ if on(*n) => ended = Some(None),
                    _ => {}
                }
            }
            match ended {
                None => 0.0,
                Some(None) => weight,
                Some(Some(at)) => {
                    let minutes = f64::from(u32::try_from(now.since(at) / MINUTE).expect("not so long"));
                    weight * (-minutes / (half_life_days * 1_440.0)).exp2()
                }
            }
        };
        let sum = part(&|n| n >= 4, &|n| n * 2 < 5, 45.0, 3.0) + part(&|n| n == 2, &|n| n != 2, 30.0, 14.0);
        let score = f64::from(tenant.score(&rules, now));
        prop_assert!((score - sum).abs() <= 0.51 + 0.03, "{score}, from all that happened {sum}");
    }
}

//! Over generated scenes: explanations tell what is decided.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::super::print::moment;
use super::super::{GateKind, Verdict};
use super::{Case, NOW, PLACE};
use crate::almanac::Almanac;
use crate::campaign::Campaign;
use crate::decision::{Display, Reason, Scene};
use crate::facts::Role;
use crate::hash::key;
use crate::ledger::{Ledger, Moment};
use crate::tenant::{Facts, Person};
use crate::time::{DAY, DurationMs, HOUR, Millis};
use crate::usage::NoteKind;
use crate::zone::UTC;

/// The audiences of generated campaigns: nothing in them changes by time alone.
const AUDIENCES: [&str; 6] = [
    "true",
    "usage.seats.ratio >= 0.5",
    "feature.sso",
    "tenant.seats > 3",
    "tenant.seats > 3 || usage.seats.value > 3",
    "signal.api_quota_80.active",
];

fn campaigns() -> impl Strategy<Value = Json> {
    let schedule = (prop::option::of(-2..2_i64), prop::option::of(1..4_i64));
    let caps = caps();
    let more = (prop::option::of(quiet_hours()), prop::option::of(0..40_i64), any::<bool>());
    let chances = (prop_oneof![Just(100), 0..101_u8], any::<bool>(), prop_oneof![Just(0), 0..101_u8]);
    (0..AUDIENCES.len(), schedule, caps, prop::option::of(1..40_i64), chances, any::<bool>(), 0..3_i32, more).prop_map(
        |(audience, (from, lasts), caps, cooldown, (percent, named, holdout), counts, priority, (quiet, silence, has_variants))| {
            let mut campaign = json!({
                "audience": AUDIENCES[audience], "cap": caps,
                "rollout": {"percent": percent, "tenants": if named { &["acme"][..] } else { &[] }}, "holdout": f64::from(holdout) / 100.0, "priority": priority,
                "nudge": {"kind": "banner", "title": if counts { "{{tenant.seats}} seats" } else { "Running low" }},
            });
            if let Some(hours) = cooldown {
                campaign["cooldown_after_dismiss"] = json!(format!("{hours}h"));
            }
            if let Some(quiet) = quiet {
                campaign["quiet_hours"] = quiet;
            }
            if let Some(hours) = silence {
                campaign["cooldown_after_convert"] = json!(format!("{hours}h"));
            }
            if has_variants {
                campaign["variants"] = json!([{"id": "a", "weight": 1, "nudge": {"title": "{{tenant.seats}}"}}, {"id": "b", "weight": 2}]);
            }
            let from = from.map(|days| NOW.0 + days * DAY);
            if let Some(from) = from {
                campaign["schedule"] = json!({"from": from});
            }
            if let Some(days) = lasts {
                campaign["schedule"]["until"] = json!(from.unwrap_or(NOW.0) + days * DAY);
            }
            campaign
        },
    )
}

/// Rolling and of the calendar.
fn caps() -> impl Strategy<Value = Vec<Json>> {
    let window = prop_oneof![(1..30_i64).prop_map(|hours| format!("{hours}h")), "day|week|month"];
    let cap = (1..3_u8, window, prop_oneof![Just("user"), Just("tenant")]);
    prop::collection::vec(cap.prop_map(|(max, window, scope)| json!({"max": max, "window": window, "scope": scope})), 0..3)
}

/// Of whole hours; `false` for none.
fn quiet_hours() -> impl Strategy<Value = Json> {
    (0..24_i64, 0..24_i64).prop_map(|(from, lasts)| match lasts {
        0 => json!(false),
        lasts => json!({"from": format!("{from:02}:00"), "to": format!("{:02}:00", (from + lasts) % 24)}),
    })
}

/// What is said of all campaigns: caps, quiet hours, the holdout in per cent, and how many hours ago the tenant has upgraded.
type Whole = (Vec<Json>, Option<Json>, u8, Option<i64>);

fn whole() -> impl Strategy<Value = Whole> {
    let quiet = prop::option::of(quiet_hours()).prop_map(|quiet| quiet.filter(Json::is_object));
    (caps(), quiet, prop_oneof![Just(0), 0..101_u8], prop::option::of(0..40_i64))
}

/// By whom, what, to which campaign, hours ago.
type Happened = (u8, u8, u8, i64);

fn cases() -> impl Strategy<Value = Case> {
    let happened = prop::collection::vec((0..2_u8, 0..5_u8, 0..4_u8, 0..30_i64), 0..8);
    (prop::collection::vec(campaigns(), 1..5), happened, 0..7_u64, 0..1_200_u64, any::<bool>(), whole()).prop_map(
        |(campaigns, happened, seats, calls, is_admin, (caps, quiet, holdout, upgraded))| {
            let frequency = quiet.map_or(json!({"cap": caps}), |quiet| json!({"cap": caps, "quiet_hours": quiet}));
            let mut case = Case::with(&json!({"frequency": frequency, "holdout": f64::from(holdout) / 100.0}), &campaigns);
            case.tenant.counts.converted = upgraded.map(|hours| NOW.plus(-hours * HOUR));
            case.role = if is_admin { Role::Admin } else { Role::Member };
            case.uses("seats", seats);
            case.uses("api_calls", calls);
            for what in happened {
                happen(&mut case, what);
            }
            case
        },
    )
}

fn happen(case: &mut Case, (who, what, campaign, hours): Happened) {
    let at = NOW.plus(-hours * HOUR);
    // A decision is on one campaign.
    let moment = Moment { at, tag: key(&format!("{who} {campaign} {hours}")) };
    let campaign = key(&format!("c{campaign}"));
    let kind = match what {
        0 => NoteKind::Dismiss,
        1 => NoteKind::Snooze(at.plus(12 * HOUR)),
        _ => NoteKind::Exposure,
    };
    if who == 0 {
        let mut user = case.tenant.users.get("ada").cloned().unwrap_or_default();
        user.ledger.note(campaign, kind, moment);
        case.tenant.users.insert("ada", user);
    }
    if kind == NoteKind::Exposure {
        case.tenant.counts.ledger.note(campaign, kind, moment);
    }
}

/// What the engine itself decides: every campaign with its reason, and the one that is shown.
fn decided(case: &Case, now: Millis) -> (Vec<(String, Reason)>, Option<String>) {
    let rules = case.rules.config.campaigns.iter();
    let (on, off): (Vec<_>, Vec<_>) = rules.partition(|rule| rule.rollout.includes(&rule.campaign.id, "acme"));
    let campaigns: Vec<Campaign> = on.into_iter().map(|rule| rule.for_user("acme", case.role)).collect();
    let user = case.tenant.users.get("ada");
    let facts = Facts::new(&case.tenant, &case.rules, Some(Person { user, role: case.role }), now);
    let nobody = Ledger::default();
    let scene = Scene {
        facts: &facts,
        now,
        user: user.map_or(&nobody, |user| &user.ledger),
        tenant: &case.tenant.counts.ledger,
        frequency: &case.rules.config.frequency.caps,
        almanac: &Almanac::of(&case.rules.config, &UTC, now),
        converted: case.tenant.counts.converted,
        display: &Display::default(),
    };
    let here = || campaigns.iter().enumerate().filter(|(_, campaign)| campaign.placement == PLACE);
    let mut trace: Vec<(String, Reason)> = scene.trace(here()).into_iter().map(|(i, reason)| (campaigns[i].id.clone(), reason)).collect();
    trace.extend(off.into_iter().map(|rule| (rule.campaign.id.clone(), Reason::NotRolledOut)));
    trace.sort_by(|a, b| a.0.cmp(&b.0));
    (trace, scene.decide(here()).campaign.map(|i| campaigns[i].id.clone()))
}

fn reasons_of(kind: GateKind) -> &'static [Reason] {
    match kind {
        GateKind::Rollout => &[Reason::NotRolledOut],
        GateKind::Schedule => &[Reason::NotScheduled],
        GateKind::Audience => &[Reason::AudienceFalse, Reason::AudienceUnknown],
        GateKind::Texts => &[Reason::MissingValue],
        GateKind::Converted => &[Reason::Converted],
        GateKind::QuietHours => &[Reason::QuietHours],
        GateKind::Exclusive => &[Reason::Excluded],
        GateKind::Dismissed => &[Reason::Dismissed],
        GateKind::Snoozed => &[Reason::Snoozed],
        GateKind::Cap => &[Reason::Capped],
        GateKind::Holdout => &[Reason::HeldOut],
        GateKind::Placement => &[Reason::Outranked],
    }
}

/// Of `from 2026-11-23T10:00:00Z` and nothing else: how long that is after [`NOW`]. By trying, as nothing here reads dates.
fn wait_for(words: &str) -> Option<DurationMs> {
    let wanted = words.strip_prefix("from ").or_else(|| words.strip_prefix("after "))?;
    (0..24 * 12).map(|hours| hours * HOUR).find(|ms| moment(NOW.plus(*ms)) == wanted)
}

proptest! {
    #[test]
    fn the_gate_that_stops_a_campaign_is_the_reason_that_is_decided(case in cases()) {
        let told = case.explain(NOW);
        let (trace, shown) = decided(&case, NOW);
        let mut accounts: Vec<(String, Reason)> = told.campaigns.iter().map(|c| (c.campaign.clone(), c.reason)).collect();
        let first = accounts.first().map(|(_, reason)| *reason);
        accounts.sort_by(|a, b| a.0.cmp(&b.0));
        prop_assert_eq!(accounts, trace);
        prop_assert_eq!(Some(told.reason), shown.as_ref().map(|_| Reason::Match).or(first));
        prop_assert_eq!(told.campaign, shown);
        for account in &told.campaigns {
            let stopped = account.gates.iter().position(|gate| gate.verdict != Verdict::Pass);
            let Some(i) = stopped else {
                prop_assert_eq!((account.reason, account.would_show_if.as_ref()), (Reason::Match, None));
                continue;
            };
            prop_assert!(reasons_of(account.gates[i].kind).contains(&account.reason), "{:?}", account);
            prop_assert!(account.gates[i].verdict != Verdict::NotReached);
            prop_assert!(account.gates[i + 1..].iter().all(|gate| gate.verdict == Verdict::NotReached));
            prop_assert!(account.gates[..i].iter().all(|gate| gate.would.is_none()), "an open gate needs no key: {:?}", account);
        }
    }

    #[test]
    fn a_campaign_that_only_time_holds_back_shows_at_the_moment_told_and_not_before(case in cases()) {
        for account in case.explain(NOW).campaigns {
            let Some(ms) = account.would_show_if.as_deref().and_then(wait_for) else { continue };
            let shows_at = |at: Millis| {
                let found = decided(&case, at).0.into_iter().find(|(id, _)| *id == account.campaign);
                found.is_some_and(|(_, reason)| matches!(reason, Reason::Match | Reason::Outranked))
            };
            prop_assert!(shows_at(NOW.plus(ms)), "not after {} ms: {:?}", ms, account);
            prop_assert!(!shows_at(NOW.plus(ms - 1)), "before {} ms: {:?}", ms, account);
        }
    }

    #[test]
    fn a_page_hears_the_same_of_every_campaign_it_knows(case in cases()) {
        let (whole, page) = (case.explain(NOW), case.as_page(NOW));
        prop_assert_eq!(&page.campaign, &whole.campaign);
        prop_assert_eq!(&page.title, &whole.title);
        prop_assert_eq!(page.reason, whole.reason);
        prop_assert_eq!(page.campaigns.len() + page.settled as usize, whole.campaigns.len());
        for account in &page.campaigns {
            let same = whole.campaigns.iter().find(|c| c.campaign == account.campaign).expect("the whole rules have it");
            let gates: Vec<_> = same.gates.iter().map(|gate| (gate.kind, gate.verdict)).collect();
            prop_assert_eq!(account.gates.iter().map(|gate| (gate.kind, gate.verdict)).collect::<Vec<_>>(), gates, "{:?}", account);
        }
    }
}

//! Other rules over the same history.

use proptest::prelude::*;

use super::made::{Happening, NAME, Recorder, START, calls, chunk_of, event, happenings, note, page, rules, subscribed, track};
use crate::campaign::Gates;
use crate::config::QuietHours;
use crate::facts::Role;
use crate::hash::key;
use crate::history::{Base, CampaignReport, Compared, Entry, Input, SESSION, SegmentReport, TenantBacktest, Window, backtest};
use crate::tenant::{Batch, Rulebook};
use crate::time::{DAY, HOUR, MINUTE, Millis};
use crate::usage::NoteKind;
use crate::zone::{UTC, Zone};

const ALWAYS: Window = Window { from: Millis(0), until: Millis(START.0 + 60 * DAY) };

fn recorded(steps: &[(i64, Happening)]) -> Recorder {
    let mut recorder = Recorder::new(usize::MAX);
    for (passed, happening) in steps {
        recorder.after(*passed, happening);
    }
    recorder
}

fn tested(steps: &[(i64, Happening)], candidate: &Rulebook, window: Window) -> TenantBacktest {
    backtest(NAME, Base::default(), recorded(steps).all(), candidate, Some(&UTC), window).expect("playable")
}

fn campaign(found: &TenantBacktest, id: &str) -> CampaignReport {
    found.campaigns.get(id).cloned().expect(id)
}

/// Half the quota is used at once, and nothing more said for `after`; then the page looks `times` times.
fn visits(times: usize, apart: i64) -> Vec<(i64, Happening)> {
    let mut steps = vec![(0, Happening::Publish), (MINUTE, page("ada", vec![calls(60)]))];
    steps.extend((1..times).map(|_| (apart, page("ada", vec![track("visit")]))));
    steps
}

#[test]
fn what_is_on_display_is_counted_once() {
    for (times, apart, fires, capped) in [
        (1, 0, 1, 0),
        (5, MINUTE, 1, 0),       // one session
        (2, SESSION, 2, 0),      // two
        (4, SESSION, 2, 2),      // two more, held back by the cap of two
        (12, SESSION / 3, 2, 2), // the same, looking more often
    ] {
        let found = campaign(&tested(&visits(times, apart), &rules(1), ALWAYS), "quota");
        let expected = CampaignReport { would_fire: fires, would_be_capped: capped, tenants_would: 1, ..CampaignReport::default() };
        assert_eq!(found, expected, "{times} visits, {apart} ms apart");
    }
}

#[test]
fn a_stricter_candidate_fires_less_than_what_was() {
    let shown = note("quota", NoteKind::Exposure);
    let mut steps = visits(3, SESSION);
    steps.push((MINUTE, page("ada", vec![shown.clone()])));
    steps.push((SESSION, page("ada", vec![shown])));
    let found = tested(&steps, &rules(2), ALWAYS); // fires from 80 % on, and only 60 % were used
    assert_eq!(campaign(&found, "quota"), CampaignReport { did_fire: 2, tenants_did: 1, ..CampaignReport::default() });
    assert_eq!(found.signals.get("near"), Some(&Compared { would: 0, did: 1 }));
    assert_eq!(found.segments.get("ready"), Some(&SegmentReport { entered: Compared { would: 0, did: 1 }, left: Compared::default() }));
}

#[test]
fn dismissals_and_the_control_group_hold_back() {
    let mut steps = visits(1, 0);
    steps.push((SESSION, page("ada", vec![note("quota", NoteKind::Dismiss)])));
    steps.push((SESSION, page("ada", vec![track("visit")])));
    steps.push((MINUTE, page("ada", vec![track("visit")])));
    let found = campaign(&tested(&steps, &rules(1), ALWAYS), "quota");
    assert_eq!((found.would_fire, found.would_be_dismissed), (1, 2), "{found:?}");
    let mut held = rules(1);
    held.config.campaigns[0].holdout = 10_000;
    let found = campaign(&tested(&visits(3, SESSION), &held, ALWAYS), "quota");
    let told = (found.would_fire, found.would_be_held_out, found.would_be_capped, found.tenants_would);
    assert_eq!(told, (0, 2, 1, 0), "the control group is counted as often as the others would be shown it: {found:?}");
}

/// Rules of which every campaign is silent from ten to twelve.
fn quiet_rules() -> Rulebook {
    let mut rules = rules(1);
    rules.config.frequency.quiet = vec![QuietHours { from: 10 * 60, to: 12 * 60 }];
    rules.config.campaigns.iter_mut().for_each(|rule| rule.campaign.gates.quiet = Some(0));
    rules
}

fn east() -> Zone {
    Zone { changes: vec![(Millis(0), 5 * HOUR)] }
}

#[test]
fn quiet_hours_go_by_the_zone_that_the_candidate_names() {
    for (zone, fires, quiet) in [(UTC.clone(), 0, 1), (east(), 1, 0)] {
        let chunks = recorded(&visits(1, 0)).all();
        let found = backtest(NAME, Base::default(), chunks, &quiet_rules(), Some(&zone), ALWAYS).expect("playable");
        let found = campaign(&found, "quota");
        assert_eq!((found.would_fire, found.would_be_quiet), (fires, quiet), "{zone:?}");
    }
}

#[test]
fn quiet_hours_that_are_each_users_own_go_by_the_clocks_of_their_page() {
    let from_page = |user, kind| Batch { role: Some(Role::Admin), events: vec![event(Some(user), kind)], ..Batch::default() };
    let entry = |ms, inputs| Entry { at: START.plus(ms), inputs, ..Entry::default() };
    let click = |user| Input::Batch(from_page(user, note("hello", NoteKind::Click)));
    let used = Input::Batch(Batch { events: vec![event(None, calls(60))], ..Batch::default() });
    let look = |user| Input::Batch(from_page(user, track("visit")));
    let entries = [
        entry(0, vec![Input::Zone(east()), click("ada")]),
        entry(1, vec![Input::Zone(UTC.clone()), click("bob")]),
        entry(2, vec![used]),
        entry(MINUTE, vec![look("ada")]),
        entry(2 * MINUTE, vec![look("bob")]),
        entry(3 * MINUTE, vec![look("eve")]), // hers are not known: those of whoever was last
    ];
    let found = backtest(NAME, Base::default(), [chunk_of(&entries).bytes().clone()], &quiet_rules(), None, ALWAYS).expect("playable");
    let found = campaign(&found, "quota");
    assert_eq!((found.would_fire, found.would_be_quiet), (1, 2));
}

#[test]
fn upgrades_and_others_of_a_group_hold_back() {
    let mut steps = visits(1, 0);
    steps.insert(1, (0, Happening::Convert));
    let found = campaign(&tested(&steps, &rules(1), ALWAYS), "quota");
    assert_eq!((found.would_fire, found.would_be_converted), (0, 1));

    let mut grouped = rules(1);
    let mut twin = grouped.config.campaigns[0].clone();
    twin.campaign.id = "twin".to_owned();
    twin.campaign.placement = "app.aside".to_owned();
    twin.campaign.gates = Gates { key: key("twin"), ..twin.campaign.gates };
    grouped.config.campaigns.push(twin);
    let fired = |rules: &Rulebook| {
        let found = tested(&visits(1, 0), rules, ALWAYS);
        ["quota", "twin"].map(|id| (campaign(&found, id).would_fire, campaign(&found, id).would_be_excluded))
    };
    assert_eq!(fired(&grouped), [(1, 0), (1, 0)]);
    grouped.config.campaigns.iter_mut().for_each(|rule| rule.campaign.gates.groups = vec![1]);
    assert_eq!(fired(&grouped), [(1, 0), (0, 1)], "the second placement knows what the first one shows");
}

#[test]
fn a_window_limits_what_is_told_and_not_what_is_known() {
    let steps = visits(4, SESSION);
    let window = |from: i64, until: i64| Window { from: START.plus(from), until: START.plus(until) };
    let sums = |found: CampaignReport| (found.would_fire, found.would_be_capped);
    for (window, expected) in [
        (window(0, DAY), (2, 2)),
        (window(MINUTE + SESSION, DAY), (1, 2)),
        (window(0, MINUTE + SESSION), (1, 0)),
        (window(DAY, 2 * DAY), (0, 0)),
    ] {
        assert_eq!(sums(campaign(&tested(&steps, &rules(1), window), "quota")), expected, "{window:?}");
    }
}

#[test]
fn time_alone_is_run_through() {
    // The day's counter ends with its day, and the score falls from then on: re-armed, then below 20 after two half-lives.
    let steps = [(0, Happening::Publish), (MINUTE, page("ada", vec![calls(60)])), (10 * DAY, page("ada", vec![track("visit")]))];
    let found = tested(&steps, &rules(1), Window { from: START, until: START.plus(9 * DAY) });
    let ready = found.segments.get("ready").expect("of the candidate");
    assert_eq!((ready.entered.would, ready.left.would), (1, 1));
    let first_day = tested(&steps, &rules(1), Window { from: START, until: START.plus(DAY) });
    assert_eq!(first_day.segments.get("ready").map(|ready| ready.left.would), Some(0));
}

#[test]
fn stripe_counts_for_the_candidate_too() {
    let mut steps = visits(1, 0);
    steps.push((HOUR, Happening::Mirror(subscribed("price_pro"))));
    steps.push((HOUR, page("ada", vec![calls(1_000)])));
    let found = tested(&steps, &rules(1), ALWAYS);
    assert_eq!(campaign(&found, "quota").would_fire, 1, "unlimited now");
    assert_eq!(found.segments.get("payers").map(|s| s.entered), Some(Compared { would: 1, did: 1 }));
}

#[test]
fn results_of_tenants_add_up() {
    let one = tested(&visits(2, SESSION), &rules(1), ALWAYS);
    let mut all = TenantBacktest::default();
    (0..3).for_each(|_| all.add(&one));
    assert_eq!(campaign(&all, "quota"), CampaignReport { would_fire: 6, tenants_would: 3, ..CampaignReport::default() });
    assert_eq!((all.events, all.opportunities), (6, 6));
    assert_eq!(all.signals.get("near").map(|c| c.would), Some(3));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Rules that never changed, tested against themselves, detect what they did, as long as nothing but what came in matters.
    #[test]
    fn the_same_rules_detect_the_same(steps in happenings()) {
        let steps: Vec<_> = steps.into_iter().filter(|(_, h)| !matches!(h, Happening::Publish)).map(|(ms, h)| (ms % HOUR, h)).collect();
        let all = [vec![(0, Happening::Publish)], steps].concat();
        let recorder = recorded(&all);
        // Until the last step: what time does after it nobody has recorded here.
        let window = Window { from: START, until: recorder.now.plus(1) };
        let found = backtest(NAME, Base::default(), recorder.all(), &rules(1), None, window).expect("playable");
        for compared in found.signals.values().chain(found.segments.values().flat_map(|s| [&s.entered, &s.left])) {
            prop_assert_eq!(compared.would, compared.did, "{:?}", &found);
        }
    }
}

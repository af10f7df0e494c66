use super::super::Batch;
use super::*;
use crate::config::compile;
use crate::subscription::{Item, Subscription};
use crate::upgrade::requests::Subject;
use crate::upgrade::state::Source;
use crate::usage::{Event, EventKind, Reading};

const NOW: Millis = Millis(1_750_000_000_000);

fn rules() -> Rulebook {
    let config = compile(
        r#"{"meters": {"calls": {"kind": "counter"}, "seats": {"kind": "gauge"}}, "features": {"sso": {}, "audit": {}},
            "plans": {"source": "inline", "list": [
              {"id": "free", "rank": 0, "limits": {"calls": 1000, "seats": 3}, "soft_limits": {"calls": 800}},
              {"id": "pro", "rank": 1, "limits": {"calls": 10000, "seats": 10}, "features": ["sso"]},
              {"id": "max", "rank": 2, "features": ["sso", "audit"]}]}}"#,
    )
    .expect("good");
    let mut plans = config.inline_plans.clone().expect("inline");
    for (plan, amount) in plans.iter_mut().zip([0, 2_900, 9_900]) {
        let price = PlanPrice {
            currency: "usd".to_owned(),
            unit_amount: Some(amount),
            active: true,
            ..PlanPrice::known_by_id(format!("{}_m", plan.id))
        };
        plan.prices = vec![price];
    }
    Rulebook { config, plans, ..Rulebook::default() }
}

fn tenant(rules: &Rulebook, plan: &str) -> Tenant {
    let mut tenant = Tenant::default();
    let item = Item { id: "si_1".to_owned(), price: format!("{plan}_m"), product: plan.to_owned(), quantity: 1 };
    let period = Some(Bounds { start: NOW.plus(-15 * DAY), end: NOW.plus(15 * DAY) });
    let subscription =
        Subscription { id: "sub_1".to_owned(), currency: "usd".to_owned(), items: vec![item], period, ..Subscription::default() };
    tenant.fold(rules, &subscription, Source::Webhook, NOW);
    tenant
}

fn happened(tenant: &mut Tenant, rules: &Rulebook, kind: EventKind, days_ago: i64) {
    let at = Some(NOW.plus(-days_ago * DAY));
    let events = vec![Event { index: 0, id: None, user: Some("bob".to_owned()), at, kind }];
    assert_eq!(tenant.apply(rules, &Batch { events, ..Batch::default() }, NOW).receipt.accepted, 1);
}

fn used(tenant: &mut Tenant, rules: &Rulebook, calls: u64, days_ago: i64) {
    happened(tenant, rules, EventKind::Usage { meter: "calls".to_owned(), reading: Reading::Add(calls) }, days_ago);
}

fn blocked(tenant: &mut Tenant, rules: &Rulebook, feature: &str, days_ago: i64) {
    let kind = EventKind::Track { name: "premium_feature_blocked".to_owned(), feature: Some(feature.to_owned()) };
    happened(tenant, rules, kind, days_ago);
}

/// Why the user came, what fits, and the rows on top.
fn shown(tenant: &Tenant, rules: &Rulebook, wanted: Option<&str>) -> (String, String, Vec<String>) {
    let viewer = Viewer { user: "ada", role: Role::Admin, client: 0, zone: &crate::zone::UTC };
    let comparison = tenant.compare(rules, &viewer, wanted, NOW);
    let fit = match &comparison.outcome {
        Outcome::Upgrade { plan, .. } => plan.clone(),
        other => format!("{other:?}"),
    };
    let name = |row: &Row| {
        if row.feature {
            rules.config.features[usize::from(row.number)].key.clone()
        } else {
            rules.config.meters[usize::from(row.number)].key.clone()
        }
    };
    assert_eq!(comparison.rows.len(), 4, "every row once");
    (format!("{:?}", comparison.came), fit, comparison.rows.iter().filter(|r| r.highlighted).map(name).collect())
}

/// What it is about, what happened, what they say they came for; why they came, what fits, the rows on top.
type Story = (&'static str, fn(&mut Tenant, &Rulebook), Option<&'static str>, &'static str, &'static str, &'static [&'static str]);

#[test]
fn the_user_is_met_with_the_reason_they_came() {
    let rules = rules();
    let stories: [Story; 9] = [
        ("nothing is wrong", |t, r| used(t, r, 10, 0), None, "None", "Current", &[]),
        (
            "near the limit, at a pace that will do",
            |t, r| {
                used(t, r, 850, 3);
                t.counts.meters.clear();
                used(t, r, 0, 0);
            },
            None,
            "None",
            "Current",
            &[],
        ),
        ("near the limit", |t, r| used(t, r, 850, 0), None, "Some(Limit(0))", "pro", &["calls"]),
        ("at the limit", |t, r| used(t, r, 1_000, 0), None, "Some(Limit(0))", "pro", &["calls"]),
        ("too fast", |t, r| used(t, r, 600, 1), None, "Some(Pace(0))", "pro", &["calls"]),
        ("a feature refused lately", |t, r| blocked(t, r, "audit", 2), None, "Some(Feature(1))", "max", &["audit"]),
        ("what they say goes first", |t, r| used(t, r, 1_000, 0), Some("sso"), "Some(Feature(0))", "pro", &["calls", "sso"]),
        ("a meter they name", |t, r| used(t, r, 10, 0), Some("seats"), "Some(Limit(1))", "Current", &["seats"]),
        (
            "teammates ask",
            |t, _| {
                t.requests.ask("bob", Subject::default(), NOW);
            },
            None,
            "Some(Requests)",
            "Current",
            &[],
        ),
    ];
    for (what, story, wanted, came, fit, rows) in stories {
        let mut tenant = tenant(&rules, "free");
        story(&mut tenant, &rules);
        let rows: Vec<String> = rows.iter().map(|r| (*r).to_owned()).collect();
        assert_eq!(shown(&tenant, &rules, wanted), (came.to_owned(), fit.to_owned(), rows), "{what}");
    }
}

#[test]
fn a_plan_too_small_for_what_is_used_says_so_and_never_fits() {
    let rules = rules();
    let mut tenant = tenant(&rules, "pro");
    used(&mut tenant, &rules, 5_000, 0);
    let comparison = tenant.compare(&rules, &Viewer { user: "ada", role: Role::Admin, client: 0, zone: &crate::zone::UTC }, None, NOW);
    let offers: Vec<_> =
        comparison.offers.iter().map(|o| (o.plan.id.as_str(), o.relation, o.violations.as_slice(), o.estimates[0])).collect();
    let [free, pro, max] = offers.as_slice() else { panic!("{offers:?}") };
    assert_eq!(*free, ("free", Relation::Lower, [0].as_slice(), None));
    assert_eq!(*pro, ("pro", Relation::Current, [].as_slice(), None));
    assert_eq!(*max, ("max", Relation::Upgrade, [].as_slice(), Some((-1_450, 4_950))), "half the period is left");
}

#[test]
fn members_do_not_see_what_others_asked_for() {
    let rules = rules();
    let mut tenant = tenant(&rules, "free");
    tenant.requests.ask("bob", Subject { feature: Some("sso".to_owned()), ..Subject::default() }, NOW);
    let seen = |user, role| tenant.compare(&rules, &Viewer { user, role, client: 0, zone: &crate::zone::UTC }, None, NOW);
    let (admin, bob) = (seen("ada", Role::Admin), seen("bob", Role::Member));
    assert_eq!((admin.requests.len(), admin.asked.len()), (1, 0));
    assert_eq!((bob.requests.len(), bob.asked.len(), bob.came), (0, 1, None));
}

//! Limits as a tenant meets them: told once, whatever comes in.

use serde_json::json;
use upcue_engine::config::compile;
use upcue_engine::plan::Limit;
use upcue_engine::tenant::{Batch, Mark, Rulebook, Tenant};
use upcue_engine::time::{DAY, HOUR, Millis};
use upcue_engine::usage::{Event, EventKind, Reading};

/// 2025-06-18T10:30:00Z
const START: Millis = Millis(1_750_242_600_000);

fn rules(limit: u64) -> Rulebook {
    let plan = json!({"id": "free", "rank": 0, "limits": {"api_calls": limit, "seats": "unlimited"}});
    let document = json!({
        "meters": {"api_calls": {"kind": "counter", "period": "month", "label": "API calls"}, "seats": {"kind": "gauge", "label": "Seats"}},
        "plans": {"source": "inline", "default": "free", "list": [plan]},
    });
    let config = compile(&document.to_string()).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let plans = config.inline_plans.clone().expect("inline");
    Rulebook { version: 1, revision: 1, config, plans, ..Rulebook::default() }
}

/// Uses so much, and tells what is told of it, and whether anything is to be stored.
fn used(tenant: &mut Tenant, rules: &Rulebook, n: u64, at: Millis) -> (Vec<(Mark, u64)>, bool) {
    let kind = EventKind::Usage { meter: "api_calls".to_owned(), reading: Reading::Add(n) };
    let event = Event { index: 0, id: None, user: None, at: None, kind };
    tenant.apply(rules, &Batch { client: None, role: None, events: vec![event] }, at);
    let (crossings, changed) = tenant.cross_limits(rules, at);
    (crossings.into_iter().map(|crossing| (crossing.mark, crossing.used)).collect(), changed)
}

#[test]
fn a_tenant_hears_of_each_limit_once_a_month() {
    let rules = rules(1_000);
    let mut tenant = Tenant::default();
    for (n, at, expected) in [
        (700, START, vec![]),
        (100, START, vec![(Mark::Near, 800)]),
        (100, START.plus(HOUR), vec![]),
        (100, START.plus(DAY), vec![(Mark::Reached, 1_000)]),
        (500, START.plus(2 * DAY), vec![]),
        (900, START.plus(20 * DAY), vec![(Mark::Near, 900)]),
        (900, START.plus(20 * DAY), vec![(Mark::Reached, 1_800)]),
    ] {
        let told = used(&mut tenant, &rules, n, at);
        assert_eq!(told, (expected.clone(), !expected.is_empty()), "{n} at {at:?}");
    }
}

#[test]
fn a_raised_limit_makes_it_news_again_and_says_what_it_is_about() {
    let mut tenant = Tenant::default();
    used(&mut tenant, &rules(1_000), 1_000, START);
    let (crossings, _) = tenant.cross_limits(&rules(1_200), START);
    let [crossing] = crossings.as_slice() else { panic!("{crossings:?}") };
    assert_eq!((crossing.mark.code(), crossing.limit, crossing.meter.as_str()), ("limit.warning", Limit::Upto(1_200), "api_calls"));
    assert_eq!(crossing.resets_at, Some(Millis(1_751_328_000_000)), "2025-07-01");
    assert_eq!(tenant.cross_limits(&rules(50_000), START), (vec![], false));
}

//! When a tenant counts as having upgraded, so that nudges fall silent.

use serde_json::json;
use upcue_engine::config::compile;
use upcue_engine::subscription::{Item, Status, Subscription};
use upcue_engine::tenant::{Rulebook, Tenant};
use upcue_engine::time::{DAY, HOUR, Millis};
use upcue_engine::upgrade::state::Source;

/// 2025-06-18T10:30:00Z
const START: Millis = Millis(1_750_242_600_000);

fn rules(default: Option<&str>) -> Rulebook {
    let plans = ["free", "small", "large"].iter().zip(1..);
    let list: Vec<_> = plans.map(|(id, rank)| json!({"id": id, "rank": rank, "prices": [format!("price_{id}")]})).collect();
    let mut source = json!({"source": "inline", "list": list});
    if let Some(id) = default {
        source["default"] = json!(id);
    }
    let config = compile(&json!({"plans": source}).to_string()).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let plans = config.inline_plans.clone().expect("inline");
    Rulebook { version: 1, revision: 1, config, plans, ..Rulebook::default() }
}

fn subscription(plan: &str, created: Millis) -> Subscription {
    let item = Item { id: "si_1".to_owned(), price: format!("price_{plan}"), product: plan.to_owned(), quantity: 1 };
    Subscription { id: "sub_1".to_owned(), status: Status::parse("active"), items: vec![item], created, ..Subscription::default() }
}

#[test]
fn a_tenant_has_upgraded_when_it_takes_more_than_it_had_while_upcue_looked_on() {
    let (old, new) = (START.plus(-DAY), START.plus(HOUR));
    for (what, default, first_seen, steps, expected) in [
        ("a payer from before Upcue came", Some("free"), None, vec![("small", old)], false),
        ("a payer whose events came before the subscription was read", Some("free"), Some(START), vec![("small", old)], false),
        ("from the free plan, through Stripe's own pages", Some("free"), Some(START), vec![("small", new)], true),
        ("a first plan, where nobody has one for free", None, Some(START), vec![("small", new)], false),
        ("from one plan to the next", None, None, vec![("small", old), ("large", old)], true),
        ("from one plan to a lower one", None, None, vec![("large", old), ("small", old)], false),
    ] {
        let rules = rules(default);
        let mut tenant = Tenant::default();
        tenant.profile.first_seen = first_seen;
        for (plan, created) in steps {
            tenant.fold(&rules, &subscription(plan, created), Source::Webhook, new);
        }
        assert_eq!(tenant.counts.converted.is_some(), expected, "{what}");
    }
}

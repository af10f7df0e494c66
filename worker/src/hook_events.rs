//! Which of a tenant's facts are events for outbound webhooks, and what these say. Nothing here reads or writes anything.

use serde_json::{Value, json};
use upcue_engine::conversion::Conversion;
use upcue_engine::plan::Limit;
use upcue_engine::tenant::{Changed, Crossing, Transition};
use upcue_engine::time::Millis;
use upcue_engine::touch::{Touch, did};

use crate::rpc::{Fact, UpgradeFact};

/// Something that happened, as it is told outside.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    /// One of [`EVENTS`](upcue_engine::hook::EVENTS).
    pub(crate) kind: &'static str,
    /// Whom it is about.
    pub(crate) tenant: String,
    /// The number of its fact: rises with the order in which things happened to the tenant.
    pub(crate) number: u64,
    /// When it happened.
    pub(crate) at: Millis,
    /// What there is to say of it.
    pub(crate) data: Value,
}

/// The event that a fact is, if it is one.
pub(crate) fn event_of(tenant: &str, number: u64, fact: &Fact) -> Option<Event> {
    let (kind, at, data) = match fact {
        Fact::Transition(Transition { at, of, id, score }) => match of {
            Changed::Detected => (of.code(), *at, json!({"signal": id, "score": score})),
            Changed::Entered | Changed::Left => (of.code(), *at, json!({"segment": id, "score": score})),
            Changed::Rearmed => return None,
        },
        Fact::Upgrade(upgrade) => of_upgrade(upgrade),
        Fact::Limit(Crossing { at, meter, mark, used, limit, soft, resets_at }) => {
            let limit = if let Limit::Upto(limit) = limit { Some(limit) } else { None };
            (mark.code(), *at, json!({"meter": meter, "used": used, "limit": limit, "soft_limit": soft, "resets_at": resets_at}))
        }
        Fact::Touch(touch) if touch.did & did::EXPOSURE != 0 => ("nudge.shown", touch.at, of_nudge(touch)),
        Fact::Requested { at, upgrade, plan, by, .. } => {
            ("subscription.upgrade_requested", *at, json!({"upgrade": upgrade, "plan": plan, "user": by}))
        }
        Fact::Converted(conversion) => ("conversion.recorded", conversion.at, of_conversion(conversion)),
        Fact::Seen { .. } | Fact::Subscription { .. } | Fact::Score { .. } | Fact::Letter(_) | Fact::Touch(_) | Fact::Quoted { .. } => {
            return None;
        }
    };
    Some(Event { kind, tenant: tenant.to_owned(), number, at, data })
}

fn of_nudge(touch: &Touch) -> Value {
    let signal = touch.signal.as_ref().map(|(id, _)| id);
    json!({"campaign": touch.of, "variant": touch.variant, "placement": touch.placement, "user": touch.user, "signal": signal})
}

fn of_conversion(conversion: &Conversion) -> Value {
    let Conversion { from, to, before, after, currency, upgrade, .. } = conversion;
    json!({"from": from, "to": to, "before": before, "after": after, "currency": currency, "upgrade": upgrade})
}

fn of_upgrade(fact: &UpgradeFact) -> (&'static str, Millis, Value) {
    let UpgradeFact { at, upgrade, plan, failure, duration_ms, quoted, invoiced, currency, .. } = fact;
    if let Some(code) = failure {
        return ("subscription.upgrade_failed", *at, json!({"upgrade": upgrade, "plan": plan, "code": code}));
    }
    let data = json!({
        "upgrade": upgrade, "plan": plan, "quoted": quoted, "invoiced": invoiced, "currency": currency, "duration_ms": duration_ms,
    });
    ("subscription.upgraded", *at, data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use upcue_engine::hook::EVENTS;
    use upcue_engine::tenant::Mark;

    fn transition(of: Changed) -> Fact {
        Fact::Transition(Transition { at: Millis(7), of, id: "x".to_owned(), score: 60 })
    }

    fn upgrade(failure: Option<&str>) -> Fact {
        let upgrade = UpgradeFact {
            at: Millis(7),
            upgrade: "upg_1".to_owned(),
            plan: "team".to_owned(),
            failure: failure.map(str::to_owned),
            quoted: 1_450,
            invoiced: Some(1_450),
            currency: "usd".to_owned(),
            ..UpgradeFact::default()
        };
        Fact::Upgrade(upgrade)
    }

    #[test]
    fn facts_that_are_worth_telling_are_events_by_their_documented_names() {
        let crossing = |mark| {
            let (limit, soft, resets_at) = (Limit::Upto(1_000), None, Some(Millis(9)));
            Fact::Limit(Crossing { at: Millis(7), meter: "api_calls".to_owned(), mark, used: 1_001, limit, soft, resets_at })
        };
        let of_limit = json!({"meter": "api_calls", "used": 1_001, "limit": 1_000, "soft_limit": null, "resets_at": 9});
        let upgraded = json!({"upgrade": "upg_1", "plan": "team", "quoted": 1_450, "invoiced": 1_450, "currency": "usd", "duration_ms": 0});
        let touch =
            |did| Fact::Touch(Box::new(Touch { of: "quota".to_owned(), user: "ada".to_owned(), at: Millis(7), did, ..Touch::default() }));
        let of_nudge = json!({"campaign": "quota", "variant": null, "placement": "", "user": "ada", "signal": null});
        let [upg, qt, plan, by] = ["upg_1", "qt_1", "team", "ada"].map(str::to_owned);
        let requested = Fact::Requested { at: Millis(7), upgrade: upg, quote: qt, plan, by };
        let converted =
            Conversion { at: Millis(7), to: Some("team".to_owned()), after: 900, currency: "usd".to_owned(), ..Conversion::default() };
        let converted = Fact::Converted(Box::new(converted));
        let of_conversion = json!({"from": null, "to": "team", "before": 0, "after": 900, "currency": "usd", "upgrade": null});
        for (fact, expected) in [
            (transition(Changed::Detected), Some(("signal.detected", json!({"signal": "x", "score": 60})))),
            (transition(Changed::Rearmed), None),
            (transition(Changed::Entered), Some(("segment.entered", json!({"segment": "x", "score": 60})))),
            (transition(Changed::Left), Some(("segment.left", json!({"segment": "x", "score": 60})))),
            (upgrade(None), Some(("subscription.upgraded", upgraded))),
            (
                upgrade(Some("card_declined")),
                Some(("subscription.upgrade_failed", json!({"upgrade": "upg_1", "plan": "team", "code": "card_declined"}))),
            ),
            (crossing(Mark::Near), Some(("limit.warning", of_limit.clone()))),
            (crossing(Mark::Reached), Some(("limit.reached", of_limit))),
            (touch(did::RENDER | did::EXPOSURE), Some(("nudge.shown", of_nudge))),
            (touch(did::CLICK), None),
            (requested, Some(("subscription.upgrade_requested", json!({"upgrade": "upg_1", "plan": "team", "user": "ada"})))),
            (converted, Some(("conversion.recorded", of_conversion))),
            (Fact::Seen { at: Millis(7) }, None),
            (Fact::Score { at: Millis(7), score: 1 }, None),
        ] {
            let found = event_of("acme", 3, &fact);
            let told = found.as_ref().map(|event| (event.kind, event.data.clone()));
            assert_eq!(told, expected, "{fact:?}");
            if let Some(event) = found {
                assert_eq!((event.tenant.as_str(), event.number, event.at), ("acme", 3, Millis(7)));
                assert!(EVENTS.contains(&event.kind), "{}", event.kind);
            }
        }
    }
}

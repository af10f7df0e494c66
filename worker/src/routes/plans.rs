//! `GET /v1/plans`: the plan comparison, made for this tenant and this user.

use serde_json::{Value, json};
use upcue_engine::facts::{MeterStanding, Role};
use upcue_engine::plan::{Interval, Limit, Plan, PlanPrice};
use upcue_engine::tenant::{Came, Offer, Outcome, Relation, Row};
use upcue_engine::upgrade::requests::{Subject, Total};
use worker::{Env, Request};

use super::{Answer, call_tenant, for_pages};
use crate::auth::Credential;
use crate::auth::link::verify_visit;
use crate::host;
use crate::http::{self, Query};
use crate::rpc::{ComparisonReport, TenantCall, WhoLooks};

pub(super) async fn get(req: &mut Request, env: &Env) -> Answer {
    for_pages(req, env, async |req, env, caller, tenant| {
        let query = Query::of(req);
        let wanted = query.get("for").map(str::to_owned);
        // One that is not ours says nothing; the comparison is what it would be without.
        let letter = query.get("ref").and_then(|token| verify_visit(token, &caller.app.id, &tenant, &caller.app.link_key));
        let (user, role) = match &caller.credential {
            Credential::User(token) => (token.user.clone(), Some(token.role)),
            Credential::Secret => (String::new(), None),
        };
        let who = WhoLooks { user, role: role.unwrap_or(Role::Admin), client: 0, tz: None, email: None, name: None, expires: host::now() };
        let report: ComparisonReport = call_tenant(env, caller, &tenant, TenantCall::Plans { who, wanted, letter }).await?;
        http::answer(200, &document(&tenant, role, caller.app.stripe.api_key.is_empty(), &report))
    })
    .await
}

fn document(tenant: &str, role: Option<Role>, without_stripe: bool, report: &ComparisonReport) -> Value {
    let comparison = &report.comparison;
    json!({
        "tenant": tenant,
        "role": role.map(Role::name),
        "current": current(report),
        "currency": comparison.currency,
        "reason": comparison.came.as_ref().map(|came| reason(came, report)),
        "fit": fit(report),
        "rows": comparison.rows.iter().map(|r| row(r, report)).collect::<Vec<_>>(),
        "intervals": intervals(report),
        "plans": comparison.offers.iter().map(|o| offer(o, report)).collect::<Vec<_>>(),
        "upgrade": availability(role, without_stripe, report),
        "requests": requests(&comparison.requests, &report.labels),
        "asked": comparison.asked.iter().map(subject).collect::<Vec<_>>(),
        "letter": report.letter.as_ref().map(|(id, sequence)| json!({"id": id, "sequence": sequence})),
        "revision": report.revision,
        "server_time": host::now(),
    })
}

fn current(report: &ComparisonReport) -> Option<Value> {
    let held = report.comparison.offers.iter().find(|o| o.relation == Relation::Current)?;
    let price = held.plan.prices.iter().find(|p| report.comparison.price.as_ref() == Some(&p.id));
    let subscription = report.subscription.as_ref();
    let item = subscription.and_then(|s| s.items.iter().find(|i| price.is_some_and(|p| p.id == i.price)));
    let quantity = item.map_or(1, |i| i.quantity);
    Some(json!({
        "plan": held.plan.id, "name": held.plan.name, "price": price.map(|p| &p.id),
        "interval": price.map(|p| p.interval.word()), "interval_count": price.map_or(1, |p| p.interval_count),
        "unit_amount": price.and_then(|p| p.unit_amount), "quantity": quantity,
        "status": report.overview.state.status,
        // Somebody on a free price has a subscription and pays nothing.
        "paying": item.is_some() && price.and_then(|p| p.unit_amount) != Some(0),
        "renews_at": subscription.and_then(|s| s.period).map(|p| p.end),
        "trial_end": subscription.and_then(|s| s.trial_end),
        "cancels_at_period_end": subscription.is_some_and(|s| s.cancel_at_period_end),
    }))
}

/// A meter's row in words, with what is used of which limit.
fn meter(number: u16, report: &ComparisonReport) -> Value {
    let i = usize::from(number);
    let (meter, standing) = (report.meters.get(i), report.overview.standing.meters.get(i));
    let row = report.comparison.rows.iter().find(|r| !r.feature && r.number == number);
    json!({
        "kind": "meter", "key": meter.map(|m| &m.key), "meter": meter.map(|m| &m.key), "label": meter.map(|m| &m.label),
        "unit": meter.map(|m| &m.unit), "used": standing.map_or(0, |s| s.value), "projected": row.map(|r| r.projected),
        "limit": standing.and_then(|s| limit(s.limit)), "percent": standing.map(MeterStanding::percent),
        "reached": standing.is_some_and(|s| s.remaining() == Some(0)),
    })
}

fn feature(number: u16, report: &ComparisonReport) -> Value {
    let feature = report.features.get(usize::from(number));
    json!({"kind": "feature", "key": feature.map(|f| &f.key), "feature": feature.map(|f| &f.key), "label": feature.map(|f| &f.label)})
}

fn with(mut object: Value, key: &str, value: Value) -> Value {
    if let Some(object) = object.as_object_mut() {
        object.insert(key.to_owned(), value);
    }
    object
}

fn reason(came: &Came, report: &ComparisonReport) -> Value {
    match came {
        Came::Limit(number) => with(meter(*number, report), "kind", json!("limit")),
        Came::Pace(number) => with(meter(*number, report), "kind", json!("pace")),
        Came::Feature(number) => feature(*number, report),
        Came::Requests => {
            let most = report.comparison.requests.first().zip(report.labels.first());
            let told = most.map(|(total, label)| request(total, label)).unwrap_or_default();
            with(told, "kind", json!("requests"))
        }
    }
}

fn fit(report: &ComparisonReport) -> Value {
    let bind = |r: &Row| if r.feature { feature(r.number, report) } else { meter(r.number, report) };
    let binds: Vec<Value> = report.comparison.binds.iter().map(bind).collect();
    match &report.comparison.outcome {
        Outcome::Current => json!({"outcome": "current"}),
        Outcome::Upgrade { plan, price } => json!({"outcome": "upgrade", "plan": plan, "price": price, "binds": binds}),
        Outcome::ContactUs => json!({"outcome": "contact_us", "binds": binds}),
    }
}

fn row(row: &Row, report: &ComparisonReport) -> Value {
    let told = if row.feature { feature(row.number, report) } else { meter(row.number, report) };
    with(told, "highlighted", json!(row.highlighted))
}

/// The intervals on offer, the present one first, then the shorter before the longer.
fn intervals(report: &ComparisonReport) -> Vec<&'static str> {
    let prices = || report.comparison.offers.iter().flat_map(|o| &o.plan.prices);
    let held = prices().find(|p| report.comparison.price.as_ref() == Some(&p.id)).map(|p| p.interval);
    let offered = Interval::ALL.into_iter().filter(|i| prices().any(|p| p.interval == *i && p.active) && Some(*i) != held);
    held.into_iter().chain(offered).map(Interval::word).collect()
}

fn offer(offer: &Offer, report: &ComparisonReport) -> Value {
    let Plan { id, name, description, rank, allowances, features, prices, .. } = &offer.plan;
    let meters = || report.meters.iter().zip(allowances);
    let violation = |number: &u16| {
        let i = usize::from(*number);
        let (meter, allowance) = (report.meters.get(i), allowances.get(i));
        json!({
            "meter": meter.map(|m| &m.key), "label": meter.map(|m| &m.label),
            "used": report.overview.standing.meters.get(i).map(|s| s.value), "limit": allowance.and_then(|a| limit(a.limit)),
        })
    };
    json!({
        "id": id, "name": name, "description": description, "rank": rank,
        "relation": match offer.relation {
            Relation::Upgrade => "upgrade",
            Relation::Current => "current",
            Relation::Lower => "lower",
        },
        "fits": offer.fits, "best": offer.best,
        "limits": http::object(meters().map(|(m, a)| (m.key.clone(), json!(limit(a.limit))))),
        "soft_limits": http::object(meters().filter_map(|(m, a)| Some((m.key.clone(), json!(a.soft?))))),
        "features": http::object(report.features.iter().zip(features).map(|(f, has)| (f.key.clone(), json!(has)))),
        "violations": offer.violations.iter().map(violation).collect::<Vec<_>>(),
        "prices": prices.iter().zip(&offer.estimates).map(|(p, e)| price(p, *e, report)).collect::<Vec<_>>(),
    })
}

fn price(price: &PlanPrice, estimate: Option<(i64, i64)>, report: &ComparisonReport) -> Value {
    let estimate = estimate.map(|(credit, charge)| json!({"credit": credit, "charge": charge, "amount_due": (credit + charge).max(0)}));
    let told = super::quotes::price(price);
    with(with(told, "current", json!(report.comparison.price.as_ref() == Some(&price.id))), "estimate", json!(estimate))
}

fn availability(role: Option<Role>, without_stripe: bool, report: &ComparisonReport) -> Value {
    let refusal = |code: &str, detail: &str| json!({"available": false, "code": code, "detail": detail, "url": None::<&str>});
    match (&report.refusal, role) {
        (_, Some(Role::Member)) => refusal("forbidden_role", "only admins can upgrade; ask them"),
        _ if without_stripe => refusal("stripe_not_configured", "this app is not connected to Stripe"),
        (Some(error), _) => {
            let document = error.document();
            with(refusal(error.code(), &error.detail()), "url", document.get("url").cloned().unwrap_or_default())
        }
        (None, _) => json!({"available": true}),
    }
}

/// What is asked for, as JSON.
pub(super) fn subject(Subject { plan, feature, meter }: &Subject) -> Value {
    json!({"plan": plan, "feature": feature, "meter": meter})
}

fn request(total: &Total, label: &str) -> Value {
    let told = with(subject(&total.subject), "label", json!(label));
    with(with(told, "count", json!(total.count)), "last_at", json!(total.last_at))
}

/// Requests with their labels, as JSON.
pub(super) fn requests(totals: &[Total], labels: &[String]) -> Vec<Value> {
    totals.iter().zip(labels).map(|(total, label)| request(total, label)).collect()
}

/// A limit as JSON has it: nothing for no limit.
pub(super) fn limit(limit: Limit) -> Option<u64> {
    match limit {
        Limit::Unlimited => None,
        Limit::Upto(limit) => Some(limit),
    }
}

//! `GET /v1/tenants/{tenant}/timeline`: who did what, what was before and after.

use serde_json::{Value, json};
use upcue_engine::sequence::{Reason, What as Mailed};
use upcue_engine::timeline::{Actor, Entry, Held, What};
use worker::{Env, Request, Response};

use super::call_tenant;
use super::plans::limit;
use super::tenants::{back_end, tenant};
use crate::http::{self, Query};
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::TenantCall;

/// Entries on a page: usually, and at most.
const PAGE: (u32, u32) = (50, 500);

pub(super) async fn get(req: &Request, env: &Env, path: &str) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let tenant = tenant(path)?;
    let query = Query::of(req);
    let limit = query.number("limit", PAGE.0, PAGE.1)?;
    let before = query.get("cursor").map_or(Some(u64::MAX), |text| text.parse().ok());
    let before = before.ok_or_else(|| ApiError::new(Code::InvalidRequest, "`cursor` must be the `next_cursor` of a page before"))?;
    let mut found: Vec<(u64, Entry)> = call_tenant(env, &caller, &tenant, TenantCall::Timeline { before, limit: limit + 1 }).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|(seq, _)| seq.to_string());
    let entries: Vec<Value> = found.iter().map(|(seq, e)| entry(*seq, e)).collect();
    http::answer(200, &json!({"tenant": tenant, "entries": entries, "next_cursor": next}))
}

fn entry(seq: u64, Entry { at, actor, what }: &Entry) -> Value {
    let actor = match actor {
        Actor::User(user) => json!({"kind": "user", "user": user}),
        Actor::Stripe => json!({"kind": "stripe"}),
        Actor::Upcue => json!({"kind": "upcue"}),
    };
    let (name, details) = told(what);
    let mut entry = json!({"seq": seq, "at": at, "type": name, "actor": actor});
    if let (Some(entry), Value::Object(details)) = (entry.as_object_mut(), details) {
        entry.extend(details);
    }
    entry
}

/// The name of what happened, and what there is to say of it.
fn told(what: &What) -> (&'static str, Value) {
    match what {
        What::UpgradeRequested { upgrade, plan, price, quantity, amount_due, currency } => (
            "SubscriptionUpgradeRequested",
            json!({"upgrade": upgrade, "plan": plan, "price": price, "quantity": quantity, "amount_due": amount_due, "currency": currency}),
        ),
        What::UpgradeAwaits { upgrade, action } => ("SubscriptionUpgradeAwaitsCustomer", json!({"upgrade": upgrade, "action": action})),
        What::Upgraded { upgrade, before, after, source, invoice, quoted, invoiced, duration_ms, gateway_ms } => (
            "SubscriptionUpgraded",
            json!({
                "upgrade": upgrade, "before": held(before), "after": held(after), "source": source, "invoice": invoice,
                "quoted": quoted, "invoiced": invoiced, "duration_ms": duration_ms, "gateway_ms": gateway_ms,
                "features_gained": only_in(after, before), "features_lost": only_in(before, after),
            }),
        ),
        What::UpgradeFailed { upgrade, code, decline_code, detail } => {
            ("SubscriptionUpgradeFailed", json!({"upgrade": upgrade, "code": code, "decline_code": decline_code, "detail": detail}))
        }
        What::SubscriptionChanged { before, after } => (
            "SubscriptionChanged",
            json!({
                "before": held(before), "after": held(after),
                "features_gained": only_in(after, before), "features_lost": only_in(before, after),
            }),
        ),
        What::ProrationDrift { upgrade, quoted, invoiced } => {
            ("ProrationDrift", json!({"upgrade": upgrade, "quoted": quoted, "invoiced": invoiced, "drift": invoiced - quoted}))
        }
        What::MirrorDrift { subscription } => ("MirrorDrift", json!({ "subscription": subscription })),
        What::UpgradeAsked { label } => ("UpgradeAsked", json!({ "label": label })),
        What::SignalDetected { signal, score } => ("SignalDetected", json!({"signal": signal, "score": score})),
        What::SignalRearmed { signal, score } => ("SignalRearmed", json!({"signal": signal, "score": score})),
        What::SegmentEntered { segment, score } => ("SegmentEntered", json!({"segment": segment, "score": score})),
        What::SegmentLeft { segment, score } => ("SegmentLeft", json!({"segment": segment, "score": score})),
        What::Mailed { sequence, recipient, letter, what } => {
            let (name, reason) = mailed(*what);
            (name, json!({"sequence": sequence, "recipient": recipient, "letter": letter, "reason": reason.map(Reason::code)}))
        }
        What::LetterClicked { letter, target } => ("LetterClicked", json!({"letter": letter, "target": target})),
        What::LetterReported { letter, report, detail } => {
            ("LetterReported", json!({"letter": letter, "report": report, "detail": detail}))
        }
        What::Consent { recipient, sequence, wanted } => {
            let name = if *wanted { "MailResumed" } else { "MailStopped" };
            (name, json!({"recipient": recipient, "sequence": sequence}))
        }
    }
}

/// The name of what happened with somebody's way through a sequence, and why.
fn mailed(what: Mailed) -> (&'static str, Option<Reason>) {
    match what {
        Mailed::Entered => ("SequenceEntered", None),
        Mailed::Left(reason) => ("SequenceLeft", Some(reason)),
        Mailed::Barred(reason) => ("SequenceBarred", Some(reason)),
        Mailed::Skipped(reason) => ("SequenceStepSkipped", Some(reason)),
        Mailed::Drawn => ("LetterDrawn", None),
        Mailed::Sent => ("LetterSent", None),
        Mailed::Ghost => ("LetterHeldOut", None),
        Mailed::Delayed(reason) => ("LetterDelayed", Some(reason)),
        Mailed::Failed(reason) => ("LetterFailed", Some(reason)),
        Mailed::Cancelled(reason) => ("LetterCancelled", Some(reason)),
    }
}

fn held(Held { plan, price, quantity, status, limits, features }: &Held) -> Value {
    let limits = limits.iter().map(|(meter, l)| (meter.clone(), json!(limit(*l))));
    json!({
        "plan": plan, "price": price, "quantity": quantity, "status": status, "limits": http::object(limits), "features": features,
    })
}

fn only_in<'a>(these: &'a Held, others: &Held) -> Vec<&'a String> {
    these.features.iter().filter(|f| !others.features.contains(f)).collect()
}

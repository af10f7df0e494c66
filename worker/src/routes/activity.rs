//! `GET /v1/activity`: what happened lately at all tenants, newest first.

use serde_json::{Map, Value, json};
use upcue_engine::time::Millis;
use worker::{Env, Request, Response};

use super::tenants::back_end;
use crate::http::{self, Query};
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{Activity, ActivityWish, AppCall, LogPlace, ProofCall, app_object};

/// Entries on a page: usually, and at most.
const PAGE: (u32, u32) = (50, 500);

pub(super) async fn get(req: &Request, env: &Env) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let query = Query::of(req);
    let limit = query.number("limit", PAGE.0, PAGE.1)?;
    let wish = ActivityWish {
        tenant: query.get("tenant").map(str::to_owned),
        kind: query.get("kind").map(str::to_owned),
        after: query.get("cursor").map(cursor).transpose()?,
        limit: limit.saturating_add(1),
    };
    let mut found: Vec<Activity> = app_object(env, &caller.app.id)?.call(&AppCall::Proof(ProofCall::Activity(wish))).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|last| format!("{}.{}.{}.{}", last.at.0, last.seq, last.kind, last.tenant));
    http::answer(200, &json!({"activity": found.iter().map(told).collect::<Vec<_>>(), "next_cursor": next}))
}

fn cursor(text: &str) -> ApiResult<LogPlace> {
    let read = || {
        let (at, rest) = text.split_once('.')?;
        let (seq, rest) = rest.split_once('.')?;
        let (kind, tenant) = rest.split_once('.')?;
        Some(LogPlace { at: Millis(at.parse().ok()?), tenant: tenant.to_owned(), seq: seq.parse().ok()?, kind: kind.to_owned() })
    };
    read().ok_or_else(|| ApiError::new(Code::InvalidRequest, "`cursor` must be the `next_cursor` of a page before"))
}

/// What it is about goes under the name of its kind.
fn told(entry: &Activity) -> Value {
    let about = match entry.kind.as_str() {
        "signal_detected" | "signal_rearmed" => "signal",
        "segment_entered" | "segment_left" => "segment",
        "mail_sent" | "mail_clicked" => "sequence",
        "quoted" | "upgrade_requested" | "upgraded" | "upgrade_failed" | "conversion" => "plan",
        _ => "campaign",
    };
    let mut told = Map::new();
    for (key, value) in [
        ("at", json!(entry.at)),
        ("tenant", json!(entry.tenant)),
        ("kind", json!(entry.kind)),
        (about, json!(entry.name)),
        (if entry.kind == "upgrade_failed" { "code" } else { "user" }, json!(entry.who)),
        ("amount", json!(entry.amount)),
    ] {
        if !value.is_null() {
            told.insert(key.to_owned(), value);
        }
    }
    Value::Object(told)
}

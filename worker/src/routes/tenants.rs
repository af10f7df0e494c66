//! `/v1/tenants`: what is known of tenants, for the app's back end.

use serde::Deserialize;
use serde_json::{Value, json};
use upcue_engine::config::unknown;
use upcue_engine::facts::Role;
use upcue_engine::ids::is_id;
use upcue_engine::subscription::Status;
use upcue_engine::tally::Tally;
use worker::{Env, Request, Response};

use super::decisions::explained;
use super::subscription::document;
use super::{call_tenant, listing, segment};
use crate::auth::{self, Caller};
use crate::host;
use crate::http::{self, Query, read};
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{AppCall, DecisionReport, Listing, Order, SignalReport, TenantCall, TenantReport, TenantRow, WhoLooks, app_object};
use crate::zones;

/// How a subscription can stand.
const STATUSES: [Status; 8] = [
    Status::Active,
    Status::Trialing,
    Status::PastDue,
    Status::Incomplete,
    Status::IncompleteExpired,
    Status::Unpaid,
    Status::Paused,
    Status::Canceled,
];

/// The caller of a route for back ends.
pub(super) async fn back_end(req: &Request, env: &Env) -> ApiResult<Caller> {
    let caller = auth::caller(env, auth::bearer(req)?).await?;
    caller.secret()?;
    Ok(caller)
}

pub(super) async fn list(req: &Request, env: &Env) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let query = Query::of(req);
    let wanted = |name| query.get(name).map(str::to_owned);
    let status = query.get("status").map(status).transpose()?;
    let listing = Listing { segment: wanted("segment"), plan: wanted("plan"), status, ..listing::of(&query, Order::Tenant)? };
    let rows: Vec<TenantRow> = app_object(env, &caller.app.id)?.call(&AppCall::Tenants(listing::and_one_more(&listing))).await?;
    let (rows, next) = listing::page(&listing, rows);
    let tenants = rows.iter().map(|r| {
        json!({
            "tenant": r.tenant, "seen_at": r.seen_at, "plan": r.plan, "status": r.status, "score": r.score, "scored_at": r.scored_at,
            "segments": r.segments,
        })
    });
    http::answer(200, &json!({"tenants": tenants.collect::<Vec<_>>(), "next_cursor": next}))
}

pub(super) async fn get(req: &Request, env: &Env, path: &str) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let tenant = tenant(path)?;
    let report: TenantReport = call_tenant(env, &caller, &tenant, TenantCall::Report).await?;
    let mut document = document(&tenant, &report);
    if let Some(document) = document.as_object_mut() {
        document.insert("live_connections".to_owned(), json!(report.sockets));
        document.insert("score".to_owned(), json!(report.score));
        document.insert("signals".to_owned(), report.signals.iter().map(signal).collect());
        let segments = report.segments.iter().map(|s| json!({"segment": s.id, "label": s.label, "since": s.since}));
        document.insert("segments".to_owned(), segments.collect());
        document.insert("campaigns".to_owned(), report.tallies.iter().map(campaign).collect());
    }
    http::answer(200, &document)
}

/// A signal of a tenant, with what it adds to the score in points.
fn signal(SignalReport { id, label, state, hundredths }: &SignalReport) -> Value {
    json!({
        "signal": id, "label": label, "active": state.active, "first": state.first, "last": state.last, "ended": state.ended,
        "count": state.count, "contribution": f64::from(*hundredths) / 100.0,
    })
}

/// What has come of one arm of a campaign. In a control group nothing was shown, and `ghost_exposures` says how often it would have been.
fn campaign(tally: &Tally) -> Value {
    json!({
        "campaign": tally.arm.campaign, "variant": tally.arm.variant, "held_out": tally.arm.held_out, "renders": tally.renders,
        "exposures": tally.exposures, "ghost_exposures": tally.ghosts, "clicks": tally.clicks, "dismissals": tally.dismissals,
        "snoozes": tally.snoozes, "first_exposure": tally.first, "last_exposure": tally.last,
    })
}

pub(super) async fn decisions(req: &Request, env: &Env, path: &str) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let tenant = tenant(path)?;
    let query = Query::of(req);
    let user = query.get("user").unwrap_or_default().to_owned();
    if !user.is_empty() && !is_id(&user) {
        return Err(ApiError::new(Code::InvalidRequest, "`user`: 1 to 128 characters, no spaces or control characters"));
    }
    let role = query.get("role").map_or(Some(Role::Admin), Role::parse);
    let role = role.ok_or_else(|| ApiError::new(Code::InvalidRequest, "`role` must be admin or member"))?;
    let tz = query.get("tz").map(str::to_owned);
    if let Some(tz) = tz.as_ref().filter(|tz| !zones::is_known(tz)) {
        return Err(ApiError::new(Code::InvalidRequest, format!("`tz`: there is no time zone `{tz}`; write a name as in Europe/Berlin")));
    }
    let who = WhoLooks { user: user.clone(), role, client: 0, tz, email: None, name: None, expires: host::now() };
    let call = TenantCall::Decisions { who, placement: query.get("placement").map(str::to_owned), as_page: false };
    let report: DecisionReport = call_tenant(env, &caller, &tenant, call).await?;
    http::answer(200, &explained(&tenant, &user, role, &report))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Customer {
    customer: String,
}

pub(super) async fn link_customer(req: &mut Request, env: &Env, path: &str) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let tenant = tenant(path)?;
    let Customer { customer } = http::json(&read(req, 4_096).await?)?;
    if !customer.starts_with("cus_") || !is_id(&customer) {
        return Err(ApiError::new(Code::InvalidRequest, "`customer` must be the id of a Stripe customer (cus_…)"));
    }
    let call = AppCall::LinkCustomer { customer: customer.clone(), tenant: tenant.clone() };
    app_object(env, &caller.app.id)?.call::<()>(&call).await?;
    http::answer(200, &json!({"tenant": tenant, "customer": customer}))
}

/// A word of Stripe's for how a subscription stands; any other would find nobody, whatever was meant.
fn status(word: &str) -> ApiResult<String> {
    if STATUSES.iter().any(|status| status.word() == word) {
        return Ok(word.to_owned());
    }
    let known: Vec<&str> = STATUSES.iter().map(Status::word).collect();
    Err(ApiError::new(Code::InvalidRequest, unknown("status", word, &known)))
}

pub(super) fn tenant(path: &str) -> ApiResult<String> {
    let tenant = segment(path, 3)?;
    if is_id(&tenant) {
        Ok(tenant)
    } else {
        Err(ApiError::new(Code::InvalidRequest, "tenant: 1 to 128 characters, no spaces or control characters"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_that_no_subscription_has_is_refused_with_what_was_meant() {
        for known in STATUSES {
            assert_eq!(status(known.word()).ok().as_deref(), Some(known.word()));
        }
        for (word, expected) in [
            ("trailing", "unknown status `trailing`; did you mean `trialing`?"),
            ("cancelled", "unknown status `cancelled`; did you mean `canceled`?"),
            ("x", "unknown status `x`; known: active, trialing, past_due, incomplete, incomplete_expired, unpaid, paused, canceled"),
        ] {
            let error = status(word).expect_err(word);
            assert_eq!((error.code(), error.detail().as_str()), ("invalid_request", expected));
        }
    }
}

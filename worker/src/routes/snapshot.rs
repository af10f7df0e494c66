//! `GET /v1/snapshot`: what a page needs to decide by itself; binary for the SDK, JSON for people.

use serde_json::{Value, json};
use upcue_engine::entitlement::Entitlement;
use upcue_engine::facts::StandingAt;
use upcue_engine::page::Page;
use upcue_engine::template::plain;
use upcue_engine::tenant::Batch;
use worker::{Env, Headers, Request, Response};

use super::Answer;
use super::subscription::meters;
use crate::auth::{self, Caller};
use crate::host;
use crate::http::Query;
use crate::problem::ApiResult;
use crate::rpc::{SnapshotReply, TenantCall, TenantEnvelope, WhoLooks, tenant_object};

/// The media type of the binary snapshot.
const BINARY: &str = "application/vnd.upcue.snapshot";

pub(super) async fn get(req: &mut Request, env: &Env) -> Answer {
    let caller = match auth::bearer(req) {
        Ok(credential) => auth::caller(env, credential).await,
        Err(error) => Err(error),
    };
    match caller {
        Ok(caller) => {
            let tenant = caller.user().ok().map(|u| u.tenant.clone());
            Answer { outcome: answer(req, env, &caller).await, allowed_origins: Some(caller.app.allowed_origins), tenant }
        }
        Err(error) => error.into(),
    }
}

/// Who looks, from a user's token and the page's name for itself.
pub(super) fn who_looks(caller: &Caller, query: &Query) -> ApiResult<WhoLooks> {
    let token = caller.user()?;
    let client = query.get("client").map_or(0, |client| Batch::client_key(&token.user, client));
    Ok(WhoLooks {
        user: token.user.clone(),
        role: token.role,
        client,
        tz: token.tz.clone(),
        email: token.email.clone(),
        name: token.name.clone(),
        expires: token.expires,
    })
}

async fn answer(req: &Request, env: &Env, caller: &Caller) -> ApiResult<Response> {
    auth::check_origin(req, &caller.app)?;
    let who = who_looks(caller, &Query::of(req))?;
    let tenant = caller.tenant(None)?;
    let is_binary = req.headers().get("accept")?.is_some_and(|accept| accept.contains(BINARY));
    let call = if is_binary { TenantCall::Snapshot(who) } else { TenantCall::Page(who) };
    let envelope = TenantEnvelope { app: caller.app.id.clone(), tenant: tenant.clone(), revision: caller.app.revision, call };
    let object = tenant_object(env, &caller.app.id, &tenant)?;
    let (kind, hash, body) = if is_binary {
        let SnapshotReply { frame, hash } = object.call(&envelope).await?;
        (BINARY, hash, frame)
    } else {
        let page: Page = object.call(&envelope).await?;
        ("application/json", page.hash(), document(&tenant, &page).to_string().into_bytes())
    };
    let etag = format!("\"{hash:016x}{}\"", if is_binary { "b" } else { "j" });
    let headers = Headers::new();
    headers.set("etag", &etag)?;
    headers.set("cache-control", "private, no-cache")?;
    headers.set("vary", "accept, authorization")?;
    // A page that hears that nothing has changed has no other way to set its clock by ours.
    headers.set("upcue-time", &host::now().0.to_string())?;
    if req.headers().get("if-none-match")?.is_some_and(|known| known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag)) {
        return Ok(Response::empty()?.with_status(304).with_headers(headers));
    }
    headers.set("content-type", kind)?;
    Ok(Response::from_bytes(body)?.with_headers(headers))
}

fn document(tenant: &str, page: &Page) -> Value {
    let (live, state) = (&page.snapshot.live, &page.state);
    let facts = StandingAt { standing: &live.standing, now: live.server_time };
    let features = page.features.iter().enumerate().map(|(i, feature)| {
        let entitlement = live.standing.features.get(i).map_or(Entitlement::UNKNOWN, |has| Entitlement::feature(*has));
        json!({"feature": feature.key, "label": feature.label, "granted": entitlement.granted, "reason": entitlement.reason.code()})
    });
    let campaigns = page.campaigns.iter().map(|campaign| {
        let nudge = &campaign.nudge;
        let text = |template: &upcue_engine::template::Template| template.fill(&facts).map(|marked| plain(&marked));
        json!({
            "id": campaign.id, "placement": campaign.placement, "priority": campaign.priority, "kind": nudge.kind.name(),
            "variant": campaign.variant, "snooze_ms": campaign.snooze, "held_out": campaign.gates.held_out,
            "title": text(&nudge.title), "body": text(&nudge.body),
            "cta": nudge.cta.as_ref().map(|cta| json!({"label": text(&cta.label), "action": cta.action})),
        })
    });
    json!({
        "tenant": tenant,
        "server_time": live.server_time,
        "config_version": page.config_version,
        "applied": live.applied,
        "role": state.role.name(),
        "plan": state.plan,
        "subscription_status": state.status,
        "meters": meters(&page.meters, &live.standing),
        "features": features.collect::<Vec<_>>(),
        "campaigns": campaigns.collect::<Vec<_>>(),
    })
}

//! `GET /v1/snapshot`: what a page needs to decide by itself; binary for the SDK, JSON for people.

use serde_json::{Value, json};
use upcue_engine::entitlement::Entitlement;
use upcue_engine::facts::StandingAt;
use upcue_engine::snapshot::{Frame, Snapshot};
use upcue_engine::template::plain;
use upcue_engine::tenant::Batch;
use worker::{Env, Headers, Request, Response};

use super::Answer;
use super::subscription::meters;
use crate::auth::{self, Caller};
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
    Ok(WhoLooks { user: token.user.clone(), role: token.role, client, expires: token.expires })
}

async fn answer(req: &Request, env: &Env, caller: &Caller) -> ApiResult<Response> {
    auth::check_origin(req, &caller.app)?;
    let who = who_looks(caller, &Query::of(req))?;
    let tenant = caller.tenant(None)?;
    let envelope = TenantEnvelope {
        app: caller.app.id.clone(),
        tenant: tenant.clone(),
        revision: caller.app.revision,
        call: TenantCall::Snapshot(who),
    };
    let reply: SnapshotReply = tenant_object(env, &caller.app.id, &tenant)?.call(&envelope).await?;
    let binary = req.headers().get("accept")?.is_some_and(|accept| accept.contains(BINARY));
    let etag = format!("\"{:016x}{}\"", reply.hash, if binary { "b" } else { "j" });
    let headers = Headers::new();
    headers.set("etag", &etag)?;
    headers.set("cache-control", "private, no-cache")?;
    headers.set("vary", "accept, authorization")?;
    if req.headers().get("if-none-match")?.is_some_and(|known| known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag)) {
        return Ok(Response::empty()?.with_status(304).with_headers(headers));
    }
    if binary {
        headers.set("content-type", BINARY)?;
        return Ok(Response::from_bytes(reply.frame)?.with_headers(headers));
    }
    let Ok(Frame::Snapshot(snapshot)) = Frame::decode(&reply.frame) else {
        return Err(worker::Error::RustError("a snapshot of our own making cannot be read".to_owned()).into());
    };
    headers.set("content-type", "application/json")?;
    Ok(Response::from_bytes(document(&tenant, &snapshot).to_string().into_bytes())?.with_headers(headers))
}

fn document(tenant: &str, snapshot: &Snapshot) -> Value {
    let live = &snapshot.live;
    let facts = StandingAt { standing: &live.standing, now: live.server_time };
    let features = snapshot.features.iter().enumerate().map(|(i, feature)| {
        let entitlement = live.standing.features.get(i).map_or(Entitlement::UNKNOWN, |has| Entitlement::feature(*has));
        json!({"feature": feature.key, "label": feature.label, "granted": entitlement.granted, "reason": entitlement.reason.code()})
    });
    let campaigns = snapshot.rules.campaigns.iter().map(|campaign| {
        let nudge = &campaign.nudge;
        let text = |template: &upcue_engine::template::Template| template.fill(&facts).map(|marked| plain(&marked));
        json!({
            "id": campaign.id, "placement": campaign.placement, "priority": campaign.priority, "kind": nudge.kind.name(),
            "title": text(&nudge.title), "body": text(&nudge.body),
            "cta": nudge.cta.as_ref().map(|cta| json!({"label": text(&cta.label), "action": cta.action})),
        })
    });
    json!({
        "tenant": tenant,
        "server_time": live.server_time,
        "config_version": snapshot.config_version,
        "applied": live.applied,
        "role": live.standing.role.name(),
        "plan": live.standing.plan,
        "subscription_status": live.standing.status,
        "meters": meters(&snapshot.meters, &live.standing),
        "features": features.collect::<Vec<_>>(),
        "campaigns": campaigns.collect::<Vec<_>>(),
    })
}

//! `GET /v1/live`: a WebSocket that carries frames, each change within a second.
//!
//! Browsers cannot set headers on a WebSocket, and a token in the URL would end up in logs: it travels as the second
//! subprotocol, after `upcue.v1`.

use worker::{Env, Request, Response};

use super::Answer;
use super::snapshot::who_looks;
use crate::auth;
use crate::http::Query;
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{TenantCall, TenantEnvelope, tenant_object};

pub(super) async fn get(req: &mut Request, env: &Env) -> Answer {
    connect(req, env).await.into()
}

async fn connect(req: &Request, env: &Env) -> ApiResult<Response> {
    if !req.headers().get("upgrade")?.is_some_and(|upgrade| upgrade.eq_ignore_ascii_case("websocket")) {
        return Err(ApiError::new(Code::UpgradeRequired, "open this as a WebSocket with subprotocols `upcue.v1` and the user token"));
    }
    let caller = auth::caller(env, Some(token(req)?)).await?;
    auth::check_origin(req, &caller.app)?;
    let who = who_looks(&caller, &Query::of(req))?;
    let tenant = caller.tenant(None)?;
    let envelope =
        TenantEnvelope { app: caller.app.id.clone(), tenant: tenant.clone(), revision: caller.app.revision, call: TenantCall::Live(who) };
    tenant_object(env, &caller.app.id, &tenant)?.connect(&envelope).await
}

fn token(req: &Request) -> ApiResult<String> {
    let offered = req.headers().get("sec-websocket-protocol")?.unwrap_or_default();
    let mut offered = offered.split(',').map(str::trim);
    match (offered.next(), offered.next()) {
        (Some("upcue.v1"), Some(token)) if !token.is_empty() => Ok(token.to_owned()),
        _ => Err(ApiError::new(Code::MissingCredential, "offer the subprotocols `upcue.v1` and the user token, in this order")),
    }
}

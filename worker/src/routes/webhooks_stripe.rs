//! `POST /webhooks/stripe/{app}`: Stripe says that something changed; `GET /v1/stripe/events`: what became of it.

use serde_json::json;
use worker::{Env, Request, Response};

use super::segment;
use super::tenants::back_end;
use crate::auth;
use crate::host;
use crate::http::{self, Query, read};
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{AppCall, EventState, StoredEvent, app_object};
use crate::stripe::signature;

/// The largest event, in bytes. Stripe's own are far below.
const MAX_BODY: usize = 512 * 1024;

/// The app comes from the path, never from the body. The signature is checked over the bytes as they came, and only then is
/// anything parsed. The app's object stores the event before it is acknowledged.
pub(super) async fn post(req: &mut Request, env: &Env, path: &str) -> ApiResult<Response> {
    let id = segment(path, 3)?;
    let app = auth::head(env, &id).await?;
    let header = req.headers().get("stripe-signature")?;
    let body = read(req, MAX_BODY).await?;
    signature::verify(&body, header.as_deref(), &app.stripe.webhook_secrets, host::now())?;
    let event = String::from_utf8(body).map_err(|_| ApiError::new(Code::MalformedJson, "the body is not UTF-8"))?;
    let state: EventState = app_object(env, &id)?.call(&AppCall::StripeEvent(event)).await?;
    auth::forget(&id); // the event may have changed the catalogue
    http::answer(200, &json!({"received": true, "state": state}))
}

pub(super) async fn list(req: &Request, env: &Env) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let state = match Query::of(req).get("state") {
        None => None,
        Some("pending") => Some(EventState::Pending),
        Some("done") => Some(EventState::Done),
        Some("unmatched") => Some(EventState::Unmatched),
        Some("ignored") => Some(EventState::Ignored),
        Some(_) => return Err(ApiError::new(Code::InvalidRequest, "`state` must be pending, done, unmatched or ignored")),
    };
    let events: Vec<StoredEvent> = app_object(env, &caller.app.id)?.call(&AppCall::StripeEvents(state)).await?;
    let rows: Vec<_> = events
        .iter()
        .map(|e| {
            json!({
                "id": e.id, "type": e.kind, "state": e.state, "customer": e.customer, "received_at": e.received_at,
                "attempts": e.attempts, "detail": e.detail,
            })
        })
        .collect();
    http::answer(200, &json!({ "events": rows }))
}

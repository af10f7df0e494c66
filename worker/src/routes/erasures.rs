//! `DELETE /v1/tenants/{tenant}` and `/users/{user}`, and `GET /v1/erasures`: what was erased, of nobody that can be named.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Value, json};
use upcue_engine::ids::is_id;
use upcue_engine::time::Millis;
use worker::{Env, Request, Response};

use super::segment;
use super::tenants::{back_end, tenant};
use crate::http::{self, Query};
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{AppCall, Erasure, ErasureListing, Leaving, app_object};

/// Erasures on a page: usually, and at most.
const PAGE: (u32, u32) = (50, 500);

pub(super) async fn tenant_with_all(req: &Request, env: &Env, path: &str) -> ApiResult<Response> {
    erase(req, env, Leaving { tenant: tenant(path)?, user: None }).await
}

pub(super) async fn user(req: &Request, env: &Env, path: &str) -> ApiResult<Response> {
    let user = segment(path, 5)?;
    if !is_id(&user) {
        return Err(ApiError::new(Code::InvalidRequest, "user: 1 to 128 characters, no spaces or control characters"));
    }
    erase(req, env, Leaving { tenant: tenant(path)?, user: Some(user) }).await
}

async fn erase(req: &Request, env: &Env, leaving: Leaving) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let erasure: Erasure = app_object(env, &caller.app.id)?.call(&AppCall::Erase(leaving)).await?;
    http::answer(if erasure.done_at.is_some() { 200 } else { 202 }, &document(&erasure))
}

pub(super) async fn list(req: &Request, env: &Env) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let query = Query::of(req);
    let limit = query.number("limit", PAGE.0, PAGE.1)?;
    let bad = || ApiError::new(Code::InvalidRequest, "`cursor` must be the `next_cursor` of a page before");
    let after = query.get("cursor").map(|cursor| place(cursor).ok_or_else(bad)).transpose()?;
    let call = AppCall::Erasures(ErasureListing { after, limit: limit + 1 });
    let mut found: Vec<Erasure> = app_object(env, &caller.app.id)?.call(&call).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|last| format!("{}.{}", last.asked_at.0, last.id));
    let erasures: Vec<Value> = found.iter().map(document).collect();
    http::answer(200, &json!({"erasures": erasures, "next_cursor": next}))
}

fn place(cursor: &str) -> Option<(Millis, String)> {
    let (at, id) = cursor.split_once('.')?;
    Some((Millis(at.parse().ok()?), id.to_owned()))
}

fn document(Erasure { id, of_user, subject, asked_at, done_at }: &Erasure) -> Value {
    json!({
        "erasure": id, "of": if *of_user { "user" } else { "tenant" }, "subject_hash": Base64UrlUnpadded::encode_string(subject), "asked_at": asked_at, "done_at": done_at,
        "state": if done_at.is_some() { "done" } else { "pending" },
    })
}

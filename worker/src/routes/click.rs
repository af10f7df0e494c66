//! `/e/{token}`: a link of a letter was followed, or its picture loaded.
//!
//! The target stands in the token, signed, and its host must be one that the configuration allows now: this is no redirect for
//! everybody. A HEAD asks and does not click; the same link of the same letter counts once, however many scanners follow it.

use worker::{Env, Headers, Method, Request, Response};

use super::segment;
use super::unsubscribe::refuse;
use crate::auth::link::{self, Link, Place, sign_visit, unknown, with_visit};
use crate::problem::ApiResult;
use crate::rpc::{AppHead, MailCall, TenantCall, TenantEnvelope, tenant_object};

/// A transparent picture of one pixel.
const PIXEL: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x01D\x00;";

pub(super) async fn get(req: &Request, env: &Env, path: &str) -> ApiResult<Response> {
    match answer(req, env, path).await {
        Err(error) => refuse(req, error),
        answer => answer,
    }
}

async fn answer(req: &Request, env: &Env, path: &str) -> ApiResult<Response> {
    let token = segment(path, 2).map_err(|_| unknown())?;
    let counts = req.method() != Method::Head;
    match link::open(env, &token).await? {
        (app, Link::Click { from, target }) => {
            let allowed: bool = call(env, &app, &from, MailCall::Follow { from: from.clone(), target: target.clone(), counts }).await?;
            if allowed {
                redirect(&with_visit(&target, &sign_visit(&app.id, &from.tenant, &from.letter, &app.link_key)?))
            } else {
                Err(unknown())
            }
        }
        (app, Link::Open { from }) => {
            if counts {
                call::<()>(env, &app, &from, MailCall::Opened(from.clone())).await?;
            }
            pixel()
        }
        (_, Link::Unsubscribe { .. }) => Err(unknown()),
    }
}

async fn call<R: upcue_engine::wire::Wire>(env: &Env, app: &AppHead, from: &Place, call: MailCall) -> ApiResult<R> {
    let call = TenantCall::Mail(call);
    let envelope = TenantEnvelope { app: app.id.clone(), tenant: from.tenant.clone(), revision: app.revision, call };
    tenant_object(env, &app.id, &from.tenant)?.call(&envelope).await
}

fn redirect(to: &str) -> ApiResult<Response> {
    let headers = Headers::new();
    headers.set("location", to)?;
    headers.set("cache-control", "no-store")?;
    headers.set("referrer-policy", "no-referrer")?;
    headers.set("x-robots-tag", "noindex")?;
    Ok(Response::empty()?.with_status(302).with_headers(headers))
}

fn pixel() -> ApiResult<Response> {
    let headers = Headers::new();
    headers.set("content-type", "image/gif")?;
    headers.set("cache-control", "no-store")?;
    Ok(Response::from_bytes(PIXEL.to_vec())?.with_headers(headers))
}

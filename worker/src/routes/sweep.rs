//! `POST /v1/stripe/reconcile`: compares every subscription at Stripe with its mirror, now.

use serde_json::json;
use worker::{Env, Request, Response};

use super::tenants::back_end;
use crate::auth;
use crate::http;
use crate::problem::ApiResult;
use crate::rpc::{AppCall, Sweep, app_object};

pub(super) async fn post(req: &Request, env: &Env) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let Sweep { checked, unmatched, drifted, failed } = app_object(env, &caller.app.id)?.call(&AppCall::Sweep).await?;
    auth::forget(&caller.app.id); // the catalogue was read again
    let drifted: Vec<_> = drifted.iter().map(|(tenant, subscription)| json!({"tenant": tenant, "subscription": subscription})).collect();
    let failed: Vec<_> = failed.iter().map(|(subscription, detail)| json!({"subscription": subscription, "detail": detail})).collect();
    http::answer(200, &json!({"checked": checked, "unmatched": unmatched, "drifted": drifted, "failed": failed}))
}

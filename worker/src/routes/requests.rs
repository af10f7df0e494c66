//! `/v1/upgrade-requests`: a member asks the admins; the admins see what is asked for.

use serde::Deserialize;
use serde_json::json;
use upcue_engine::facts::Role;
use upcue_engine::upgrade::requests::{Subject, Total};
use worker::{Env, Request};

use super::plans::requests;
use super::quotes::MAX_BODY;
use super::{Answer, call_tenant, for_pages};
use crate::auth::Credential;
use crate::http::{self, read};
use crate::rpc::{AskReport, TenantCall};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    plan: Option<String>,
    feature: Option<String>,
    meter: Option<String>,
}

pub(super) async fn post(req: &mut Request, env: &Env) -> Answer {
    for_pages(req, env, async |req, env, caller, tenant| {
        let user = caller.user_in(Role::Member)?.user.clone();
        let body = read(req, MAX_BODY).await?;
        let Ask { plan, feature, meter } = if body.is_empty() { Ask::default() } else { http::json(&body)? };
        let call = TenantCall::Ask { user, subject: Subject { plan, feature, meter } };
        let AskReport { is_new, label, count } = call_tenant(env, caller, &tenant, call).await?;
        http::answer(202, &json!({"status": if is_new { "asked" } else { "already_asked" }, "label": label, "count": count}))
    })
    .await
}

pub(super) async fn get(req: &mut Request, env: &Env) -> Answer {
    for_pages(req, env, async |_, env, caller, tenant| {
        if matches!(caller.credential, Credential::User(_)) {
            caller.user_in(Role::Admin)?;
        }
        let found: Vec<(Total, String)> = call_tenant(env, caller, &tenant, TenantCall::Requests).await?;
        let (totals, labels): (Vec<Total>, Vec<String>) = found.into_iter().unzip();
        http::answer(200, &json!({"requests": requests(&totals, &labels)}))
    })
    .await
}

//! `GET /v1/tenants/{t}/replay`: a tenant's recorded decisions, made again.

use serde_json::{Value, json};
use upcue_engine::history::{Difference, Outputs, Replayed};
use worker::{Env, Request, Response};

use super::call_tenant;
use super::tenants::{back_end, tenant};
use crate::http;
use crate::problem::ApiResult;
use crate::rpc::TenantCall;

pub(super) async fn get(req: &Request, env: &Env, path: &str) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let tenant = tenant(path)?;
    let replayed: Replayed = call_tenant(env, &caller, &tenant, TenantCall::Replay).await?;
    let Replayed { entries, decisions, transitions, first_difference } = replayed;
    let mut document = json!({
        "tenant": tenant, "entries": entries, "decisions": decisions, "transitions": transitions, "matches": first_difference.is_none(),
    });
    if let (Some(members), Some(Difference { entry, at, recorded, replayed })) = (document.as_object_mut(), first_difference) {
        let difference = json!({"entry": entry, "at": at, "recorded": outputs(&recorded), "replayed": outputs(&replayed)});
        members.insert("first_difference".to_owned(), difference);
    }
    http::answer(200, &document)
}

fn outputs(Outputs { transitions, verdicts }: &Outputs) -> Value {
    let transitions = transitions.iter().map(|t| json!({"at": t.at, "type": t.of.code(), "id": t.id, "score": t.score}));
    let verdicts = verdicts.iter().map(|v| json!({"at": v.at, "user": v.user, "campaign": v.campaign, "reason": v.reason.code()}));
    json!({"transitions": transitions.collect::<Vec<_>>(), "decisions": verdicts.collect::<Vec<_>>()})
}

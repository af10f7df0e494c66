//! `GET /v1/decisions`: what the caller's own page shows where, why, and what would change it.

use serde_json::{Value, json};
use upcue_engine::explain::{Account, Explanation, Gate};
use upcue_engine::facts::Role;
use worker::{Env, Request};

use super::snapshot::who_looks;
use super::{Answer, call_tenant, for_pages};
use crate::http::{self, Query};
use crate::rpc::{DecisionReport, TenantCall};

pub(super) async fn get(req: &mut Request, env: &Env) -> Answer {
    for_pages(req, env, async |req, env, caller, tenant| {
        let query = Query::of(req);
        let who = who_looks(caller, &query)?;
        let (user, role) = (who.user.clone(), who.role);
        // By what their page holds: the whole rules are the back end's to see.
        let call = TenantCall::Decisions { who, placement: query.get("placement").map(str::to_owned), as_page: true };
        let report: DecisionReport = call_tenant(env, caller, &tenant, call).await?;
        let mut document = explained(&tenant, &user, role, &report);
        let told = document.get_mut("decisions").and_then(Value::as_array_mut);
        for (decision, explanation) in told.into_iter().flatten().zip(&report.placements) {
            if let Some(decision) = decision.as_object_mut() {
                decision.insert("settled".to_owned(), json!(explanation.settled));
            }
        }
        http::answer(200, &document)
    })
    .await
}

/// Decisions for a user, as JSON.
pub(super) fn explained(tenant: &str, user: &str, role: Role, report: &DecisionReport) -> Value {
    json!({
        "tenant": tenant, "user": user, "role": role.name(), "at": report.at, "config_version": report.config_version,
        "decisions": report.placements.iter().map(decision).collect::<Vec<_>>(),
    })
}

fn decision(told: &Explanation) -> Value {
    json!({
        "placement": told.placement, "campaign": told.campaign, "title": told.title, "reason": told.reason.code(),
        "trace": told.campaigns.iter().map(account).collect::<Vec<_>>(),
    })
}

fn account(told: &Account) -> Value {
    json!({
        "campaign": told.campaign, "variant": told.variant, "reason": told.reason.code(), "would_show_if": told.would_show_if,
        "gates": told.gates.iter().map(gate).collect::<Vec<_>>(),
    })
}

fn gate(told: &Gate) -> Value {
    let inputs = told.inputs.iter().map(|input| json!({"name": input.name, "value": input.value}));
    json!({
        "gate": told.kind.code(), "verdict": told.verdict.code(), "inputs": inputs.collect::<Vec<_>>(),
        "threshold": told.threshold, "would": told.would,
    })
}

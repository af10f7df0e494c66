//! `/v1/catalog`: Stripe's products as plans.

use serde_json::{Value, json};
use upcue_engine::plan::{Limit, Plan};
use worker::{Env, Request, Response};

use super::tenants::back_end;
use crate::auth;
use crate::http;
use crate::problem::ApiResult;
use crate::rpc::{AppCall, CatalogueReport, app_object};

pub(super) async fn get(req: &Request, env: &Env) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let report: CatalogueReport = app_object(env, &caller.app.id)?.call(&AppCall::Catalogue).await?;
    http::answer(200, &document(&report))
}

pub(super) async fn sync(req: &Request, env: &Env) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let report: CatalogueReport = app_object(env, &caller.app.id)?.call(&AppCall::SyncCatalogue).await?;
    auth::forget(&caller.app.id);
    http::answer(200, &document(&report))
}

fn document(report: &CatalogueReport) -> Value {
    json!({
        "plans": report.plans.iter().map(|p| plan(p, report)).collect::<Vec<_>>(),
        "synced_at": report.synced_at,
        "problems": report.problems,
    })
}

fn plan(plan: &Plan, report: &CatalogueReport) -> Value {
    let limits = report.meters.iter().zip(&plan.allowances).map(|(meter, allowance)| {
        let limit = match allowance.limit {
            Limit::Unlimited => json!("unlimited"),
            Limit::Upto(limit) => json!(limit),
        };
        (meter.clone(), json!({"limit": limit, "soft_limit": allowance.soft}))
    });
    let features = report.features.iter().zip(&plan.features).filter(|(_, has)| **has).map(|(feature, _)| feature);
    json!({
        "id": plan.id, "name": plan.name, "rank": plan.rank, "prices": plan.prices,
        "limits": http::object(limits), "features": features.collect::<Vec<_>>(),
    })
}

//! `/v1/catalog`: Stripe's products as plans.

use serde_json::{Value, json};
use upcue_engine::plan::{Allowance, Limit, Plan, PlanPrice};
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
    let mut document = document(&report);
    if let Some(document) = document.as_object_mut() {
        document.insert("changes".to_owned(), json!(report.changes));
    }
    http::answer(200, &document)
}

fn document(report: &CatalogueReport) -> Value {
    json!({
        "plans": report.plans.iter().map(|p| plan(p, report)).collect::<Vec<_>>(),
        "synced_at": report.synced_at,
        "problems": report.problems,
        "version": report.catalogue,
    })
}

/// A price; with limits where it has its own.
fn price(price: &PlanPrice, plan: &Plan, report: &CatalogueReport) -> Value {
    let own = if price.allowances.is_empty() { Value::Null } else { limits(&price.allowances, report) };
    json!({
        "id": price.id, "plan": plan.id, "currency": price.currency, "unit_amount": price.unit_amount,
        "interval": price.interval.word(), "interval_count": price.interval_count, "active": price.active, "limits": own,
    })
}

fn limits(allowances: &[Allowance], report: &CatalogueReport) -> Value {
    http::object(report.meters.iter().zip(allowances).map(|(meter, allowance)| {
        let limit = match allowance.limit {
            Limit::Unlimited => json!("unlimited"),
            Limit::Upto(limit) => json!(limit),
        };
        (meter.clone(), json!({"limit": limit, "soft_limit": allowance.soft}))
    }))
}

fn plan(plan: &Plan, report: &CatalogueReport) -> Value {
    let features = report.features.iter().zip(&plan.features).filter(|(_, has)| **has).map(|(feature, _)| feature);
    json!({
        "id": plan.id, "name": plan.name, "description": plan.description, "rank": plan.rank, "active": plan.active,
        "prices": plan.prices.iter().map(|p| price(p, plan, report)).collect::<Vec<_>>(),
        "limits": limits(&plan.allowances, report), "features": features.collect::<Vec<_>>(),
    })
}

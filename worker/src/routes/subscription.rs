//! `GET /v1/subscription`: the mirror of the tenant's subscription, and how its meters stand.

use serde_json::{Value, json};
use upcue_engine::entitlement::Entitlement;
use upcue_engine::facts::Standing;
use upcue_engine::plan::{Meter, MeterKind};
use worker::{Env, Request, Response};

use super::Answer;
use crate::auth::{self, Caller};
use crate::http::{self, Query};
use crate::problem::ApiResult;
use crate::rpc::{TenantCall, TenantEnvelope, TenantReport, tenant_object};

pub(super) async fn get(req: &mut Request, env: &Env) -> Answer {
    let caller = match auth::bearer(req) {
        Ok(credential) => auth::caller(env, credential).await,
        Err(error) => Err(error),
    };
    match caller {
        Ok(caller) => {
            let tenant = caller.tenant(Query::of(req).get("tenant"));
            let outcome = answer(req, env, &caller, tenant.clone()).await;
            Answer { outcome, allowed_origins: Some(caller.app.allowed_origins), tenant: tenant.ok() }
        }
        Err(error) => error.into(),
    }
}

async fn answer(req: &Request, env: &Env, caller: &Caller, tenant: ApiResult<String>) -> ApiResult<Response> {
    auth::check_origin(req, &caller.app)?;
    let tenant = tenant?;
    let report = report(env, caller, &tenant).await?;
    http::answer(200, &document(&tenant, &report))
}

/// What a tenant's object has to say of itself.
pub(super) async fn report(env: &Env, caller: &Caller, tenant: &str) -> ApiResult<TenantReport> {
    let envelope =
        TenantEnvelope { app: caller.app.id.clone(), tenant: tenant.to_owned(), revision: caller.app.revision, call: TenantCall::Report };
    tenant_object(env, &caller.app.id, tenant)?.call(&envelope).await
}

/// A tenant as JSON.
pub(super) fn document(tenant: &str, report: &TenantReport) -> Value {
    let subscription = report.subscription.as_ref().map(|s| {
        json!({
            "id": s.id, "customer": s.customer, "status": s.status.word(),
            "current_period_start": s.period.map(|p| p.start), "current_period_end": s.period.map(|p| p.end),
            "trial_end": s.trial_end, "cancel_at_period_end": s.cancel_at_period_end,
            "items": s.items.iter().map(|i| json!({"id": i.id, "price": i.price, "product": i.product, "quantity": i.quantity})).collect::<Vec<_>>(),
        })
    });
    let features = report.features.iter().zip(&report.standing.features).map(|(f, has)| (f.key.clone(), json!(has)));
    json!({
        "tenant": tenant,
        "plan": report.standing.plan,
        "status": report.standing.status,
        "subscription": subscription,
        "meters": meters(&report.meters, &report.standing),
        "features": http::object(features),
    })
}

/// Meters as JSON.
pub(super) fn meters(meters: &[Meter], standing: &Standing) -> Value {
    let rows = meters.iter().zip(&standing.meters).map(|(meter, standing)| {
        let entitlement = Entitlement::meter(standing);
        let kind = if meter.kind == MeterKind::Gauge { "gauge" } else { "counter" };
        json!({
            "meter": meter.key, "label": meter.label, "unit": meter.unit, "kind": kind,
            "value": standing.value, "limit": entitlement.limit, "soft_limit": standing.soft,
            "remaining": entitlement.remaining, "percent": standing.percent(), "resets_at": standing.resets_at,
            "granted": entitlement.granted, "reason": entitlement.reason.code(),
        })
    });
    rows.collect()
}

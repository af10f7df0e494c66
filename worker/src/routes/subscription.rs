//! `GET /v1/subscription`: the mirror of the tenant's subscription, and how its meters stand.

use serde_json::{Value, json};
use upcue_engine::entitlement::Entitlement;
use upcue_engine::facts::Standing;
use upcue_engine::plan::{Meter, MeterKind};
use worker::{Env, Request};

use super::{Answer, call_tenant, for_pages};
use crate::http;
use crate::rpc::{TenantCall, TenantReport};

pub(super) async fn get(req: &mut Request, env: &Env) -> Answer {
    for_pages(req, env, async |_, env, caller, tenant| {
        let report: TenantReport = call_tenant(env, caller, &tenant, TenantCall::Report).await?;
        http::answer(200, &document(&tenant, &report))
    })
    .await
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
    let features = report.features.iter().zip(&report.overview.standing.features).map(|(f, has)| (f.key.clone(), json!(has)));
    json!({
        "tenant": tenant,
        "plan": report.overview.state.plan,
        "status": report.overview.state.status,
        "subscription": subscription,
        "meters": meters(&report.meters, &report.overview.standing),
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

//! `GET /v1/reports/upgrades`: how upgrades ended, how long they took and how well they were reckoned; the other reports below it.

pub(super) mod conversions;
pub(super) mod funnel;
pub(super) mod lift;
mod span;
pub(super) mod trend;

pub(crate) use lift::report as lift_report;

use serde_json::{Value, json};
use upcue_engine::map::Map;
use upcue_engine::percentile::percentiles;
use upcue_engine::time::Millis;
use worker::{Env, Request, Response};

use super::tenants::back_end;
use crate::http::{self, Query};
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{AppCall, UpgradeFact, app_object};

pub(super) async fn upgrades(req: &Request, env: &Env) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let since = Query::of(req).get("since").map_or(Some(0), |text| text.parse().ok());
    let since = since.ok_or_else(|| ApiError::new(Code::InvalidRequest, "`since` must be milliseconds since 1970"))?;
    let facts: Vec<UpgradeFact> = app_object(env, &caller.app.id)?.call(&AppCall::Upgrades(Millis(since))).await?;
    http::answer(200, &report(since, &facts))
}

fn report(since: i64, facts: &[UpgradeFact]) -> Value {
    let done: Vec<&UpgradeFact> = facts.iter().filter(|f| f.failure.is_none()).collect();
    let mut failures: Map<u64> = Map::new();
    for failure in facts.iter().filter_map(|f| f.failure.as_ref()) {
        *failures.entry(failure, || 0) += 1;
    }
    // Where the customer had to go to Stripe's page, the time is theirs.
    let direct = || done.iter().filter(|f| !f.hosted);
    json!({
        "since": since,
        "upgraded": done.len(),
        "failed": http::object(failures.into_iter().map(|(code, count)| (code, json!(count)))),
        "duration_ms": spread(direct().map(|f| i64::from(f.duration_ms)).collect()),
        "gateway_ms": spread(direct().map(|f| i64::from(f.gateway_ms)).collect()),
        "own_ms": spread(direct().map(|f| i64::from(f.duration_ms.saturating_sub(f.gateway_ms))).collect()),
        "signal_to_upgrade_ms": spread(done.iter().filter_map(|f| Some(f.at.since(f.needed_since?))).collect()),
        "proration": {
            "estimate": accuracy(&done.iter().filter_map(|f| Some(f.quoted - f.estimated?)).collect::<Vec<_>>()),
            "quote": accuracy(&done.iter().filter_map(|f| Some(f.invoiced? - f.quoted)).collect::<Vec<_>>()),
        },
    })
}

/// Count, median and 95th percentile; nothing of nothing.
fn spread(values: Vec<i64>) -> Value {
    let count = values.len();
    let [p50, p95] = percentiles(values, [50, 95]);
    json!({"count": count, "p50": p50, "p95": p95})
}

/// How far figures were from those that came: in minor units, without a sign.
fn accuracy(deltas: &[i64]) -> Value {
    let distances: Vec<i64> = deltas.iter().map(|d| d.abs()).collect();
    let exact = distances.iter().filter(|d| **d == 0).count();
    let most = distances.iter().max().copied();
    let [p50, p95] = percentiles(distances, [50, 95]);
    json!({"compared": deltas.len(), "exact": exact, "p50": p50, "p95": p95, "max": most})
}

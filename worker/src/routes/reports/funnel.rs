//! `GET /v1/reports/funnel`: how many tenants were to be prompted, were, followed it, were quoted an upgrade, and upgraded.

use serde_json::{Value, json};
use upcue_engine::touch::Channel;
use worker::{Env, Request, Response};

use super::span;
use crate::http::{self, Cell, Csv, Query};
use crate::problem::{ApiError, ApiResult, Code};
use crate::routes::tenants::back_end;
use crate::rpc::{AppCall, FunnelReport, FunnelRow, FunnelTenant, FunnelTenantsWish, ProofCall, Span, Step, app_object};

/// The steps of which tenants can be listed.
const STEPS: [&str; 8] = ["eligible", "exposed", "clicked", "dismissed", "snoozed", "held_out", "quoted", "upgraded"];
/// Tenants on a page: usually, and at most.
const PAGE: (u32, u32) = (50, 500);

pub(in super::super) async fn get(req: &Request, env: &Env) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let query = Query::of(req);
    let span = span::of(&query)?;
    let wants_table = Csv::is_wanted(req, &query)?;
    let report: FunnelReport = app_object(env, &caller.app.id)?.call(&AppCall::Proof(ProofCall::Funnel(span.clone()))).await?;
    if wants_table { table(&report) } else { http::answer(200, &told(&span, &report)) }
}

fn told(span: &Span, report: &FunnelReport) -> Value {
    let all = &report.all;
    let step = |name: &str, of: Step| json!({"step": name, "tenants": of.tenants, "events": of.events});
    let upgraded = json!({
        "step": "upgraded", "tenants": all.upgraded.tenants, "events": share(all.upgraded.conversions), "revenue": all.upgraded.revenue,
    });
    json!({
        "since": span.since,
        "until": span.until,
        "campaign": span.campaign,
        "channel": span.channel.map(Channel::word),
        "window_ms": report.window,
        "currency": report.currency,
        "steps": [
            step("eligible", all.eligible), step("exposed", all.exposed), step("clicked", all.clicked), step("quoted", all.quoted), upgraded,
        ],
        "campaigns": report.prompts.iter().map(campaign).collect::<Vec<_>>(),
    })
}

fn campaign(row: &FunnelRow) -> Value {
    json!({
        "campaign": row.prompt,
        "channel": if row.is_mail { "email" } else { "in_app" },
        "eligible": row.eligible.tenants,
        "exposed": row.exposed.tenants,
        "exposures": row.exposed.events,
        "clicked": row.clicked.tenants,
        "clicks": row.clicked.events,
        "dismissed": row.dismissed.tenants,
        "snoozed": row.snoozed.tenants,
        "held_out": row.held_out.tenants,
        "quoted": row.quoted.tenants,
        "upgraded": row.upgraded.tenants,
        "revenue": row.upgraded.revenue,
    })
}

fn table(report: &FunnelReport) -> ApiResult<Response> {
    let header =
        ["campaign", "channel", "eligible", "exposed", "clicked", "dismissed", "snoozed", "held_out", "quoted", "upgraded", "revenue"];
    let mut csv = Csv::new(&header);
    for row in &report.prompts {
        let steps = [row.eligible, row.exposed, row.clicked, row.dismissed, row.snoozed, row.held_out, row.quoted];
        let mut numbers: Vec<String> = steps.iter().map(|step| step.tenants.to_string()).collect();
        numbers.extend([row.upgraded.tenants.to_string(), row.upgraded.revenue.to_string()]);
        let mut cells = vec![Cell::Text(&row.prompt), Cell::Safe(if row.is_mail { "email" } else { "in_app" })];
        cells.extend(numbers.iter().map(|number| Cell::Safe(number)));
        csv.row(&cells);
    }
    csv.answer("funnel")
}

/// `GET /v1/reports/funnel/tenants`: the tenants behind a number of it.
pub(in super::super) async fn tenants(req: &Request, env: &Env) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let query = Query::of(req);
    let step = query.get("step").filter(|step| STEPS.contains(step));
    let bad = || ApiError::new(Code::InvalidRequest, format!("`step` must be one of {}", STEPS.join(", ")));
    let limit = query.number("limit", PAGE.0, PAGE.1)?;
    let wish = FunnelTenantsWish {
        span: span::of(&query)?,
        step: step.ok_or_else(bad)?.to_owned(),
        after: query.get("cursor").map(str::to_owned),
        limit: limit.saturating_add(1),
    };
    let mut found: Vec<FunnelTenant> = app_object(env, &caller.app.id)?.call(&AppCall::Proof(ProofCall::FunnelTenants(wish))).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|last| last.tenant.clone());
    let found = found.iter().map(|one| json!({"tenant": one.tenant, "first": one.first, "last": one.last, "events": one.events}));
    http::answer(200, &json!({"tenants": found.collect::<Vec<_>>(), "next_cursor": next}))
}

/// Basis points of one as a number with at most four decimals.
pub(super) fn share(basis_points: u64) -> Value {
    if basis_points.is_multiple_of(10_000) { json!(basis_points / 10_000) } else { json!(fraction(basis_points)) }
}

#[expect(clippy::cast_precision_loss, reason = "counts of conversions are far below 2^53")]
fn fraction(basis_points: u64) -> f64 {
    basis_points as f64 / 10_000.0
}

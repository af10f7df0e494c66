//! `GET /v1/reports/trend`: what happened on each day, and how often each signal was detected.

use serde_json::json;
use worker::{Env, Request, Response};

use super::span;
use crate::http::{self, Cell, Csv, Query};
use crate::problem::ApiResult;
use crate::routes::tenants::back_end;
use crate::rpc::{AppCall, ProofCall, TrendDay, TrendReport, app_object};

/// The columns, as in JSON.
const HEADER: [&str; 9] = ["day", "signals", "exposures", "clicks", "mails", "conversions", "prompted", "revenue", "prompted_revenue"];

pub(in super::super) async fn get(req: &Request, env: &Env) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let query = Query::of(req);
    let span = span::of_all(&query, "leave it out")?;
    let wants_table = Csv::is_wanted(req, &query)?;
    let call = AppCall::Proof(ProofCall::Trend(span.clone()));
    let TrendReport { days, signals, currency } = app_object(env, &caller.app.id)?.call(&call).await?;
    if wants_table {
        return table(&days);
    }
    let days = days.iter().map(|day| {
        json!({
            "day": day.day, "signals": day.signals, "exposures": day.exposures, "clicks": day.clicks, "mails": day.mails,
            "conversions": day.conversions, "prompted": day.prompted, "revenue": day.revenue, "prompted_revenue": day.prompted_revenue,
        })
    });
    let days: Vec<_> = days.collect();
    let signals = signals.iter().map(|of| json!({"signal": of.signal, "detections": of.detections, "tenants": of.tenants}));
    let signals: Vec<_> = signals.collect();
    http::answer(200, &json!({"since": span.since, "until": span.until, "currency": currency, "days": days, "signals": signals}))
}

fn table(days: &[TrendDay]) -> ApiResult<Response> {
    let mut csv = Csv::new(&HEADER);
    for day in days {
        let counts = [day.signals, day.exposures, day.clicks, day.mails, day.conversions, day.prompted].map(|count| count.to_string());
        let money = [day.revenue, day.prompted_revenue].map(|amount| amount.to_string());
        let numbers = counts.iter().chain(&money).map(|number| Cell::Safe(number));
        csv.row(&std::iter::once(Cell::Safe(&day.day)).chain(numbers).collect::<Vec<_>>());
    }
    csv.answer("trend")
}

//! `GET /v1/reports/conversions`: conversions and what they are worth, by what they are credited to.

use serde_json::{Map, Value, json};
use upcue_engine::attribution::Credited;
use upcue_engine::percentile::percentiles;
use upcue_engine::report::By;
use upcue_engine::time::Millis;
use worker::{Env, Request, Response};

use super::funnel::share;
use super::span;
use crate::http::{self, Cell, Csv, Query};
use crate::problem::{ApiError, ApiResult, Code};
use crate::routes::tenants::back_end;
use crate::rpc::{AppCall, ConversionsReport, ConversionsWish, CreditedWish, GroupRow, ProofCall, Total, app_object};

/// The most things that conversions are grouped by at once.
const MOST: usize = 4;
/// Conversions on a page: usually, and at most.
const PAGE: (u32, u32) = (50, 500);

pub(in super::super) async fn get(req: &Request, env: &Env) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let query = Query::of(req);
    let wish = ConversionsWish {
        span: span::of_all(&query, "name it in `by`, or ask for the tenants behind it")?,
        by: by(&query)?,
        accounting: span::accounting(&query)?,
    };
    let wants_table = Csv::is_wanted(req, &query)?;
    let call = AppCall::Proof(ProofCall::Conversions(wish.clone()));
    let report: ConversionsReport = app_object(env, &caller.app.id)?.call(&call).await?;
    if wants_table { table(&wish.by, &report) } else { http::answer(200, &told(&wish, &report)) }
}

fn by(query: &Query) -> ApiResult<Vec<By>> {
    let words = query.get("by").unwrap_or("campaign");
    let mut all: Vec<By> = Vec::new();
    for word in words.split(',').map(str::trim) {
        let found = By::ALL.iter().find(|(known, _)| *known == word).map(|(_, by)| *by);
        let by = found.filter(|by| !all.contains(by) && all.len() < MOST).ok_or_else(|| {
            let known: Vec<&str> = By::ALL.iter().map(|(word, _)| *word).collect();
            ApiError::new(Code::InvalidRequest, format!("`by` must be one to {MOST} different ones of {}", known.join(", ")))
        })?;
        all.push(by);
    }
    Ok(all)
}

fn told(wish: &ConversionsWish, report: &ConversionsReport) -> Value {
    let attribution = &report.attribution;
    let [p50, p95] = percentiles(report.took.clone(), [50, 95]);
    json!({
        "by": wish.by.iter().map(|by| by.word()).collect::<Vec<_>>(),
        "since": wish.span.since,
        "until": wish.span.until,
        "model": attribution.model.word(),
        "window_ms": attribution.window,
        "goal": attribution.goal,
        "currency": report.currency,
        "total": total(&report.total),
        "prompted": total(&report.prompted),
        "organic": total(&report.organic),
        "other_currencies": report.other_currencies,
        "time_to_upgrade_ms": {"count": report.took.len(), "p50": p50, "p95": p95},
        "rows": report.rows.iter().map(|row| group(&wish.by, row)).collect::<Vec<_>>(),
    })
}

fn total(total: &Total) -> Value {
    json!({"conversions": share(total.conversions), "revenue": total.revenue, "tenants": total.tenants})
}

fn group(by: &[By], row: &GroupRow) -> Value {
    let mut told = Map::new();
    for (by, value) in by.iter().zip(&row.key) {
        told.insert(by.word().to_owned(), json!(value));
    }
    told.insert("conversions".to_owned(), share(row.sum.conversions));
    told.insert("revenue".to_owned(), json!(row.sum.revenue));
    told.insert("tenants".to_owned(), json!(row.sum.tenants));
    told.insert("touches".to_owned(), json!(row.touched.map(|(touches, _)| touches)));
    told.insert("touched_tenants".to_owned(), json!(row.touched.map(|(_, tenants)| tenants)));
    Value::Object(told)
}

fn table(by: &[By], report: &ConversionsReport) -> ApiResult<Response> {
    let numbers = ["conversions", "revenue", "tenants", "touches", "touched_tenants"];
    let mut csv = Csv::new(&by.iter().map(|by| by.word()).chain(numbers).collect::<Vec<_>>());
    for row in &report.rows {
        let [touches, tenants] =
            row.touched.map_or([String::new(), String::new()], |(touches, tenants)| [touches, tenants].map(|n| n.to_string()));
        let numbers = [share(row.sum.conversions).to_string(), row.sum.revenue.to_string(), row.sum.tenants.to_string(), touches, tenants];
        let keys = row.key.iter().map(|key| Cell::Text(key));
        csv.row(&keys.chain(numbers.iter().map(|number| Cell::Safe(number))).collect::<Vec<_>>());
    }
    csv.answer("conversions")
}

/// `GET /v1/reports/conversions/tenants`: the conversions behind a number of it, each with what it is credited to.
pub(in super::super) async fn tenants(req: &Request, env: &Env) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let query = Query::of(req);
    let limit = query.number("limit", PAGE.0, PAGE.1)?;
    // What they are grouped by may also limit the whole report: `campaign` and `channel` mean the same either way.
    let group = By::ALL.iter().filter_map(|(word, by)| Some((*by, query.get(word)?.to_owned()))).collect();
    let wish = CreditedWish {
        span: span::of(&query)?,
        accounting: span::accounting(&query)?,
        group,
        organic: query.get("organic") == Some("true"),
        after: query.get("cursor").map(cursor).transpose()?,
        limit: limit.saturating_add(1),
    };
    let call = AppCall::Proof(ProofCall::Credited(wish));
    let (mut found, currency): (Vec<Credited>, String) = app_object(env, &caller.app.id)?.call(&call).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|last| format!("{}.{}", last.conversion.at.0, last.tenant));
    let found: Vec<Value> = found.iter().map(credited).collect();
    http::answer(200, &json!({"conversions": found, "currency": currency, "next_cursor": next}))
}

fn cursor(text: &str) -> ApiResult<(Millis, String)> {
    let read = text.split_once('.').and_then(|(at, tenant)| Some((Millis(at.parse().ok()?), tenant.to_owned())));
    read.ok_or_else(|| ApiError::new(Code::InvalidRequest, "`cursor` must be the `next_cursor` of a page before"))
}

fn credited(one: &Credited) -> Value {
    let conversion = &one.conversion;
    let touches = one.parts().map(|(touch, part, revenue)| {
        json!({
            "at": touch.seen, "channel": touch.channel.word(), "campaign": touch.of, "variant": touch.variant,
            "placement": Some(&touch.placement).filter(|p| !p.is_empty()), "signal": touch.signal.as_ref().map(|(id, _)| id),
            "signal_at": touch.signal.as_ref().map(|(_, at)| at), "clicked_at": touch.clicked, "share": share(part.into()),
            "revenue": revenue,
        })
    });
    json!({
        "tenant": one.tenant, "at": conversion.at, "from": conversion.from, "to": conversion.to, "before": conversion.before,
        "after": conversion.after, "currency": conversion.currency, "upgrade": conversion.upgrade, "needed_since": conversion.needed,
        "touches": touches.collect::<Vec<_>>(),
    })
}

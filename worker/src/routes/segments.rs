//! `/v1/segments`: who is in which segment now, as JSON by pages or as a table for spreadsheets.

use js_sys::Date;
use serde_json::{Value, json};
use upcue_engine::map::ordered;
use upcue_engine::time::Millis;
use worker::{Env, Request, Response};

use super::listing;
use super::segment as part_of_path;
use super::tenants::back_end;
use crate::http::{self, Cell, Csv, Query};
use crate::problem::ApiResult;
use crate::rpc::{AppCall, Listing, Object, Order, SegmentPage, SegmentRow, TenantRow, app_object};

/// Members asked for at a time while a table is made.
const AT_A_TIME: u32 = 2_000;
/// The columns of a table.
const HEADER: [&str; 7] = ["tenant", "since", "score", "scored_at", "plan", "status", "seen_at"];
/// The latest moment that a date can tell, in milliseconds.
const LAST_DATE: i64 = 8_640_000_000_000_000;

pub(super) async fn list(req: &Request, env: &Env) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let segments: Vec<SegmentRow> = app_object(env, &caller.app.id)?.call(&AppCall::Segments).await?;
    let segments = segments.iter().map(|s| json!({"segment": s.segment, "label": s.label, "members": s.members}));
    http::answer(200, &json!({"segments": segments.collect::<Vec<_>>()}))
}

pub(super) async fn get(req: &Request, env: &Env, path: &str) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let query = Query::of(req);
    let listing = Listing { segment: Some(part_of_path(path, 3)?), ..listing::of(&query, Order::Score)? };
    let app = app_object(env, &caller.app.id)?;
    if Csv::is_wanted(req, &query)? { table(&app, listing).await } else { page(&app, &listing).await }
}

async fn page(app: &Object, listing: &Listing) -> ApiResult<Response> {
    let SegmentPage { of, members } = app.call(&AppCall::Segment(listing::and_one_more(listing))).await?;
    let (members, next) = listing::page(listing, members);
    let members: Vec<Value> = members.iter().map(member).collect();
    let body = json!({"segment": of.segment, "label": of.label, "total": of.members, "members": members, "next_cursor": next});
    http::answer(200, &body)
}

fn member(row: &TenantRow) -> Value {
    json!({
        "tenant": row.tenant, "since": row.since, "score": row.score, "scored_at": row.scored_at, "plan": row.plan, "status": row.status,
        "seen_at": row.seen_at,
    })
}

/// All members. They are asked for by name whatever the order, so that each is in the table once although scores change
/// meanwhile, and sorted here.
async fn table(app: &Object, listing: Listing) -> ApiResult<Response> {
    let mut ask = Listing { order: Order::Tenant, after: None, limit: AT_A_TIME, ..listing };
    let mut members: Vec<TenantRow> = Vec::new();
    let segment = loop {
        let SegmentPage { of, members: mut found } = app.call(&AppCall::Segment(ask.clone())).await?;
        let is_last = found.len() < AT_A_TIME as usize;
        members.append(&mut found);
        ask.after = members.last().map(listing::place);
        if is_last {
            break of.segment;
        }
    };
    if listing.order == Order::Score {
        members = ordered(members, |row| row.score.map_or(1, |score| -i64::from(score)));
    }
    let mut csv = Csv::new(&HEADER);
    for row in &members {
        let score = row.score.map(|score| score.to_string()).unwrap_or_default();
        let [since, scored, seen] = [row.since, row.scored_at, Some(row.seen_at)].map(|at| at.map(date).unwrap_or_default());
        let [plan, status] = [&row.plan, &row.status].map(|text| Cell::Text(text.as_deref().unwrap_or_default()));
        let (tenant, score) = (Cell::Text(&row.tenant), Cell::Safe(&score));
        csv.row(&[tenant, Cell::Safe(&since), score, Cell::Safe(&scored), plan, status, Cell::Safe(&seen)]);
    }
    csv.answer(&segment)
}

/// A moment as spreadsheets read it: `2026-11-29T10:00:00.000Z`.
fn date(at: Millis) -> String {
    #[expect(clippy::cast_precision_loss, reason = "dates end below 2^53")]
    let date = |ms: i64| Date::new(&(ms as f64).into()).to_iso_string();
    if (-LAST_DATE..=LAST_DATE).contains(&at.0) { date(at.0).into() } else { String::new() }
}

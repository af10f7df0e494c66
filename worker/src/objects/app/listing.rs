//! Pages of tenants: by segment, plan or status, in an order that stays while tenants come and go.
//!
//! A page begins after a place in the order, not after a count of rows, so that none is skipped or listed twice because another
//! came or went. A tenant whose score changes between two pages moves, and may be met twice or not at all; in the order of
//! names each is met once.

use upcue_engine::map::Map;
use upcue_engine::time::Millis;
use worker::SqlStorageValue;

use super::super::rows::{text, whole};
use super::AppObject;
use crate::problem::ApiResult;
use crate::rpc::{Listing, Order, TenantRow};

/// A tenant's columns; what stands for `since` comes after them.
const COLUMNS: &str = "tenant.tenant, seen_at, plan, status, score, scored_at, \
    (SELECT group_concat(segment) FROM member AS every WHERE every.tenant = tenant.tenant), ";
/// Sorts those without a score last.
const SCORE: &str = "coalesce(score, -1)";

impl AppObject {
    /// A page of tenants.
    pub(super) fn list(&self, listing: &Listing) -> ApiResult<Vec<TenantRow>> {
        let (sql, bindings) = select(listing);
        Ok(self.rows()?.query(&sql, bindings)?.iter().filter_map(|row| read(row)).collect())
    }
}

fn select(listing: &Listing) -> (String, Vec<SqlStorageValue>) {
    let from = if listing.segment.is_some() {
        "since FROM member JOIN tenant ON tenant.tenant = member.tenant WHERE "
    } else {
        "NULL FROM tenant WHERE "
    };
    let mut bindings = Vec::new();
    let mut conditions = Vec::new();
    for (column, wanted) in [("segment = ?", &listing.segment), ("plan = ?", &listing.plan), ("status = ?", &listing.status)] {
        if let Some(wanted) = wanted {
            conditions.push(column.to_owned());
            bindings.push(wanted.as_str().into());
        }
    }
    if let Some(after) = &listing.after {
        if listing.order == Order::Score {
            let score = SqlStorageValue::Integer(after.score.map_or(-1, i64::from));
            conditions.push(format!("({SCORE} < ? OR ({SCORE} = ? AND tenant.tenant > ?))"));
            bindings.extend([score.clone(), score]);
        } else {
            conditions.push("tenant.tenant > ?".to_owned());
        }
        bindings.push(after.tenant.as_str().into());
    }
    if conditions.is_empty() {
        conditions.push("1".to_owned());
    }
    let order = if listing.order == Order::Score { format!("{SCORE} DESC, ") } else { String::new() };
    bindings.push(SqlStorageValue::Integer(i64::from(listing.limit)));
    (format!("SELECT {COLUMNS}{from}{} ORDER BY {order}tenant.tenant LIMIT ?", conditions.join(" AND ")), bindings)
}

fn read(row: &[SqlStorageValue]) -> Option<TenantRow> {
    let segments: Map<()> = row.get(6).and_then(text).iter().flat_map(|names| names.split(',')).map(|name| (name.to_owned(), ())).collect();
    Some(TenantRow {
        tenant: row.first().and_then(text)?,
        seen_at: row.get(1).and_then(moment)?,
        plan: row.get(2).and_then(text),
        status: row.get(3).and_then(text),
        score: row.get(4).and_then(score),
        scored_at: row.get(5).and_then(moment),
        since: row.get(7).and_then(moment),
        segments: segments.keys().cloned().collect(),
    })
}

/// A moment from SQL.
pub(super) fn moment(value: &SqlStorageValue) -> Option<Millis> {
    whole(value).and_then(|n| i64::try_from(n).ok()).map(Millis)
}

/// A score from SQL.
pub(super) fn score(value: &SqlStorageValue) -> Option<u8> {
    whole(value).and_then(|n| u8::try_from(n).ok())
}

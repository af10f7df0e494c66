//! Messages in line for endpoints, and those that were: what is sent, how it stands, what was tried.
//!
//! The columns `state`, `next_at` and `reason` say how a delivery stands, so that many can be given up in one statement; `value` holds
//! what else is known of it.

use upcue_engine::hook::{Delivery, QUEUE, Stage};
use upcue_engine::time::{HOUR, Millis};
use worker::SqlStorageValue;

use super::super::super::rows::{decode, encode, text, whole};
use super::super::AppObject;
use super::super::listing::moment;
use crate::hook::body;
use crate::hook_events::Event;
use crate::problem::{ApiError, ApiResult};
use crate::rpc::{HookDelivery, HookListing};

pub(in super::super) const DELIVERIES: &str = "CREATE TABLE IF NOT EXISTS hook_delivery (number INTEGER PRIMARY KEY, \
    endpoint TEXT NOT NULL, message TEXT NOT NULL, type TEXT NOT NULL, tenant TEXT NOT NULL, at INTEGER NOT NULL, state TEXT NOT NULL, \
    next_at INTEGER, reason TEXT, value BLOB NOT NULL, body TEXT NOT NULL)";
/// A message is in line once, however often its fact comes in.
pub(in super::super) const BY_MESSAGE: &str =
    "CREATE UNIQUE INDEX IF NOT EXISTS hook_delivery_message ON hook_delivery (endpoint, message)";
/// What waits is few among what is kept.
pub(in super::super) const WAITING: &str =
    "CREATE INDEX IF NOT EXISTS hook_delivery_waiting ON hook_delivery (endpoint, next_at) WHERE state = 'pending'";

/// The most deliveries of all endpoints that are kept once they are done.
const MOST_KEPT: i64 = 100_000;
/// So many are forgotten at a time.
const FORGOTTEN: i64 = 500;
/// What is shown of a delivery.
const COLUMNS: &str = "number, message, type, tenant, at, state, next_at, reason, value";

/// A message whose moment has come.
pub(super) struct Due {
    pub(super) message: String,
    pub(super) body: String,
}

impl AppObject {
    /// Puts messages in line; if too many wait then, the oldest fall out.
    pub(super) fn enqueue<'e>(&self, endpoint: &str, messages: impl Iterator<Item = (String, &'e Event)>) -> ApiResult<()> {
        let (rows, now) = (self.rows()?, Self::now());
        let mut some = false;
        for (message, event) in messages {
            let sql = "INSERT INTO hook_delivery (endpoint, message, type, tenant, at, state, next_at, value, body) \
                VALUES (?, ?, ?, ?, ?, 'pending', ?, ?, ?) ON CONFLICT (endpoint, message) DO NOTHING";
            let at = SqlStorageValue::Integer(now.0.max(0));
            let value = encode(&Delivery::new(now));
            let (message, tenant) = (message.as_str().into(), event.tenant.as_str().into());
            rows.run(sql, vec![endpoint.into(), message, event.kind.into(), tenant, at.clone(), at, value, body(event).into()])?;
            some = true;
        }
        if !some {
            return Ok(());
        }
        let found = rows.query("SELECT count(*) FROM hook_delivery WHERE endpoint = ? AND state = 'pending'", vec![endpoint.into()])?;
        let waiting = found.first().and_then(|row| row.first()).and_then(whole).unwrap_or(0);
        let excess = waiting.saturating_sub(u64::from(QUEUE));
        if excess == 0 {
            return Ok(());
        }
        let sql = "UPDATE hook_delivery SET state = 'failed', next_at = NULL, reason = ? WHERE number IN \
            (SELECT number FROM hook_delivery WHERE endpoint = ? AND state = 'pending' ORDER BY number LIMIT ?)";
        let reason = format!("fell out of the queue: more than {QUEUE} messages waited for this endpoint");
        rows.run(sql, vec![reason.into(), endpoint.into(), number(excess)])
    }

    /// Has nothing wait for an endpoint any more.
    pub(super) fn give_up(&self, endpoint: &str, reason: &str) -> ApiResult<()> {
        let sql = "UPDATE hook_delivery SET state = 'failed', next_at = NULL, reason = ? WHERE endpoint = ? AND state = 'pending'";
        self.rows()?.run(sql, vec![reason.into(), endpoint.into()])
    }

    /// Messages for an endpoint whose moment has come, those that wait longest first.
    pub(super) fn due(&self, endpoint: &str, limit: usize) -> ApiResult<Vec<Due>> {
        let sql = "SELECT message, body FROM hook_delivery WHERE endpoint = ? AND state = 'pending' AND next_at <= ? \
            ORDER BY next_at, number LIMIT ?";
        let limit = i64::try_from(limit).unwrap_or(1);
        let values = vec![endpoint.into(), SqlStorageValue::Integer(Self::now().0), SqlStorageValue::Integer(limit)];
        let due = |row: &[SqlStorageValue]| Some(Due { message: row.first().and_then(text)?, body: row.get(1).and_then(text)? });
        Ok(self.rows()?.query(sql, values)?.iter().filter_map(|row| due(row)).collect())
    }

    /// When the next message is to be sent, or what is too old to be forgotten.
    pub(in super::super) fn next_hook(&self) -> ApiResult<Option<Millis>> {
        let rows = self.rows()?;
        let sql = "SELECT min((SELECT min(next_at) FROM hook_delivery WHERE endpoint = hook.id AND state = 'pending')) FROM hook";
        let first = |sql| Ok::<_, ApiError>(rows.query(sql, vec![])?.first().and_then(|row| row.first()).and_then(moment));
        let send = first(sql)?;
        // What may not be forgotten yet, since it was put in line anew, is not looked at all the time.
        let soon = Self::now().plus(HOUR);
        let kept = self.retention()?.deliveries;
        let forget = first("SELECT at FROM hook_delivery ORDER BY number LIMIT 1")?.map(|at| at.plus(kept).max(soon));
        Ok(send.into_iter().chain(forget).min())
    }

    /// Forgets some of what is too old, or too much.
    pub(super) fn forget_deliveries(&self) -> ApiResult<()> {
        let sql = "DELETE FROM hook_delivery WHERE number IN (SELECT number FROM hook_delivery ORDER BY number LIMIT ?1) \
            AND state <> 'pending' AND (at < ?2 OR number <= (SELECT max(number) FROM hook_delivery) - ?3)";
        let before = Self::now().plus(-self.retention()?.deliveries).0.max(0);
        self.rows()?.run(sql, [FORGOTTEN, before, MOST_KEPT].map(SqlStorageValue::Integer).to_vec())
    }

    /// Deliveries of an endpoint, newest first.
    pub(super) fn deliveries(&self, HookListing { id, state, before, limit }: &HookListing) -> ApiResult<Vec<HookDelivery>> {
        // `+`: by number, which is the order asked for, not by the index of messages.
        let sql = format!(
            "SELECT {COLUMNS} FROM hook_delivery WHERE +endpoint = ?1 AND number < ?2 AND (?3 IS NULL OR state = ?3) \
             ORDER BY number DESC LIMIT ?4"
        );
        let before = number(before.unwrap_or(u64::MAX));
        let state = state.as_deref().map_or(SqlStorageValue::Null, Into::into);
        let values = vec![id.as_str().into(), before, state, SqlStorageValue::Integer(i64::from(*limit))];
        self.rows()?.query(&sql, values)?.iter().map(|row| read(row)).collect()
    }

    /// A message for an endpoint.
    pub(super) fn delivery_of(&self, endpoint: &str, message: &str) -> ApiResult<Option<HookDelivery>> {
        let sql = format!("SELECT {COLUMNS} FROM hook_delivery WHERE endpoint = ? AND message = ?");
        self.rows()?.query(&sql, vec![endpoint.into(), message.into()])?.first().map(|row| read(row)).transpose()
    }

    /// Writes down how a delivery stands.
    pub(super) fn put_delivery(&self, place: u64, delivery: &Delivery) -> ApiResult<()> {
        let sql = "UPDATE hook_delivery SET state = ?, next_at = ?, reason = ?, value = ? WHERE number = ?";
        let next = if let Stage::Pending(next) = delivery.stage { SqlStorageValue::Integer(next.0) } else { SqlStorageValue::Null };
        let values = vec![delivery.stage.code().into(), next, delivery.reason.clone().into(), encode(delivery), number(place)];
        self.rows()?.run(sql, values)
    }
}

fn read(row: &[SqlStorageValue]) -> ApiResult<HookDelivery> {
    let column = |i: usize| row.get(i).and_then(text).unwrap_or_default();
    let value = row.get(8).ok_or_else(ApiError::unreadable)?;
    let stage = match column(5).as_str() {
        "delivered" => Stage::Delivered,
        "failed" => Stage::Failed,
        _ => Stage::Pending(row.get(6).and_then(moment).unwrap_or_default()),
    };
    Ok(HookDelivery {
        number: row.first().and_then(whole).unwrap_or_default(),
        message: column(1),
        kind: column(2),
        tenant: column(3),
        at: row.get(4).and_then(moment).unwrap_or_default(),
        delivery: Delivery { stage, reason: row.get(7).and_then(text), ..decode(value)? },
    })
}

fn number(n: u64) -> SqlStorageValue {
    SqlStorageValue::Integer(i64::try_from(n.min((1 << 53) - 1)).unwrap_or(0))
}

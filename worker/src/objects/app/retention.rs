//! Forgetting what is too old, by the alarm, and telling tenants how long they may remember.

use upcue_engine::time::{DAY, HOUR, Millis};
use worker::SqlStorageValue;

use super::super::rows::text;
use super::AppObject;
use super::listing::moment;
use crate::log;
use crate::problem::ApiResult;
use crate::rpc::{Retention, TenantCall, TenantEnvelope, tenant_object};

/// The row with what the operator wants.
const RETENTION: &str = "retention";
/// The row with the name of the tenant that was told last; present while some are yet to be told.
const TELLING: &str = "retention_telling";
/// Tenants told at a time.
const AT_A_TIME: i64 = 50;
/// How long a letter can be looked at, and an event waits whose customer is nobody's: that customer's subscriptions are read when it
/// is somebody's.
const LOOK: i64 = HOUR;
const UNMATCHED: i64 = 30 * DAY;

impl AppObject {
    /// How long things are kept.
    pub(super) fn retention(&self) -> ApiResult<Retention> {
        Ok(self.rows()?.get(RETENTION)?.unwrap_or_default())
    }

    /// Changes how long things are kept, and has all tenants told, however long they have been silent.
    pub(super) fn retain(&self, retention: Retention) -> ApiResult<()> {
        if self.retention()? == retention {
            return Ok(());
        }
        let rows = self.rows()?;
        rows.put(RETENTION, &retention)?;
        rows.put(TELLING, &String::new())
    }

    /// Whether tenants are yet to be told.
    pub(super) fn is_telling(&self) -> ApiResult<bool> {
        Ok(self.rows()?.get::<String>(TELLING)?.is_some())
    }

    /// Tells some tenants how long they may remember. One that cannot be reached hears of it with the next facts it delivers.
    pub(super) async fn tell_some(&self) -> ApiResult<()> {
        let rows = self.rows()?;
        let Some(after) = rows.get::<String>(TELLING)? else { return Ok(()) };
        let (app, retention) = (self.head()?.id, self.retention()?);
        let sql = "SELECT tenant FROM tenant WHERE tenant > ? ORDER BY tenant LIMIT ?";
        let found = rows.query(sql, vec![after.into(), SqlStorageValue::Integer(AT_A_TIME)])?;
        let names: Vec<String> = found.iter().filter_map(|row| row.first().and_then(text)).collect();
        let calls = names.iter().map(async |tenant| {
            let envelope = TenantEnvelope { app: app.clone(), tenant: tenant.clone(), revision: 0, call: TenantCall::Retain(retention) };
            let told: ApiResult<()> = async { tenant_object(&self.env, &app, tenant)?.call(&envelope).await }.await;
            if let Err(error) = told {
                log::background("retention", error.source().unwrap_or_else(|| error.code()));
            }
        });
        futures_util::future::join_all(calls).await;
        // Whoever changed it meanwhile has all told again from the beginning.
        if self.retention()? != retention {
            return Ok(());
        }
        match names.last() {
            Some(last) => rows.put(TELLING, last),
            None => rows.run("DELETE FROM row WHERE key = ?", vec![TELLING.into()]),
        }
    }

    /// What is forgotten by its age: the statement, the one that finds the oldest, and how long it is kept. Webhooks that were sent go
    /// with their line.
    fn aging(&self) -> ApiResult<[(&'static str, &'static str, i64); 5]> {
        let Retention { facts, letters, .. } = self.retention()?;
        Ok([
            ("DELETE FROM touch WHERE at < ?", "SELECT min(at) FROM touch", facts),
            ("DELETE FROM log WHERE at < ?", "SELECT min(at) FROM log", facts.min(Retention::ACTIVITY)),
            ("DELETE FROM letter WHERE drawn < ?", "SELECT min(drawn) FROM letter", letters),
            ("DELETE FROM look WHERE at < ?", "SELECT min(at) FROM look", LOOK),
            (
                "DELETE FROM stripe_event WHERE state = 'unmatched' AND received_at < ?",
                "SELECT min(received_at) FROM stripe_event WHERE state = 'unmatched'",
                UNMATCHED,
            ),
        ])
    }

    /// Forgets what is too old.
    pub(super) fn forget_aged(&self) -> ApiResult<()> {
        let (rows, now) = (self.rows()?, Self::now());
        self.aging()?.iter().try_for_each(|(forget, _, kept)| rows.run(forget, vec![SqlStorageValue::Integer(now.plus(-kept).0.max(0))]))
    }

    /// When the next is too old; to the hour, so that what came in together goes together.
    pub(super) fn next_aged(&self) -> ApiResult<Option<Millis>> {
        let rows = self.rows()?;
        let mut next: Option<Millis> = None;
        for (_, oldest, kept) in self.aging()? {
            let found = rows.query(oldest, vec![])?.first().and_then(|row| row.first()).and_then(moment);
            let at = found.map(|at| Millis((at.plus(kept).0 / HOUR + 1) * HOUR));
            next = next.into_iter().chain(at).min();
        }
        self.ages.set(true);
        Ok(next)
    }

    /// Sets the alarm for what will be too old, once in this object's life: from then on each alarm sets the next.
    pub(super) fn will_age(&self) -> ApiResult<()> {
        if self.ages.get() { Ok(()) } else { self.schedule() }
    }
}

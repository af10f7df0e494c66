//! The app's list of its tenants, fed by their facts, and the news they must hear.

use upcue_engine::time::{DAY, Millis};
use worker::SqlStorageValue;

use super::super::rows::{text, whole};
use super::AppObject;
use crate::problem::ApiResult;
use crate::rpc::{Fact, TenantCall, TenantEnvelope, TenantRow, tenant_object};

pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS tenant (tenant TEXT PRIMARY KEY, last_seq INTEGER NOT NULL, \
    seen_at INTEGER NOT NULL, plan TEXT, status TEXT) WITHOUT ROWID";
/// The row with the name of the tenant that heard the news last; present while some have yet to hear.
const ANNOUNCING: &str = "announcing";
/// Tenants told at a time.
const AT_A_TIME: i64 = 50;
/// Tenants silent for longer have no page open; they learn of new rules when they next come.
const RECENT: i64 = 2 * DAY;

impl AppObject {
    /// Takes facts in, each once: numbers up to the last known one have been counted. Answers the highest known.
    pub(super) fn take_facts(&self, tenant: &str, facts: &[(u64, Fact)]) -> ApiResult<u64> {
        self.head()?;
        let rows = self.rows()?;
        let found = rows.query("SELECT last_seq, seen_at, plan, status FROM tenant WHERE tenant = ?", vec![tenant.into()])?;
        let row = found.first();
        let mut last = row.and_then(|r| r.first()).and_then(whole).unwrap_or(0);
        let mut seen = row.and_then(|r| r.get(1)).and_then(whole).unwrap_or(0);
        let mut plan = row.and_then(|r| r.get(2)).and_then(text);
        let mut status = row.and_then(|r| r.get(3)).and_then(text);
        let known = last;
        for (seq, fact) in facts.iter().filter(|(seq, _)| *seq > known) {
            let at = match fact {
                Fact::Seen { at } => at,
                Fact::Subscription { at, plan: new_plan, status: new_status } => {
                    plan.clone_from(new_plan);
                    status.clone_from(new_status);
                    at
                }
                Fact::Upgrade(upgrade) => {
                    self.put_upgrade(tenant, *seq, upgrade)?;
                    &upgrade.at
                }
                Fact::Transition(transition) => &transition.at,
                Fact::Score { at, .. } => at,
            };
            seen = seen.max(u64::try_from(at.0).unwrap_or(0));
            last = *seq;
        }
        let sql = "INSERT INTO tenant (tenant, last_seq, seen_at, plan, status) VALUES (?, ?, ?, ?, ?) ON CONFLICT (tenant) DO UPDATE \
            SET last_seq = excluded.last_seq, seen_at = excluded.seen_at, plan = excluded.plan, status = excluded.status";
        rows.run(sql, vec![tenant.into(), integer(last), integer(seen), plan.into(), status.into()])?;
        Ok(last)
    }

    pub(super) fn tenants(&self, after: &str, limit: u32) -> ApiResult<Vec<TenantRow>> {
        self.head()?;
        let sql = "SELECT tenant, seen_at, plan, status FROM tenant WHERE tenant > ? ORDER BY tenant LIMIT ?";
        let rows = self.rows()?.query(sql, vec![after.into(), SqlStorageValue::Integer(i64::from(limit))])?;
        let row = |row: &Vec<SqlStorageValue>| {
            Some(TenantRow {
                tenant: row.first().and_then(text)?,
                seen_at: Millis(row.get(1).and_then(whole).and_then(|n| i64::try_from(n).ok())?),
                plan: row.get(2).and_then(text),
                status: row.get(3).and_then(text),
            })
        };
        Ok(rows.iter().filter_map(row).collect())
    }

    /// Has all recent tenants told that the rules have changed; part of a transaction.
    pub(super) fn announce(&self) -> ApiResult<()> {
        self.rows()?.put(ANNOUNCING, &String::new())?;
        self.schedule()
    }

    /// Whether tenants have yet to hear of new rules.
    pub(super) fn is_announcing(&self) -> ApiResult<bool> {
        Ok(self.rows()?.get::<String>(ANNOUNCING)?.is_some())
    }

    /// Tells some tenants.
    pub(super) async fn announce_some(&self) -> ApiResult<()> {
        let rows = self.rows()?;
        let Some(after) = rows.get::<String>(ANNOUNCING)? else { return Ok(()) };
        let head = self.head()?;
        let since = Self::now().plus(-RECENT).0.max(0);
        let sql = "SELECT tenant FROM tenant WHERE tenant > ? AND seen_at >= ? ORDER BY tenant LIMIT ?";
        let values = vec![after.as_str().into(), SqlStorageValue::Integer(since), SqlStorageValue::Integer(AT_A_TIME)];
        let names: Vec<String> = rows.query(sql, values)?.iter().filter_map(|row| row.first().and_then(text)).collect();
        let calls = names.iter().map(|tenant| {
            let call = TenantCall::RulesChanged;
            let envelope = TenantEnvelope { app: head.id.clone(), tenant: tenant.clone(), revision: head.revision, call };
            async move {
                // A tenant that cannot be reached now learns of the rules with its next request.
                if let Err(error) = self.tell(tenant, &envelope).await {
                    crate::log::background("announce", error.source().unwrap_or_else(|| error.code()));
                }
            }
        });
        futures_util::future::join_all(calls).await;
        // Whoever published meanwhile has set the mark back to the beginning; then it starts again from there.
        if self.head()?.revision != head.revision {
            return Ok(());
        }
        match names.last() {
            Some(last) => rows.put(ANNOUNCING, last),
            None => rows.run("DELETE FROM row WHERE key = ?", vec![ANNOUNCING.into()]),
        }
    }

    async fn tell(&self, tenant: &str, envelope: &TenantEnvelope) -> ApiResult<()> {
        tenant_object(&self.env, &envelope.app, tenant)?.call(envelope).await
    }
}

fn integer(n: u64) -> SqlStorageValue {
    SqlStorageValue::Integer(i64::try_from(n).unwrap_or(i64::MAX))
}

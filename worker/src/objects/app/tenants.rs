//! The app's list of its tenants, fed by their facts, and the news they must hear.

use upcue_engine::time::DAY;
use worker::SqlStorageValue;

use super::super::rows::{Rows, text, whole};
use super::AppObject;
use super::listing::{moment, score};
use super::mails;
use super::proof;
use super::segments::put_member;
use super::standing::Standing;
use crate::hook_events::event_of;
use crate::problem::ApiResult;
use crate::rpc::{AppHead, Fact, Retention, TenantCall, TenantEnvelope, tenant_object};

pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS tenant (tenant TEXT PRIMARY KEY, last_seq INTEGER NOT NULL, \
    seen_at INTEGER NOT NULL, plan TEXT, status TEXT, score INTEGER, scored_at INTEGER) WITHOUT ROWID";
/// The row with the name of the tenant that heard the news last; present while some have yet to hear.
const ANNOUNCING: &str = "announcing";
/// Tenants told at a time.
const AT_A_TIME: i64 = 50;
/// Tenants silent for longer have no page open; they learn of new rules when they next come.
const RECENT: i64 = 2 * DAY;
/// Where rules detect something by themselves, tenants that came within this time are told, so that segments are complete.
const ACTIVE: i64 = 35 * DAY;

impl AppObject {
    /// Takes facts in, each once and all or none: numbers up to the last known one have been counted. Answers the highest known,
    /// and how long the tenant may remember.
    pub(super) fn take_facts(&self, tenant: &str, life: &str, facts: &[(u64, Fact)]) -> ApiResult<(u64, Retention)> {
        let head = self.head()?;
        let retention = self.retention()?;
        if self.is_over(tenant, life)? {
            return Ok((facts.last().map_or(0, |(number, _)| *number), retention));
        }
        let rows = self.rows()?;
        let sql = "SELECT last_seq, seen_at, plan, status, score, scored_at FROM tenant WHERE tenant = ?";
        let mut standing = rows.query(sql, vec![tenant.into()])?.first().map(|row| read(row)).unwrap_or_default();
        if standing.last == 0 {
            self.came_back(tenant)?; // should it have been erased before
        }
        rows.transaction(&mut || self.count_facts(&rows, &head, tenant, &mut standing, facts))?;
        self.will_age()?;
        Ok((standing.last, retention))
    }

    fn count_facts(&self, rows: &Rows, head: &AppHead, tenant: &str, standing: &mut Standing, facts: &[(u64, Fact)]) -> ApiResult<()> {
        let mut events = Vec::new();
        for (number, fact) in facts {
            if !standing.take(*number, fact) {
                continue;
            }
            events.extend(event_of(tenant, *number, fact));
            match fact {
                Fact::Upgrade(upgrade) => self.put_upgrade(tenant, *number, upgrade)?,
                Fact::Letter(letter) => mails::put(rows, tenant, &head.link_key, letter)?,
                _ => {}
            }
            proof::put(rows, tenant, *number, fact)?;
        }
        for (segment, since) in standing.memberships.iter() {
            put_member(rows, segment, tenant, *since)?;
        }
        self.tell_endpoints(&head.id, &events)?;
        put(rows, tenant, standing)
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
        let rules = self.rulebook()?;
        let config = &rules.config;
        let detect = !config.signals.is_empty() || !config.segments.is_empty() || !config.sequences.is_empty();
        let since = Self::now().plus(if detect { -ACTIVE } else { -RECENT }).0.max(0);
        let sql = "SELECT tenant FROM tenant WHERE tenant > ? AND seen_at >= ? ORDER BY tenant LIMIT ?";
        let values = vec![after.as_str().into(), SqlStorageValue::Integer(since), SqlStorageValue::Integer(AT_A_TIME)];
        let names: Vec<String> = rows.query(sql, values)?.iter().filter_map(|row| row.first().and_then(text)).collect();
        let calls = names.iter().map(|tenant| {
            let call = TenantCall::RulesChanged { detect };
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

fn read(row: &[SqlStorageValue]) -> Standing {
    Standing {
        last: row.first().and_then(whole).unwrap_or_default(),
        seen: row.get(1).and_then(moment).unwrap_or_default(),
        plan: row.get(2).and_then(text),
        status: row.get(3).and_then(text),
        score: row.get(4).and_then(score).zip(row.get(5).and_then(moment)),
        ..Standing::default()
    }
}

fn put(rows: &Rows, tenant: &str, standing: &Standing) -> ApiResult<()> {
    let sql = "INSERT INTO tenant (tenant, last_seq, seen_at, plan, status, score, scored_at) VALUES (?, ?, ?, ?, ?, ?, ?) \
        ON CONFLICT (tenant) DO UPDATE SET last_seq = excluded.last_seq, seen_at = excluded.seen_at, plan = excluded.plan, \
        status = excluded.status, score = excluded.score, scored_at = excluded.scored_at";
    let number = |n: Option<i64>| n.map_or(SqlStorageValue::Null, SqlStorageValue::Integer);
    let values = vec![
        tenant.into(),
        SqlStorageValue::Integer(i64::try_from(standing.last).unwrap_or(i64::MAX)),
        SqlStorageValue::Integer(standing.seen.0.max(0)),
        standing.plan.clone().into(),
        standing.status.clone().into(),
        number(standing.score.map(|(score, _)| i64::from(score))),
        number(standing.score.map(|(_, at)| at.0.max(0))),
    ];
    rows.run(sql, values)
}

//! How upgrades ended: the read model of the upgrade report, each counted once by its tenant and number.

use upcue_engine::time::Millis;
use worker::SqlStorageValue;

use super::super::rows::{decode, encode};
use super::AppObject;
use crate::problem::ApiResult;
use crate::rpc::UpgradeFact;

pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS upgrade (tenant TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, \
    fact BLOB NOT NULL, PRIMARY KEY (tenant, seq)) WITHOUT ROWID";
/// The most that a report is made of.
const REPORTED: i64 = 10_000;

impl AppObject {
    pub(super) fn put_upgrade(&self, tenant: &str, seq: u64, fact: &UpgradeFact) -> ApiResult<()> {
        let sql = "INSERT INTO upgrade (tenant, seq, at, fact) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
        let seq = SqlStorageValue::Integer(i64::try_from(seq).unwrap_or(i64::MAX));
        self.rows()?.run(sql, vec![tenant.into(), seq, SqlStorageValue::Integer(fact.at.0), encode(fact)])
    }

    /// Upgrades since a moment, newest first.
    pub(super) fn upgrades(&self, since: Millis) -> ApiResult<Vec<UpgradeFact>> {
        self.head()?;
        let sql = "SELECT fact FROM upgrade WHERE at >= ? ORDER BY at DESC LIMIT ?";
        let found = self.rows()?.query(sql, vec![SqlStorageValue::Integer(since.0), SqlStorageValue::Integer(REPORTED)])?;
        found.iter().filter_map(|row| row.first()).map(decode).collect()
    }
}

//! Addresses that no mail goes to: where mail came back from, and whose owners complained. Only keyed hashes are kept, so that
//! the list tells nobody's address.

use worker::SqlStorageValue;

use super::super::rows::{Rows, text};
use super::AppObject;
use super::listing::moment;
use crate::auth::link::address_hash;
use crate::problem::ApiResult;
use crate::rpc::{MailCall, Suppression, SuppressionListing, TenantCall, TenantEnvelope, tenant_object};

pub(super) const TABLE: &str =
    "CREATE TABLE IF NOT EXISTS suppression (hash BLOB PRIMARY KEY, reason TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID";

/// Which tenants keep mail from an address, and are told when it is let go.
pub(super) const BLOCKED: &str =
    "CREATE TABLE IF NOT EXISTS blocked (hash BLOB NOT NULL, tenant TEXT NOT NULL, PRIMARY KEY (hash, tenant)) WITHOUT ROWID";

/// Remembers that a tenant keeps mail from an address, or may.
pub(super) fn block(rows: &Rows, hash: [u8; 32], tenant: &str) -> ApiResult<()> {
    rows.run("INSERT INTO blocked (hash, tenant) VALUES (?, ?) ON CONFLICT DO NOTHING", vec![blob(hash), tenant.into()])
}

impl AppObject {
    /// Has no mail go to this address any more. What was known first stays.
    pub(super) fn suppress(&self, Suppression { hash, reason, at }: &Suppression) -> ApiResult<()> {
        self.head()?;
        let sql = "INSERT INTO suppression (hash, reason, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
        self.rows()?.run(sql, vec![blob(*hash), reason.as_str().into(), SqlStorageValue::Integer(at.0.max(0))])
    }

    /// Lets mail go to this address again, and has the tenants know that keep it from there; whether it was kept from it.
    pub(super) async fn unsuppress(&self, address: &str) -> ApiResult<bool> {
        let head = self.head()?;
        let hash = address_hash(&head.link_key, address)?;
        let was = self.suppressed(hash)?.is_some();
        let blocked = self.rows()?.query("SELECT tenant FROM blocked WHERE hash = ?", vec![blob(hash)])?;
        for tenant in blocked.iter().filter_map(|row| row.first().and_then(text)) {
            let call = TenantCall::Mail(MailCall::Unsuppress(address.to_owned()));
            let envelope = TenantEnvelope { app: head.id.clone(), tenant: tenant.clone(), revision: head.revision, call };
            tenant_object(&self.env, &head.id, &tenant)?.call::<()>(&envelope).await?;
        }
        let rows = self.rows()?;
        rows.run("DELETE FROM blocked WHERE hash = ?", vec![blob(hash)])?;
        rows.run("DELETE FROM suppression WHERE hash = ?", vec![blob(hash)])?;
        Ok(was)
    }

    /// Why no mail goes to this address, if none does.
    pub(super) fn suppressed(&self, hash: [u8; 32]) -> ApiResult<Option<String>> {
        self.head()?;
        let found = self.rows()?.query("SELECT reason FROM suppression WHERE hash = ?", vec![blob(hash)])?;
        Ok(found.first().and_then(|row| row.first()).and_then(text))
    }

    /// A page of the list.
    pub(super) fn suppressions(&self, listing: &SuppressionListing) -> ApiResult<Vec<Suppression>> {
        self.head()?;
        let sql = "SELECT hash, reason, at FROM suppression WHERE hash > ? ORDER BY hash LIMIT ?";
        let after = listing.after.map_or_else(|| SqlStorageValue::Blob(Vec::new()), blob);
        let found = self.rows()?.query(sql, vec![after, SqlStorageValue::Integer(i64::from(listing.limit))])?;
        Ok(found.iter().filter_map(|row| read(row)).collect())
    }
}

/// A hash for SQL.
pub(super) fn blob(hash: [u8; 32]) -> SqlStorageValue {
    SqlStorageValue::Blob(hash.to_vec())
}

fn read(row: &[SqlStorageValue]) -> Option<Suppression> {
    let SqlStorageValue::Blob(hash) = row.first()? else { return None };
    Some(Suppression { hash: hash.as_slice().try_into().ok()?, reason: row.get(1).and_then(text)?, at: row.get(2).and_then(moment)? })
}

//! Addresses that no mail goes to: where mail came back from, and whose owners complained. Only keyed hashes are kept, so that
//! the list tells nobody's address.

use upcue_engine::sequence::OWNER;
use worker::SqlStorageValue;

use super::super::rows::text;
use super::AppObject;
use super::listing::moment;
use crate::problem::ApiResult;
use crate::rpc::{MailCall, Suppression, SuppressionListing, TenantCall, TenantEnvelope, tenant_object};

pub(super) const TABLE: &str =
    "CREATE TABLE IF NOT EXISTS suppression (hash BLOB PRIMARY KEY, reason TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID";

impl AppObject {
    /// Has no mail go to this address any more. What was known first stays.
    pub(super) fn suppress(&self, Suppression { hash, reason, at }: &Suppression) -> ApiResult<()> {
        self.head()?;
        let sql = "INSERT INTO suppression (hash, reason, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
        self.rows()?.run(sql, vec![blob(*hash), reason.as_str().into(), SqlStorageValue::Integer(at.0.max(0))])
    }

    /// Lets mail go to this address again, and has the tenants know that wrote to it; whether it was kept from it.
    pub(super) async fn unsuppress(&self, hash: [u8; 32]) -> ApiResult<bool> {
        let head = self.head()?;
        let was = self.suppressed(hash)?.is_some();
        for (tenant, recipient) in self.written_to(hash)? {
            let owner = (recipient == "owner").then(|| OWNER.to_owned()); // a user may be called so as well
            let call = TenantCall::Mail(MailCall::Unsuppress(owner.into_iter().chain([recipient]).collect()));
            let envelope = TenantEnvelope { app: head.id.clone(), tenant: tenant.clone(), revision: head.revision, call };
            tenant_object(&self.env, &head.id, &tenant)?.call::<()>(&envelope).await?;
        }
        self.rows()?.run("DELETE FROM suppression WHERE hash = ?", vec![blob(hash)])?;
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

fn blob(hash: [u8; 32]) -> SqlStorageValue {
    SqlStorageValue::Blob(hash.to_vec())
}

fn read(row: &[SqlStorageValue]) -> Option<Suppression> {
    let SqlStorageValue::Blob(hash) = row.first()? else { return None };
    Some(Suppression { hash: hash.as_slice().try_into().ok()?, reason: row.get(1).and_then(text)?, at: row.get(2).and_then(moment)? })
}

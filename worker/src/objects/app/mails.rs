//! Letters of all tenants: a read model, fed by what tenants tell of each.

use upcue_engine::sequence::Reason;
use upcue_engine::time::DAY;
use worker::SqlStorageValue;

use super::super::rows::{Rows, decode, encode, text};
use super::AppObject;
use super::suppression::block;
use crate::auth::link::{LinkKey, address_hash};
use crate::host;
use crate::problem::ApiResult;
use crate::rpc::{LetterFact, LetterListing};

pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS letter (id TEXT PRIMARY KEY, tenant TEXT NOT NULL, drawn INTEGER NOT NULL, \
    state TEXT NOT NULL, fact BLOB NOT NULL) WITHOUT ROWID";
/// For the list, newest first, and for one tenant's.
pub(super) const BY_TIME: &str = "CREATE INDEX IF NOT EXISTS letter_drawn ON letter (drawn, id)";
pub(super) const BY_TENANT: &str = "CREATE INDEX IF NOT EXISTS letter_tenant ON letter (tenant, drawn)";
/// How long a letter is listed.
const KEPT: i64 = 90 * DAY;

/// Writes down how a letter stands; `key`: what addresses are hashed with.
pub(super) fn put(rows: &Rows, tenant: &str, key: &LinkKey, fact: &LetterFact) -> ApiResult<()> {
    let sql = "INSERT INTO letter (id, tenant, drawn, state, fact) VALUES (?, ?, ?, ?, ?) \
        ON CONFLICT (id) DO UPDATE SET state = excluded.state, fact = excluded.fact";
    let letter = &fact.letter;
    let drawn = SqlStorageValue::Integer(letter.drawn.0.max(0));
    rows.run(sql, vec![letter.id.as_str().into(), tenant.into(), drawn, letter.state.code().into(), encode(fact)])?;
    // The provider may have refused the address, which the tenant then writes to no more.
    if let Some(address) = fact.address.as_ref().filter(|_| letter.state.reason() == Some(Reason::Refused)) {
        block(rows, address_hash(key, address)?, tenant)?;
    }
    let before = SqlStorageValue::Integer(host::now().plus(-KEPT).0.max(0));
    rows.run("DELETE FROM letter WHERE drawn < ?", vec![before])
}

impl AppObject {
    /// Letters, newest first, each with its tenant.
    pub(super) fn letters(&self, listing: &LetterListing) -> ApiResult<Vec<(String, LetterFact)>> {
        self.head()?;
        let (sql, bindings) = select(listing);
        let found = self.rows()?.query(&sql, bindings)?;
        found
            .iter()
            .filter_map(|row| Some((row.first().and_then(text)?, row.get(1)?)))
            .map(|(tenant, fact)| Ok((tenant, decode(fact)?)))
            .collect()
    }

    /// Whose letter it is.
    pub(super) fn tenant_of_letter(&self, id: &str) -> ApiResult<Option<String>> {
        let found = self.rows()?.query("SELECT tenant FROM letter WHERE id = ?", vec![id.into()])?;
        Ok(found.first().and_then(|row| row.first()).and_then(text))
    }
}

fn select(LetterListing { tenant, state, after, limit }: &LetterListing) -> (String, Vec<SqlStorageValue>) {
    let mut bindings = Vec::new();
    let mut conditions = vec!["1".to_owned()];
    for (column, wanted) in [("tenant = ?", tenant), ("state = ?", state)] {
        if let Some(wanted) = wanted {
            conditions.push(column.to_owned());
            bindings.push(wanted.as_str().into());
        }
    }
    if let Some((drawn, id)) = after {
        conditions.push("(drawn, id) < (?, ?)".to_owned());
        bindings.extend([SqlStorageValue::Integer(drawn.0.max(0)), id.as_str().into()]);
    }
    bindings.push(SqlStorageValue::Integer(i64::from(*limit)));
    (format!("SELECT tenant, fact FROM letter WHERE {} ORDER BY drawn DESC, id DESC LIMIT ?", conditions.join(" AND ")), bindings)
}

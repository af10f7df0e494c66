//! The audit timeline: numbered entries, newest kept.

use upcue_engine::timeline::Entry;
use worker::SqlStorageValue;

use super::super::rows::{Rows, decode, encode, whole};
use super::store::{Stored, number};
use crate::problem::ApiResult;

pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS timeline (seq INTEGER PRIMARY KEY AUTOINCREMENT, entry BLOB NOT NULL)";
/// Entries kept.
const KEPT: i64 = 5_000;

/// Adds an entry, within the transaction that made it true.
pub(super) fn push(rows: &Rows, entry: &Entry) -> ApiResult<()> {
    rows.run("INSERT INTO timeline (entry) VALUES (?)", vec![encode(entry)])?;
    rows.run("DELETE FROM timeline WHERE seq <= (SELECT max(seq) FROM timeline) - ?", vec![SqlStorageValue::Integer(KEPT)])
}

impl Stored {
    /// Entries before a number, newest first.
    pub(super) fn timeline(&self, before: u64, limit: u32) -> ApiResult<Vec<(u64, Entry)>> {
        let sql = "SELECT seq, entry FROM timeline WHERE seq < ? ORDER BY seq DESC LIMIT ?";
        let found = self.rows().query(sql, vec![number(before), SqlStorageValue::Integer(i64::from(limit))])?;
        let numbered = found.iter().filter_map(|row| match row.as_slice() {
            [seq, entry] => Some((whole(seq)?, entry)),
            _ => None,
        });
        numbered.map(|(seq, entry)| Ok((seq, decode(entry)?))).collect()
    }
}

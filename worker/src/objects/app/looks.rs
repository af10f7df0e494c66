//! Letters kept for a while to be looked at in a browser, each under a name that nobody can guess: a page that is opened by its
//! address brings no key along.

use upcue_engine::time::HOUR;
use worker::SqlStorageValue;

use super::super::rows::{decode, encode};
use super::AppObject;
use crate::host;
use crate::problem::ApiResult;
use crate::rpc::Look;

pub(super) const TABLE: &str =
    "CREATE TABLE IF NOT EXISTS look (name TEXT PRIMARY KEY, at INTEGER NOT NULL, value BLOB NOT NULL) WITHOUT ROWID";
/// So long a letter can be looked at.
const KEPT: i64 = HOUR;
/// So many are kept at once, the newest.
const MOST: i64 = 50;

impl AppObject {
    /// Keeps a letter, and forgets those whose time is over; answers its name.
    pub(super) fn keep_look(&self, look: &Look) -> ApiResult<String> {
        self.head()?;
        let (rows, name) = (self.rows()?, host::name()?);
        let now = Self::now();
        let at = SqlStorageValue::Integer(now.0.max(0));
        rows.run("INSERT INTO look (name, at, value) VALUES (?, ?, ?)", vec![name.as_str().into(), at, encode(look)])?;
        let sql = "DELETE FROM look WHERE at <= ? OR name IN (SELECT name FROM look ORDER BY at DESC, name LIMIT -1 OFFSET ?)";
        rows.run(sql, vec![SqlStorageValue::Integer(now.plus(-KEPT).0.max(0)), SqlStorageValue::Integer(MOST)])?;
        Ok(name)
    }

    /// The letter under this name, while it is kept.
    pub(super) fn look(&self, name: &str) -> ApiResult<Option<Look>> {
        self.head()?;
        let since = SqlStorageValue::Integer(Self::now().plus(-KEPT).0.max(0));
        let found = self.rows()?.query("SELECT value FROM look WHERE name = ? AND at > ?", vec![name.into(), since])?;
        found.first().and_then(|row| row.first()).map(decode).transpose()
    }
}

//! Facts on their way from a tenant to its app: numbered, kept until acknowledged, so that each counts exactly once.

use worker::SqlStorageValue;

use super::super::rows::{Rows, decode, encode, set_alarm, whole};
use super::Core;
use crate::problem::ApiResult;
use crate::rpc::{AppCall, Fact, app_object};

/// The numbers rise without gaps and are never used again, deleted rows or not.
pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, fact BLOB NOT NULL)";
/// Facts in one delivery.
const DELIVERY: i64 = 200;

/// The row with the names of app and tenant.
pub(super) const IDENTITY: &str = "identity";

/// Adds a fact and sets the alarm that will deliver it, within the transaction that made it true.
pub(super) fn push(rows: &Rows, app: &str, tenant: &str, fact: &Fact) -> ApiResult<()> {
    identify(rows, app, tenant)?;
    rows.run("INSERT INTO outbox (fact) VALUES (?)", vec![encode(fact)])?;
    set_alarm(rows.storage(), 0)
}

/// Remembers whose object this is, for the alarm.
pub(super) fn identify(rows: &Rows, app: &str, tenant: &str) -> ApiResult<()> {
    rows.put(IDENTITY, &(app.to_owned(), tenant.to_owned()))
}

/// Whether nothing waits.
pub(super) fn is_empty(rows: &Rows) -> ApiResult<bool> {
    Ok(rows.query("SELECT 1 FROM outbox LIMIT 1", vec![])?.is_empty())
}

impl Core {
    /// Delivers what waits, as much as goes into one delivery.
    pub(super) async fn deliver(&self) -> ApiResult<()> {
        let rows = Rows::open(&self.state, &[TABLE])?;
        // An alarm comes without saying whose it is, so the name was stored with the first fact.
        let Some((app, tenant)) = rows.get::<(String, String)>(IDENTITY)? else { return Ok(()) };
        let facts = waiting(&rows)?;
        if facts.is_empty() {
            return Ok(());
        }
        let known: u64 = app_object(&self.env, &app)?.call(&AppCall::Facts { tenant, facts }).await?;
        rows.run("DELETE FROM outbox WHERE seq <= ?", vec![super::store::number(known)])
    }
}

fn waiting(rows: &Rows) -> ApiResult<Vec<(u64, Fact)>> {
    let found = rows.query("SELECT seq, fact FROM outbox ORDER BY seq LIMIT ?", vec![SqlStorageValue::Integer(DELIVERY)])?;
    let numbered = found.iter().filter_map(|row| match row.as_slice() {
        [seq, fact] => Some((whole(seq)?, fact)),
        _ => None,
    });
    numbered.map(|(seq, fact)| Ok((seq, decode(fact)?))).collect()
}

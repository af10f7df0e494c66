//! Facts on their way from a tenant to its app: numbered, kept until acknowledged, so that each counts exactly once.

use std::cell::Cell;
use std::time::Duration;

use worker::{Delay, SqlStorageValue};

use super::super::rows::{Rows, decode, encode, set_alarm, whole};
use super::Core;
use crate::host;
use crate::problem::ApiResult;
use crate::rpc::{AppCall, Fact, Retention, app_object};

/// The numbers rise without gaps and are never used again, deleted rows or not.
pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, fact BLOB NOT NULL)";
/// Facts in one delivery.
const DELIVERY: i64 = 200;
/// No bound at all, for SQL.
pub(super) const ALL: i64 = -1;
/// How often, and how far apart, whoever waits for a delivery looks whether it has ended: ten seconds in all.
const LOOKS: u32 = 400;
const LOOK: Duration = Duration::from_millis(25);

/// The row with the names of app and tenant.
pub(super) const IDENTITY: &str = "identity";
/// The row with the name of the tenant's present life, which ends when it is erased.
const LIFE: &str = "life";

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

/// The name of the present life; from now on it has one.
pub(super) fn life(rows: &Rows) -> ApiResult<String> {
    if let Some(life) = rows.get(LIFE)? {
        return Ok(life);
    }
    let life = host::name()?;
    rows.put(LIFE, &life)?;
    Ok(life)
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
        let facts = waiting(&rows, DELIVERY)?;
        if facts.is_empty() {
            return Ok(());
        }
        let _delivering = self.delivering.begin();
        let call = AppCall::Facts { tenant, life: life(&rows)?, facts };
        let (known, retention): (u64, Retention) = app_object(&self.env, &app)?.call(&call).await?;
        self.is_alive()?;
        super::retention::put(&rows, &retention)?;
        rows.run("DELETE FROM outbox WHERE seq <= ?", vec![super::store::number(known)])
    }
}

/// Whether facts are on their way.
#[derive(Debug, Default)]
pub(super) struct Delivering(Cell<bool>);

/// Held while facts are on their way; let go of however that ends.
struct Way<'a>(&'a Delivering);

impl Drop for Way<'_> {
    fn drop(&mut self) {
        self.0.0.set(false);
    }
}

impl Delivering {
    fn begin(&self) -> Way<'_> {
        self.0.set(true);
        Way(self)
    }

    /// Waits until none are, for a while; answers whether none are.
    pub(super) async fn ended(&self) -> bool {
        for _ in 0..LOOKS {
            if !self.0.get() {
                return true;
            }
            Delay::from(LOOK).await;
        }
        false
    }
}

/// What waits, each fact with its number.
pub(super) fn waiting(rows: &Rows, most: i64) -> ApiResult<Vec<(u64, Fact)>> {
    let found = rows.query("SELECT seq, fact FROM outbox ORDER BY seq LIMIT ?", vec![SqlStorageValue::Integer(most)])?;
    let numbered = found.iter().filter_map(|row| match row.as_slice() {
        [seq, fact] => Some((whole(seq)?, fact)),
        _ => None,
    });
    numbered.map(|(seq, fact)| Ok((seq, decode(fact)?))).collect()
}

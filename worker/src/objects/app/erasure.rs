//! Erasing a tenant, or one user of it, from everything the app knows and from the tenant's own object.
//!
//! An erasure is written down before anything goes, and tried again by the alarm until nothing is left: whatever dies in between, it is
//! finished. Once it is done its entry names nobody any more: what stays is when it was, and a keyed hash of whom.
//!
//! Facts that are still on their way from the life that ended are dropped, by that life's name. A tenant that is heard of again by
//! itself, by its pages or its back end, begins anew; Stripe alone does not bring it back.

use upcue_engine::time::{HOUR, Millis, SECOND};
use upcue_engine::wire;
use worker::SqlStorageValue;

use super::super::rows::{Rows, decode, text, whole};
use super::AppObject;
use super::listing::moment;
use super::suppression::blob;
use crate::auth::link::{LinkKey, hash_of};
use crate::fault;
use crate::host;
use crate::log;
use crate::people::NOBODY;
use crate::problem::ApiResult;
use crate::rpc::{
    AppHead, Erasure, ErasureListing, Farewell, Leaving, LetterFact, Look, Suppression, TenantCall, TenantEnvelope, tenant_object,
};

/// `tenant` and `user` are null once it is done; `life`: the one that ends, of a whole tenant.
pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS erasure (id TEXT PRIMARY KEY, tenant TEXT, user TEXT, of_user INTEGER NOT NULL, \
    subject BLOB NOT NULL, life TEXT, asked_at INTEGER NOT NULL, done_at INTEGER, attempts INTEGER NOT NULL, next_at INTEGER) WITHOUT ROWID";
/// What is under way is few among what is remembered.
pub(super) const WAITING: &str = "CREATE INDEX IF NOT EXISTS erasure_waiting ON erasure (tenant, next_at) WHERE done_at IS NULL";
pub(super) const BY_LIFE: &str = "CREATE INDEX IF NOT EXISTS erasure_life ON erasure (life) WHERE life IS NOT NULL";
pub(super) const BY_TIME: &str = "CREATE INDEX IF NOT EXISTS erasure_asked ON erasure (asked_at, id)";
/// Keyed hashes of tenants that were erased and not heard of since, and of their customers at Stripe: what Stripe tells of them is let be.
pub(super) const GONE: &str = "CREATE TABLE IF NOT EXISTS gone (hash BLOB PRIMARY KEY) WITHOUT ROWID";

/// How long an erasure under way may take before the alarm takes it up: this object may have died.
const TAKEN_UP: i64 = 30 * SECOND;
/// What a user's name is replaced by in tables that are summed up.
const RENAMED: [&str; 2] = [
    "UPDATE touch SET user = ?3 WHERE tenant = ?1 AND user = ?2",
    "UPDATE log SET who = ?3 WHERE tenant = ?1 AND who = ?2 AND kind <> 'upgrade_failed'", // which has a code there
];
/// Tables whose rows are of a tenant, in the column of that name.
const OF_TENANTS: [&str; 10] = ["tenant", "member", "letter", "touch", "log", "met", "conversion", "upgrade", "hook_delivery", "blocked"];

/// An erasure under way.
struct Job {
    id: String,
    leaving: Leaving,
    attempts: u32,
}

impl AppObject {
    /// Erases a tenant, or one user of it. What cannot be done now is done by the alarm.
    pub(super) async fn erase(&self, leaving: Leaving) -> ApiResult<Erasure> {
        let head = self.head()?;
        let job = self.begin_erasure(&head, leaving)?;
        self.go_on_erasing(&job).await?;
        let sql = format!("SELECT {COLUMNS} FROM erasure WHERE id = ?");
        let found = self.rows()?.query(&sql, vec![job.id.as_str().into()])?;
        found.first().and_then(|row| read(row)).ok_or_else(crate::problem::ApiError::unreadable)
    }

    /// Writes an erasure down; one that is under way goes on.
    fn begin_erasure(&self, head: &AppHead, leaving: Leaving) -> ApiResult<Job> {
        let (rows, now) = (self.rows()?, Self::now());
        let user = leaving.user.clone();
        let sql = "SELECT id FROM erasure WHERE done_at IS NULL AND tenant = ? AND user IS ?";
        let known = rows.query(sql, vec![leaving.tenant.as_str().into(), user.clone().into()])?;
        if let Some(id) = known.first().and_then(|row| row.first()).and_then(text) {
            return Ok(Job { id, leaving, attempts: 0 });
        }
        let id = format!("era_{}", host::name()?);
        let sql = "INSERT INTO erasure (id, tenant, user, of_user, subject, asked_at, attempts, next_at) VALUES (?, ?, ?, ?, ?, ?, 0, ?)";
        let values = vec![
            id.as_str().into(),
            leaving.tenant.as_str().into(),
            user.clone().into(),
            SqlStorageValue::Integer(user.is_some().into()),
            blob(subject(&head.link_key, &leaving)?),
            SqlStorageValue::Integer(now.0.max(0)),
            SqlStorageValue::Integer(now.plus(TAKEN_UP).0),
        ];
        rows.run(sql, values)?;
        self.schedule()?;
        Ok(Job { id, leaving, attempts: 0 })
    }

    /// Takes up erasures whose time has come.
    pub(super) async fn retry_erasures(&self) -> ApiResult<()> {
        let sql = "SELECT id, tenant, user, attempts FROM erasure WHERE done_at IS NULL AND next_at <= ? ORDER BY next_at LIMIT 100";
        let due = self.rows()?.query(sql, vec![SqlStorageValue::Integer(Self::now().0.max(0))])?;
        for job in due.iter().filter_map(|row| job(row)) {
            self.go_on_erasing(&job).await?;
        }
        Ok(())
    }

    /// When the next erasure is to be taken up.
    pub(super) fn next_erasure(&self) -> ApiResult<Option<Millis>> {
        let found = self.rows()?.query("SELECT min(next_at) FROM erasure WHERE done_at IS NULL", vec![])?;
        Ok(found.first().and_then(|row| row.first()).and_then(moment))
    }

    /// Carries an erasure out, or has the alarm try again.
    async fn go_on_erasing(&self, job: &Job) -> ApiResult<()> {
        let Err(error) = self.carry_out(job).await else { return Ok(()) };
        log::background("erasure", error.source().unwrap_or_else(|| error.code()));
        let attempts = job.attempts + 1;
        let wait = (SECOND << attempts.min(12)).min(HOUR);
        let sql = "UPDATE erasure SET attempts = ?, next_at = ? WHERE id = ?";
        let next = SqlStorageValue::Integer(Self::now().plus(wait).0);
        self.rows()?.run(sql, vec![SqlStorageValue::Integer(attempts.into()), next, job.id.as_str().into()])?;
        self.schedule()
    }

    async fn carry_out(&self, Job { id, leaving, .. }: &Job) -> ApiResult<()> {
        let head = self.head()?;
        let Leaving { tenant, user } = leaving;
        let object = tenant_object(&self.env, &head.id, tenant)?;
        let call = |call| TenantEnvelope { app: head.id.clone(), tenant: tenant.clone(), revision: 0, call };
        let Farewell { life, refusing } = object.call(&call(TenantCall::Farewell(user.clone()))).await?;
        let rows = self.rows()?;
        rows.transaction(&mut || {
            if user.is_none() && !life.is_empty() {
                rows.run("UPDATE erasure SET life = ? WHERE id = ?", vec![life.as_str().into(), id.as_str().into()])?;
            }
            self.keep_refusals(&head.link_key, &refusing)?;
            self.forget(&head, leaving)
        })?;
        fault::at("erase.before_tenant")?;
        object.call::<()>(&call(TenantCall::Erase(user.clone()))).await?;
        fault::at("erase.after_tenant")?;
        // Facts came in meanwhile; none does from here on.
        rows.transaction(&mut || {
            self.forget(&head, leaving)?;
            let sql = "UPDATE erasure SET tenant = NULL, user = NULL, next_at = NULL, done_at = ? WHERE id = ?";
            rows.run(sql, vec![SqlStorageValue::Integer(Self::now().0.max(0)), id.as_str().into()])
        })
    }

    /// Who wants no mail is not written to again, whoever they come back as.
    fn keep_refusals(&self, key: &LinkKey, addresses: &[String]) -> ApiResult<()> {
        addresses.iter().try_for_each(|address| {
            let hash = crate::auth::link::address_hash(key, address)?;
            self.suppress(&Suppression { hash, reason: "unsubscribed".to_owned(), at: Self::now() })
        })
    }

    /// Takes somebody out of every table; part of a transaction.
    fn forget(&self, head: &AppHead, leaving: &Leaving) -> ApiResult<()> {
        let rows = self.rows()?;
        forget_looks(&rows, &leaving.tenant)?;
        match &leaving.user {
            Some(user) => forget_user(&rows, &leaving.tenant, user),
            None => forget_tenant(&rows, &head.link_key, &leaving.tenant),
        }
    }

    /// Whether facts are of a life that has ended, or is just ending.
    pub(super) fn is_over(&self, tenant: &str, life: &str) -> ApiResult<bool> {
        let rows = self.rows()?;
        let ended = !life.is_empty() && !rows.query("SELECT 1 FROM erasure WHERE life = ?", vec![life.into()])?.is_empty();
        let sql = "SELECT 1 FROM erasure WHERE done_at IS NULL AND tenant = ? AND user IS NULL";
        Ok(ended || !rows.query(sql, vec![tenant.into()])?.is_empty())
    }

    /// Whether a tenant, or a customer, was erased and not heard of since.
    pub(super) fn is_gone(&self, of: &str) -> ApiResult<bool> {
        let hash = gone(&self.head()?.link_key, of)?;
        Ok(!self.rows()?.query("SELECT 1 FROM gone WHERE hash = ?", vec![hash])?.is_empty())
    }

    /// A tenant, or a customer, is heard of again.
    pub(super) fn came_back(&self, of: &str) -> ApiResult<()> {
        let hash = gone(&self.head()?.link_key, of)?;
        self.rows()?.run("DELETE FROM gone WHERE hash = ?", vec![hash])
    }

    /// Erases a tenant once more that a reading of Stripe may have brought back while it was being erased.
    pub(super) fn erase_if_gone(&self, tenant: &str) -> ApiResult<()> {
        if self.is_gone(tenant)? {
            let head = self.head()?;
            self.begin_erasure(&head, Leaving { tenant: tenant.to_owned(), user: None })?;
        }
        Ok(())
    }

    /// A page of erasures, newest first.
    pub(super) fn erasures(&self, ErasureListing { after, limit }: &ErasureListing) -> ApiResult<Vec<Erasure>> {
        self.head()?;
        let (at, id) = after.clone().unwrap_or((Millis(i64::MAX >> 10), String::new()));
        let sql = format!("SELECT {COLUMNS} FROM erasure WHERE (asked_at, id) < (?, ?) ORDER BY asked_at DESC, id DESC LIMIT ?");
        let values = vec![SqlStorageValue::Integer(at.0.max(0)), id.into(), SqlStorageValue::Integer((*limit).into())];
        Ok(self.rows()?.query(&sql, values)?.iter().filter_map(|row| read(row)).collect())
    }
}

/// Letters kept to be looked at, filled in for a tenant.
fn forget_looks(rows: &Rows, tenant: &str) -> ApiResult<()> {
    for row in rows.query("SELECT name, value FROM look", vec![])? {
        let (Some(name), Some(value)) = (row.first().and_then(text), row.get(1)) else { continue };
        if decode::<Look>(value)?.tenant.as_deref() == Some(tenant) {
            rows.run("DELETE FROM look WHERE name = ?", vec![name.into()])?;
        }
    }
    Ok(())
}

fn forget_tenant(rows: &Rows, key: &LinkKey, tenant: &str) -> ApiResult<()> {
    let customers = rows.query("SELECT customer FROM customer WHERE tenant = ?", vec![tenant.into()])?;
    let customers: Vec<String> = customers.iter().filter_map(|row| row.first().and_then(text)).collect();
    for of in customers.iter().map(String::as_str).chain([tenant]) {
        rows.run("INSERT INTO gone (hash) VALUES (?) ON CONFLICT DO NOTHING", vec![gone(key, of)?])?;
    }
    for customer in &customers {
        // The id of an event stays for a while, so that a duplicate is known; what it says goes.
        let sql = "UPDATE stripe_event SET state = CASE state WHEN 'done' THEN state ELSE 'ignored' END, customer = NULL, next_at = NULL, \
            detail = NULL, body = NULL WHERE customer = ?";
        rows.run(sql, vec![customer.as_str().into()])?;
    }
    rows.run("DELETE FROM customer WHERE tenant = ?", vec![tenant.into()])?;
    if let Some(only) = rows.get::<Vec<String>>(super::backtests::ONLY)? {
        let left: Vec<String> = only.into_iter().filter(|name| name != tenant).collect();
        rows.put(super::backtests::ONLY, &left)?;
    }
    OF_TENANTS.iter().try_for_each(|table| rows.run(&format!("DELETE FROM {table} WHERE tenant = ?"), vec![tenant.into()]))
}

fn forget_user(rows: &Rows, tenant: &str, user: &str) -> ApiResult<()> {
    for sql in RENAMED {
        rows.run(sql, vec![tenant.into(), user.into(), NOBODY.into()])?;
    }
    for row in rows.query("SELECT id, fact FROM letter WHERE tenant = ?", vec![tenant.into()])? {
        let (Some(id), Some(fact)) = (row.first().and_then(text), row.get(1)) else { continue };
        if decode::<LetterFact>(fact)?.letter.recipient == user {
            rows.run("DELETE FROM letter WHERE id = ?", vec![id.into()])?;
        }
    }
    let named = |user: &str| format!("\"user\":{}", serde_json::json!(user));
    let sql = "UPDATE hook_delivery SET body = replace(body, ?2, ?3) WHERE tenant = ?1 AND instr(body, ?2) > 0";
    rows.run(sql, vec![tenant.into(), named(user).into(), named(NOBODY).into()])
}

/// The hash that stands for whom an erasure is of.
fn subject(key: &LinkKey, Leaving { tenant, user }: &Leaving) -> ApiResult<[u8; 32]> {
    hash_of(key, "/erased", &wire::encode(&(tenant.clone(), user.clone())))
}

/// The hash that stands for a tenant or customer that is gone. Customers' ids are no tenants' names: the prefix of Stripe's tells.
fn gone(key: &LinkKey, of: &str) -> ApiResult<SqlStorageValue> {
    Ok(blob(hash_of(key, "/gone", of.as_bytes())?))
}

/// The columns of [`read`].
const COLUMNS: &str = "id, of_user, subject, asked_at, done_at";

fn read(row: &[SqlStorageValue]) -> Option<Erasure> {
    let [id, of_user, SqlStorageValue::Blob(subject), asked_at, done_at] = row else { return None };
    Some(Erasure {
        id: text(id)?,
        of_user: whole(of_user)? == 1,
        subject: subject.as_slice().try_into().ok()?,
        asked_at: moment(asked_at)?,
        done_at: moment(done_at),
    })
}

fn job(row: &[SqlStorageValue]) -> Option<Job> {
    let [id, tenant, user, attempts] = row else { return None };
    let leaving = Leaving { tenant: text(tenant)?, user: text(user) };
    Some(Job { id: text(id)?, leaving, attempts: whole(attempts).and_then(|n| u32::try_from(n).ok()).unwrap_or(0) })
}

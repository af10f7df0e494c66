//! History: every step with what was decided, and what is done with it.
//!
//! The open chunk lies in the row `counts`, which every batch rewrites anyway, so a plain batch stays one billed row. A full chunk
//! goes to the table `history`. What is too old or too much is dropped chunk by chunk, once it has been replayed into the base:
//! row `base`, and a row `base_user/<id>` for each user.

use std::rc::Rc;

use upcue_engine::history::{
    self, Base, Chunk, Entry, Input, MAX_BYTES, Replayed, TenantBacktest, Unplayable, Window, advance, backtest, replay,
};
use upcue_engine::map::{Map, ordered};
use upcue_engine::tenant::{Rulebook, Transition, User};
use upcue_engine::time::Millis;
use worker::SqlStorageValue;

use super::super::rows::{Rows, decode, whole};
use super::Core;
use super::store::{Step, Stored, number};
use crate::host;
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{AppCall, app_object};
use crate::zones;

pub(super) const TABLE: &str =
    "CREATE TABLE IF NOT EXISTS history (number INTEGER PRIMARY KEY, last INTEGER NOT NULL, chunk BLOB NOT NULL)";
const BASE: &str = "base";
const BASE_USER: &str = "base_user/";

/// A chunk that is to be dropped.
struct Oldest {
    number: u64,
    chunk: Vec<u8>,
    base: Base,
}

impl Stored {
    /// Adds a step to the history; it is written with the step.
    pub(super) fn remember(&mut self, step: &mut Step, transitions: Vec<Transition>, now: Millis) -> ApiResult<()> {
        let mut inputs = std::mem::take(&mut step.inputs);
        if step.mirror {
            inputs.push(Input::Mirror(Box::new(self.tenant.mirror.clone())));
        }
        if step.requests {
            inputs.push(Input::Requests(self.tenant.requests.clone()));
        }
        let entry = Entry { at: now, inputs, transitions, verdicts: std::mem::take(&mut step.verdicts) };
        if entry.is_empty() {
            return Ok(());
        }
        if self.chunk.is_full(now) || self.is_long_open(now)? {
            step.sealed = Some(std::mem::take(&mut self.chunk));
        }
        self.chunk.push(&entry);
        step.counts = true;
        Ok(())
    }

    /// Stores a full chunk; part of a transaction. If there are too many now, the alarm drops some.
    pub(super) fn seal(&self, chunk: &Chunk) -> ApiResult<()> {
        let Some((_, last)) = chunk.span() else { return Ok(()) };
        let values = vec![SqlStorageValue::Integer(last.0), SqlStorageValue::Blob(chunk.bytes().clone())];
        self.rows().run("INSERT INTO history (last, chunk) VALUES (?, ?)", values)?;
        if excess(self.rows(), last)?.is_some() { self.wake_in(0) } else { Ok(()) }
    }

    /// The whole history: the base, and the chunks since, oldest first.
    fn history(&self) -> ApiResult<(Base, Vec<Vec<u8>>)> {
        let found = self.rows().query("SELECT chunk FROM history ORDER BY number", vec![])?;
        let mut chunks: Vec<Vec<u8>> = found.into_iter().filter_map(|row| row.into_iter().next()).filter_map(blob).collect();
        chunks.push(self.chunk.bytes().clone());
        Ok((self.base()?, chunks))
    }

    /// The state where the history begins; nothing at all while nothing of it has been dropped.
    fn base(&self) -> ApiResult<Base> {
        let base: Base = self.rows().get(BASE)?.unwrap_or_default();
        Ok(Base { users: users(self.rows(), BASE_USER)?, ..base })
    }

    /// The oldest chunk, if it is to be dropped.
    fn oldest(&self, now: Millis) -> ApiResult<Option<Oldest>> {
        let Some(number) = excess(self.rows(), now)? else { return Ok(None) };
        let found = self.rows().query("SELECT chunk FROM history WHERE number = ?", vec![self::number(number)])?;
        let chunk = found.into_iter().next().and_then(|row| row.into_iter().next()).and_then(blob);
        let chunk = chunk.ok_or_else(ApiError::unreadable)?;
        Ok(Some(Oldest { number, chunk, base: self.base()? }))
    }

    /// Drops a chunk, which leads to this base.
    fn drop_chunk(&self, number: u64, before: &Map<User>, base: &Base) -> ApiResult<()> {
        let rows = self.rows();
        rows.transaction(&mut || {
            for (id, user) in base.users.iter().filter(|(id, user)| before.get(id) != Some(user)) {
                rows.put(&format!("{BASE_USER}{id}"), user)?;
            }
            rows.put(BASE, &Base { users: Map::new(), ..base.clone() })?;
            rows.run("DELETE FROM history WHERE number = ?", vec![self::number(number)])
        })
    }

    /// Begins the history anew from how things stand: what is left of it cannot be played.
    pub(super) fn begin_anew(&mut self) -> ApiResult<()> {
        self.chunk = Chunk::default();
        let base = Base { users: Map::new(), ..Base::of(&self.tenant, self.rules.revision) };
        let rows = self.rows();
        rows.transaction(&mut || {
            rows.run("DELETE FROM history", vec![])?;
            // `0` is the character after `/`.
            rows.run("DELETE FROM row WHERE key >= 'base_user/' AND key < 'base_user0'", vec![])?;
            let sql = "INSERT INTO row (key, value) SELECT 'base_' || key, value FROM row WHERE key >= 'user/' AND key < 'user0'";
            rows.run(sql, vec![])?;
            rows.put(BASE, &base)?;
            self.put_counts()
        })
    }
}

impl Core {
    /// Plays the history again and compares every decision.
    pub(super) async fn replay(&self, app: &str, tenant: &str) -> ApiResult<Replayed> {
        let (base, chunks) = self.with_loaded(|stored| stored.history())?;
        let mut revisions = vec![base.revision];
        for chunk in &chunks {
            revisions.extend(history::revisions(chunk).map_err(unplayable)?);
        }
        let known = self.rulebooks(app, revisions).await?;
        replay(tenant, base, &|revision| find(&known, revision), chunks).map_err(unplayable)
    }

    /// Runs other rules over the history.
    pub(super) fn backtest(&self, tenant: &str, candidate: &Rulebook, window: Window) -> ApiResult<TenantBacktest> {
        let (base, chunks) = self.with_loaded(|stored| stored.history())?;
        let zone = zones::configured(&candidate.config, host::now());
        backtest(tenant, base, chunks, candidate, zone.as_deref(), window).map_err(unplayable)
    }

    /// Drops what is too old or too much.
    pub(super) async fn trim_history(&self, app: &str, tenant: &str) -> ApiResult<()> {
        while let Some(Oldest { number, chunk, base }) = self.with_loaded(|stored| stored.oldest(host::now()))? {
            let mut revisions = history::revisions(&chunk).unwrap_or_default();
            revisions.push(base.revision);
            let known = self.rulebooks(app, revisions).await?;
            let before = base.users.clone();
            match advance(tenant, base, &|revision| find(&known, revision), &chunk) {
                Ok(base) => self.with_loaded(|stored| stored.drop_chunk(number, &before, &base))?,
                // The tenant was silent for so long that its rules of then are forgotten.
                Err(Unplayable::NoRules(_) | Unplayable::Damaged) => self.with_loaded(Stored::begin_anew)?,
            }
        }
        Ok(())
    }

    /// The rules of these revisions, as far as the app still has them.
    async fn rulebooks(&self, app: &str, mut revisions: Vec<u32>) -> ApiResult<Vec<Rc<Rulebook>>> {
        revisions = ordered(revisions, |revision| i64::from(*revision));
        revisions.dedup();
        let present = self.with_loaded(|stored| Ok(Rc::clone(&stored.rules)))?;
        let mut known = Vec::new();
        for revision in revisions.into_iter().filter(|revision| *revision > 0 && *revision != present.revision) {
            let found: Option<Rulebook> = app_object(&self.env, app)?.call(&AppCall::RulebookOf(revision)).await?;
            known.extend(found.map(Rc::new));
        }
        known.push(present);
        Ok(known)
    }
}

fn find(known: &[Rc<Rulebook>], revision: u32) -> Option<Rc<Rulebook>> {
    known.iter().find(|rules| rules.revision == revision).map(Rc::clone)
}

fn unplayable(why: Unplayable) -> ApiError {
    let detail = match why {
        Unplayable::NoRules(revision) => {
            format!("the rules of revision {revision} are not kept any more; the history begins anew with the next cleaning up")
        }
        Unplayable::Damaged => "a part of the history is damaged; the history begins anew once that part is due to be dropped".to_owned(),
    };
    ApiError::new(Code::NotReplayable, detail)
}

/// The number of the oldest chunk, if it is too old at `now` or there is too much in all.
fn excess(rows: &Rows, now: Millis) -> ApiResult<Option<u64>> {
    let keep = super::retention::retention(rows)?.history;
    let found = rows.query("SELECT min(number), min(last), sum(length(chunk)) FROM history", vec![])?;
    let Some([oldest, last, bytes]) = found.first().map(Vec::as_slice) else { return Ok(None) };
    let too_old = whole(last).is_some_and(|last| now.0.unsigned_abs().saturating_sub(last) > keep.unsigned_abs());
    let too_much = whole(bytes).is_some_and(|bytes| usize::try_from(bytes).is_ok_and(|bytes| bytes > MAX_BYTES));
    Ok(whole(oldest).filter(|_| too_old || too_much))
}

/// All users whose rows' keys begin like this.
fn users(rows: &Rows, prefix: &str) -> ApiResult<Map<User>> {
    // `0` is the character after `/`.
    let end = format!("{}0", prefix.trim_end_matches('/'));
    let found = rows.query("SELECT key, value FROM row WHERE key >= ? AND key < ? ORDER BY key", vec![prefix.into(), end.into()])?;
    let mut users = Map::new();
    for row in &found {
        if let [SqlStorageValue::String(key), value] = row.as_slice() {
            users.insert(key.strip_prefix(prefix).unwrap_or(key), decode(value)?);
        }
    }
    Ok(users)
}

fn blob(value: SqlStorageValue) -> Option<Vec<u8>> {
    if let SqlStorageValue::Blob(bytes) = value { Some(bytes) } else { None }
}

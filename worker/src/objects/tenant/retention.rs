//! Forgetting what is too old although nothing comes in: by the alarm, which is set for it.

use upcue_engine::time::{DurationMs, Millis};
use upcue_engine::timeline::Entry;
use worker::SqlStorageValue;

use super::super::rows::{Rows, decode, whole};
use super::Core;
use super::store::{Stored, number};
use crate::problem::ApiResult;
use crate::rpc::Retention;

/// The row with how long the app wants things kept; absent while that is as long as usual.
const RETENTION: &str = "retention";
/// Entries of the timeline that are looked at together.
const TOGETHER: i64 = 100;
/// The open chunk of the history is closed when it spans this part of what is kept, so that dropping what is too old is near the mark.
const PART: DurationMs = 8;

/// How long this tenant may remember.
pub(super) fn retention(rows: &Rows) -> ApiResult<Retention> {
    Ok(rows.get(RETENTION)?.unwrap_or_default())
}

/// Takes in how long it may.
pub(super) fn put(rows: &Rows, retention: &Retention) -> ApiResult<()> {
    if self::retention(rows)? == *retention { Ok(()) } else { rows.put(RETENTION, retention) }
}

impl Core {
    /// The app wants things kept so long from now on; the alarm sees to it.
    pub(super) fn retain(&self, retention: &Retention) -> ApiResult<()> {
        self.with_loaded(|stored| {
            put(stored.rows(), retention)?;
            stored.wake_in(0)
        })
    }
}

impl Stored {
    /// Whether the open chunk of the history is to be closed although it is not full.
    pub(super) fn is_long_open(&self, now: Millis) -> ApiResult<bool> {
        let Some((first, _)) = self.chunk.span() else { return Ok(false) };
        Ok(now.since(first) >= retention(self.rows())?.history / PART)
    }

    /// Closes the open chunk if all of it is too old.
    pub(super) fn close_aged_chunk(&mut self, now: Millis) -> ApiResult<()> {
        let keep = retention(self.rows())?.history;
        if self.chunk.span().is_none_or(|(_, last)| now.since(last) <= keep) {
            return Ok(());
        }
        let chunk = std::mem::take(&mut self.chunk);
        self.rows().transaction(&mut || {
            self.seal(&chunk)?;
            self.put_counts()
        })
    }

    /// Forgets letters and entries of the timeline that are too old.
    pub(super) fn forget_aged(&self, now: Millis) -> ApiResult<()> {
        let (rows, kept) = (self.rows(), retention(self.rows())?);
        rows.run("DELETE FROM written WHERE at < ?", vec![SqlStorageValue::Integer(now.plus(-kept.letters).0.max(0))])?;
        let before = now.plus(-kept.facts);
        loop {
            let some = oldest_entries(rows, TOGETHER)?;
            let aged = some.iter().take_while(|(_, at)| *at < before).last();
            let Some((seq, _)) = aged else { return Ok(()) };
            rows.run("DELETE FROM timeline WHERE seq <= ?", vec![number(*seq)])?;
        }
    }

    /// When the next is too old, if nothing comes in.
    pub(super) fn next_aged(&self) -> ApiResult<Option<Millis>> {
        let (rows, kept) = (self.rows(), retention(self.rows())?);
        let oldest = |sql: &str| -> ApiResult<Option<Millis>> {
            let found = rows.query(sql, vec![])?;
            Ok(found.first().and_then(|row| row.first()).and_then(whole).and_then(|at| i64::try_from(at).ok()).map(Millis))
        };
        let chunk = oldest("SELECT min(last) FROM history")?.or_else(|| self.chunk.span().map(|(_, last)| last));
        let letter = oldest("SELECT min(at) FROM written")?;
        let entry = oldest_entries(rows, 1)?.first().map(|(_, at)| *at);
        let aged = [(chunk, kept.history), (letter, kept.letters), (entry, kept.facts)];
        Ok(aged.into_iter().filter_map(|(at, kept)| Some(at?.plus(kept + 1))).min())
    }
}

/// The oldest entries of the timeline: number and moment.
fn oldest_entries(rows: &Rows, some: i64) -> ApiResult<Vec<(u64, Millis)>> {
    let found = rows.query("SELECT seq, entry FROM timeline ORDER BY seq LIMIT ?", vec![SqlStorageValue::Integer(some)])?;
    let rows = found.iter().filter_map(|row| Some((row.first().and_then(whole)?, row.get(1)?)));
    rows.map(|(seq, entry)| Ok((seq, decode::<Entry>(entry)?.at))).collect()
}

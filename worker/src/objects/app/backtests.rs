//! Back-tests: other rules over the history of all tenants, some at a time, by the alarm; and the rules of the past, which replays
//! need.
//!
//! A run is one row that is rewritten after every group of tenants: whatever dies, it goes on from there, and no tenant is counted
//! twice. What does not change meanwhile, the rules and the tenants that were asked for, has rows of its own, which are written once.

use serde::{Deserialize, Serialize};
use serde_json::json;
use upcue_engine::history::{KEEP, TenantBacktest, Window};
use upcue_engine::tenant::Rulebook;
use upcue_engine::time::{DAY, Millis, SECOND};
use upcue_engine::wire;
use worker::SqlStorageValue;

use super::super::rows::{Rows, decode, encode, text};
use super::AppObject;
use crate::host;
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{Backtest, BacktestStatus, BacktestWish, TenantCall, TenantEnvelope, tenant_object};

pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS backtest (number INTEGER PRIMARY KEY, id TEXT NOT NULL, value BLOB NOT NULL)";
pub(super) const REVISIONS: &str =
    "CREATE TABLE IF NOT EXISTS rulebook_revision (revision INTEGER PRIMARY KEY, put_at INTEGER NOT NULL, value BLOB NOT NULL)";
/// The row with the run; present while there is one.
const RUN: &str = "backtest";
/// The row with its rules.
const CANDIDATE: &str = "backtest_candidate";
/// The row with the names of the tenants that were asked for, in their order; absent if all were.
pub(super) const ONLY: &str = "backtest_only";
/// Names that are looked for at a time: of the longest, and written as JSON, they are far from the longest text of a statement.
const NAMES: usize = 1_000;
/// Tenants at a time.
const AT_A_TIME: usize = 16;
/// How long an alarm goes on with it before other things that wait have their turn.
const TURN: i64 = 5 * SECOND;
/// Results kept.
const KEPT: i64 = 20;
/// Rules are kept for so long after others took their place: as long as histories, and the longest that a chunk may be open.
const KEEP_REVISIONS: i64 = KEEP + 60 * DAY;

/// A run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Run {
    /// As far as it is.
    result: Backtest,
    /// What is reported.
    window: Window,
    /// Tenants up to this one are done.
    after: String,
}

wire! { struct Run { result, window, after } }

impl AppObject {
    /// Keeps rules for replays, and forgets those that no history needs any more; part of a transaction.
    pub(super) fn keep_revision(&self, rulebook: &Rulebook) -> ApiResult<()> {
        let rows = self.rows()?;
        let now = Self::now();
        let sql = "INSERT INTO rulebook_revision (revision, put_at, value) VALUES (?, ?, ?)";
        let revision = SqlStorageValue::Integer(i64::from(rulebook.revision));
        rows.run(sql, vec![revision, SqlStorageValue::Integer(now.0), encode(rulebook)])?;
        // Rules are in force until the next are put.
        let sql = "DELETE FROM rulebook_revision WHERE revision < (SELECT max(revision) FROM rulebook_revision WHERE put_at < ?)";
        rows.run(sql, vec![SqlStorageValue::Integer(now.plus(-KEEP_REVISIONS).0)])
    }

    /// The rules of a revision, while they are kept.
    pub(super) fn rulebook_of(&self, revision: u32) -> ApiResult<Option<Rulebook>> {
        self.head()?;
        let sql = "SELECT value FROM rulebook_revision WHERE revision = ?";
        let found = self.rows()?.query(sql, vec![SqlStorageValue::Integer(i64::from(revision))])?;
        found.first().and_then(|row| row.first()).map(decode).transpose()
    }

    /// Begins a run.
    pub(super) fn start_backtest(&self, wish: BacktestWish) -> ApiResult<Backtest> {
        let now = Self::now();
        let BacktestWish { document, version, from, until, tenants } = wish;
        let window = window(from, until, now)?;
        let document = match document {
            Some(document) => document,
            None => self.config(version)?.document,
        };
        let rows = self.rows()?;
        if let Some(Run { result, .. }) = rows.get(RUN)? {
            let detail = format!("back-test {} is at {} of {} tenants; one runs at a time", result.id, result.done, result.tenants);
            return Err(ApiError::new(Code::BacktestRunning, detail));
        }
        let candidate = self.candidate(&document)?;
        let mut only = tenants;
        only.sort_unstable();
        only.dedup();
        all_known(&rows, &only)?;
        let count = if only.is_empty() { tenants_in(&rows)? } else { only.len() };
        let id = format!("bt_{}", host::name()?);
        let result = Backtest { id, started_at: now, tenants: u32::try_from(count).unwrap_or(u32::MAX), ..Backtest::default() };
        let run = Run { result, window, after: String::new() };
        rows.transaction(&mut || {
            rows.put(CANDIDATE, &candidate)?;
            if !only.is_empty() {
                rows.put(ONLY, &only)?;
            }
            rows.put(RUN, &run)
        })?;
        self.schedule()?;
        Ok(run.result)
    }

    /// A run or its result.
    pub(super) fn backtest(&self, id: &str) -> ApiResult<Backtest> {
        self.head()?;
        let rows = self.rows()?;
        if let Some(mut run) = rows.get::<Run>(RUN)?.filter(|run| run.result.id == id) {
            run.result.took(Self::now());
            return Ok(run.result);
        }
        let found = rows.query("SELECT value FROM backtest WHERE id = ?", vec![id.into()])?;
        let found = found.first().and_then(|row| row.first()).map(decode).transpose()?;
        found.ok_or_else(|| ApiError::new(Code::NotFound, format!("no such back-test; the results of the last {KEPT} are kept")))
    }

    /// Whether a run has work to do.
    pub(super) fn is_backtesting(&self) -> ApiResult<bool> {
        Ok(!self.rows()?.query("SELECT 1 FROM row WHERE key = ?", vec![RUN.into()])?.is_empty())
    }

    /// Goes on with the run for a while. What makes it impossible ends it.
    pub(super) async fn go_on_backtesting(&self) -> ApiResult<()> {
        if !self.is_backtesting()? {
            return Ok(());
        }
        let Err(error) = self.run_some().await else { return Ok(()) };
        let Some(mut run) = self.rows()?.get::<Run>(RUN)? else { return Ok(()) };
        run.result.status = BacktestStatus::Failed;
        run.result.failure = Some(error.detail());
        self.finish(run)
    }

    async fn run_some(&self) -> ApiResult<()> {
        let rows = self.rows()?;
        let candidate: Rulebook = rows.get(CANDIDATE)?.ok_or_else(ApiError::unreadable)?;
        let only: Option<Vec<String>> = rows.get(ONLY)?;
        let began = Self::now();
        while Self::now().since(began) < TURN {
            let Some(run) = rows.get::<Run>(RUN)? else { return Ok(()) };
            let names = next(&rows, only.as_deref(), &run.after)?;
            let Some(last) = names.last().cloned() else { return self.finish(run) };
            let found = futures_util::future::join_all(names.iter().map(|name| self.run_one(name, &candidate, run.window))).await;
            // Should this have been done twice at the same time, it counts once.
            let Some(mut present) = rows.get::<Run>(RUN)?.filter(|present| present.after == run.after) else { continue };
            present.result.take(found);
            present.after = last;
            rows.put(RUN, &present)?;
        }
        Ok(())
    }

    async fn run_one(&self, tenant: &str, candidate: &Rulebook, window: Window) -> ApiResult<TenantBacktest> {
        let app = self.head()?.id;
        // Whatever rules the tenant knows, it need not learn others for this.
        let call = TenantCall::Backtest { candidate: Box::new(candidate.clone()), window };
        let envelope = TenantEnvelope { app: app.clone(), tenant: tenant.to_owned(), revision: 0, call };
        tenant_object(&self.env, &app, tenant)?.call(&envelope).await
    }

    /// Puts a run among the results.
    fn finish(&self, run: Run) -> ApiResult<()> {
        let rows = self.rows()?;
        let mut result = run.result;
        result.took(Self::now());
        if result.status == BacktestStatus::Running {
            result.status = BacktestStatus::Done;
        }
        rows.transaction(&mut || {
            rows.run("DELETE FROM row WHERE key IN (?, ?, ?)", vec![RUN.into(), CANDIDATE.into(), ONLY.into()])?;
            rows.run("INSERT INTO backtest (id, value) VALUES (?, ?)", vec![result.id.as_str().into(), encode(&result)])?;
            let sql = "DELETE FROM backtest WHERE number <= (SELECT max(number) FROM backtest) - ?";
            rows.run(sql, vec![SqlStorageValue::Integer(KEPT)])
        })
    }
}

impl Backtest {
    /// Takes in what some tenants found.
    fn take(&mut self, found: Vec<ApiResult<TenantBacktest>>) {
        for one in found {
            self.done += 1;
            match one {
                Ok(one) => self.totals.add(&one),
                Err(error) => {
                    self.failed += 1;
                    self.failure = Some(error.detail());
                }
            }
        }
    }

    fn took(&mut self, now: Millis) {
        self.took_ms = u32::try_from(now.since(self.started_at)).unwrap_or(0);
    }
}

fn tenants_in(rows: &Rows) -> ApiResult<usize> {
    let found = rows.query("SELECT count(*) FROM tenant", vec![])?;
    let count = found.first().and_then(|row| row.first()).and_then(super::super::rows::whole);
    Ok(count.and_then(|n| usize::try_from(n).ok()).unwrap_or(0))
}

/// What is reported: nothing of the future, which has not come in, even if it is asked for.
fn window(from: Option<Millis>, until: Option<Millis>, now: Millis) -> ApiResult<Window> {
    let window = Window { from: from.unwrap_or(Millis(0)), until: until.unwrap_or(now).min(now) };
    if window.from < window.until {
        return Ok(window);
    }
    let detail = "`from` must lie before `until`, and before now: both are milliseconds since 1970, and what is to come cannot be tested";
    Err(ApiError::new(Code::InvalidRequest, detail))
}

/// Refuses names of tenants of which the app has heard nothing. To ask their objects would make them, and what nobody has ever sent
/// anything for is mostly misspelt.
fn all_known(rows: &Rows, names: &[String]) -> ApiResult<()> {
    for names in names.chunks(NAMES) {
        let sql = "SELECT value FROM json_each(?) WHERE value NOT IN (SELECT tenant FROM tenant) ORDER BY key LIMIT 1";
        let found = rows.query(sql, vec![json!(names).to_string().into()])?;
        if let Some(name) = found.first().and_then(|row| row.first()).and_then(text) {
            let detail = format!("`tenants`: nothing has come in for `{name}` yet, so there is nothing to test; nothing was run");
            return Err(ApiError::new(Code::InvalidRequest, detail));
        }
    }
    Ok(())
}

/// The tenants whose turn it is: after this one, of those that were asked for (in their order) or of all.
fn next(rows: &Rows, only: Option<&[String]>, after: &str) -> ApiResult<Vec<String>> {
    if let Some(only) = only {
        return Ok(following(only, after).to_vec());
    }
    let limit = SqlStorageValue::Integer(i64::try_from(AT_A_TIME).unwrap_or(1));
    let found = rows.query("SELECT tenant FROM tenant WHERE tenant > ? ORDER BY tenant LIMIT ?", vec![after.into(), limit])?;
    Ok(found.iter().filter_map(|row| row.first().and_then(text)).collect())
}

/// The group after this name in a list that is in order.
fn following<'a>(only: &'a [String], after: &str) -> &'a [String] {
    let left = only.get(only.partition_point(|name| name.as_str() <= after)..).unwrap_or_default();
    left.get(..AT_A_TIME).unwrap_or(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_future_is_reported() {
        let now = Millis(1_000);
        for (from, until, expected) in [
            (None, None, Some((0, 1_000))),
            (Some(10), Some(20), Some((10, 20))),
            (Some(10), Some(1_001), Some((10, 1_000))),
            (None, Some(i64::MAX), Some((0, 1_000))),
            (Some(999), None, Some((999, 1_000))),
            (Some(20), Some(20), None),
            (Some(1_000), None, None),
            (Some(1_001), Some(2_000), None),
            (None, Some(0), None),
        ] {
            let found = window(from.map(Millis), until.map(Millis), now);
            assert_eq!(found.as_ref().ok().map(|found| (found.from.0, found.until.0)), expected, "{from:?} {until:?}");
            if let Err(error) = found {
                assert_eq!(error.code(), "invalid_request");
                assert!(error.detail().starts_with("`from` must lie before `until`, and before now"), "{}", error.detail());
            }
        }
    }

    #[test]
    fn groups_of_a_list_follow_each_other_until_each_name_had_its_turn() {
        let only: Vec<String> = (10..50).map(|n| format!("t{n}")).collect();
        let (mut after, mut seen, mut sizes) = (String::new(), Vec::new(), Vec::new());
        while let Some(last) = following(&only, &after).last() {
            let group = following(&only, &after);
            sizes.push(group.len());
            seen.extend_from_slice(group);
            after.clone_from(last);
        }
        assert_eq!((sizes.as_slice(), seen), ([16, 16, 8].as_slice(), only));
    }
}

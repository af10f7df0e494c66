//! The log: what happened at all tenants, as people read it, newest first.

use upcue_engine::tenant::Changed;
use upcue_engine::time::{DAY, Millis};
use upcue_engine::touch::{Touch, did};
use worker::SqlStorageValue;

use super::super::super::rows::{Rows, text, whole};
use super::super::AppObject;
use super::super::listing::moment;
use super::{lift, sql_moment, touches};
use crate::host;
use crate::problem::ApiResult;
use crate::rpc::{Activity, ActivityWish, Fact, LetterFact, LogPlace};

/// `name`: the campaign, sequence, signal, segment or plan that it is about. `amount`: in minor units.
pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS log (tenant TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, \
    kind TEXT NOT NULL, name TEXT NOT NULL, who TEXT, amount INTEGER, PRIMARY KEY (tenant, seq, kind)) WITHOUT ROWID";
pub(super) const BY_TIME: &str = "CREATE INDEX IF NOT EXISTS log_at ON log (at, kind, name)";
/// How long it is kept.
const KEPT: i64 = 90 * DAY;

/// A row of the log before it has a number.
struct Line<'a> {
    at: Millis,
    kind: &'a str,
    name: &'a str,
    who: Option<&'a str>,
    amount: Option<i64>,
}

/// Writes down a fact, if it is one that people read.
pub(super) fn put(rows: &Rows, tenant: &str, number: u64, fact: &Fact) -> ApiResult<()> {
    let line = |at: Millis, kind, name| Line { at, kind, name, who: None, amount: None };
    let line = match fact {
        Fact::Touch(touch) => of_touch(touch),
        Fact::Transition(t) => line(t.at, crossing(t.of), &t.id),
        Fact::Quoted { at, plan, amount_due, .. } => Line { amount: Some(*amount_due), ..line(*at, "quoted", plan) },
        Fact::Requested { at, plan, by, .. } => Line { who: Some(by), ..line(*at, "upgrade_requested", plan) },
        Fact::Upgrade(fact) => match &fact.failure {
            None => Line { amount: fact.invoiced, ..line(fact.at, "upgraded", &fact.plan) },
            Some(code) => Line { who: Some(code), ..line(fact.at, "upgrade_failed", &fact.plan) },
        },
        Fact::Converted(conversion) => {
            Line { amount: Some(conversion.gain()), ..line(conversion.at, "conversion", conversion.to.as_deref().unwrap_or_default()) }
        }
        _ => return Ok(()),
    };
    write(rows, tenant, number, &line)
}

/// Writes down what is news of a letter, and adds it to the touches.
pub(super) fn put_letter(rows: &Rows, tenant: &str, number: u64, letter: &LetterFact) -> ApiResult<()> {
    lift::put_letter(rows, tenant, letter)?;
    let news = touches::put_letter(rows, tenant, letter)?;
    news.iter().try_for_each(|touch| write(rows, tenant, number, &of_touch(touch)))
}

fn of_touch(touch: &Touch) -> Line<'_> {
    let kinds = [
        (did::CLICK, if touch.placement.is_empty() { "mail_clicked" } else { "click" }),
        (did::DISMISS, "dismiss"),
        (did::SNOOZE, "snooze"),
        (did::EXPOSURE, "exposure"),
        (did::SENT, "mail_sent"),
        (did::GHOST, "ghost"),
    ];
    let kind = kinds.into_iter().find(|(bit, _)| touch.did & bit != 0).map_or("render", |(_, kind)| kind);
    Line { at: touch.at, kind, name: &touch.of, who: Some(&touch.user), amount: None }
}

fn crossing(of: Changed) -> &'static str {
    match of {
        Changed::Detected => "signal_detected",
        Changed::Rearmed => "signal_rearmed",
        Changed::Entered => "segment_entered",
        Changed::Left => "segment_left",
    }
}

fn write(rows: &Rows, tenant: &str, number: u64, line: &Line<'_>) -> ApiResult<()> {
    let sql = "INSERT INTO log (tenant, seq, at, kind, name, who, amount) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
    let values = vec![
        tenant.into(),
        SqlStorageValue::Integer(i64::try_from(number).unwrap_or(i64::MAX)),
        sql_moment(line.at),
        line.kind.into(),
        line.name.into(),
        line.who.map(str::to_owned).into(),
        line.amount.map_or(SqlStorageValue::Null, SqlStorageValue::Integer),
    ];
    rows.run(sql, values)?;
    rows.run("DELETE FROM log WHERE at < ?", vec![sql_moment(host::now().plus(-KEPT))])
}

impl AppObject {
    /// What happened lately, newest first.
    pub(super) fn activity(&self, wish: &ActivityWish) -> ApiResult<Vec<Activity>> {
        let (mut conditions, mut values) = (vec!["1"], Vec::new());
        if let Some(LogPlace { at, tenant, seq, kind }) = &wish.after {
            conditions.push("(at, tenant, seq, kind) < (?, ?, ?, ?)");
            let seq = SqlStorageValue::Integer(i64::try_from(*seq).unwrap_or(i64::MAX));
            values.extend([sql_moment(*at), tenant.as_str().into(), seq, kind.as_str().into()]);
        }
        for (condition, wanted) in [("tenant = ?", &wish.tenant), ("kind = ?", &wish.kind)] {
            if let Some(wanted) = wanted {
                conditions.push(condition);
                values.push(wanted.as_str().into());
            }
        }
        values.push(SqlStorageValue::Integer(wish.limit.into()));
        let sql = format!(
            "SELECT at, tenant, seq, kind, name, who, amount FROM log WHERE {} ORDER BY at DESC, tenant DESC, seq DESC, kind DESC LIMIT ?",
            conditions.join(" AND ")
        );
        Ok(self.rows()?.query(&sql, values)?.iter().filter_map(|row| read(row)).collect())
    }
}

fn read(row: &[SqlStorageValue]) -> Option<Activity> {
    let [at, tenant, seq, kind, name, who, amount] = row else { return None };
    Some(Activity {
        at: moment(at)?,
        tenant: text(tenant)?,
        seq: whole(seq)?,
        kind: text(kind)?,
        name: text(name)?,
        who: text(who),
        amount: signed(amount),
    })
}

/// A whole number that may be negative, which JavaScript carries as a double.
#[expect(clippy::cast_possible_truncation, reason = "amounts are whole and below 2^53")]
pub(in super::super) fn signed(value: &SqlStorageValue) -> Option<i64> {
    match value {
        SqlStorageValue::Integer(n) => Some(*n),
        SqlStorageValue::Float(n) => Some(*n as i64),
        _ => None,
    }
}

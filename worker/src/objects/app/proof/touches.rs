//! The table of touches: one row for each decision of a page and each letter, with all that came of it.

use upcue_engine::attribution::Seen;
use upcue_engine::hash::key;
use upcue_engine::sequence::LetterState;
use upcue_engine::time::{DAY, Millis};
use upcue_engine::touch::{Channel, Touch, did};
use worker::SqlStorageValue;

use super::super::super::rows::{Rows, text, whole};
use super::super::listing::moment;
use super::sql_moment;
use crate::host;
use crate::problem::ApiResult;
use crate::rpc::LetterFact;

/// `seen`: when it was first seen, sent or followed. `hour`: of the week, then and there.
pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS touch (tenant TEXT NOT NULL, prompt TEXT NOT NULL, decision INTEGER NOT NULL, \
    channel INTEGER NOT NULL, variant TEXT, held_out INTEGER NOT NULL, placement TEXT NOT NULL, user TEXT NOT NULL, signal TEXT, \
    signalled INTEGER, did INTEGER NOT NULL, at INTEGER NOT NULL, seen INTEGER, clicked INTEGER, hour INTEGER NOT NULL, \
    PRIMARY KEY (tenant, prompt, decision)) WITHOUT ROWID";
pub(super) const BY_TIME: &str = "CREATE INDEX IF NOT EXISTS touch_at ON touch (at)";
/// The columns of [`read`], for what was seen.
pub(super) const SEEN: &str = "channel, prompt, variant, placement, signal, signalled, seen, clicked, hour";
/// How long a touch is kept: a year and what the longest window looks back.
const KEPT: i64 = 400 * DAY;

/// Adds what was told of a decision to what was told of it before.
pub(super) fn put(rows: &Rows, tenant: &str, touch: &Touch) -> ApiResult<()> {
    let sql = "INSERT INTO touch (tenant, prompt, decision, channel, variant, held_out, placement, user, signal, signalled, did, at, seen, \
        clicked, hour) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET did = did | excluded.did, \
        at = min(at, excluded.at), hour = CASE WHEN seen IS NULL THEN excluded.hour ELSE hour END, \
        seen = min(coalesce(seen, excluded.seen), coalesce(excluded.seen, seen)), \
        clicked = min(coalesce(clicked, excluded.clicked), coalesce(excluded.clicked, clicked)), \
        signalled = coalesce(signalled, excluded.signalled), signal = coalesce(signal, excluded.signal)";
    let when = |bits: u8| if touch.did & bits == 0 { SqlStorageValue::Null } else { sql_moment(touch.at) };
    let (signal, signalled) = touch.signal.clone().unzip();
    let values = vec![
        tenant.into(),
        touch.of.as_str().into(),
        SqlStorageValue::Integer(touch.decision.into()),
        channel(touch.channel),
        touch.variant.clone().into(),
        SqlStorageValue::Integer(touch.held_out.into()),
        touch.placement.as_str().into(),
        touch.user.as_str().into(),
        signal.into(),
        signalled.map_or(SqlStorageValue::Null, sql_moment),
        SqlStorageValue::Integer(touch.did.into()),
        sql_moment(touch.at),
        when(did::EXPOSURE | did::SENT | did::CLICK), // who followed it has seen it
        when(did::CLICK),
        SqlStorageValue::Integer(touch.hour.into()),
    ];
    rows.run(sql, values)?;
    rows.run("DELETE FROM touch WHERE at < ?", vec![sql_moment(host::now().plus(-KEPT))])
}

/// Adds what a letter has come to; answers what of it is news, each with its moment.
pub(super) fn put_letter(rows: &Rows, tenant: &str, fact: &LetterFact) -> ApiResult<Vec<Touch>> {
    let letter = &fact.letter;
    let Some(part) = letter.parts.first() else { return Ok(Vec::new()) };
    let decision = key(&letter.id);
    let sql = "SELECT did FROM touch WHERE tenant = ? AND prompt = ? AND decision = ?";
    let known = rows.query(sql, vec![tenant.into(), part.sequence.as_str().into(), SqlStorageValue::Integer(decision.into())])?;
    let known = known.first().and_then(|row| row.first()).and_then(whole).and_then(|did| u8::try_from(did).ok()).unwrap_or(0);
    let state = match letter.state {
        LetterState::Sent(at) => Some((did::SENT, at)),
        LetterState::Ghost(at) => Some((did::GHOST, at)),
        _ => None,
    };
    let told = state.into_iter().chain(letter.clicked.map(|at| (did::CLICK, at)));
    let news: Vec<Touch> = told
        .filter(|(bit, _)| known & bit == 0)
        .map(|(bit, at)| Touch {
            channel: Channel::Email,
            of: part.sequence.clone(),
            variant: part.variant.clone(),
            held_out: bit == did::GHOST,
            user: letter.recipient.clone(),
            decision,
            signal: fact.signal.clone(),
            did: bit,
            at,
            hour: fact.hour,
            ..Touch::default()
        })
        .collect();
    news.iter().try_for_each(|touch| put(rows, tenant, touch))?;
    Ok(news)
}

/// A channel for SQL.
pub(super) fn channel(channel: Channel) -> SqlStorageValue {
    SqlStorageValue::Integer((channel == Channel::Email).into())
}

/// A touch that was seen, from the columns [`SEEN`].
pub(super) fn read(row: &[SqlStorageValue]) -> Option<Seen> {
    let [channel, of, variant, placement, signal, signalled, seen, clicked, hour] = row else { return None };
    Some(Seen {
        channel: if whole(channel)? == 0 { Channel::InApp } else { Channel::Email },
        of: text(of)?,
        variant: text(variant),
        placement: text(placement)?,
        signal: text(signal).zip(moment(signalled)),
        seen: moment(seen)?,
        clicked: moment(clicked),
        hour: u8::try_from(whole(hour)?).ok()?,
    })
}

/// The touches of a tenant that were seen or followed from `since` until `until`, both included.
pub(super) fn of(rows: &Rows, tenant: &str, since: Millis, until: Millis) -> ApiResult<Vec<Seen>> {
    let sql =
        format!("SELECT {SEEN} FROM touch WHERE tenant = ? AND seen IS NOT NULL AND seen <= ? AND max(seen, coalesce(clicked, 0)) >= ?");
    Ok(rows.query(&sql, vec![tenant.into(), sql_moment(until), sql_moment(since)])?.iter().filter_map(|row| read(row)).collect())
}

//! Everything that is kept of a tenant in its own object, record by record, a page at a time.
//!
//! Records have the fields that are stored, by their own names, so that none can be forgotten here. What is a hash stays one: which
//! batches and which ids of events were counted.

use serde::Serialize;
use serde_json::{Value, json};
use upcue_engine::history::{Chunk, Entry, Input};
use upcue_engine::sequence::Mailing;
use upcue_engine::tenant::{Counts, User};
use upcue_engine::timeline::{Actor, What};
use worker::SqlStorageValue;

use super::super::rows::{Rows, decode, text, whole};
use super::mailing::shown;
use super::store::{Stored, USER};
use super::{Core, outbox};
use crate::problem::{ApiError, ApiResult};
use crate::rpc::{ExportPage, ExportPlace, ExportWish, Fact, Posted, TenantEnvelope};

/// A page ends after so many bytes, with the record that passes them.
const MAX_BYTES: usize = 1 << 20;
/// The sections, in their order, after the records that there is one of: their queries by a key that is after `?1`, at most `?2` rows.
const SECTIONS: [(&str, &str); 4] = [
    ("user", "SELECT key, value FROM row WHERE key > 'user/' || ?1 AND key < 'user0' ORDER BY key LIMIT ?2"),
    ("letter", "SELECT id, value, texts FROM written WHERE id > ?1 ORDER BY id LIMIT ?2"),
    ("timeline", "SELECT seq, entry FROM timeline WHERE seq > CAST(?1 AS INTEGER) ORDER BY seq LIMIT ?2"),
    ("history", "SELECT number, chunk FROM history WHERE number > CAST(?1 AS INTEGER) ORDER BY number LIMIT ?2"),
];

/// Records as they come together.
#[derive(Default)]
struct Records {
    page: ExportPage,
    bytes: usize,
}

impl Records {
    fn push(&mut self, kind: &str, value: &impl Serialize) -> ApiResult<()> {
        let value = serde_json::to_value(value).map_err(|_| ApiError::unreadable())?;
        let record = match value {
            Value::Object(mut fields) => {
                fields.insert("kind".to_owned(), json!(kind));
                Value::Object(fields)
            }
            other => json!({"kind": kind, "value": other}),
        };
        let record = record.to_string();
        self.bytes += record.len();
        self.page.records.push(record);
        Ok(())
    }

    fn is_full(&self, limit: u32) -> bool {
        self.bytes >= MAX_BYTES || self.page.records.len() >= limit as usize
    }
}

impl Core {
    /// A part of everything.
    pub(super) fn export(&self, envelope: &TenantEnvelope, wish: &ExportWish) -> ApiResult<ExportPage> {
        if !Rows::exist(&self.state)? {
            return Ok(ExportPage::default());
        }
        self.with(envelope, |stored| stored.export(wish))
    }
}

impl Stored {
    fn export(&self, ExportWish { user, from, limit }: &ExportWish) -> ApiResult<ExportPage> {
        let user = user.as_deref();
        let mut records = Records::default();
        let (mut section, mut after) = (from.section as usize, from.after.first().cloned().unwrap_or_default());
        if section == 0 {
            self.export_singles(&mut records, user)?;
            section = 1;
        }
        while let Some((kind, sql)) = SECTIONS.get(section - 1) {
            let rows = self.rows().query(sql, vec![after.as_str().into(), SqlStorageValue::Integer((*limit).into())])?;
            for row in &rows {
                if records.is_full(*limit) {
                    let section = u32::try_from(section).unwrap_or(u32::MAX);
                    return Ok(ExportPage { next: Some(ExportPlace { section, after: vec![after] }), ..records.page });
                }
                after = row.first().and_then(key).ok_or_else(ApiError::unreadable)?;
                self.export_row(&mut records, kind, &after, row, user)?;
            }
            if rows.len() < *limit as usize {
                section += 1;
                after.clear();
            }
        }
        Ok(records.page)
    }

    /// What there is one of.
    fn export_singles(&self, records: &mut Records, user: Option<&str>) -> ApiResult<()> {
        let tenant = &self.tenant;
        export_mailing(records, &tenant.mailing, user)?;
        tenant.requests.asked_by(user).iter().try_for_each(|ask| records.push("upgrade_request", ask))?;
        let upgrades = tenant.upgrades.all().iter().filter(|upgrade| user.is_none_or(|user| upgrade.by == user));
        upgrades.into_iter().try_for_each(|upgrade| records.push("upgrade", upgrade))?;
        for (seq, fact) in outbox::waiting(self.rows(), outbox::ALL)? {
            if user.is_none_or(|user| names(&fact, user)) {
                records.push("waiting", &json!({"seq": seq, "fact": fact}))?;
            }
        }
        export_chunk(records, self.chunk.bytes(), user)?;
        if user.is_some() {
            return Ok(());
        }
        records.push("profile", &tenant.profile)?;
        tenant.mirror.all().try_for_each(|subscription| records.push("subscription", subscription))?;
        records.push("detected", &tenant.detected)?;
        records.push("limits", &tenant.limits)?;
        let Counts { meters, events, ledger, refused, needs_since, converted, tallies, zone, clients: _ } = &tenant.counts;
        meters.iter().try_for_each(|(meter, state)| records.push("meter", &json!({"meter": meter, "state": state})))?;
        events.iter().try_for_each(|(event, state)| records.push("event", &json!({"event": event, "state": state})))?;
        let rest = json!({
            "ledger": ledger, "refused": refused, "needs_since": needs_since, "converted": converted, "campaigns": tallies, "zone": zone,
        });
        records.push("counts", &rest)
    }

    /// A row of a section, as far as it is about `user`.
    fn export_row(&self, records: &mut Records, kind: &str, key: &str, row: &[SqlStorageValue], user: Option<&str>) -> ApiResult<()> {
        let value = row.get(1).ok_or_else(ApiError::unreadable)?;
        match kind {
            "user" if user.is_none_or(|user| user == key) => records.push(kind, &json!({"user": key, "state": decode::<User>(value)?})),
            "letter" => {
                let bare: Posted = decode(value)?;
                let (html, text) = row.get(2).map(decode).transpose()?.unwrap_or_default();
                let is_theirs = user.is_none_or(|user| self.letter(key).is_some_and(|letter| letter.recipient == user));
                if is_theirs { records.push(kind, &json!({"id": key, "letter": Posted { html, text, ..bare }})) } else { Ok(()) }
            }
            "timeline" => {
                let entry: upcue_engine::timeline::Entry = decode(value)?;
                let is_theirs = |user: &str| {
                    let (What::Mailed { recipient, .. } | What::Consent { recipient, .. }) = &entry.what else {
                        return entry.actor == Actor::User(user.to_owned());
                    };
                    recipient == user
                };
                if user.is_none_or(is_theirs) { records.push(kind, &json!({"seq": key, "entry": entry})) } else { Ok(()) }
            }
            "history" => {
                let SqlStorageValue::Blob(bytes) = value else { return Err(ApiError::unreadable()) };
                export_chunk(records, bytes, user)
            }
            _ => Ok(()),
        }
    }
}

fn export_mailing(records: &mut Records, mailing: &Mailing, user: Option<&str>) -> ApiResult<()> {
    let is_wanted = |recipient: &str| user.is_none_or(|user| recipient == user);
    for contact in mailing.contacts.iter().filter(|contact| is_wanted(&contact.recipient)) {
        records.push("contact", &json!({"recipient": shown(&contact.recipient), "contact": contact}))?;
    }
    let enrolments = mailing.enrolments.iter().filter(|enrolment| is_wanted(&enrolment.recipient));
    enrolments.into_iter().try_for_each(|enrolment| records.push("enrolment", enrolment))?;
    mailing.letters.iter().filter(|letter| is_wanted(&letter.recipient)).try_for_each(|letter| records.push("letter_state", letter))
}

/// A chunk of the history, step by step. What is left of a user's are their events and the letters that were counted for them.
fn export_chunk(records: &mut Records, bytes: &[u8], user: Option<&str>) -> ApiResult<()> {
    for Entry { at, inputs, transitions, verdicts } in Chunk::read(bytes).ok_or_else(ApiError::unreadable)? {
        let inputs: Vec<Value> = inputs.iter().filter_map(|input| export_input(input, user)).collect();
        let verdicts: Vec<_> = verdicts.iter().filter(|verdict| user.is_none_or(|user| verdict.user == user)).collect();
        if user.is_some() && inputs.is_empty() && verdicts.is_empty() {
            continue;
        }
        let transitions = if user.is_some() { json!([]) } else { json!(transitions) };
        records.push("history", &json!({"at": at, "inputs": inputs, "transitions": transitions, "verdicts": verdicts}))?;
    }
    Ok(())
}

fn export_input(input: &Input, user: Option<&str>) -> Option<Value> {
    Some(match (input, user) {
        (Input::Batch(batch), _) => {
            let events: Vec<_> = batch.events.iter().filter(|event| user.is_none_or(|user| event.user.as_deref() == Some(user))).collect();
            if events.is_empty() {
                return None;
            }
            json!({"events": events, "role": batch.role})
        }
        (Input::Met(met), _) if user.is_none_or(|user| user == met) => json!({"met": met}),
        (Input::Spent(spent), _) => {
            let spent: Vec<_> = spent.iter().filter(|spent| user.is_none_or(|user| spent.user == user)).collect();
            if spent.is_empty() {
                return None;
            }
            json!({"letters_counted": spent})
        }
        (Input::Mirror(mirror), None) => json!({"subscriptions": mirror}),
        (Input::Requests(requests), None) => json!({"upgrade_requests": requests}),
        (Input::Rules(revision), None) => json!({"rules": revision}),
        (Input::Zone(zone), None) => json!({"zone": zone}),
        (Input::Converted(at), None) => json!({"converted": at}),
        _ => return None,
    })
}

/// Whether a fact names a user.
fn names(fact: &Fact, user: &str) -> bool {
    match fact {
        Fact::Touch(touch) => touch.user == user,
        Fact::Requested { by, .. } => by == user,
        Fact::Letter(letter) => letter.letter.recipient == user,
        _ => false,
    }
}

/// A row's key as a text.
fn key(value: &SqlStorageValue) -> Option<String> {
    let text = text(value).or_else(|| whole(value).map(|n| n.to_string()))?;
    Some(text.strip_prefix(USER).map_or_else(|| text.clone(), str::to_owned))
}

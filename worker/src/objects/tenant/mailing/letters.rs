//! Letters as they were written: a table with one row each, beside what the engine keeps of them. Their texts have a column of their
//! own, so that a list does not read them.

use std::mem;

use upcue_engine::sequence::{Letter, LetterState};
use upcue_engine::time::Millis;
use upcue_engine::touch::{First, hour_of_week};
use worker::SqlStorageValue;

use super::super::super::rows::{Rows, decode, encode, text};
use super::super::store::{Step, Stored};
use super::{fact, shown};
use crate::problem::ApiResult;
use crate::rpc::{Fact, LetterFact, LettersReport, Posted};
use crate::zones;

pub(in super::super) const TABLE: &str =
    "CREATE TABLE IF NOT EXISTS written (id TEXT PRIMARY KEY, at INTEGER NOT NULL, value BLOB NOT NULL, texts BLOB NOT NULL) WITHOUT ROWID";
/// Letters kept with their texts.
const KEPT: i64 = 200;

/// Writes a letter down; part of a transaction.
pub(in super::super) fn put(rows: &Rows, id: &str, at: Millis, posted: &Posted) -> ApiResult<()> {
    let mut bare = posted.clone();
    let texts = (mem::take(&mut bare.html), mem::take(&mut bare.text));
    let sql = "INSERT INTO written (id, at, value, texts) VALUES (?, ?, ?, ?) \
        ON CONFLICT (id) DO UPDATE SET value = excluded.value, texts = excluded.texts";
    rows.run(sql, vec![id.into(), SqlStorageValue::Integer(at.0.max(0)), encode(&bare), encode(&texts)])?;
    let sql = "DELETE FROM written WHERE id IN (SELECT id FROM written ORDER BY at DESC, id LIMIT -1 OFFSET ?)";
    rows.run(sql, vec![SqlStorageValue::Integer(KEPT)])
}

impl Stored {
    /// A letter as it was written.
    pub(in super::super) fn posted(&self, id: &str) -> ApiResult<Option<Posted>> {
        let found = self.rows().query("SELECT value, texts FROM written WHERE id = ?", vec![id.into()])?;
        let Some([value, texts]) = found.first().map(Vec::as_slice) else { return Ok(None) };
        let (html, text) = decode(texts)?;
        Ok(Some(Posted { html, text, ..decode(value)? }))
    }

    /// A letter that the engine knows.
    pub(in super::super) fn letter(&self, id: &str) -> Option<&Letter> {
        self.tenant.mailing.letters.iter().find(|letter| letter.id == id)
    }

    /// What the app is told of a letter; what `step` is about to write of it counts already.
    pub(super) fn letter_fact(&self, id: &str, step: &Step) -> ApiResult<Option<Fact>> {
        let Some(letter) = self.letter(id).cloned() else { return Ok(None) };
        let about_to = step.letters.iter().rev().find(|(of, _)| of == id).map(|(_, posted)| posted.clone());
        let posted = if about_to.is_some() { about_to } else { self.posted(id)? };
        let address = self.tenant.mailing.contact(&letter.recipient).and_then(|contact| contact.email.clone());
        let (signal, hour, first) = (self.signal_of(&letter), self.hour_of(&letter), self.first_of(&letter));
        let letter = Letter { recipient: shown(&letter.recipient).to_owned(), ..letter };
        let unwritten =
            LetterFact { letter, address, subject: None, provider: None, clicks: 0, opened: None, reported: None, signal, hour, first };
        Ok(Some(fact(match posted {
            None => unwritten,
            Some(Posted { address, subject, provider, clicks, opened, reported, .. }) => LetterFact {
                address: Some(address),
                subject: Some(subject),
                provider: Some(provider),
                clicks: u32::try_from(clicks.len()).unwrap_or(u32::MAX),
                opened,
                reported,
                ..unwritten
            },
        })))
    }

    /// The signal by which the sequence of a letter's first part was entered, as far as it is still active.
    fn signal_of(&self, letter: &Letter) -> Option<(String, Millis)> {
        let part = letter.parts.first()?;
        let sequence = self.rules.config.sequences.iter().find(|sequence| sequence.id == part.sequence)?;
        self.tenant.signal_behind(&self.rules, &sequence.enter)
    }

    /// How the tenant stands to the sequence of a letter's first part.
    fn first_of(&self, letter: &Letter) -> First {
        let part = letter.parts.first();
        let sequence = part.and_then(|part| self.rules.config.sequences.iter().find(|sequence| sequence.id == part.sequence));
        let shares = sequence.map_or((0, 0), |sequence| (sequence.share_held_out(), sequence.holdout_of_all));
        self.tenant.first(&self.rules, shares.0, shares.1)
    }

    /// The hour of the week at which it is sent, by the recipient's clocks.
    fn hour_of(&self, letter: &Letter) -> u8 {
        let at = if let LetterState::Sent(at) | LetterState::Ghost(at) = letter.state { at } else { letter.drawn };
        let tz = self.tenant.mailing.contact(&letter.recipient).and_then(|contact| contact.tz.as_deref());
        hour_of_week(&zones::of(&self.rules.config, tz, at), at)
    }

    /// Everything about mails.
    pub(in super::super) fn letters_report(&self) -> ApiResult<LettersReport> {
        let found = self.rows().query("SELECT id, value FROM written", vec![])?;
        let mut posted = Vec::new();
        for row in &found {
            if let [id, value] = row.as_slice()
                && let Some(id) = text(id)
            {
                posted.push((id, decode::<Posted>(value)?));
            }
        }
        let mailing = &self.tenant.mailing;
        let letters = mailing.letters.iter().rev().map(|letter| {
            let of = posted.iter().find(|(id, _)| *id == letter.id).map(|(_, posted)| posted.clone());
            (letter.clone(), of)
        });
        Ok(LettersReport {
            letters: letters.collect(),
            enrolments: mailing.enrolments.iter().rev().cloned().collect(),
            contacts: mailing.contacts.clone(),
        })
    }
}

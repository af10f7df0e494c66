//! Erasing a tenant, or one user of it.
//!
//! A tenant goes as a whole: everything stored, the alarm, the sockets. What is still under way in memory, a letter at its provider
//! say, belongs to a core that is set aside, and finds nothing to write to. The next call begins another life.
//!
//! A user is taken out of every row. What the tenant did stays, under [`NOBODY`]; what was said to and of the user goes. The history
//! begins anew from how things stand, since one from which a user is missing cannot be played.

use std::rc::Rc;

use upcue_engine::timeline::{Actor, Entry, What};
use worker::SqlStorageValue;

use super::super::rows::{Rows, decode, encode, whole};
use super::mailing::{MAILING, shown};
use super::store::{Stored, number, user_key};
use super::{Core, TenantObject, outbox};
use crate::people::NOBODY;
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{self, Fact, Farewell, TenantEnvelope};

impl TenantObject {
    /// Erases the tenant.
    pub(super) async fn erase(&self) -> ApiResult<Vec<u8>> {
        let core = self.core();
        core.gone.set(true);
        core.stored.replace(None);
        core.hang_up(None);
        self.core.replace(Rc::new(Core::new(Rc::clone(&core.state), core.env.clone())));
        // Both begin before anything else can run, and are durable before this is answered.
        let storage = core.state.storage();
        let (alarm, rows) = futures_util::future::join(storage.delete_alarm(), storage.delete_all()).await;
        alarm?;
        rows?;
        rpc::reply(&())
    }
}

impl Core {
    /// Fails where the tenant was erased while something was under way.
    pub(super) fn is_alive(&self) -> ApiResult<()> {
        if self.gone.get() {
            let detail = "the tenant was erased while this was under way; nothing of it was kept";
            return Err(ApiError::new(Code::NotFound, detail).finer("tenant_erased"));
        }
        Ok(())
    }

    /// What must be known before the tenant, or a user, goes.
    pub(super) fn farewell(&self, envelope: &TenantEnvelope, user: Option<&str>) -> ApiResult<Farewell> {
        if !Rows::exist(&self.state)? {
            return Ok(Farewell::default());
        }
        self.with(envelope, |stored| Ok(Farewell { life: outbox::life(stored.rows())?, refusing: stored.tenant.mailing.refusing(user) }))
    }

    /// Erases a user. Waits for facts that are on their way, so that none of theirs comes in after this.
    pub(super) async fn erase_user(&self, envelope: &TenantEnvelope, user: &str) -> ApiResult<()> {
        if !Rows::exist(&self.state)? {
            return Ok(());
        }
        if !self.delivering.ended().await {
            return Err(ApiError::new(Code::Internal, "facts of the tenant are on their way for too long; it is tried again"));
        }
        self.hang_up(Some(user));
        self.with(envelope, |stored| stored.forget(user))
    }
}

impl Stored {
    /// Takes a user out of every row.
    fn forget(&mut self, user: &str) -> ApiResult<()> {
        let tenant = &mut self.tenant;
        let owner_too = tenant.mailing.shares_owner(user);
        let mut letters = tenant.mailing.erase(user);
        tenant.requests.erase(user);
        tenant.upgrades.disown(user, NOBODY);
        tenant.users.remove(user);
        self.crowd = None;
        self.rows().transaction(&mut || {
            self.rows().run("DELETE FROM row WHERE key = ?", vec![user_key(user).into()])?;
            let (tenant, rows) = (&self.tenant, self.rows());
            rows.put(MAILING, &tenant.mailing)?;
            rows.put("requests", &tenant.requests)?;
            rows.put("upgrades", &tenant.upgrades)?;
            forget_entries(rows, user, owner_too, &mut letters)?;
            forget_facts(rows, user, &letters)?;
            letters.iter().try_for_each(|id| rows.run("DELETE FROM written WHERE id = ?", vec![id.as_str().into()]))
        })?;
        self.begin_anew()
    }
}

/// Takes a user out of the timeline; `letters` gets those of theirs that only the timeline still knows.
fn forget_entries(rows: &Rows, user: &str, owner_too: bool, letters: &mut Vec<String>) -> ApiResult<()> {
    let found = rows.query("SELECT seq, entry FROM timeline ORDER BY seq", vec![])?;
    for row in &found {
        let [seq, entry] = row.as_slice() else { continue };
        let (Some(seq), before) = (whole(seq), decode::<Entry>(entry)?) else { continue };
        match without(before.clone(), user, owner_too, letters) {
            None => rows.run("DELETE FROM timeline WHERE seq = ?", vec![number(seq)])?,
            Some(entry) if entry != before => rows.run("UPDATE timeline SET entry = ? WHERE seq = ?", vec![encode(&entry), number(seq)])?,
            Some(_) => {}
        }
    }
    Ok(())
}

/// An entry without a user: nothing of one that is about them, another actor of one that is theirs.
fn without(mut entry: Entry, user: &str, owner_too: bool, letters: &mut Vec<String>) -> Option<Entry> {
    let is_theirs = |recipient: &str| recipient == user || owner_too && recipient == shown(upcue_engine::sequence::OWNER);
    match &entry.what {
        What::Mailed { recipient, letter, .. } if is_theirs(recipient) => {
            letters.extend(letter.iter().filter(|letter| !letters.contains(letter)).cloned().collect::<Vec<_>>());
            return None;
        }
        What::Consent { recipient, .. } if is_theirs(recipient) => return None,
        What::LetterClicked { letter, .. } | What::LetterReported { letter, .. } if letters.contains(letter) => return None,
        _ => {}
    }
    if entry.actor == Actor::User(user.to_owned()) {
        entry.actor = Actor::User(NOBODY.to_owned());
    }
    Some(entry)
}

/// Takes a user out of what waits for the app. Each fact keeps its number: without it those after it would not count.
fn forget_facts(rows: &Rows, user: &str, letters: &[String]) -> ApiResult<()> {
    for (seq, fact) in outbox::waiting(rows, outbox::ALL)? {
        let fact = match fact {
            Fact::Touch(mut touch) if touch.user == user => {
                NOBODY.clone_into(&mut touch.user);
                Fact::Touch(touch)
            }
            Fact::Requested { at, upgrade, quote, plan, by } if by == user => {
                Fact::Requested { at, upgrade, quote, plan, by: NOBODY.to_owned() }
            }
            Fact::Letter(letter) if letter.letter.recipient == user || letters.contains(&letter.letter.id) => {
                Fact::Seen { at: letter.letter.drawn }
            }
            _ => continue,
        };
        rows.run(
            "UPDATE outbox SET fact = ? WHERE seq = ?",
            vec![encode(&fact), SqlStorageValue::Integer(i64::try_from(seq).unwrap_or(0))],
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use upcue_engine::sequence::What as Mailed;
    use upcue_engine::time::Millis;

    fn entry(user: &str, what: What) -> Entry {
        Entry { at: Millis(1), actor: Actor::User(user.to_owned()), what }
    }

    fn mailed(recipient: &str) -> What {
        let letter = Some(format!("ltr_{recipient}"));
        What::Mailed { sequence: "quota".to_owned(), recipient: recipient.to_owned(), letter, what: Mailed::Sent }
    }

    #[test]
    fn what_is_about_a_user_goes_and_what_they_did_is_nobodys() {
        let asked = |user| entry(user, What::UpgradeAsked { label: "SSO".to_owned() });
        let clicked = |of| entry("x", What::LetterClicked { letter: format!("ltr_{of}"), target: "https://a.example/".to_owned() });
        let mut letters = Vec::new();
        for (before, owner_too, expected) in [
            (asked("ada"), false, Some(asked(NOBODY))),
            (asked("bob"), false, Some(asked("bob"))),
            (entry("x", mailed("bob")), false, Some(entry("x", mailed("bob")))),
            (clicked("ada"), false, Some(clicked("ada"))), // whose it is is not known yet
            (entry("x", mailed("ada")), false, None),
            (clicked("ada"), false, None),
            (entry("x", mailed("owner")), false, Some(entry("x", mailed("owner")))),
            (entry("x", mailed("owner")), true, None),
        ] {
            assert_eq!(without(before.clone(), "ada", owner_too, &mut letters), expected, "{before:?}");
        }
        assert_eq!(letters, ["ltr_ada", "ltr_owner"]);
    }
}

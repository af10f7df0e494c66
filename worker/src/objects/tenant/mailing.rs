//! Mails of a tenant: who enters sequences and leaves them, which letters are due, and what becomes of them.
//!
//! What is decided is the engine's business ([`upcue_engine::sequence`]); here it is written down and carried out. A letter is
//! written down as being sent, with its text, before the provider is asked, and as settled after its answer. Whatever dies in
//! between, it is asked for again with the same text under the same key: a provider that knows keys sends it once, one that does not,
//! twice at most; none is lost.

mod consent;
mod letters;
mod post;
mod write;

use std::rc::Rc;

use upcue_engine::history::Input;
use upcue_engine::sequence::{Moved, OWNER, Seen, What as Told};
use upcue_engine::time::Millis;
use upcue_engine::timeline::{Actor, Entry, What};
use upcue_engine::zone::Zone;

pub(super) use letters::{TABLE, put};
pub(super) use post::Rounds;

use super::store::{Step, Stored};
use crate::host;
use crate::problem::ApiResult;
use crate::rpc::Fact;
use crate::zones;

/// The row with who could be written to, who is on the way, and the letters.
pub(super) const MAILING: &str = "mailing";

impl Stored {
    /// Looks who enters sequences and who leaves them, and adds what has changed to `step`; `by`: the user whose event came in.
    pub(super) fn advance(&mut self, step: &mut Step, by: Option<&str>, now: Millis) -> ApiResult<()> {
        if !self.mails() {
            return Ok(());
        }
        self.load_recipients()?;
        let rules = Rc::clone(&self.rules);
        let moved = self.tenant.advance(&rules, &by_name(now), by, now);
        self.take_moved(step, moved, now)
    }

    /// Takes in what the mailing did: what is to be written, and whom it is told.
    pub(super) fn take_moved(&self, step: &mut Step, moved: Moved, now: Millis) -> ApiResult<()> {
        let Moved { changed, spent, told, letters: _ } = moved;
        step.mailing |= changed;
        if !spent.is_empty() {
            step.counts = true;
            step.users.extend(spent.iter().map(|spent| spent.user.clone()));
            step.inputs.push(Input::Spent(spent));
        }
        let mut changed: Vec<String> = told.iter().filter_map(|told| told.letter.clone()).collect();
        changed.dedup();
        for id in changed {
            step.facts.extend(self.letter_fact(&id, step)?);
        }
        step.entries.extend(told.into_iter().filter(|told| is_audited(told.what)).map(|told| {
            let what = What::Mailed {
                sequence: told.sequence,
                recipient: shown(&told.recipient).to_owned(),
                letter: told.letter,
                what: told.what,
            };
            Entry { at: now, actor: Actor::Upcue, what }
        }));
        Ok(())
    }

    /// Takes in what is said of people; part of whatever is written down next. Of somebody to whom nothing could ever be sent nothing
    /// is kept, and where there are no sequences it does not matter when somebody was seen.
    pub(super) fn know(&mut self, people: &[(String, Seen)], now: Millis) -> bool {
        let mut changed = false;
        for (id, seen) in people {
            let known = self.tenant.mailing.contact(id);
            let is_of_use = known.is_some() || seen.email.as_ref().is_some_and(|email| !email.is_empty());
            let says_nothing_new = known.is_some_and(|contact| {
                let same = |said: &Option<String>, known: &Option<String>| said.as_ref().is_none_or(|said| Some(said) == known.as_ref());
                let (email, name, tz) = (&contact.email, &contact.name, &contact.tz);
                same(&seen.email, email)
                    && same(&seen.name, name)
                    && same(&seen.tz, tz)
                    && seen.role.is_none_or(|role| role == contact.role)
                    && seen.is_owner.is_none_or(|is_owner| is_owner == contact.is_owner)
            });
            if is_of_use && (self.mails() || !says_nothing_new) {
                changed |= self.tenant.mailing.know(id, seen, now);
            }
        }
        changed
    }

    /// Whether the rules have sequences.
    pub(super) fn mails(&self) -> bool {
        !self.rules.config.sequences.is_empty()
    }

    /// Loads the users that are on the way, for their ledgers.
    pub(super) fn load_recipients(&mut self) -> ApiResult<()> {
        let recipients = self.recipients();
        self.load_users(&recipients)
    }

    /// Those who are on the way; the owner, who may be no user, has a ledger as well.
    pub(super) fn recipients(&self) -> Vec<String> {
        self.tenant.mailing.recipients().into_iter().map(str::to_owned).collect()
    }
}

/// Finds the clocks of a zone by its name, as of `now`.
fn by_name(now: Millis) -> impl Fn(&str) -> Rc<Zone> {
    move |name| zones::named(name, now)
}

/// Whether the timeline has it: what came of somebody, and not what was looked at on the way.
fn is_audited(what: Told) -> bool {
    !matches!(what, Told::Drawn | Told::Delayed(_) | Told::Barred(_))
}

/// A recipient as people read it.
pub(crate) fn shown(recipient: &str) -> &str {
    if recipient == OWNER { "owner" } else { recipient }
}

/// The step that a change of mails alone makes.
pub(super) fn quiet_step() -> Step {
    Step { mailing: true, ..Step::default() }
}

/// The moment, for what is written down here.
fn now() -> Millis {
    host::now()
}

/// A fact for the app.
fn fact(letter: crate::rpc::LetterFact) -> Fact {
    Fact::Letter(Box::new(letter))
}

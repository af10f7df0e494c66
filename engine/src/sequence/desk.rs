//! Where the mailing is worked on: everything at hand, and what comes of it.

use std::mem;

use super::clocks::{Zones, own, ripe};
use super::{Contact, Enrolment, Mailing, Moved, Reason, Stage, Told, Waiting, What};
use crate::config::{Sequence, Step};
use crate::expr::{Program, Value};
use crate::facts::Role;
use crate::tenant::{Facts, Person, Rulebook, Tenant};
use crate::time::{DurationMs, Millis};

/// The most enrolments kept that are over; of more those that ended first are forgotten.
const MAX_ENDED: usize = 200;
/// The most letters kept that are settled, likewise.
const MAX_SETTLED: usize = 100;

/// The mailing of a tenant, being worked on. [`Desk::close`] puts it back.
pub(super) struct Desk<'d> {
    pub(super) tenant: &'d mut Tenant,
    pub(super) mailing: Mailing,
    pub(super) rules: &'d Rulebook,
    pub(super) zones: &'d Zones<'d>,
    pub(super) now: Millis,
    pub(super) moved: Moved,
}

impl<'d> Desk<'d> {
    pub(super) fn open(tenant: &'d mut Tenant, rules: &'d Rulebook, zones: &'d Zones<'d>, now: Millis) -> Self {
        let mailing = mem::take(&mut tenant.mailing);
        Self { tenant, mailing, rules, zones, now, moved: Moved::default() }
    }

    pub(super) fn close(mut self) -> Moved {
        self.mailing.forget();
        self.moved.changed |= !self.moved.told.is_empty();
        self.tenant.mailing = self.mailing;
        self.moved
    }

    pub(super) fn sequence(&self, id: &str) -> Option<&'d Sequence> {
        self.rules.config.sequences.iter().find(|sequence| sequence.id == id)
    }

    pub(super) fn enrolment(&self, number: u32) -> Option<&Enrolment> {
        self.mailing.enrolments.iter().find(|enrolment| enrolment.number == number)
    }

    fn enrolment_mut(&mut self, number: u32) -> Option<&mut Enrolment> {
        self.mailing.enrolments.iter_mut().find(|enrolment| enrolment.number == number)
    }

    /// The numbers of the enrolments that are not over.
    pub(super) fn on_the_way(&self) -> Vec<u32> {
        self.mailing.enrolments.iter().filter(|enrolment| !enrolment.is_over()).map(|enrolment| enrolment.number).collect()
    }

    /// What a condition comes to for somebody.
    pub(super) fn asks(&self, program: &Program, recipient: &str, entered: Millis) -> Option<bool> {
        let facts = Facts::mailing(self.tenant, self.rules, person(self.tenant, &self.mailing, recipient), entered, self.now);
        match program.eval(&facts) {
            Value::Bool(holds) => Some(holds),
            _ => None,
        }
    }

    /// When `step` may go to `recipient`, that counts from now.
    pub(super) fn ripens(&self, step: &Step, recipient: &str) -> Millis {
        let zone = (self.zones)(own(&self.rules.config, self.mailing.contact(recipient)));
        ripe(step, self.now, &zone)
    }

    /// An enrolment is over.
    pub(super) fn end(&mut self, number: u32, reason: Reason) {
        self.mailing.end(number, reason, self.now, &mut self.moved);
    }

    /// An enrolment is done with `step`; the next is to come, if there is one.
    pub(super) fn proceed(&mut self, number: u32, step: u16) {
        let Some(enrolment) = self.enrolment(number).filter(|enrolment| !enrolment.is_over()) else { return };
        let Some(sequence) = self.sequence(&enrolment.sequence) else { return self.end(number, Reason::Removed) };
        let next = step.saturating_add(1);
        let Some(step) = sequence.steps.get(usize::from(next)) else { return self.end(number, Reason::Finished) };
        let ripe = self.ripens(step, &enrolment.recipient);
        self.waits(number, Waiting { step: next, ripe, look: ripe, held: None });
    }

    /// An enrolment waits.
    pub(super) fn waits(&mut self, number: u32, waiting: Waiting) {
        let Some(enrolment) = self.enrolment_mut(number) else { return };
        let stage = Stage::Waiting(waiting);
        if enrolment.stage != stage {
            enrolment.stage = stage;
            self.moved.changed = true;
        }
    }

    /// Puts what is ripe off by so long.
    pub(super) fn holds(&mut self, number: u32, waiting: Waiting, reason: Reason, until: Millis, at_most: DurationMs) {
        let look = until.min(self.now.plus(at_most));
        self.waits(number, Waiting { look, held: Some(reason), ..waiting });
    }

    pub(super) fn change(&mut self, number: u32, change: impl FnOnce(&mut Enrolment)) {
        if let Some(enrolment) = self.enrolment_mut(number) {
            change(enrolment);
            self.moved.changed = true;
        }
    }

    pub(super) fn tell(&mut self, sequence: &str, recipient: &str, what: What) {
        let told = Told { at: self.now, sequence: sequence.to_owned(), recipient: recipient.to_owned(), letter: None, what };
        self.moved.told.push(told);
    }
}

impl Tenant {
    /// Everything that texts to `recipient` may speak of. The user must be loaded.
    pub fn mail_facts<'a>(&'a self, rules: &'a Rulebook, recipient: &str, now: Millis) -> Facts<'a> {
        Facts::mailing(self, rules, person(self, &self.mailing, recipient), now, now)
    }
}

fn person<'t>(tenant: &'t Tenant, mailing: &Mailing, recipient: &str) -> Person<'t> {
    Person { user: tenant.users.get(recipient), role: mailing.contact(recipient).map(Contact::acts_as).unwrap_or_default() }
}

impl Contact {
    /// Their role: an owner may do what admins may.
    pub fn acts_as(&self) -> Role {
        if self.is_owner { Role::Admin } else { self.role }
    }
}

impl Mailing {
    /// Forgets what ended first, where too much of it is kept.
    fn forget(&mut self) {
        let mut spare = self.enrolments.iter().filter(|enrolment| enrolment.is_over()).count().saturating_sub(MAX_ENDED);
        self.enrolments.retain(|enrolment| !(enrolment.is_over() && take(&mut spare)));
        let mut spare = self.letters.iter().filter(|letter| !letter.state.is_open()).count().saturating_sub(MAX_SETTLED);
        self.letters.retain(|letter| letter.state.is_open() || !take(&mut spare));
    }
}

/// Takes one of what is spare, if there is any.
fn take(spare: &mut usize) -> bool {
    let is_left = *spare > 0;
    *spare = spare.saturating_sub(1);
    is_left
}

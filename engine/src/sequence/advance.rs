//! Who enters, and who leaves.

use super::desk::Desk;
use super::{Contact, Door, Enrolment, Mailing, Moved, OWNER, Past, Reason, Stage, Waiting, What, Zones};
use crate::config::{Reentry, Sequence, To};
use crate::expr::Value;
use crate::facts::Role;
use crate::map::ordered;
use crate::tenant::{Facts, Person, Rulebook, Tenant};
use crate::time::Millis;

/// The most recipients of one sequence at a tenant; of more admins those seen last.
const MAX_RECIPIENTS: usize = 20;
/// The most enrolments of a tenant that are on their way.
const MAX_ON_THE_WAY: usize = 500;

impl Tenant {
    /// Looks who enters sequences and who leaves them, after something came in or time went on; `by`: the user whose event came in.
    /// All of [`Mailing::recipients`](super::Mailing::recipients) must be loaded.
    pub fn advance(&mut self, rules: &Rulebook, zones: &Zones<'_>, by: Option<&str>, now: Millis) -> Moved {
        if rules.config.sequences.is_empty() && self.mailing.is_idle() {
            return Moved::default();
        }
        let mut desk = Desk::open(self, rules, zones, now);
        desk.leave();
        desk.enter(by);
        desk.close()
    }

    /// By sequence: whether `enter` holds at `now`; `None`: it cannot be computed.
    pub(crate) fn entries(&self, rules: &Rulebook, now: Millis) -> Vec<Option<bool>> {
        let facts = Facts::new(self, rules, Some(Person { user: None, role: Role::Admin }), now);
        let holds = |sequence: &Sequence| match sequence.enter.eval(&facts) {
            Value::Bool(holds) => Some(holds),
            _ => None,
        };
        rules.config.sequences.iter().map(holds).collect()
    }
}

impl Mailing {
    /// Whether nothing is on its way, and no sequence is known.
    fn is_idle(&self) -> bool {
        self.doors.is_empty() && self.enrolments.iter().all(Enrolment::is_over)
    }

    /// Those who would get a sequence for `to` now, and can be reached.
    fn audience(&self, to: To, by: Option<&str>) -> Vec<String> {
        let reachable = || self.contacts.iter().filter(|contact| contact.email.is_some());
        let admins = reachable().filter(|contact| contact.acts_as() == Role::Admin).map(|contact| self.as_user(contact)).collect();
        let admins = ordered(admins, |contact| -contact.last_seen.0);
        let one = match to {
            To::Admins => return admins.into_iter().take(MAX_RECIPIENTS).map(|contact| contact.recipient.clone()).collect(),
            To::User => reachable().find(|contact| Some(contact.recipient.as_str()) == by),
            To::Owner => reachable().filter(|contact| contact.is_owner).max_by_key(|contact| contact.last_seen),
        };
        let one = one.map(|contact| self.as_user(contact)).or(admins.first().copied());
        one.map(|contact| contact.recipient.clone()).into_iter().collect()
    }

    /// The user who has the address of an owner that was named without one: what goes to either of them is merged, and counts once.
    fn as_user<'c>(&'c self, contact: &'c Contact) -> &'c Contact {
        if contact.recipient != OWNER {
            return contact;
        }
        let users = self.contacts.iter().filter(|other| other.recipient != OWNER && other.shares_address(contact));
        users.max_by_key(|user| user.last_seen).unwrap_or(contact)
    }
}

impl Desk<'_> {
    /// Whoever the exit holds for leaves; and everybody, where a sequence is no more.
    fn leave(&mut self) {
        for number in self.on_the_way() {
            let Some(enrolment) = self.enrolment(number) else { continue };
            let left = match self.sequence(&enrolment.sequence) {
                None => Some(Reason::Removed),
                Some(sequence) => {
                    let holds = self.asks(&sequence.exit, &enrolment.recipient, enrolment.entered);
                    (holds == Some(true)).then_some(Reason::Exit)
                }
            };
            if let Some(reason) = left {
                self.end(number, reason);
            }
        }
    }

    /// Where `enter` begins to hold, its recipients are enrolled. What cannot be computed changes nothing.
    fn enter(&mut self, by: Option<&str>) {
        let sequences = &self.rules.config.sequences;
        let known = self.mailing.doors.len();
        self.mailing.doors.retain(|door| sequences.iter().any(|sequence| sequence.id == door.sequence));
        self.moved.changed |= self.mailing.doors.len() != known;
        for (sequence, holds) in sequences.iter().zip(self.tenant.entries(self.rules, self.now)) {
            let Some(holds) = holds else { continue };
            if self.turn(sequence, holds) {
                let audience = self.mailing.audience(sequence.to, by);
                if !audience.is_empty() {
                    self.meet(sequence);
                    for recipient in &audience {
                        self.admit(sequence, recipient);
                    }
                }
            }
        }
    }

    /// Takes in whether `enter` holds; answers whether somebody is to be enrolled: it has begun to, or it had when nobody was known.
    fn turn(&mut self, sequence: &Sequence, holds: bool) -> bool {
        let doors = &mut self.mailing.doors;
        let known = doors.iter_mut().find(|door| door.sequence == sequence.id);
        if known.as_ref().is_some_and(|door| door.is_open) == holds {
            return known.is_some_and(|door| door.is_unmet);
        }
        let door = Door { sequence: sequence.id.clone(), is_open: holds, is_unmet: holds, since: self.now };
        match known {
            Some(known) => *known = door,
            None => doors.push(door),
        }
        self.moved.changed = true;
        holds
    }

    /// Somebody was there when `enter` began to hold.
    fn meet(&mut self, sequence: &Sequence) {
        if let Some(door) = self.mailing.doors.iter_mut().find(|door| door.sequence == sequence.id) {
            door.is_unmet = false;
            self.moved.changed = true;
        }
    }

    /// Enrols somebody, or says why not. Who is on the way already goes on, under whatever name: a mailbox is written to once.
    fn admit(&mut self, sequence: &Sequence, recipient: &str) {
        let sharing = self.mailing.sharing(recipient);
        let is_theirs = |enrolment: &Enrolment| enrolment.sequence == sequence.id && sharing.contains(&enrolment.recipient);
        if self.mailing.enrolments.iter().any(|enrolment| is_theirs(enrolment) && !enrolment.is_over()) {
            return;
        }
        let barred = self.barred(sequence, recipient, &sharing);
        self.mailing.numbered = self.mailing.numbered.saturating_add(1);
        let stage = match (barred, sequence.steps.first()) {
            (Some(reason), _) => Stage::Ended { at: self.now, reason },
            (None, None) => Stage::Ended { at: self.now, reason: Reason::Finished },
            (None, Some(step)) => {
                let ripe = self.ripens(step, recipient);
                let held = (sequence.digest > 0).then_some(Reason::Digest);
                Stage::Waiting(Waiting { step: 0, ripe, look: ripe.plus(sequence.digest), held })
            }
        };
        self.mailing.enrolments.push(Enrolment {
            number: self.mailing.numbered,
            sequence: sequence.id.clone(),
            recipient: recipient.to_owned(),
            entered: self.now,
            taken: Vec::new(),
            stage,
        });
        if barred.is_none() {
            self.mailing.remember(&sequence.id, recipient, self.now, true);
        }
        self.tell(&sequence.id, recipient, barred.map_or(What::Entered, What::Barred));
    }

    /// Why somebody is not let in. That somebody was in it counts for all who share their address.
    fn barred(&self, sequence: &Sequence, recipient: &str, sharing: &[String]) -> Option<Reason> {
        let refusal = self.mailing.contact(recipient).and_then(|contact| self.mailing.refusal(contact, &sequence.id));
        let is_too_early = |past: &Past| match sequence.reentry {
            Reentry::Never => true,
            Reentry::Always => false,
            Reentry::After { after, max } => self.now.since(past.last) < after || max.is_some_and(|max| max <= past.times),
        };
        let of: Vec<u64> = sharing.iter().map(|recipient| Enrolment::of(&sequence.id, recipient)).collect();
        let is_early = self.mailing.past.iter().any(|past| of.contains(&past.of) && is_too_early(past));
        let leaves = || self.asks(&sequence.exit, recipient, self.now) == Some(true);
        let is_full = self.on_the_way().len() >= MAX_ON_THE_WAY;
        [(is_early, Reason::Reentry), (is_full, Reason::Full)]
            .into_iter()
            .find(|(is_so, _)| *is_so)
            .map(|(_, reason)| reason)
            .or(refusal)
            .or_else(|| leaves().then_some(Reason::Exit))
    }
}

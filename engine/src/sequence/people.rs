//! Who could be written to, and who does not want it.

use serde::{Deserialize, Serialize};

use super::{Enrolment, Mailing, Moved, Reason};
use crate::facts::Role;
use crate::time::{HOUR, Millis};
use crate::wire;

/// The recipient that is an owner whom the back end names without a user. No user has this id: ids have no spaces.
pub const OWNER: &str = " owner";

/// Somebody who could be written to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The user's id, or [`OWNER`].
    pub recipient: String,
    /// Where to; `None`: nowhere is known.
    pub email: Option<String>,
    /// What they are called.
    pub name: Option<String>,
    /// The name of their time zone.
    pub tz: Option<String>,
    /// Their role.
    pub role: Role,
    /// Whether the tenant is theirs.
    pub is_owner: bool,
    /// When they were last seen, to the hour.
    pub last_seen: Millis,
    /// What they do not want.
    pub consent: Consent,
}

wire! { struct Contact { recipient, email, name, tz, role, is_owner, last_seen, consent } }

/// What somebody does not want, or cannot have. Never forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Since when they want no mail at all.
    pub refused_all: Option<Millis>,
    /// The sequences they do not want.
    pub refused: Vec<String>,
    /// Since when their address takes no mail: it bounced, or they complained.
    pub suppressed: Option<Millis>,
}

wire! { struct Consent { refused_all, refused, suppressed } }

/// What a token or the back end says of somebody; `None`: nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Where to write to; empty: nowhere any more.
    pub email: Option<String>,
    /// What they are called.
    pub name: Option<String>,
    /// The name of their time zone.
    pub tz: Option<String>,
    /// Their role.
    pub role: Option<Role>,
    /// Whether the tenant is theirs.
    pub is_owner: Option<bool>,
}

wire! { struct Seen { email, name, tz, role, is_owner } }

/// The most contacts of whom nothing needs to be remembered; beyond it the one seen longest ago is forgotten, members first.
const MAX_CONTACTS: usize = 200;
/// The most in all. Who is on the way through a sequence, and who has ever refused something, is not forgotten; beyond it nobody new is
/// taken in, and so nobody new is written to.
const MAX_REMEMBERED: usize = 1_000;
/// The most sequences somebody can refuse one by one; who refuses more refuses all.
const MAX_REFUSED: usize = 100;

impl Consent {
    /// Whether nothing is refused.
    fn is_free(&self) -> bool {
        self.refused_all.is_none() && self.refused.is_empty() && self.suppressed.is_none()
    }

    /// Takes in that the mails of `sequence` are not wanted, or none at all.
    fn refuse(&mut self, sequence: Option<&str>, now: Millis) {
        match sequence {
            Some(sequence) if self.refused.iter().any(|refused| refused == sequence) => {}
            Some(sequence) if self.refused.len() < MAX_REFUSED => self.refused.push(sequence.to_owned()),
            _ => _ = self.refused_all.get_or_insert(now),
        }
    }

    /// Why the mails of `sequence` are not to be sent, if so.
    fn refusal(&self, sequence: &str) -> Option<Reason> {
        if self.suppressed.is_some() {
            return Some(Reason::Suppressed);
        }
        (self.refused_all.is_some() || self.refused.iter().any(|refused| refused == sequence)).then_some(Reason::Unsubscribed)
    }
}

impl Mailing {
    /// What is known of a recipient.
    pub fn contact(&self, recipient: &str) -> Option<&Contact> {
        self.contacts.iter().find(|contact| contact.recipient == recipient)
    }

    /// Those who are written to at this address, whoever they are: one mailbox may be that of a user and of an owner who is named without
    /// one.
    pub fn at<'c>(&'c self, address: &'c str) -> impl Iterator<Item = &'c Contact> {
        self.contacts.iter().filter(move |contact| contact.email.as_deref().is_some_and(|email| is_same(email, address)))
    }

    /// `recipient`, and whoever else has the same address: what somebody says of a mailbox holds for all of them.
    pub(super) fn sharing(&self, recipient: &str) -> Vec<String> {
        let address = self.contact(recipient).and_then(|contact| contact.email.as_deref());
        let others = address.into_iter().flat_map(|address| self.at(address)).filter(|other| other.recipient != recipient);
        [recipient.to_owned()].into_iter().chain(others.map(|other| other.recipient.clone())).collect()
    }

    /// Whether `recipient`, or another at the same address, refuses the mails of `sequence`; `None`: all mails.
    pub fn refuses(&self, recipient: &str, sequence: Option<&str>) -> bool {
        let sharing = self.sharing(recipient);
        sharing.iter().filter_map(|recipient| self.contact(recipient)).any(|Contact { consent, .. }| {
            consent.refused_all.is_some() || sequence.is_some_and(|sequence| consent.refused.iter().any(|refused| refused == sequence))
        })
    }

    /// Why the mails of `sequence` are not to be sent to a contact, if so: they, or another at the same address, do not want it.
    pub(super) fn refusal(&self, contact: &Contact, sequence: &str) -> Option<Reason> {
        let others = contact.email.as_deref().into_iter().flat_map(|address| self.at(address));
        [contact].into_iter().chain(others).find_map(|contact| contact.consent.refusal(sequence))
    }

    /// Those who refuse all mails, or whose address takes none, with their addresses: of one recipient, or of all.
    pub fn refusing(&self, recipient: Option<&str>) -> Vec<String> {
        let refuse = |contact: &&Contact| contact.consent.refused_all.is_some() || contact.consent.suppressed.is_some();
        let meant = self.contacts.iter().filter(|contact| recipient.is_none_or(|recipient| contact.recipient == recipient));
        meant.filter(refuse).filter_map(|contact| contact.email.clone()).collect()
    }

    /// Whether an owner who is named without a user is `recipient`, by their address.
    pub fn shares_owner(&self, recipient: &str) -> bool {
        self.sharing(recipient).iter().any(|other| other == OWNER)
    }

    /// Forgets `recipient`: what is known of them, their ways through sequences, their letters, whose ids are answered. An owner who is
    /// named without a user at the same address is the same person.
    pub fn erase(&mut self, recipient: &str) -> Vec<String> {
        let mut gone = self.sharing(recipient);
        gone.retain(|other| other == recipient || other == OWNER);
        let is_gone = |of: &String| gone.contains(of);
        let sequences = self.enrolments.iter().filter(|enrolment| is_gone(&enrolment.recipient));
        let past: Vec<u64> = sequences.map(|enrolment| Enrolment::of(&enrolment.sequence, &enrolment.recipient)).collect();
        self.past.retain(|past_one| !past.contains(&past_one.of));
        self.contacts.retain(|contact| !is_gone(&contact.recipient));
        self.enrolments.retain(|enrolment| !is_gone(&enrolment.recipient));
        let letters = self.letters.iter().filter(|letter| is_gone(&letter.recipient)).map(|letter| letter.id.clone()).collect();
        self.letters.retain(|letter| !is_gone(&letter.recipient));
        letters
    }

    fn contact_mut(&mut self, recipient: &str) -> Option<&mut Contact> {
        self.contacts.iter_mut().find(|contact| contact.recipient == recipient)
    }

    /// Takes in what is said of `recipient`, who is seen at `now`; answers whether anything changed. Being seen counts by the hour, so
    /// that not every request is written down.
    pub fn know(&mut self, recipient: &str, seen: &Seen, now: Millis) -> bool {
        let is_new = self.contact(recipient).is_none();
        if is_new {
            self.make_room();
            if self.contacts.len() >= MAX_REMEMBERED {
                return false;
            }
            self.contacts.push(Contact { recipient: recipient.to_owned(), ..Contact::default() });
        }
        let Some(contact) = self.contact_mut(recipient) else { return false };
        contact.learn(seen, now) || is_new
    }

    /// Forgets those seen longest ago, where there are too many.
    fn make_room(&mut self) {
        let is_kept = |contact: &Contact| !contact.consent.is_free() || self.is_on_the_way(&contact.recipient);
        let light = self.contacts.iter().enumerate().filter(|(_, contact)| !is_kept(contact));
        if light.clone().count() >= MAX_CONTACTS {
            let oldest = light.min_by_key(|(_, contact)| (contact.role == Role::Admin || contact.is_owner, contact.last_seen));
            oldest.map(|(i, _)| i).map(|i| self.contacts.remove(i));
        }
    }

    /// `recipient`, and whoever shares their address, wants no more mails of `sequence`, or none at all: what is on its way is cancelled.
    /// Whoever is not known is remembered all the same.
    pub fn unsubscribe(&mut self, recipient: &str, sequence: Option<&str>, now: Millis) -> Moved {
        let sharing = self.sharing(recipient);
        let changed = self.change_consent(&sharing, |consent| consent.refuse(sequence, now));
        let mut moved = self.cancel(Reason::Unsubscribed, now, |enrolment| {
            sharing.contains(&enrolment.recipient) && sequence.is_none_or(|sequence| enrolment.sequence == sequence)
        });
        moved.changed |= changed;
        moved
    }

    /// `recipient`, and whoever shares their address, wants the mails of `sequence` again, or all; answers whether anything changed.
    pub fn resubscribe(&mut self, recipient: &str, sequence: Option<&str>) -> bool {
        if self.contact(recipient).is_none() {
            return false;
        }
        self.change_consent(&self.sharing(recipient), |consent| {
            consent.refused.retain(|refused| sequence.is_some_and(|sequence| refused != sequence));
            consent.refused_all = consent.refused_all.filter(|_| sequence.is_some());
        })
    }

    /// The address of `recipient` takes no mail: what is on its way there is cancelled. A new address is written to again.
    pub fn suppress(&mut self, recipient: &str, now: Millis) -> Moved {
        let sharing = self.sharing(recipient);
        let changed = self.change_consent(&sharing, |consent| _ = consent.suppressed.get_or_insert(now));
        let mut moved = self.cancel(Reason::Suppressed, now, |enrolment| sharing.contains(&enrolment.recipient));
        moved.changed |= changed;
        moved
    }

    /// The address of `recipient` takes mail again; answers whether anything changed.
    pub fn unsuppress(&mut self, recipient: &str) -> bool {
        self.contact(recipient).is_some() && self.change_consent(&self.sharing(recipient), |consent| consent.suppressed = None)
    }

    /// Changes what these want; answers whether anything changed.
    fn change_consent(&mut self, recipients: &[String], change: impl Fn(&mut Consent)) -> bool {
        let mut changed = false;
        for recipient in recipients {
            let Some(contact) = self.contact_or_new(recipient) else { continue };
            let before = contact.consent.clone();
            change(&mut contact.consent);
            changed |= before != contact.consent;
        }
        changed
    }

    /// Somebody who refuses something is remembered, however many there are: what bounds them is that each had a mail.
    fn contact_or_new(&mut self, recipient: &str) -> Option<&mut Contact> {
        if self.contact(recipient).is_none() {
            self.contacts.push(Contact { recipient: recipient.to_owned(), ..Contact::default() });
        }
        self.contact_mut(recipient)
    }
}

impl Contact {
    /// Whether both are written to at one address.
    pub(super) fn shares_address(&self, other: &Self) -> bool {
        self.email.as_deref().zip(other.email.as_deref()).is_some_and(|(one, other)| is_same(one, other))
    }

    fn learn(&mut self, seen: &Seen, now: Millis) -> bool {
        let before = self.clone();
        if let Some(email) = &seen.email {
            let email = Some(email.clone()).filter(|email| !email.is_empty());
            let is_another = match (&self.email, &email) {
                (Some(known), Some(said)) => !is_same(known, said),
                (known, said) => known.is_some() || said.is_some(),
            };
            if is_another {
                self.consent.suppressed = None; // it was the other address that took no mail
            }
            self.email = email;
        }
        for (known, said) in [(&mut self.name, &seen.name), (&mut self.tz, &seen.tz)] {
            if let Some(said) = said {
                *known = Some(said.clone()).filter(|said| !said.is_empty());
            }
        }
        self.role = seen.role.unwrap_or(self.role);
        self.is_owner = seen.is_owner.unwrap_or(self.is_owner);
        if now.since(self.last_seen) >= HOUR {
            self.last_seen = now;
        }
        before != *self
    }
}

/// Whether two addresses are one mailbox, however they are written. Before the `@` a server may tell large letters from small ones;
/// none is known that does.
fn is_same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other) || !(one.is_ascii() && other.is_ascii()) && one.to_lowercase() == other.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_erased_goes_with_the_owner_who_is_the_same_person() {
        let seen = |email: &str| Seen { email: Some(email.to_owned()), ..Seen::default() };
        for (owner, left) in [("Ada@acme.example", vec!["bob"]), ("boss@acme.example", vec![OWNER, "bob"])] {
            let mut mailing = Mailing::default();
            for (recipient, email) in [("ada", "ada@acme.example"), (OWNER, owner), ("bob", "ada@acme.example")] {
                mailing.know(recipient, &seen(email), Millis(0));
            }
            mailing.unsubscribe("ada", None, Millis(1));
            assert_eq!(mailing.refusing(Some("ada")), ["ada@acme.example"]);
            assert_eq!(mailing.shares_owner("ada"), left.len() == 1);
            assert_eq!(mailing.erase("ada"), Vec::<String>::new());
            let known: Vec<&str> = mailing.contacts.iter().map(|contact| contact.recipient.as_str()).collect();
            assert_eq!(known, left, "whoever else has the mailbox stays");
        }
    }
}

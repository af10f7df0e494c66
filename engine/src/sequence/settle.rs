//! A letter on its way to the provider, and what came of it.

use super::desk::Desk;
use super::gates::Verdict;
use super::{Enrolment, Letter, LetterState, Mailing, Moved, Outcome, Reason, Stage, What, Zones};
use crate::tenant::{Rulebook, Tenant};
use crate::time::{DAY, DurationMs, HOUR, MINUTE, Millis, SECOND};

/// How long it takes to ask again, the first time; then twice as long each time.
const FIRST_WAIT: DurationMs = 30 * SECOND;
/// At most so long.
const LONGEST_WAIT: DurationMs = HOUR;
/// A provider that wants to be left alone for longer is asked all the same.
const LONGEST_LEAVE: DurationMs = 6 * HOUR;
/// A letter that could not be sent for so long, and was asked for so often, is not worth it any more: nights and caps count for the
/// one, and not for the other.
const GIVE_UP: DurationMs = 3 * DAY;
const MIN_ATTEMPTS: u16 = 12;
/// Providers know a key for a day; after that asking again would be sending again.
const KEY_KNOWN: DurationMs = 23 * HOUR;
/// So long before that a letter that waits for its provider is asked for once more.
const LAST_CALL: DurationMs = MINUTE;
/// How often it may be unsure that a provider who knows no keys was sent something: it is asked once more, and then no more.
const MAX_UNSURE: u8 = 2;

impl Tenant {
    /// The provider is about to be asked to send this letter: looks once more whether it may go. If so, it is among the answer's letters,
    /// and is to be written down as being sent before the provider is asked. One without keys is asked in two steps, and what ends before
    /// [`Tenant::handing`] was certainly not sent. All of [`Mailing::recipients`] must be loaded.
    pub fn sending(&mut self, rules: &Rulebook, zones: &Zones<'_>, letter: &str, is_idempotent: bool, now: Millis) -> Moved {
        let mut desk = Desk::open(self, rules, zones, now);
        desk.send(letter, is_idempotent);
        desk.close()
    }

    /// From now on a provider who knows no keys may have the letter. It is among the answer's letters if it may: not if it has ended on
    /// the way there. To be written down before the last of it is handed over.
    pub fn handing(&mut self, rules: &Rulebook, zones: &Zones<'_>, letter: &str, now: Millis) -> Moved {
        let mut desk = Desk::open(self, rules, zones, now);
        desk.hand_over(letter);
        desk.close()
    }

    /// Takes in what came of sending a letter, and what follows for those who were to get it.
    pub fn settled(&mut self, rules: &Rulebook, zones: &Zones<'_>, letter: &str, outcome: Outcome, now: Millis) -> Moved {
        let mut desk = Desk::open(self, rules, zones, now);
        desk.settle(letter, outcome);
        desk.close()
    }
}

impl Mailing {
    /// The letter of this id.
    pub fn letter(&self, id: &str) -> Option<&Letter> {
        self.letters.iter().find(|letter| letter.id == id)
    }

    fn letter_mut(&mut self, id: &str) -> Option<&mut Letter> {
        self.letters.iter_mut().find(|letter| letter.id == id)
    }

    /// The provider had it, and says later that it could not send it; answers whether that was not known yet.
    pub fn failed_late(&mut self, id: &str, detail: &str, now: Millis) -> bool {
        let Some(letter) = self.letter_mut(id).filter(|letter| matches!(letter.state, LetterState::Sent(_))) else { return false };
        letter.state = LetterState::Failed { at: now, reason: Reason::Refused };
        detail.clone_into(&mut letter.detail);
        true
    }

    /// Somebody has followed a link in a letter; answers whether for the first time.
    pub fn clicked(&mut self, id: &str, now: Millis) -> bool {
        let Some(letter) = self.letter_mut(id).filter(|letter| letter.clicked.is_none()) else { return false };
        letter.clicked = Some(now);
        true
    }
}

impl Desk<'_> {
    fn send(&mut self, id: &str, is_idempotent: bool) {
        let now = self.now;
        let Some(letter) = self.mailing.letter(id) else { return };
        match letter.state {
            LetterState::Ready => {}
            LetterState::Waiting { until, .. } if until <= now => {}
            _ => return,
        }
        let forgotten = letter.key_forgotten().filter(|_| is_idempotent);
        let may_ask = match forgotten {
            Some(forgotten) => now < forgotten,
            None => letter.unsure < MAX_UNSURE,
        };
        if !may_ask {
            return self.fail(id, Reason::Unsure);
        }
        if letter.asked.is_some_and(|asked| now.since(asked) >= GIVE_UP) && letter.attempts >= MIN_ATTEMPTS {
            return self.fail(id, Reason::GaveUp);
        }
        if let Some((reason, until)) = self.look_again(id, forgotten) {
            return self.delay(id, reason, until);
        }
        let Some(letter) = self.mailing.letter_mut(id).filter(|letter| letter.state.is_open()) else { return };
        letter.state = if is_idempotent { LetterState::Asking(now) } else { LetterState::Sending(now) };
        letter.attempts = letter.attempts.saturating_add(1);
        letter.asked.get_or_insert(now);
        letter.noted = now;
        let letter = letter.clone();
        self.spend(&letter);
        self.moved.changed = true;
        self.moved.letters.push(letter);
    }

    fn hand_over(&mut self, id: &str) {
        let now = self.now;
        let is_there = |letter: &&Letter| matches!(letter.state, LetterState::Sending(_));
        let Some(letter) = self.mailing.letter(id).filter(is_there) else { return };
        if letter.parts.iter().any(|part| over(self.enrolment(part.enrolment)).is_some()) {
            return self.delay(id, Reason::Provider, now); // what is left of it is written anew
        }
        let Some(letter) = self.mailing.letter_mut(id) else { return };
        letter.state = LetterState::Asking(now);
        let letter = letter.clone();
        self.moved.changed = true;
        self.moved.letters.push(letter);
    }

    /// Takes out of a letter what is not wanted any more; until when the rest is to wait, and why, if so. What may have been sent does
    /// not wait for a morning or for room past the moment at which its key is `forgotten`: it could then not be asked for at all.
    fn look_again(&mut self, id: &str, forgotten: Option<Millis>) -> Option<(Reason, Millis)> {
        let (recipient, noted) = self.mailing.letter(id).map(|letter| (letter.recipient.clone(), letter.noted))?;
        let mut wait: Option<(Reason, Millis)> = None;
        for part in self.mailing.letter(id)?.parts.clone() {
            let enrolment = self.enrolment(part.enrolment);
            if let Some(reason) = over(enrolment) {
                self.mailing.take_out(part.enrolment, reason, self.now, &mut self.moved);
                continue;
            }
            let Some((enrolment, sequence)) = enrolment.zip(self.sequence(&part.sequence)) else {
                self.end(part.enrolment, Reason::Removed);
                continue;
            };
            let in_time = |(_, until): &(Reason, Millis)| forgotten.is_none_or(|forgotten| *until < forgotten);
            let held = match self.wanted(enrolment, sequence) {
                Verdict::End(reason) => {
                    self.end(part.enrolment, reason);
                    continue;
                }
                Verdict::Hold(reason, until) => Some((reason, until)),
                Verdict::Go | Verdict::Skip(_) => self.closed(sequence, &recipient).filter(in_time),
            };
            let held = held.or_else(|| self.full(sequence, &recipient, true, Some(noted)).filter(in_time));
            wait = held.into_iter().chain(wait).max_by_key(|(_, until)| *until);
        }
        wait
    }

    fn settle(&mut self, id: &str, outcome: Outcome) {
        let now = self.now;
        let Some(letter) = self.mailing.letter_mut(id).filter(|letter| letter.state.is_open()) else { return };
        self.moved.changed = true;
        if let Outcome::Later { detail, .. }
        | Outcome::Unknown { detail }
        | Outcome::Refused { detail, .. }
        | Outcome::Unwritable { detail } = &outcome
        {
            letter.detail.clone_from(detail);
        }
        let recipient = letter.recipient.clone();
        // An answer that comes when nobody waited for it any more was counted then.
        if matches!(outcome, Outcome::Unknown { .. }) && !matches!(letter.state, LetterState::Waiting { .. }) {
            letter.doubt();
        }
        let again = backoff(letter.attempts);
        let last_call = letter.key_forgotten().map(|forgotten| forgotten.plus(-LAST_CALL)).filter(|last| *last > now);
        let in_time = |until: Millis| last_call.map_or(until, |last| until.min(last));
        match outcome {
            Outcome::Sent { id: provider_id } => {
                letter.state = LetterState::Sent(now);
                letter.provider_id = provider_id;
                letter.detail.clear();
                let told = letter.told(now, What::Sent);
                self.moved.told.push(told);
                self.done(id);
            }
            Outcome::Later { wait, .. } => {
                let wait = wait.unwrap_or_default().clamp(0, LONGEST_LEAVE);
                self.delay(id, Reason::Provider, in_time(now.plus(again.max(wait))));
            }
            Outcome::Unknown { .. } => self.delay(id, Reason::Unsure, in_time(now.plus(again))),
            Outcome::Wait { until } => self.delay(id, Reason::Pace, until),
            Outcome::Unwritable { .. } => self.fail(id, Reason::Unwritable),
            Outcome::Refused { address, .. } => {
                self.fail(id, Reason::Refused);
                if address {
                    self.suppress(&recipient);
                }
            }
            Outcome::Suppressed => {
                self.fail(id, Reason::Suppressed);
                self.suppress(&recipient);
            }
        }
    }

    fn suppress(&mut self, recipient: &str) {
        let Moved { changed, told, .. } = self.mailing.suppress(recipient, self.now);
        self.moved.changed |= changed;
        self.moved.told.extend(told);
    }

    /// A letter is sent later; what of it ended while the provider was being asked is taken out.
    fn delay(&mut self, id: &str, reason: Reason, until: Millis) {
        let now = self.now;
        let Some(letter) = self.mailing.letter_mut(id).filter(|letter| letter.state.is_open()) else { return };
        letter.state = LetterState::Waiting { until, reason };
        let told = letter.told(now, What::Delayed(reason));
        let parts = letter.parts.clone();
        self.moved.told.push(told);
        for part in parts {
            if let Some(reason) = over(self.enrolment(part.enrolment)) {
                self.mailing.take_out(part.enrolment, reason, now, &mut self.moved);
            }
        }
    }

    /// A letter cannot be sent; its enrolments go on with the next step.
    fn fail(&mut self, id: &str, reason: Reason) {
        let now = self.now;
        let Some(letter) = self.mailing.letter_mut(id).filter(|letter| letter.state.is_open()) else { return };
        letter.state = LetterState::Failed { at: now, reason };
        let told = letter.told(now, What::Failed(reason));
        self.moved.told.push(told);
        self.done(id);
    }

    /// The enrolments that a letter was about go on.
    fn done(&mut self, id: &str) {
        let parts = self.mailing.letter(id).map(|letter| letter.parts.clone()).unwrap_or_default();
        for part in parts {
            let is_in_it = |stage: &Stage| matches!(stage, Stage::Writing(letter) if letter == id);
            if self.enrolment(part.enrolment).is_some_and(|enrolment| is_in_it(&enrolment.stage)) {
                self.proceed(part.enrolment, part.step);
            }
        }
    }
}

impl Letter {
    /// From when on a provider cannot be relied upon to know the key of a letter that may have been sent.
    fn key_forgotten(&self) -> Option<Millis> {
        self.doubted.map(|doubted| doubted.plus(KEY_KNOWN))
    }
}

/// Why an enrolment is over, if it is; one that is not known any more was so long ago.
fn over(enrolment: Option<&Enrolment>) -> Option<Reason> {
    match enrolment.map(|enrolment| &enrolment.stage) {
        None => Some(Reason::Removed),
        Some(Stage::Ended { reason, .. }) => Some(*reason),
        Some(Stage::Waiting(_) | Stage::Writing(_)) => None,
    }
}

/// How long to wait after having asked so often.
fn backoff(attempts: u16) -> DurationMs {
    let doublings = u32::from(attempts.saturating_sub(1)).min(16);
    FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT)
}

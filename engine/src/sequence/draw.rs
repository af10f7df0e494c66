//! What is to be sent now.

use super::desk::Desk;
use super::gates::Verdict;
use super::{Letter, LetterState, Mailing, Moved, Part, Reason, Spent, Stage, Taken, TakenAs, Waiting, What, Zones};
use crate::config::Sequence;
use crate::hash::{hash_parts, key};
use crate::ledger::Moment;
use crate::map::ordered;
use crate::tenant::{Rulebook, Tenant};
use crate::time::{DAY, DurationMs, MINUTE, Millis};
use crate::usage::NoteKind;

/// The most steps that go as one letter.
const MAX_PARTS: usize = 10;
/// The most bytes that the ids of a letter's sequences may have: they stand in its links, and a header holds no longer one.
const MAX_IDS: usize = 200;
/// What is held back is looked at again at least so often: the rules may have changed.
const LOOK_AGAIN: DurationMs = DAY;
/// An answer that takes so long will not come.
const STUCK: DurationMs = 10 * MINUTE;

impl Tenant {
    /// Makes letters of what is ripe and may go, and tells all that are to be sent now, also those of before. All of
    /// [`Mailing::recipients`] must be loaded.
    pub fn draw(&mut self, rules: &Rulebook, zones: &Zones<'_>, now: Millis) -> Moved {
        let mut desk = Desk::open(self, rules, zones, now);
        desk.moved.changed |= desk.mailing.take_up(now, |since| now.since(since) >= STUCK);
        desk.write_letters();
        let is_due = |letter: &&Letter| match letter.state {
            LetterState::Ready => true,
            LetterState::Waiting { until, .. } => until <= now,
            _ => false,
        };
        desk.moved.letters = desk.mailing.letters.iter().filter(is_due).cloned().collect();
        desk.close()
    }
}

impl Mailing {
    /// When [`Tenant::draw`] is to be called; `None`: not before something else happens.
    pub fn due(&self) -> Option<Millis> {
        let steps = self.enrolments.iter().filter_map(|enrolment| match enrolment.stage {
            Stage::Waiting(waiting) => Some(waiting.look),
            _ => None,
        });
        let letters = self.letters.iter().filter_map(|letter| match letter.state {
            LetterState::Ready => Some(letter.drawn),
            LetterState::Waiting { until, .. } => Some(until),
            LetterState::Sending(since) | LetterState::Asking(since) => Some(since.plus(STUCK)),
            _ => None,
        });
        steps.chain(letters).min()
    }

    /// What was being sent when the object ended is sent again; where the provider may have it, it is unsure. To be called once, when
    /// the object starts; answers whether anything changed.
    pub fn recover(&mut self, now: Millis) -> bool {
        self.take_up(now, |_| true)
    }

    /// Nobody will hear what came of sending those that are on their way since a moment that is meant.
    fn take_up(&mut self, now: Millis, is_meant: impl Fn(Millis) -> bool) -> bool {
        let mut changed = false;
        for letter in &mut self.letters {
            let reason = match letter.state {
                LetterState::Sending(since) if is_meant(since) => Reason::Provider,
                LetterState::Asking(since) if is_meant(since) => Reason::Unsure,
                _ => continue,
            };
            if reason == Reason::Unsure {
                letter.doubt();
            }
            letter.state = LetterState::Waiting { until: now, reason };
            changed = true;
        }
        changed
    }
}

/// A step that may go now.
struct Going<'d> {
    number: u32,
    sequence: &'d Sequence,
    waiting: Waiting,
}

impl<'d> Desk<'d> {
    /// Goes through what is to be looked at now, highest priority first, then what was ripe first. A step that is left out may be
    /// followed by one that is ripe as well, so that each is looked at as long as there is something.
    fn write_letters(&mut self) {
        let most = self.mailing.enrolments.len().saturating_mul(MAX_STEPS_A_TURN);
        for _ in 0..most {
            let Some(number) = self.first_due() else { return };
            let Some(lead) = self.look(number, true) else { continue };
            let mut left = MAX_IDS.saturating_sub(lead.sequence.id.len());
            let mut going = vec![lead];
            for other in self.others(number) {
                let length = self.enrolment(other).map_or(0, |enrolment| enrolment.sequence.len());
                if going.len() < MAX_PARTS
                    && length <= left
                    && let Some(other) = self.look(other, false)
                {
                    left -= length;
                    going.push(other);
                }
            }
            self.write(going);
        }
    }

    fn first_due(&self) -> Option<u32> {
        let now = self.now;
        let due = self.mailing.enrolments.iter().filter_map(|enrolment| match &enrolment.stage {
            Stage::Waiting(waiting) if waiting.look <= now => {
                let priority = self.sequence(&enrolment.sequence).map_or(0, |sequence| sequence.priority);
                Some((core::cmp::Reverse(priority), waiting.ripe, enrolment.number))
            }
            _ => None,
        });
        due.min().map(|(.., number)| number)
    }

    /// What else is ripe for the same recipient, in the same arm: real mails do not go with those that only would have been sent.
    fn others(&self, lead: u32) -> Vec<u32> {
        let Some(first) = self.enrolment(lead) else { return Vec::new() };
        let is_ghost = |sequence: &str| self.sequence(sequence).is_some_and(|sequence| sequence.is_held_out(&self.tenant.name));
        let others = self.mailing.enrolments.iter().filter(|other| {
            let is_ripe = matches!(other.stage, Stage::Waiting(waiting) if waiting.ripe <= self.now);
            other.number != lead && is_ripe && other.recipient == first.recipient && is_ghost(&other.sequence) == is_ghost(&first.sequence)
        });
        others.map(|other| other.number).collect()
    }

    /// Looks at a step that is ripe; answers it if it may go now, and else does with it what is to be done.
    fn look(&mut self, number: u32, is_first: bool) -> Option<Going<'d>> {
        let enrolment = self.enrolment(number)?;
        let Stage::Waiting(waiting) = enrolment.stage else { return None };
        let Some(sequence) = self.sequence(&enrolment.sequence) else {
            self.end(number, Reason::Removed);
            return None;
        };
        match self.judge(enrolment, sequence, waiting, is_first) {
            Verdict::Go => return Some(Going { number, sequence, waiting }),
            Verdict::End(reason) => self.end(number, reason),
            Verdict::Skip(reason) => {
                let (id, recipient, now) = (sequence.id.clone(), enrolment.recipient.clone(), self.now);
                let taken = Taken { step: waiting.step, at: now, as_what: TakenAs::Skipped(reason) };
                self.change(number, |enrolment| enrolment.taken.push(taken));
                self.tell(&id, &recipient, What::Skipped(reason));
                self.proceed(number, waiting.step);
            }
            // Whoever still waits for others goes on to.
            Verdict::Hold(..) if waiting.look > self.now => {}
            Verdict::Hold(reason, until) => self.holds(number, waiting, reason, until, LOOK_AGAIN),
        }
        None
    }

    /// Writes the letter about these steps, and spends what it costs.
    fn write(&mut self, going: Vec<Going<'d>>) {
        let now = self.now;
        let going = ordered(going, |going| going.waiting.ripe.0);
        let going = ordered(going, |going| -i64::from(going.sequence.priority));
        let Some(lead) = going.first().and_then(|first| self.enrolment(first.number)) else { return };
        let recipient = lead.recipient.clone();
        let (number, entered) = (lead.number.to_string(), lead.entered.0.to_string());
        let parts: Vec<Part> = going.iter().map(|going| self.part(going)).collect();
        let step = parts.first().map_or(0, |part| part.step).to_string();
        let name = [self.tenant.name.as_str(), &lead.sequence, &recipient, &number, &entered, &step];
        let half = |of: &str| hash_parts(&[[of].as_slice(), &name].concat());
        let is_ghost = going.first().is_some_and(|first| first.sequence.is_held_out(&self.tenant.name));
        let letter = Letter {
            id: format!("ltr_{:016x}{:016x}", half("letter"), half("again")),
            recipient,
            parts,
            drawn: now,
            noted: now,
            state: if is_ghost { LetterState::Ghost(now) } else { LetterState::Ready },
            attempts: 0,
            asked: None,
            unsure: 0,
            doubted: None,
            detail: String::new(),
            provider_id: None,
            clicked: None,
        };
        self.spend(&letter);
        for part in &letter.parts {
            let taken = Taken { step: part.step, at: now, as_what: TakenAs::Letter(letter.id.clone()) };
            self.change(part.enrolment, |enrolment| {
                enrolment.taken.push(taken);
                enrolment.stage = Stage::Writing(letter.id.clone());
            });
        }
        self.moved.told.push(letter.told(now, if is_ghost { What::Ghost } else { What::Drawn }));
        let done: Vec<(u32, u16)> = letter.parts.iter().filter(|_| is_ghost).map(|part| (part.enrolment, part.step)).collect();
        self.mailing.letters.push(letter);
        for (number, step) in done {
            self.proceed(number, step);
        }
    }

    fn part(&self, Going { number, sequence, waiting }: &Going<'_>) -> Part {
        let variant = sequence.variant(&self.rules.config, &self.tenant.name);
        let template = sequence.steps.get(usize::from(waiting.step)).map(|step| step.template(variant).to_owned());
        Part {
            enrolment: *number,
            sequence: sequence.id.clone(),
            key: sequence.key,
            step: waiting.step,
            template: template.unwrap_or_default(),
            variant: variant.map(str::to_owned),
        }
    }

    /// Has the ledgers count a letter as of now: once for everybody's caps, for the first of its sequences; and for each other
    /// sequence's own caps. What only would have been sent counts for own caps alone.
    pub(super) fn spend(&mut self, letter: &Letter) {
        let moment = Moment { at: self.now, tag: key(&letter.id) };
        for (i, part) in letter.parts.iter().enumerate() {
            let is_shown = i == 0 && !matches!(letter.state, LetterState::Ghost(_));
            let kind = if is_shown { NoteKind::Render } else { NoteKind::Ghost };
            let spent = Spent { user: letter.recipient.clone(), key: part.key, kind, moment };
            self.tenant.spend(&spent);
            self.moved.spent.push(spent);
        }
    }
}

/// A sequence has at most so many steps, all of which may be left out in one turn.
const MAX_STEPS_A_TURN: usize = crate::config::MAX_STEPS + 1;

impl Tenant {
    /// Has the ledgers count a letter; the user must be loaded. [`Tenant::draw`] and [`Tenant::sending`] do so by themselves, and a replay
    /// of what they did.
    pub fn spend(&mut self, Spent { user, key, kind, moment }: &Spent) {
        self.users.entry(user, Default::default).ledger.note(*key, *kind, *moment);
        self.counts.ledger.note(*key, *kind, *moment);
    }
}

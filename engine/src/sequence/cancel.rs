//! What is not wanted any more.

use super::{Enrolment, LetterState, Mailing, Moved, Past, Reason, Stage, Told, What};
use crate::hash::hash_parts;
use crate::time::Millis;

impl Enrolment {
    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Ended { .. })
    }

    /// What recipient and sequence are remembered by.
    pub(super) fn of(sequence: &str, recipient: &str) -> u64 {
        hash_parts(&[sequence, recipient])
    }
}

impl Mailing {
    /// The tenant has upgraded: nothing that is on its way is sent any more.
    pub fn converted(&mut self, now: Millis) -> Moved {
        let mut moved = self.cancel(Reason::Converted, now, |_| true);
        // Whoever becomes known later was not there when it mattered.
        for door in self.doors.iter_mut().filter(|door| door.is_unmet) {
            door.is_unmet = false;
            moved.changed = true;
        }
        moved
    }

    /// Whether `recipient` is on the way through any sequence.
    pub(super) fn is_on_the_way(&self, recipient: &str) -> bool {
        self.enrolments.iter().any(|enrolment| enrolment.recipient == recipient && !enrolment.is_over())
    }

    /// Ends the enrolments for which `is_meant` holds.
    pub(super) fn cancel(&mut self, reason: Reason, now: Millis, is_meant: impl Fn(&Enrolment) -> bool) -> Moved {
        let mut moved = Moved::default();
        let meant: Vec<u32> = self.enrolments.iter().filter(|e| !e.is_over() && is_meant(e)).map(|e| e.number).collect();
        for number in meant {
            self.end(number, reason, now, &mut moved);
        }
        moved
    }

    /// Ends an enrolment. What of it is in a letter is taken out, unless the provider is being asked just now: that cannot be called back.
    pub(super) fn end(&mut self, number: u32, reason: Reason, now: Millis, moved: &mut Moved) {
        let Some(enrolment) = self.enrolments.iter_mut().find(|e| e.number == number && !e.is_over()) else { return };
        enrolment.stage = Stage::Ended { at: now, reason };
        let (sequence, recipient) = (enrolment.sequence.clone(), enrolment.recipient.clone());
        self.remember(&sequence, &recipient, now, false);
        self.take_out(number, reason, now, moved);
        moved.changed = true;
        moved.told.push(Told { at: now, sequence, recipient, letter: None, what: What::Left(reason) });
    }

    pub(super) fn take_out(&mut self, number: u32, reason: Reason, now: Millis, moved: &mut Moved) {
        let open = |state: &LetterState| matches!(state, LetterState::Ready | LetterState::Waiting { .. });
        for letter in self.letters.iter_mut().filter(|letter| open(&letter.state)) {
            let Some(place) = letter.parts.iter().position(|part| part.enrolment == number) else { continue };
            moved.changed = true;
            if letter.parts.len() > 1 {
                letter.parts.remove(place);
                continue;
            }
            letter.state = LetterState::Cancelled { at: now, reason };
            moved.told.push(letter.told(now, What::Cancelled(reason)));
        }
    }

    /// Remembers a time that somebody was in a sequence: that it began, or that it ended.
    pub(super) fn remember(&mut self, sequence: &str, recipient: &str, now: Millis, is_new: bool) {
        let of = Enrolment::of(sequence, recipient);
        let times = u16::from(is_new);
        if let Some(past) = self.past.iter_mut().find(|past| past.of == of) {
            past.times = past.times.saturating_add(times);
            past.last = now;
            return;
        }
        if self.past.len() >= MAX_PAST {
            let oldest = self.past.iter().enumerate().min_by_key(|(_, past)| past.last).map(|(i, _)| i);
            oldest.map(|i| self.past.remove(i));
        }
        self.past.push(Past { of, times, last: now });
    }
}

/// Of how many pairs of sequence and recipient it is remembered that they were; beyond it the one longest ago is forgotten.
const MAX_PAST: usize = 4_000;

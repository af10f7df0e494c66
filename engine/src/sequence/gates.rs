//! What a step must pass to be sent: the exit, the recipient's wishes, night and weekend, its condition, and the budgets that it shares.

use super::clocks::{configured, opens, own};
use super::desk::Desk;
use super::{Enrolment, Reason, Waiting};
use crate::almanac::Almanac;
use crate::almanac::made::units_of;
use crate::campaign::{Cap, Scope, Window};
use crate::config::Sequence;
use crate::ledger::Ledger;
use crate::time::{DAY, DurationMs, HOUR, Millis};

/// What was held back for so long is not worth sending any more.
const LATE: DurationMs = 30 * DAY;
/// What cannot be computed now is looked at again in so long.
const UNKNOWN_AGAIN: DurationMs = HOUR;

/// What becomes of a step that is ripe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It goes now.
    Go,
    /// It is left out.
    Skip(Reason),
    /// Not before then.
    Hold(Reason, Millis),
    /// Its enrolment is over.
    End(Reason),
}

impl Desk<'_> {
    /// What becomes of a step that is ripe. What goes with another letter asks for room under its own caps alone.
    pub(super) fn judge(&self, enrolment: &Enrolment, sequence: &Sequence, waiting: Waiting, is_first: bool) -> Verdict {
        let Some(step) = sequence.steps.get(usize::from(waiting.step)) else { return Verdict::End(Reason::Removed) };
        match self.wanted(enrolment, sequence) {
            Verdict::Go => {}
            verdict => return verdict,
        }
        if self.now.since(waiting.ripe) >= LATE {
            return Verdict::End(Reason::Late);
        }
        if let Some((reason, until)) = self.closed(sequence, &enrolment.recipient) {
            return Verdict::Hold(reason, until);
        }
        match step.when.as_ref().map(|when| self.asks(when, &enrolment.recipient, enrolment.entered)) {
            Some(Some(false)) => return Verdict::Skip(Reason::WhenFalse),
            Some(None) => return Verdict::Skip(Reason::WhenUnknown),
            Some(Some(true)) | None => {}
        }
        let full = self.full(sequence, &enrolment.recipient, is_first, None);
        full.map_or(Verdict::Go, |(reason, until)| Verdict::Hold(reason, until))
    }

    /// Whether it is wanted at all: it is looked at before a letter is made, and right before it is sent.
    pub(super) fn wanted(&self, enrolment: &Enrolment, sequence: &Sequence) -> Verdict {
        match self.asks(&sequence.exit, &enrolment.recipient, enrolment.entered) {
            Some(true) => return Verdict::End(Reason::Exit),
            None => return Verdict::Hold(Reason::ExitUnknown, self.now.plus(UNKNOWN_AGAIN)),
            Some(false) => {}
        }
        let contact = self.mailing.contact(&enrolment.recipient).filter(|contact| contact.email.is_some());
        let Some(contact) = contact else { return Verdict::End(Reason::NoAddress) };
        self.mailing.refusal(contact, &sequence.id).map_or(Verdict::Go, Verdict::End)
    }

    /// Until when nothing of the sequence may leave, and why, if so.
    pub(super) fn closed(&self, sequence: &Sequence, recipient: &str) -> Option<(Reason, Millis)> {
        let zone = (self.zones)(own(&self.rules.config, self.mailing.contact(recipient)));
        let (until, why) = opens(sequence, &zone, self.now);
        why.map(|why| (why, until))
    }

    /// Until when there is no room for one more, and under whose caps, if so. A letter that was counted before, at the moment `noted`,
    /// does not stand in its own way.
    pub(super) fn full(&self, sequence: &Sequence, recipient: &str, is_shared: bool, noted: Option<Millis>) -> Option<(Reason, Millis)> {
        let shared: &[Cap] = if is_shared { &self.rules.config.frequency.caps } else { &[] };
        if sequence.caps.is_empty() && shared.is_empty() {
            return None;
        }
        let zone = (self.zones)(configured(&self.rules.config, self.mailing.contact(recipient)));
        let almanac = Almanac::calendar(units_of(sequence.caps.iter().chain(shared)), &zone, self.now);
        let nobody = Ledger::default();
        let user = self.tenant.users.get(recipient).map_or(&nobody, |user| &user.ledger);
        let room = |key: Option<u32>, cap: &Cap| {
            let ledger = if cap.scope == Scope::User { user } else { &self.tenant.counts.ledger };
            let since = almanac.begins(cap.window, self.now);
            let met: Vec<Millis> = ledger.moments(key).into_iter().take_while(|at| *at >= since).collect();
            let own = usize::from(noted.is_some_and(|noted| noted >= since));
            let again = || match cap.window {
                Window::Rolling(length) => met.last().map(|first| first.plus(length)),
                Window::Calendar(unit) => almanac.after(unit, self.now),
            };
            (met.len().saturating_sub(own) >= usize::from(cap.max)).then(|| again().unwrap_or(self.now.plus(DAY)))
        };
        let own = sequence.caps.iter().filter_map(|cap| room(Some(sequence.key), cap)).max().map(|until| (Reason::OwnCap, until));
        own.or_else(|| shared.iter().filter_map(|cap| room(None, cap)).max().map(|until| (Reason::SharedCap, until)))
    }
}

//! When to send, when to wait, when to give up: the policy of the browser's event queue. The queue itself lives outside.

use crate::time::{DurationMs, MINUTE, Millis, SECOND};

/// Events wait at most this long for company.
const LINGER: DurationMs = SECOND;
/// So many events go at once.
const FULL: usize = 50;
/// The first wait after a failure; it doubles with each further one.
const FIRST_WAIT: DurationMs = SECOND;
/// The longest wait after a failure.
const LONGEST_WAIT: DurationMs = 5 * MINUTE;

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing is waiting, or an answer is outstanding.
    Idle,
    /// Ask again at this moment.
    Wait(Millis),
    /// Send what is waiting.
    Send,
}

/// What an answer means for the batch it answers; the page knows these by their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It has arrived; forget it.
    Done,
    /// It will never be accepted; forget it and its local effects.
    Drop,
    /// Send the same batch again when asked.
    Retry,
    /// Get a new token first, then send the same batch again.
    Refresh,
}

/// The state of the policy.
#[derive(Clone, Debug, Default)]
pub struct Transport {
    /// How many events waited when it was last asked.
    waiting: usize,
    /// Since when some have.
    oldest: Millis,
    in_flight: bool,
    /// Failures in a row.
    failures: u32,
    /// Not before this moment.
    hold_until: Millis,
}

impl Transport {
    /// Nothing waits.
    pub const NEW: Self = Self { waiting: 0, oldest: Millis(0), in_flight: false, failures: 0, hold_until: Millis(0) };

    /// What to do at `now`, when so many events wait. To be asked as soon as the first does.
    pub fn next(&mut self, waiting: usize, now: Millis) -> Next {
        if self.waiting == 0 {
            self.oldest = now;
        }
        self.waiting = waiting;
        if self.in_flight || waiting == 0 {
            return Next::Idle;
        }
        let due = if waiting >= FULL { self.oldest } else { self.oldest.plus(LINGER) };
        let due = due.max(self.hold_until);
        if due <= now { Next::Send } else { Next::Wait(due) }
    }

    /// All waiting events are on their way.
    pub fn sent(&mut self) {
        self.in_flight = true;
    }

    /// The answer to what was sent: `status` of HTTP, 0 when there was none. `jitter` is a random number of 16 bits, `retry_after` what the
    /// Worker asked for.
    pub fn answered(&mut self, status: u32, retry_after: Option<DurationMs>, jitter: u32, now: Millis) -> Verdict {
        self.in_flight = false;
        let verdict = verdict(status, self.failures);
        match verdict {
            Verdict::Done | Verdict::Drop => {
                self.waiting = 0; // what came meanwhile waits from now on
                self.failures = 0;
                self.hold_until = now;
            }
            Verdict::Retry | Verdict::Refresh => {
                let wait = retry_after.unwrap_or_else(|| back_off(self.failures, jitter));
                self.failures = self.failures.saturating_add(1);
                self.hold_until = if verdict == Verdict::Refresh { now } else { now.plus(wait.clamp(0, LONGEST_WAIT)) };
            }
        }
        verdict
    }
}

fn verdict(status: u32, failures: u32) -> Verdict {
    match status {
        200..=299 => Verdict::Done,
        // A fresh token helps once; after that the credential itself is wrong and waiting is all that is left.
        401 if failures == 0 => Verdict::Refresh,
        0 | 401 | 408 | 425 | 429 | 500..=599 => Verdict::Retry,
        _ => Verdict::Drop,
    }
}

/// Exponential, with full jitter: a whole fleet of pages does not come back at the same moment.
/// <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>
fn back_off(failures: u32, jitter: u32) -> DurationMs {
    let ceiling = FIRST_WAIT.saturating_mul(1 << failures.min(20)).min(LONGEST_WAIT);
    ceiling / 2 + ceiling / 2 * i64::from(jitter & 0xffff) / 0xffff
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_000_000);

    #[test]
    fn events_wait_for_company_but_not_long() {
        let mut transport = Transport::default();
        assert_eq!(transport.next(0, NOW), Next::Idle);
        let first = NOW.plus(MINUTE);
        assert_eq!(transport.next(1, first), Next::Wait(first.plus(LINGER)));
        assert_eq!(transport.next(2, first.plus(LINGER / 2)), Next::Wait(first.plus(LINGER)), "later ones do not put it off");
        assert_eq!(transport.next(2, first.plus(LINGER)), Next::Send);
        assert_eq!(transport.next(FULL, first), Next::Send, "a full batch does not wait");
        transport.sent();
        assert_eq!(transport.next(FULL, first.plus(MINUTE)), Next::Idle, "one batch at a time");
        let answered = first.plus(2 * MINUTE);
        assert_eq!(transport.answered(202, None, 0, answered), Verdict::Done);
        assert_eq!(transport.next(3, answered), Next::Wait(answered.plus(LINGER)), "what came meanwhile waits from then on");
    }

    #[test]
    fn answers_mean_what_http_says() {
        for (status, expected) in [
            (202, Verdict::Done),
            (400, Verdict::Drop),
            (403, Verdict::Drop),
            (413, Verdict::Drop),
            (422, Verdict::Drop),
            (401, Verdict::Refresh),
            (0, Verdict::Retry),
            (429, Verdict::Retry),
            (500, Verdict::Retry),
            (503, Verdict::Retry),
        ] {
            let mut transport = Transport::default();
            transport.next(1, NOW);
            transport.sent();
            assert_eq!(transport.answered(status, None, 0, NOW), expected, "{status}");
            let kept = matches!(expected, Verdict::Retry | Verdict::Refresh);
            assert_eq!(transport.next(kept.into(), NOW.plus(MINUTE)) == Next::Send, kept, "{status}");
        }
    }

    #[test]
    fn failures_wait_longer_and_longer_and_success_forgets_them() {
        let mut transport = Transport::default();
        transport.next(1, NOW);
        let mut waits = Vec::new();
        for _ in 0..12 {
            transport.sent();
            transport.answered(503, None, 0xffff, NOW);
            waits.push(transport.hold_until.since(NOW));
        }
        assert!(waits.is_sorted() && waits[0] == FIRST_WAIT && waits[11] == LONGEST_WAIT, "{waits:?}");
        transport.answered(202, None, 0, NOW);
        transport.next(1, NOW);
        assert_eq!(transport.next(1, NOW.plus(LINGER)), Next::Send);
    }

    #[test]
    fn the_workers_own_wish_to_wait_is_respected() {
        let mut transport = Transport::default();
        transport.next(1, NOW);
        transport.sent();
        transport.answered(429, Some(30 * SECOND), 0, NOW);
        assert_eq!(transport.next(1, NOW.plus(LINGER)), Next::Wait(NOW.plus(30 * SECOND)));
    }

    #[test]
    fn a_second_refused_token_is_not_asked_for_at_once() {
        let mut transport = Transport::default();
        transport.next(1, NOW);
        transport.sent();
        assert_eq!(transport.answered(401, None, 0, NOW), Verdict::Refresh);
        transport.sent();
        assert_eq!(transport.answered(401, None, 0, NOW), Verdict::Retry);
    }
}

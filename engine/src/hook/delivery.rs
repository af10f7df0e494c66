//! One message on its way to one endpoint.

use serde::{Deserialize, Serialize};

use crate::time::{DAY, DurationMs, HOUR, MINUTE, Millis, SECOND};
use crate::wire;

/// How long after one attempt the next is made, give or take a tenth: ten attempts in three days and four hours.
const STEPS: [DurationMs; 10] = [0, 5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];
/// The longest that an endpoint may ask to be left alone: no longer than the schedule itself does.
const MAX_RETRY_AFTER: DurationMs = DAY;
/// Attempts that are remembered: two whole rounds.
const REMEMBERED: usize = 20;

/// What an attempt brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status; `None` when no answer came.
    pub status: Option<u16>,
    /// How long the endpoint asks to be left alone.
    pub retry_after: Option<DurationMs>,
    /// What was seen instead of an answer.
    pub failure: String,
    /// How long it took.
    pub took: DurationMs,
}

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The endpoint has the message.
    Delivered,
    /// The endpoint wants no messages any more.
    Gone,
    /// It is tried again.
    Again,
}

impl Answer {
    /// What it means: 2xx is success and nothing else; 410 ends it (Standard Webhooks, "Deliverability").
    pub fn verdict(&self) -> Verdict {
        match self.status {
            Some(200..=299) => Verdict::Delivered,
            Some(410) => Verdict::Gone,
            _ => Verdict::Again,
        }
    }

    /// What went wrong, in words; `None` when nothing did.
    pub fn words(&self) -> Option<String> {
        match self.status {
            Some(200..=299) => None,
            Some(status @ 300..=399) => Some(format!("answered {status}: redirects are not followed; register the address itself")),
            Some(410) => Some("answered 410: it wants no messages any more".to_owned()),
            Some(status) => Some(format!("answered {status}")),
            None => Some(self.failure.clone()),
        }
    }
}

/// An attempt, as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it began.
    pub at: Millis,
    /// The HTTP status; `None` when no answer came.
    pub status: Option<u16>,
    /// What went wrong.
    pub error: Option<String>,
    /// How long it took.
    pub duration_ms: u32,
}

wire! { struct Attempt { at, status, error, duration_ms } }

/// How a delivery stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// It is tried, or tried again, at this moment.
    Pending(Millis),
    /// The endpoint has it.
    Delivered,
    /// It is not tried any more.
    Failed,
}

wire! { enum Stage { Pending(next), Delivered, Failed } }

impl Stage {
    /// The stable word.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Pending(_) => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

/// One message on its way to one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// How it stands.
    pub stage: Stage,
    /// Attempts since it was put in line, or put in line anew.
    pub tried: u32,
    /// The last attempts, oldest first.
    pub attempts: Vec<Attempt>,
    /// Why it failed without an attempt that says so.
    pub reason: Option<String>,
}

wire! { struct Delivery { stage, tried, attempts, reason } }

impl Delivery {
    /// A message that is to go out at `now`.
    pub fn new(now: Millis) -> Self {
        Self { stage: Stage::Pending(now), tried: 0, attempts: Vec::new(), reason: None }
    }

    /// Takes in an attempt that began at `at`; `luck`: any number, for when exactly it is tried again.
    pub fn settle(&mut self, at: Millis, answer: &Answer, luck: u32) {
        let duration_ms = u32::try_from(answer.took.max(0)).unwrap_or(u32::MAX);
        self.attempts.push(Attempt { at, status: answer.status, error: answer.words(), duration_ms });
        let forgotten = self.attempts.len().saturating_sub(REMEMBERED);
        self.attempts.drain(..forgotten);
        self.tried = self.tried.saturating_add(1);
        let ended = at.plus(answer.took.max(0));
        self.stage = match answer.verdict() {
            Verdict::Delivered => Stage::Delivered,
            Verdict::Gone => Stage::Failed,
            Verdict::Again => match wait(self.tried, answer.retry_after, luck) {
                Some(wait) => Stage::Pending(ended.plus(wait)),
                None => Stage::Failed,
            },
        };
    }

    /// Gives it up without a further attempt.
    pub fn give_up(&mut self, reason: &str) {
        self.stage = Stage::Failed;
        self.reason = Some(reason.to_owned());
    }

    /// Puts it in line anew, however it stands: the whole schedule again, under the same name.
    pub fn replay(&mut self, now: Millis) {
        self.stage = Stage::Pending(now);
        self.tried = 0;
        self.reason = None;
    }
}

/// How long to wait after `tried` attempts; `None`: there is no further one. What the endpoint asks for makes it longer, never shorter.
fn wait(tried: u32, retry_after: Option<DurationMs>, luck: u32) -> Option<DurationMs> {
    let step = *STEPS.get(usize::try_from(tried).ok()?)?;
    // From nine tenths to eleven, so that what failed together does not come back together.
    let step = step - step / 10 + (step / 5).saturating_mul(i64::from(luck % 1_001)) / 1_000;
    Some(step.max(retry_after.unwrap_or(0).min(MAX_RETRY_AFTER)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_750_000_000_000);

    fn answered(status: u16) -> Answer {
        Answer { status: Some(status), ..Answer::default() }
    }

    #[test]
    fn answers_mean_what_the_standard_says() {
        for (answer, verdict, words) in [
            (answered(200), Verdict::Delivered, None),
            (answered(299), Verdict::Delivered, None),
            (answered(302), Verdict::Again, Some("answered 302: redirects are not followed; register the address itself")),
            (answered(304), Verdict::Again, Some("answered 304: redirects are not followed; register the address itself")),
            (answered(400), Verdict::Again, Some("answered 400")),
            (answered(410), Verdict::Gone, Some("answered 410: it wants no messages any more")),
            (answered(429), Verdict::Again, Some("answered 429")),
            (answered(500), Verdict::Again, Some("answered 500")),
            (Answer { failure: "no answer".to_owned(), ..Answer::default() }, Verdict::Again, Some("no answer")),
        ] {
            assert_eq!((answer.verdict(), answer.words().as_deref()), (verdict, words), "{answer:?}");
        }
    }

    #[test]
    fn what_keeps_failing_is_tried_ten_times_in_three_days_later_and_later() {
        for (luck, total) in [(0, 68..69), (500, 75..76), (1_000, 83..84)] {
            let mut delivery = Delivery::new(NOW);
            let mut waits = Vec::new();
            let mut at = NOW;
            while let Stage::Pending(next) = delivery.stage {
                waits.push(next.since(at));
                at = next;
                delivery.settle(at, &answered(500), luck);
            }
            assert_eq!((delivery.stage.code(), delivery.attempts.len(), waits.len()), ("failed", 10, 10));
            assert!(waits.is_sorted() && total.contains(&(at.since(NOW) / HOUR)), "{waits:?} {}", at.since(NOW) / HOUR);
        }
    }

    #[test]
    fn an_endpoint_that_asks_for_time_gets_it_within_the_schedule() {
        for (tried, retry_after, luck, expected) in [
            (1, None, 0, Some(4_500)),
            (1, None, 1_000, Some(5_500)),
            (1, Some(MINUTE), 0, Some(MINUTE)),
            (4, Some(MINUTE), 500, Some(2 * HOUR)),
            (1, Some(40 * DAY), 0, Some(DAY)),
            (1, Some(-5), 500, Some(5_000)),
            (9, None, 500, Some(24 * HOUR)),
            (10, Some(MINUTE), 0, None),
            (u32::MAX, None, 0, None),
        ] {
            assert_eq!(wait(tried, retry_after, luck), expected, "{tried} {retry_after:?} {luck}");
        }
        // It is counted from the answer, not from the question.
        let mut delivery = Delivery::new(NOW);
        delivery.settle(NOW, &Answer { took: 15_000, ..answered(503) }, 500);
        assert_eq!(delivery.stage, Stage::Pending(NOW.plus(20_000)));
    }

    #[test]
    fn success_and_410_end_it_and_a_replay_begins_anew() {
        let mut delivery = Delivery::new(NOW);
        delivery.settle(NOW, &answered(500), 0);
        delivery.settle(NOW.plus(5_000), &answered(410), 0);
        assert_eq!((delivery.stage.code(), delivery.tried), ("failed", 2));
        delivery.replay(NOW.plus(HOUR));
        assert_eq!((&delivery.stage, delivery.tried, delivery.attempts.len()), (&Stage::Pending(NOW.plus(HOUR)), 0, 2));
        delivery.settle(NOW.plus(HOUR), &answered(204), 0);
        assert_eq!((delivery.stage.code(), delivery.attempts.len()), ("delivered", 3));
        delivery.give_up("the queue is full");
        assert_eq!((delivery.stage.code(), delivery.reason.as_deref()), ("failed", Some("the queue is full")));
        delivery.replay(NOW);
        assert_eq!(delivery.reason, None);
    }

    #[test]
    fn only_the_last_attempts_are_remembered() {
        let mut delivery = Delivery::new(NOW);
        for n in 0..50 {
            delivery.replay(NOW);
            delivery.settle(NOW.plus(n), &answered(500), 0);
        }
        assert_eq!((delivery.attempts.len(), delivery.attempts[19].at), (REMEMBERED, NOW.plus(49)));
    }
}

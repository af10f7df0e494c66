//! How long things are kept that name people.

use serde::{Deserialize, Serialize};
use upcue_engine::history::KEEP;
use upcue_engine::hook::KEPT;
use upcue_engine::time::{DAY, DurationMs};
use upcue_engine::wire;

/// How long an app keeps what names people, in milliseconds. It may be less than usual, never more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Retention {
    /// What came in and was decided, for replays and back-tests.
    pub(crate) history: DurationMs,
    /// What was met of prompts, activity, the timeline.
    pub(crate) facts: DurationMs,
    /// Letters: their texts, addresses, states.
    pub(crate) letters: DurationMs,
    /// What was sent by webhook.
    pub(crate) deliveries: DurationMs,
}

wire! { struct Retention { history, facts, letters, deliveries } }

impl Retention {
    /// As long as is usual, which is as long as may be.
    pub(crate) const USUAL: Self = Self { history: KEEP, facts: 400 * DAY, letters: 90 * DAY, deliveries: KEPT };
    /// The shortest that may be.
    pub(crate) const LEAST: DurationMs = DAY;
    /// How long activity is kept at most.
    pub(crate) const ACTIVITY: DurationMs = 90 * DAY;

    /// The names of what is kept, each with how long.
    pub(crate) fn named(&mut self) -> [(&'static str, &mut DurationMs); 4] {
        let Self { history, facts, letters, deliveries } = self;
        [("history", history), ("facts", facts), ("letters", letters), ("deliveries", deliveries)]
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self::USUAL
    }
}

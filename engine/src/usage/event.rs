//! Events as the engine takes them: validated, with a settled time.

use alloc::string::String;
#[cfg(feature = "edge")]
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::time::{DAY, DurationMs, MINUTE, Millis};
#[cfg(feature = "edge")]
use crate::traits::TraitValue;
use crate::wire;

/// The most events in one batch.
pub const MAX_EVENTS: usize = 1_000;
/// The largest value of one usage event, and of a gauge: the integers JavaScript can hold exactly.
pub const MAX_VALUE: u64 = (1 << 53) - 1;
/// How far in the past an event may lie: as long as a queue may wait on a device that is offline.
pub const MAX_PAST: DurationMs = 3 * DAY;
/// How far ahead of the Worker a client's clock may run.
const MAX_FUTURE: DurationMs = 5 * MINUTE;

/// One event of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its place in the batch as sent, for the report of what was rejected.
    pub index: u32,
    /// The sender's own id, by which it counts once.
    pub id: Option<String>,
    /// Whose it is, when it is a user's.
    pub user: Option<String>,
    /// When it happened by the sender's clock; the Worker's when it does not say.
    pub at: Option<Millis>,
    /// What happened.
    pub kind: EventKind,
}

wire! { struct Event { index, id, user, at, kind } }

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventKind {
    /// A meter moved.
    Usage {
        /// Which one.
        meter: String,
        /// How.
        reading: Reading,
    },
    /// Something worth counting by name.
    Track {
        /// Its name.
        name: String,
        /// The feature it is about (`premium_feature_blocked`), when it says.
        feature: Option<String>,
    },
    /// Somebody saw or answered a nudge.
    Note {
        /// What they did.
        kind: NoteKind,
        /// To which campaign's nudge.
        campaign: String,
        /// Of which decision; the same for all that is told of one.
        decision: Option<String>,
    },
    /// The back end says something of the user the event names, else of the tenant.
    #[cfg(feature = "edge")]
    Identify {
        /// By the name of the trait; `None` takes back what was said.
        traits: Vec<(String, Option<TraitValue>)>,
    },
}

wire! { enum EventKind { Usage { meter, reading }, Track { name, feature }, Note { kind, campaign, decision }, #[cfg(feature = "edge")] Identify { traits } } }

/// How a meter moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reading {
    /// A counter counts this many more.
    Add(u64),
    /// A gauge now shows this.
    Set(u64),
}

wire! { enum Reading { Add(value), Set(value) } }

/// What somebody did with a nudge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum NoteKind {
    /// It was rendered: that spends the budget.
    Render,
    /// They have seen it: half of it, for a second. Spends the budget, unless the same decision did so when it was rendered.
    Exposure,
    /// They would have seen it, were their tenant not in its control group.
    Ghost,
    /// They followed it.
    Click,
    /// They put it away.
    Dismiss,
    /// They asked for it later, at the given moment.
    Snooze(Millis),
}

wire! { enum NoteKind { Render, Exposure, Ghost, Click, Dismiss, Snooze(value) } }

/// The time an event is booked at: the sender's when it is believable (three days back, five minutes ahead), else the
/// nearest that is.
pub fn settle_time(claimed: Option<Millis>, now: Millis) -> Millis {
    let claimed = claimed.unwrap_or(now);
    if claimed > now.plus(MAX_FUTURE) {
        return now;
    }
    // A clock that runs a little fast is left alone: a page knows an exposure by its moment, and would count it twice.
    claimed.max(now.plus(-MAX_PAST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unbelievable_times_are_clamped() {
        let now = Millis(1_750_000_000_000);
        for (claimed, expected) in [
            (None, 0),
            (Some(-DAY), -DAY),
            (Some(-4 * DAY), -3 * DAY),
            (Some(MINUTE), MINUTE), // a little ahead: a clock that runs fast
            (Some(DAY), 0),
        ] {
            assert_eq!(settle_time(claimed.map(|ms| now.plus(ms)), now), now.plus(expected), "{claimed:?}");
        }
        assert_eq!(settle_time(Some(Millis(i64::MIN)), now), now.plus(-MAX_PAST));
    }
}

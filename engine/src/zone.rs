//! Time zones: when a zone's clocks stand how far from UTC. The host knows the rules; the engine is handed what it needs of them.

use serde::{Deserialize, Serialize};

use crate::time::{DurationMs, Millis};
use crate::wire;

/// A zone's clocks over some years.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// From when on they stand how far east of UTC, in milliseconds; oldest first. Before the first, and when there is none, they show UTC.
    pub changes: Vec<(Millis, DurationMs)>,
}

wire! { struct Zone { changes } }

/// What a zone's clocks show, as if it were milliseconds since 1970 in UTC.
pub(crate) type Local = i64;

/// A stretch of time in which clocks are not changed.
#[derive(Clone, Copy)]
struct Stretch {
    from: i64,
    /// Exclusive.
    until: i64,
    offset: DurationMs,
}

/// Coordinated universal time.
pub static UTC: Zone = Zone { changes: Vec::new() };

impl Zone {
    /// How far east of UTC the clocks stand at `at`.
    pub fn offset(&self, at: Millis) -> DurationMs {
        self.changes.iter().rev().find(|(from, _)| *from <= at).map_or(0, |(_, offset)| *offset)
    }

    /// What the clocks show at `at`.
    pub(crate) fn local(&self, at: Millis) -> Local {
        at.plus(self.offset(at)).0
    }

    /// The first moment at which the clocks show `local` or later: of an hour that comes twice its first, of one that is skipped the
    /// moment at which it is.
    pub(crate) fn first(&self, local: Local) -> Millis {
        let reached = self.stretches().find(|s| s.until == i64::MAX || s.until.saturating_add(s.offset) > local);
        reached.map_or(Millis(local), |s| Millis(local.saturating_sub(s.offset).max(s.from)))
    }

    /// The last moment at which the clocks show `local` or earlier and are about to go past it: of an hour that comes twice its second,
    /// of one that is skipped the moment at which it is.
    pub(crate) fn last(&self, local: Local) -> Millis {
        let left = self.stretches().filter(|s| s.from == i64::MIN || s.from.saturating_add(s.offset) <= local).last();
        left.map_or(Millis(local), |s| Millis(local.saturating_sub(s.offset).min(s.until)))
    }

    fn stretches(&self) -> impl Iterator<Item = Stretch> {
        let begins = core::iter::once((i64::MIN, 0)).chain(self.changes.iter().map(|(from, offset)| (from.0, *offset)));
        let ends = self.changes.iter().map(|(from, _)| from.0).chain([i64::MAX]);
        begins.zip(ends).map(|((from, offset), until)| Stretch { from, until, offset })
    }
}

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

/// Coordinated universal time.
pub static UTC: Zone = Zone { changes: Vec::new() };

impl Zone {
    /// How far east of UTC the clocks stand at `at`.
    pub fn offset(&self, at: Millis) -> DurationMs {
        self.changes.iter().rev().find(|(from, _)| *from <= at).map_or(0, |(_, offset)| *offset)
    }
}

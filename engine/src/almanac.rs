//! What the calendar says, as moments: when days, weeks and months begin, and when it is quiet.
//!
//! The browser knows no time zones: the edge settles them for two weeks ahead. A page that is older than that goes by the last it
//! knows, and counts in the present window what was shown since: rather too little than too much.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::campaign::{Unit, Window};
use crate::time::Millis;
use crate::wire;

/// The calendar of one zone around now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Almanac {
    /// When the present day and those to come begin, oldest first, then the same for weeks and for months; empty where no cap counts in
    /// them.
    pub begins: Vec<Vec<Millis>>,
    /// The quiet hours that campaigns name by their place here: when it becomes quiet, when it no longer is, when it does again …
    pub quiet: Vec<Vec<Millis>>,
}

wire! { struct Almanac { begins, quiet } }

/// From when (inclusive) to when (exclusive).
#[cfg(feature = "edge")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// When it begins.
    pub from: Millis,
    /// When it is over.
    pub until: Millis,
}

#[cfg(feature = "edge")]
pub(crate) mod made;

impl Almanac {
    /// No calendar.
    pub const NONE: Self = Self { begins: Vec::new(), quiet: Vec::new() };

    /// The first moment that counts in `window` at `now`.
    pub fn begins(&self, window: Window, now: Millis) -> Millis {
        match window {
            Window::Rolling(length) => now.plus(length.saturating_neg()).plus(1),
            Window::Calendar(unit) => self.units(unit).iter().rev().find(|at| **at <= now).copied().unwrap_or_default(),
        }
    }

    fn units(&self, unit: Unit) -> &[Millis] {
        self.begins.get(unit as usize).map_or(&[], Vec::as_slice)
    }

    /// When the next day, week or month after the moment begins, as far as it is known.
    #[cfg(feature = "edge")]
    pub fn after(&self, unit: Unit, at: Millis) -> Option<Millis> {
        self.units(unit).iter().find(|begin| at < **begin).copied()
    }

    /// Until when it is quiet, if it is.
    pub fn quiet_until(&self, quiet: Option<u8>, now: Millis) -> Option<Millis> {
        let turns = self.quiet.get(usize::from(quiet?))?;
        let next = turns.iter().position(|at| now < *at)?;
        turns.get(next).filter(|_| next % 2 == 1).copied()
    }
}

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
    /// When the present day and those to come begin, oldest first; empty when no cap counts in days.
    pub days: Vec<Millis>,
    /// The same for weeks.
    pub weeks: Vec<Millis>,
    /// The same for months.
    pub months: Vec<Millis>,
    /// The quiet hours that campaigns name by their place here, each oldest first.
    pub quiet: Vec<Vec<Span>>,
}

wire! { struct Almanac { days, weeks, months, quiet } }

/// From when (inclusive) to when (exclusive).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// When it begins.
    pub from: Millis,
    /// When it is over.
    pub until: Millis,
}

wire! { struct Span { from, until } }

#[cfg(feature = "edge")]
mod made;

impl Almanac {
    /// No calendar.
    pub const NONE: Self = Self { days: Vec::new(), weeks: Vec::new(), months: Vec::new(), quiet: Vec::new() };

    /// The first moment that counts in `window` at `now`.
    pub fn begins(&self, window: Window, now: Millis) -> Millis {
        match window {
            Window::Rolling(length) => now.plus(length.saturating_neg()).plus(1),
            Window::Calendar(unit) => self.units(unit).iter().rev().find(|at| **at <= now).copied().unwrap_or_default(),
        }
    }

    fn units(&self, unit: Unit) -> &[Millis] {
        match unit {
            Unit::Day => &self.days,
            Unit::Week => &self.weeks,
            Unit::Month => &self.months,
        }
    }

    /// When the next day, week or month after the moment begins, as far as it is known.
    #[cfg(feature = "edge")]
    pub fn after(&self, unit: Unit, at: Millis) -> Option<Millis> {
        self.units(unit).iter().find(|begin| at < **begin).copied()
    }

    /// Until when it is quiet, if it is.
    pub fn quiet_until(&self, quiet: Option<u8>, now: Millis) -> Option<Millis> {
        let spans = self.quiet.get(usize::from(quiet?))?;
        spans.iter().find(|span| span.from <= now && now < span.until).map(|span| span.until)
    }
}

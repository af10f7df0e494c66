//! Segments: tenants that have something in common now, such as being ready to upgrade.
//!
//! A tenant enters when `enter` holds and leaves when `exit` does, so that a score that wavers about a threshold does not come
//! and go; without `exit` it leaves when `enter` does not hold.

use serde::{Deserialize, Serialize};

use crate::expr::{Program, Value};
use crate::time::Millis;
use crate::watch::next;
use crate::wire;

/// A segment as configured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Its name in expressions and reports.
    pub id: String,
    /// What people read.
    pub label: String,
    /// When a tenant enters: a program of type bool.
    pub enter: Program,
    /// When it leaves: likewise; `None`: when `enter` does not hold.
    pub exit: Option<Program>,
}

wire! { struct Segment { id, label, enter, exit } }

/// A tenant's history with a segment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Since when it is a member; `None`: it is none.
    pub since: Option<Millis>,
}

wire! { struct Membership { since } }

/// What an evaluation did to a membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crossing {
    /// The tenant is a member now.
    Entered,
    /// It no longer is.
    Left,
}

impl Membership {
    /// Takes in an evaluation at `now`.
    pub fn take(&mut self, enter: Value<'_>, exit: Option<Value<'_>>, now: Millis) -> Option<Crossing> {
        match (self.since.is_some(), next(self.since.is_some(), enter, exit)) {
            (false, true) => {
                self.since = Some(now);
                Some(Crossing::Entered)
            }
            (true, false) => {
                self.since = None;
                Some(Crossing::Left)
            }
            _ => None,
        }
    }
}

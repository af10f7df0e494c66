//! Signals as the browser watches them: what is left of their conditions for this tenant.

use serde::{Deserialize, Serialize};

use crate::expr::{Program, Value};
#[cfg(feature = "edge")]
use crate::facts::Input;
use crate::wire;

/// A signal that depends on what happens in the page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    /// When it becomes active.
    pub when: Program,
    /// When it ceases to be; `None`: when `when` does not hold.
    pub rearm: Option<Program>,
}

wire! { struct Watch { when, rearm } }

#[cfg(feature = "edge")]
impl Watch {
    /// What the browser reads for it.
    pub fn inputs(&self) -> impl Iterator<Item = Input> {
        self.when.inputs().chain(self.rearm.iter().flat_map(Program::inputs))
    }

    /// Gives every input the number that `number` says.
    pub fn renumber(&mut self, number: &impl Fn(Input) -> Input) {
        self.when.renumber(number);
        if let Some(rearm) = &mut self.rearm {
            rearm.renumber(number);
        }
    }
}

/// Whether a signal is active after an evaluation: hysteresis, the same on both sides. While `when` holds it is, whatever the
/// re-arming condition says, so evaluating twice is evaluating once.
pub fn next(active: bool, when: Value<'_>, rearm: Option<Value<'_>>) -> bool {
    when.is_true() || (active && rearm.is_some_and(|rearm| !rearm.is_true()))
}

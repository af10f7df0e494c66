//! A program as something to be read: its steps, its texts, and parts of it as programs of their own.

use std::ops::Range;

use super::program::{Op, Program};

impl Program {
    /// The steps, operands before what takes them.
    pub fn steps(&self) -> &[Op] {
        &self.ops
    }

    /// The text that [`Op::Str`] has this number for.
    pub fn text(&self, i: u16) -> Option<&str> {
        self.strings.get(usize::from(i)).map(String::as_str)
    }

    /// Some consecutive steps as a program of their own.
    #[must_use]
    pub fn part(&self, steps: Range<usize>) -> Self {
        Self { ops: self.ops.get(steps).unwrap_or_default().to_vec(), strings: self.strings.clone() }
    }
}

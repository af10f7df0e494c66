//! What is left for the browser.

use super::{Settle, Settled};
use crate::expr::Value;
use crate::facts::{Fact, Input};

/// Nothing is known, and the browser reads nothing.
pub(in crate::expr) struct Still;

impl Settle for Still {
    fn settle_input(&self, _: Input) -> Settled<'_> {
        Settled::Value(Value::Unknown)
    }

    fn settle_fact(&self, _: Fact) -> Settled<'_> {
        Settled::Value(Value::Unknown)
    }
}

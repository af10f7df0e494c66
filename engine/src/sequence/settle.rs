//! What came of a letter that was being sent.

use super::{Moved, Outcome, Zones};
use crate::tenant::{Rulebook, Tenant};
use crate::time::Millis;

impl Tenant {
    /// Takes in what came of sending a letter, and what follows for those who were to get it.
    pub fn settled(&mut self, _rules: &Rulebook, _zones: &Zones<'_>, _letter: &str, _outcome: Outcome, _now: Millis) -> Moved {
        Moved::default()
    }
}

//! Who enters, and who leaves.

use super::{Moved, Zones};
use crate::tenant::{Rulebook, Tenant};
use crate::time::Millis;

impl Tenant {
    /// Looks who enters sequences and who leaves them, after something came in or time went on; `by`: the user whose event came in.
    /// All of [`Mailing::recipients`](super::Mailing::recipients) must be loaded.
    pub fn advance(&mut self, _rules: &Rulebook, _zones: &Zones<'_>, _by: Option<&str>, _now: Millis) -> Moved {
        Moved::default()
    }
}
